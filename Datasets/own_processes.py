"""Processes of this machine that share tasks; what a dead one left is done again."""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Generic, TypeVar

from Datasets.errors import StageError
from Datasets.terminal import say

AHEAD = 3
"""Tasks a worker that are under way or done and not yet taken, so that memory stays flat."""

DEATHS = 3
"""How often workers may die in a row before the stage gives up."""

T = TypeVar("T")
R = TypeVar("R")


class OwnProcesses:
    """Computes tasks in up to ``workers`` processes, which live as long as the tasks last."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def map(self, work: Callable[[T], R], tasks: Iterator[T]) -> Iterator[R]:
        """Yield ``work(task)`` for each task, in their order.

        Raises:
            StageError: workers died again and again, and nothing was done between.
        """
        given: deque[_Given[T, R]] = deque()
        deaths = 0
        while True:
            # Processes of our own: reused ones may have ended unseen. Not forked: torch's threads
            # would be inherited, and stall.
            spawn = multiprocessing.get_context("spawn")
            others = set(multiprocessing.active_children())
            with ProcessPoolExecutor(self.workers, spawn, initializer=_end_with_parent) as pool:
                try:
                    for one in given:
                        one.give(pool, work)
                    while True:
                        for task in islice(tasks, AHEAD * self.workers + 1 - len(given)):
                            given.append(_Given(task))  # first: a pool may refuse it
                            given[-1].give(pool, work)
                        if not given:
                            return
                        result = given[0].result()
                        given.popleft()
                        deaths = 0
                        yield result
                except BrokenProcessPool:
                    deaths += 1
                    # The pool asks its workers to end and waits; seen: one did not, and it waited.
                    for worker in set(multiprocessing.active_children()) - others:
                        worker.kill()
                finally:
                    for one in given:
                        one.cancel()
            if deaths > DEATHS:
                raise StageError(
                    f"worker processes died {deaths} times at the same work, killed or out of "
                    "memory; lower workers in compute.yaml, or free memory, and run again"
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
