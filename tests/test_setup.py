"""`.ci/setup`: one clear sentence where it cannot work, nothing to do where all is done."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a folder with the set-up's own files and one commit."""
    folder = tmp_path / "clone"
    (folder / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/setup", folder / ".ci/setup")
    (folder / "requirements.lock").write_text("packaging==1\n")
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "Start"]):
        subprocess.run([*GIT, *words], cwd=folder, check=True)
    return folder


def set_up(
    clone: Path, python: str | Path = sys.executable, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHON": str(python), "GIT_CEILING_DIRECTORIES": str(clone)}
    environment |= variables
    return subprocess.run([clone / ".ci/setup"], env=environment, capture_output=True, text=True)


def command(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def refused(done: subprocess.CompletedProcess[str], said: str) -> None:
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


def test_a_zip_download_is_told_to_clone(clone: Path) -> None:
    shutil.rmtree(clone / ".git")
    refused(set_up(clone), "there is no Git history here, as in a zip download")


def test_a_history_without_a_commit_is_told_to_commit(clone: Path) -> None:
    shutil.rmtree(clone / ".git")
    subprocess.run([*GIT, "init", "-q"], cwd=clone, check=True)
    refused(set_up(clone), "there is no commit")


def test_an_old_python_is_named_with_its_version(clone: Path, tmp_path: Path) -> None:
    old = command(
        tmp_path / "old", 'case "$2" in *version_info*exit*|*exit*) exit 1;; esac; echo 3.9'
    )
    refused(set_up(clone, old), f"Python 3.11 to 3.14 is needed, but {old} is 3.9")


def test_no_python_at_all(clone: Path) -> None:
    refused(set_up(clone, "no-such-python"), "none was found as no-such-python")


def test_a_missing_venv_module_names_the_package(clone: Path, tmp_path: Path) -> None:
    bare = command(
        tmp_path / "bare", f'case "$2" in *ensurepip*) exit 1;; esac; exec {sys.executable} "$@"'
    )
    package = f"apt install python{sys.version_info.major}.{sys.version_info.minor}-venv"
    refused(set_up(clone, bare), package)


def test_what_is_done_is_not_done_again(clone: Path) -> None:
    """No Python is looked for, nothing is printed."""
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/bin/python").symlink_to(sys.executable)
    lock = (clone / "requirements.lock").read_text()
    (clone / ".venv/installed").write_text(f"{clone.resolve()}\n{lock}")
    done = set_up(clone, "no-such-python")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("change", ["moved", "interrupted"])
def test_a_folder_that_cannot_be_trusted_is_made_anew(clone: Path, change: str) -> None:
    test_what_is_done_is_not_done_again(clone)
    (clone / "requirements.lock").write_text("packaging==2\n")
    here = clone.resolve() if change == "interrupted" else "/elsewhere"
    (clone / ".venv/pyvenv.cfg").write_text(f"command = python -m venv {here}/.venv\n")
    if change == "interrupted":
        (clone / ".venv/unfinished").touch()
    refused(set_up(clone, "no-such-python"), "none was found as no-such-python")


@pytest.mark.parametrize(("cached", "asked"), [(True, 1), (False, 2)])
def test_the_network_is_asked_only_for_what_is_not_cached(
    clone: Path, tmp_path: Path, cached: bool, asked: int
) -> None:
    test_what_is_done_is_not_done_again(clone)
    (clone / "requirements.lock").write_text("packaging==2\n")
    (clone / ".venv/pyvenv.cfg").write_text(f"command = python -m venv {clone.resolve()}/.venv\n")
    script = f'echo "$@" >>{tmp_path}/asked; case "$*" in *--offline*) {str(cached).lower()};; esac'
    own = command(tmp_path / "bin/uv", script)
    done = set_up(clone, PATH=f"{own.parent}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    calls = (tmp_path / "asked").read_text().splitlines()
    assert ["--offline" in call for call in calls] == [True, False][:asked]
    assert all("--require-hashes" in call for call in calls)
    assert (clone / ".venv/installed").read_text() == f"{clone.resolve()}\npackaging==2\n"
