"""What goes wrong while a step runs: one sentence, nothing half made, the same bytes afterwards."""

import json
import os
import shutil
import signal
import subprocess
import sys
from argparse import Namespace
from functools import cache
from pathlib import Path

import pytest

from Data_processing import source
from Data_processing.__main__ import VERBS
from Data_processing.interim import INTERIM, folder_of
from Data_processing.steps import process
from Datasets import row_cache
from Datasets.command import FULL, main
from Datasets.files import content_hash
from Datasets.store import Store
from tests.conftest import ROOT
from tests.Data_processing.conftest import Workspace

MOVED = "9d51c984dbf8c71c4d5a8ba50540f3dd"
"""The hash of twelve samples and two copies of each, turned, cropped and padded."""
FILLED = """
import json, os, shutil
from pathlib import Path
from Data_processing.__main__ import VERBS
from Data_processing.interim import INTERIM
from Data_processing.steps import walking
from Datasets.command import main

shutil.copytree("aside", INTERIM / "source")
walking.refuse_full_disk = lambda *_: None  # there was room when the step began
free = os.statvfs(INTERIM)
(INTERIM / "others").write_bytes(bytes(free.f_bavail * free.f_frsize - 60_000))
full = main("Data_processing", VERBS, ["process", "flip"])
left = sorted(path.name for path in INTERIM.iterdir())
(INTERIM / "others").unlink()
again = main("Data_processing", VERBS, ["process", "flip"])
shutil.copytree(INTERIM / "flip", "after")
print(json.dumps([full, left, again]))
"""
AGAIN = """
import sys
from Data_processing.__main__ import VERBS
from Datasets.command import main

sys.exit(main("Data_processing", VERBS, ["process", "flip"]))
"""


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let twelve samples lie in several shards."""
    monkeypatch.setattr(source, "SHARD_BYTES", 1)
    monkeypatch.setattr(source, "SHARD_ROWS", 6)


@cache
def apart() -> list[str]:
    """Return what runs a command with mounts of its own, or skip the test."""
    try_it = ["sh", "-c", "mount -t tmpfs none /mnt"]
    for command in (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"]):
        if (
            shutil.which("unshare")
            and not subprocess.run([*command, *try_it], capture_output=True).returncode
        ):
            return command
    pytest.skip("needs to mount a file system, as root or in a user's own namespace")


def run_apart(mounting: str, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script of Python behind a mount that nobody else sees and that ends with it."""
    python = [sys.executable, "-c", script]
    shell = ["sh", "-ec", f'{mounting}; exec "$@"', "sh", *python]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([*apart(), *shell], env=environment, capture_output=True, text=True)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def walk() -> dict[str, bytes]:
    source.run(Namespace())
    process.run(Namespace(step="flip"))
    return files(folder_of("flip"))


def test_a_disk_that_is_full_before_the_end_leaves_nothing(workspace: Workspace) -> None:
    """A real one: a file system of its own, filled by somebody else while the step runs."""
    apart()
    Path("compute.yaml").write_text("row_cache_gb: 0\n")
    before = walk()
    folder_of("source").rename("aside")
    done = run_apart(f"mount -t tmpfs -o size=1m none {INTERIM}", FILLED)
    assert done.returncode == 0, done.stderr
    full, left, again = json.loads(done.stdout)
    assert full == 1
    assert done.stderr.splitlines().count(f"error: {FULL}") == 1
    assert "Traceback" not in done.stderr
    assert left == ["others", "source"]
    assert again == 0
    assert files(Path("after")) == before


def test_what_a_read_only_cache_knows_is_used(workspace: Workspace) -> None:
    apart()
    before = walk()
    workspace.params("copies: 2", "copies: 3")
    rows = str(row_cache.ROWS)
    read_only = f"mount --bind {rows} {rows}; mount -o remount,bind,ro {rows}"
    done = run_apart(read_only, AGAIN)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(f"the row cache {rows} cannot be written (Read-only file system)") == 1
    assert "48 out, 3 copies of each drawn, 36 known from before" in done.stderr
    after = files(folder_of("flip"))
    shutil.rmtree(row_cache.ROWS)
    assert walk() == after != before


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_file_any_more_stops_the_step_at_once(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """As it stops ``convert``; put back, the step makes what it would have made."""
    before = walk()
    shutil.rmtree(row_cache.ROWS)
    path = Path("raw/03.png")
    content = path.read_bytes()
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    signal.alarm(60)  # who waits for a pipe waits for ever
    try:
        assert main("Data_processing", VERBS, ["process", "flip"]) == 1
    finally:
        signal.alarm(0)
    said = capsys.readouterr().err
    assert said.count("error: process@flip: 1 rejected") == 1
    assert "raw/03.png cannot be read (it is no file but a folder, a pipe or a device)" in said
    assert not folder_of("flip").exists() or files(folder_of("flip")) == before
    path.rmdir() if kind == "folder" else path.unlink()
    path.write_bytes(content)
    process.run(Namespace(step="flip"))
    assert files(folder_of("flip")) == before


def test_moved_pixels_are_the_same_everywhere(workspace: Workspace) -> None:
    """On every system, processor and Python: nothing here is computed, all is drawn and moved."""
    moved = "{rot8: {}}, {crop: {height: 18, width: 16}}, {pad: {height: 24, width: 20}}"
    workspace.params("{HorizontalFlip: {p: 0.5}}", moved)
    walk()
    rows = Store(folder_of("flip")).rows()
    told = [(row.id, row.copy, row.image_hash, row.mask_hash, row.box_corners) for row in rows]
    assert content_hash(repr(told).encode()) == MOVED, "do all stores change? say it in CHANGELOG"
