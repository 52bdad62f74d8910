"""Where tasks are computed: in this process, in others of this machine, or on a Dask cluster.

Results come in the order of their tasks, and no byte of them depends on the engine.
"""

from collections.abc import Callable, Iterable, Iterator, Sized
from itertools import chain, islice
from typing import Protocol, TypeVar

from Datasets.compute import Compute
from Datasets.own_processes import OwnProcesses
from Datasets.terminal import progress

T = TypeVar("T")
R = TypeVar("R")


class Engine(Protocol):
    """What computes tasks."""

    def map(self, work: Callable[[T], R], tasks: Iterator[T]) -> Iterator[R]:
        """Yield ``work(task)`` for each task, in their order.

        Args:
            work: a module-level function, or a partial of one, that depends on its task alone. It
                may be called twice for a task, even at the same time, as a worker that is believed
                dead may live: what it writes appears whole, and is the same each time.
            tasks: may be a stream: it is read a little ahead of what is done.
        """
        ...


class ThisProcess:
    """Computes one task after another where it is called."""

    def map(self, work: Callable[[T], R], tasks: Iterator[T]) -> Iterator[R]:
        """Yield ``work(task)`` for each task, in their order."""
        return map(work, tasks)


HERE = ThisProcess()
"""For little work: a worker's imports cost seconds."""


def engine_of(compute: Compute) -> Engine:
    """Return what compute.yaml asks for."""
    if compute.engine == "dask" and compute.address is not None:
        from Datasets.dask_cluster import DaskCluster  # takes a second

        return DaskCluster(compute.address)
    workers = compute.worker_count()
    return HERE if workers == 1 else OwnProcesses(workers)


def map_tasks(work: Callable[[T], R], tasks: Iterable[T], engine: Engine, what: str) -> Iterator[R]:
    """Yield ``work(task)`` for each task, in their order, behind a bar; one task is done here.

    Args:
        work: as ``Engine.map`` takes it.
        tasks: as ``Engine.map`` takes them.
        engine: what computes them.
        what: stands before the bar.
    """
    total = len(tasks) if isinstance(tasks, Sized) else None
    stream = iter(tasks)
    first = list(islice(stream, 2))
    chosen = engine if len(first) > 1 else HERE
    yield from progress(chosen.map(work, chain(first, stream)), total, what)
