"""The frame around every stage: one at a time, one line at its end, its seconds remembered."""

import fcntl
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from Datasets.errors import StageError, StoreError
from Datasets.files import write_json
from Datasets.terminal import one_line, say

STATE = Path(".darkroom")
"""What is true of this machine only: locks, timings, rejected samples. Never an input or in Git."""

ASKED_EVERY_S = 0.1
"""Between two looks whether another run of a stage has ended."""


class Timing(msgspec.Struct, frozen=True):
    """How long a stage took when it last ran on this machine."""

    stage: str
    seconds: float
    summary: str


class Stage:
    """A running stage. ``summary`` is what its last line says; a stage sets it before it ends."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.summary = "done"


@contextmanager
def running(name: str, wait_s: float = 0) -> Iterator[Stage]:
    """Run the block as the stage ``name``, for example ``process@crop``.

    The stage's outputs are its own while it runs: a second run of the same stage is refused. At
    the end one line goes to stderr, and the seconds to ``.darkroom/timings``, where the report and
    the summary find them.

    Args:
        name: of the stage.
        wait_s: how long to wait for a run of the same stage that may be about to end.

    Raises:
        StageError: the same stage runs already in this checkout.
    """
    started = time.perf_counter()
    with _locked(name, wait_s):
        stage = Stage(name)
        yield stage
        seconds = time.perf_counter() - started
        write_json(
            STATE / "timings" / f"{name}.json", Timing(name, round(seconds, 2), stage.summary)
        )
        say(f"{name}: {one_line(stage.summary)}; {seconds:.1f} s")


def timings() -> dict[str, Timing]:
    """Return the last timing of each stage that ran on this machine, by the stage's name."""
    found = sorted((STATE / "timings").glob("*.json"))
    every = (msgspec.json.decode(path.read_bytes(), type=Timing) for path in found)
    return {timing.stage: timing for timing in every}


def require(path: Path, stage: str) -> Path:
    """Return ``path`` if it exists.

    Raises:
        StoreError: it does not; the message names the stage that makes it.
    """
    if not path.exists():
        raise StoreError(f"{path} does not exist; `dvc repro {stage}` makes it")
    return path


@contextmanager
def _locked(name: str, wait_s: float) -> Iterator[None]:
    folder = STATE / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("a+") as file:
        _take(file, name, wait_s)
        file.truncate(0)
        file.write(f"{os.getpid()} {platform.node()}")
        file.flush()
        yield


def _take(file: IO[str], name: str, wait_s: float) -> None:
    until = time.monotonic() + wait_s
    waits = False
    while not _taken(file):
        file.seek(0)
        owner, _, machine = (file.read() or "unknown").partition(" ")
        who = f"process {owner} of {machine or 'this machine'}"
        if time.monotonic() >= until:
            raise StageError(
                f"stage {name} already runs here as {who}; wait for it, or end it there with "
                f"`kill {owner}`"
            )
        if not waits:
            say(f"{name}: waits up to {wait_s:.0f} s for {who}, which runs it, to end")
        waits = True
        time.sleep(ASKED_EVERY_S)


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
