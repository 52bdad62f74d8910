"""A run that is not whole is refused, with the outputs named."""

import argparse
import shutil
from pathlib import Path

import pytest
from dvc.repo import Repo

from Datasets.complete import arguments, run
from Datasets.errors import StageError

DVC_YAML = """\
stages:
  first:
    cmd: mkdir first && echo 1 > first/a && echo 2 > first/b
    outs: [first]
  second:
    cmd: cat first/a > second
    deps: [first]
    outs: [{second: {cache: false}}]
  beside:
    cmd: echo 3 > beside
    outs: [beside]
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    folder.mkdir()
    (folder / "dvc.yaml").write_text(DVC_YAML)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with Repo.init(no_scm=True) as repo:
            repo.reproduce()
    return folder


@pytest.fixture
def repository(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    monkeypatch.chdir(folder)
    return folder


def complete(*targets: str) -> None:
    parser = argparse.ArgumentParser()
    arguments(parser)
    run(parser.parse_args(targets))


def test_a_whole_run_passes(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    complete()
    assert capsys.readouterr().err.startswith("complete: ")


def test_a_file_of_a_folder_that_left_the_cache_is_noticed(repository: Path) -> None:
    files = [p for p in (repository / ".dvc/cache/files").rglob("*") if p.is_file()]
    (inside,) = [p for p in files if p.read_bytes() == b"2\n"]
    inside.unlink()
    with pytest.raises(StageError, match=r"first: first \(not in cache\)"):
        complete()


def test_what_is_missing_or_changed_is_named(repository: Path) -> None:
    (repository / "second").unlink()
    (repository / "first" / "b").chmod(0o644)
    (repository / "first" / "b").write_text("other")
    with pytest.raises(StageError) as caught:
        complete()
    assert "second: second (deleted)" in str(caught.value)
    assert "first: first (modified)" in str(caught.value)


def test_only_what_was_asked_for_is_looked_at(repository: Path) -> None:
    (repository / "beside").unlink()
    complete("second")
    (repository / "first" / "b").unlink()
    with pytest.raises(StageError, match=r"first: first \(modified\)"):
        complete("second")


def test_a_stage_that_does_not_exist_is_named(repository: Path) -> None:
    with pytest.raises(StageError, match="nope"):
        complete("nope")


def test_outside_a_repository_dvc_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StageError, match="not inside of a DVC repository"):
        complete()
