"""A tiny walk up to the door of this room, in a folder of the test's own."""

from pathlib import Path

import pytest

from tests.Models.tiny import Tiny, write


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """Return a tiny data set that was written into the working folder of this test."""
    monkeypatch.chdir(tmp_path)
    write(Tiny())
    return Tiny()
