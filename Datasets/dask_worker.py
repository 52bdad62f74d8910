"""What runs in a worker of a Dask cluster: a look at itself, then the task."""

import pickle
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import msgspec
from distributed import Worker, get_worker

from Datasets.environment import Environment, difference, here


class Wanted(msgspec.Struct, frozen=True):
    """What a worker must have: ``mark``, a file of the folder of the run, and an environment."""

    mark: str
    environment: Environment


class UnfitError(Exception):
    """Raised in a worker that might compute other bytes."""


class Call:
    """Unpickling it calls ``work`` with ``task``, if the worker is fit.

    Args:
        wanted: ``Wanted``, encoded.
        call: ``work`` and ``task``, pickled: they are not loaded before.
    """

    def __init__(self, wanted: bytes, call: bytes) -> None:
        self._given = wanted, call

    def __reduce__(self) -> tuple[Callable[..., object], tuple[bytes, bytes]]:
        return called, self._given


def called(wanted: bytes, call: bytes) -> object:
    """Return what ``work`` makes of ``task``.

    Raises:
        UnfitError: this worker may not.
    """
    worker = get_worker()
    what = unfitness(wanted, worker)
    if what:
        raise UnfitError(refusal(worker.address, what))
    work, task = pickle.loads(call)  # noqa: S301  (of the run that this worker serves)
    return work(task)


def unfitness(wanted: bytes, dask_worker: Worker) -> str:
    """Return why a worker may not compute, a clause; "" if it may.

    Args:
        wanted: ``Wanted``, encoded.
        dask_worker: the worker; Dask itself passes it by this name.
    """
    threads = dask_worker.state.nthreads
    if threads != 1:  # operations keep what they prepared, and albumentations its generator
        return f"has {threads} threads, which would share what is made for one"
    return _unfitness(wanted)


def refusal(worker: str, what: str) -> str:
    """Return the sentence about an unfit worker."""
    return f"Dask worker {worker} {what}"


@lru_cache(maxsize=8)
def _unfitness(wanted: bytes) -> str:
    """Return why this process may not compute, looked at once a run."""
    given = msgspec.json.decode(wanted, type=Wanted)
    if not Path(given.mark).exists():
        return f"works in {Path.cwd()}, which is not the folder of this run"
    return difference(here(), given.environment)
