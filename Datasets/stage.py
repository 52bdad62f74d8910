"""The frame around every stage: one at a time, one line at its end, its seconds remembered."""

import fcntl
import multiprocessing
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import IO, TypeVar

import msgspec

from Datasets.errors import StageError, StoreError
from Datasets.files import write_json
from Datasets.terminal import one_line, progress, say

STATE = Path(".darkroom")
"""What is true of this machine only: locks, timings, rejected samples. Never an input or in Git."""

AHEAD = 3
"""Tasks a worker that are under way or done and not yet taken, so that memory stays flat."""

T = TypeVar("T")
R = TypeVar("R")


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
def running(name: str) -> Iterator[Stage]:
    """Run the block as the stage ``name``, for example ``process@crop``.

    The stage's outputs are its own while it runs: a second run of the same stage is refused. At
    the end one line goes to stderr, and the seconds to ``.darkroom/timings``, where the report and
    the summary find them.

    Raises:
        StageError: the same stage runs already in this checkout.
    """
    started = time.perf_counter()
    with _locked(name):
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


def map_tasks(work: Callable[[T], R], tasks: Iterable[T], workers: int, what: str) -> Iterator[R]:
    """Yield ``work(task)`` for each task, in their order, computed by up to ``workers`` processes.

    ``work`` must be a module-level function (or a partial of one) and depend on its task alone.
    ``tasks`` may be a stream: it is read a little ahead of what is done.
    """
    total = len(tasks) if isinstance(tasks, Sized) else None
    stream = iter(tasks)
    first = list(islice(stream, 2))
    every = chain(first, stream)
    if workers == 1 or len(first) < 2:
        yield from progress(map(work, every), total, what)
    else:
        yield from progress(_in_processes(work, every, min(workers, total or workers)), total, what)


def require(path: Path, stage: str) -> Path:
    """Return ``path`` if it exists.

    Raises:
        StoreError: it does not; the message names the stage that makes it.
    """
    if not path.exists():
        raise StoreError(f"{path} does not exist; `dvc repro {stage}` makes it")
    return path


def _in_processes(work: Callable[[T], R], tasks: Iterator[T], workers: int) -> Iterator[R]:
    """Yield the results from processes of our own: reused ones may have ended unseen."""
    spawn = multiprocessing.get_context("spawn")  # a fork would inherit torch's threads, and stall
    with ProcessPoolExecutor(workers, spawn) as pool:
        under_way: deque[Future[R]] = deque()
        try:
            for task in tasks:
                under_way.append(pool.submit(work, task))
                if len(under_way) > AHEAD * workers:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        except BrokenProcessPool:
            raise StageError(
                "a worker process died, killed or out of memory; run again, or lower workers in "
                "compute.yaml"
            ) from None
        finally:
            for future in under_way:
                future.cancel()


@contextmanager
def _locked(name: str) -> Iterator[None]:
    folder = STATE / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("a+") as file:
        _take(file, name)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _take(file: IO[str], name: str) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        owner = file.read() or "unknown"
        raise StageError(
            f"stage {name} already runs here as process {owner}; wait for it, or end it with"
            f" `kill {owner}`"
        ) from None
