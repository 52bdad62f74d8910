"""The frame around every stage: one at a time, one line at its end, its seconds remembered."""

import fcntl
import multiprocessing
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import IO, Generic, TypeVar

import msgspec

from Datasets.errors import StageError, StoreError
from Datasets.files import write_json
from Datasets.terminal import one_line, progress, say

STATE = Path(".darkroom")
"""What is true of this machine only: locks, timings, rejected samples. Never an input or in Git."""

AHEAD = 3
"""Tasks a worker that are under way or done and not yet taken, so that memory stays flat."""

DEATHS = 3
"""How often workers may die in a row before the stage gives up."""

ASKED_EVERY_S = 0.1
"""Between two looks whether another run of a stage has ended."""

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
    """Yield the results in the order of the tasks; what a dead worker left is done again.

    Raises:
        StageError: workers died again and again, and nothing was done between.
    """
    given: deque[_Given[T, R]] = deque()
    deaths = 0
    while True:
        # Processes of our own: reused ones may have ended unseen. Not forked: torch's threads would
        # be inherited, and stall.
        spawn, others = multiprocessing.get_context("spawn"), set(multiprocessing.active_children())
        with ProcessPoolExecutor(workers, spawn, initializer=_end_with_parent) as pool:
            try:
                for one in given:
                    one.give(pool, work)
                while True:
                    for task in islice(tasks, AHEAD * workers + 1 - len(given)):
                        given.append(_Given(task))  # before it is given out: a pool may refuse it
                        given[-1].give(pool, work)
                    if not given:
                        return
                    result = given[0].result()
                    given.popleft()
                    deaths = 0
                    yield result
            except BrokenProcessPool:
                deaths += 1
                # The pool asks its workers to end and waits; seen: one did not, and it waited on.
                for worker in set(multiprocessing.active_children()) - others:
                    worker.kill()
            finally:
                for one in given:
                    one.cancel()
        if deaths > DEATHS:
            raise StageError(
                f"worker processes died {deaths} times at the same work, killed or out of memory; "
                "lower workers in compute.yaml, or free memory, and run again"
            )
        say("a worker process died; what it left is done again")


class _Given(Generic[T, R]):
    """A task that was taken from the stream, and the result that is waited for."""

    def __init__(self, task: T) -> None:
        self._task = task
        self._future: Future[R] | None = None

    def give(self, pool: ProcessPoolExecutor, work: Callable[[T], R]) -> None:
        """Give the task to ``pool``, unless it is done: it has a result, or an error of its own.

        Raises:
            BrokenProcessPool: the pool broke, also while it was starting another worker for this.
        """
        if not self._is_done():
            try:
                self._future = pool.submit(work, self._task)
            except OSError as error:
                raise BrokenProcessPool(f"no worker could be started: {error}") from error

    def result(self) -> R:
        """Return the result, waiting for it."""
        if self._future is None:
            raise BrokenProcessPool("the pool broke before it took the task")
        return self._future.result()

    def cancel(self) -> None:
        """Let it not be begun."""
        if self._future is not None:
            self._future.cancel()

    def _is_done(self) -> bool:
        future = self._future
        if future is None or future.cancelled() or not future.done():
            return False
        return not isinstance(future.exception(), BrokenProcessPool)


def _end_with_parent() -> None:
    """End this worker when the process that started it has died: nobody would take its results."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _locked(name: str, wait_s: float) -> Iterator[None]:
    folder = STATE / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("a+") as file:
        _take(file, name, wait_s)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _take(file: IO[str], name: str, wait_s: float) -> None:
    until = time.monotonic() + wait_s
    waits = False
    while not _taken(file):
        file.seek(0)
        owner = file.read() or "unknown"
        if time.monotonic() >= until:
            raise StageError(
                f"stage {name} already runs here as process {owner}; wait for it, or end it with"
                f" `kill {owner}`"
            )
        if not waits:
            say(f"{name}: waits up to {wait_s:.0f} s for process {owner}, which runs it, to end")
        waits = True
        time.sleep(ASKED_EVERY_S)


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
