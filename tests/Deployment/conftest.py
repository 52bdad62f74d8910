"""A tiny walk up to a bundle, made once; each test gets a copy to damage."""

import shutil
from pathlib import Path

import pytest

from tests.Deployment import tiny_bundle


@pytest.fixture(scope="session")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a whole tiny walk, for reading only.

    Other rooms' tests import this fixture, and pytest takes each import for a fixture of its own.
    """
    folder = tmp_path_factory.getbasetemp() / "walked"
    if folder.exists():
        return folder
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        tiny_bundle.write()
    return folder


@pytest.fixture
def walk(walked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder of this test, a copy of ``walked``."""
    folder = tmp_path / "walk"
    shutil.copytree(walked, folder)
    monkeypatch.chdir(folder)
    return folder
