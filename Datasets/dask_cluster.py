"""The workers of a Dask cluster that share tasks: in this checkout, on a file system that all see.

The scheduler needs none of our code: what it is given is ``pickle.loads`` and bytes. Each worker
looks, before it does anything, whether it would compute the same bytes as this process.
"""

import asyncio
import logging
import pickle
import secrets
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import dask.config
import msgspec
from distributed import Client, Future, KilledWorker, Security, wait
from distributed.client import ClosedClientError
from distributed.comm.core import CommClosedError, connect

from Datasets.dask_worker import Call, UnfitError, Wanted, refusal, unfitness
from Datasets.environment import here
from Datasets.errors import StageError
from Datasets.own_processes import AHEAD
from Datasets.stage import STATE
from Datasets.terminal import say

CONNECT_S = 10.0
"""How long a scheduler may take to answer."""
WORKERS_S = 60.0
"""How long a cluster may be without a worker."""
SILENT_LOOKS = 12
"""After so many looks without a result that is told."""
LOOK_S = 5.0
"""How often it is looked whether there still is one, where no result comes."""
QUIET = ("distributed", "distributed.client", "distributed.core")
NO_WARNING = {"distributed.admin.large-graph-warning-threshold": "1TB"}
"""A task of ours may be some megabytes."""

T = TypeVar("T")
R = TypeVar("R")


class DaskCluster:
    """Computes tasks on the workers of the scheduler at ``address``, as tcp://127.0.0.1:8786."""

    def __init__(self, address: str) -> None:
        self.address = address

    def map(self, work: Callable[[T], R], tasks: Iterator[T]) -> Iterator[R]:
        """Yield ``work(task)`` for each task, in their order.

        What a dead worker left the scheduler gives to another. Leaving early lets go of the rest.

        Raises:
            StageError: no scheduler answers, or it has no workers; a worker would compute other
                bytes; the scheduler went away, or workers died again and again at one task.
        """
        with _connected(self.address) as client, _marked() as wanted:
            cluster: _Cluster[R] = _Cluster(client, self.address)
            cluster.require_workers()
            cluster.refuse_unfit(wanted)
            given: deque[Future[R]] = deque()
            while True:
                room = AHEAD * cluster.workers() - len(given)
                for task in islice(tasks, max(room, 0 if given else 1)):
                    given.append(cluster.give(Call(wanted, pickle.dumps((work, task)))))
                if not given:
                    return
                result = cluster.result(given[0])
                given.popleft()
                yield result


class _Cluster(Generic[R]):
    """A scheduler and its workers, as they come and go."""

    def __init__(self, client: Client, address: str) -> None:
        self._client = client
        self._address = address
        self._seen: set[str] = set()

    def workers(self) -> int:
        """Return how many there are, and say who is gone."""
        with self._asking():
            there = set(self._client.nthreads())
        for gone in sorted(self._seen - there):
            say(f"Dask worker {gone} is gone; what it left is done again")
        self._seen = there
        return len(there)

    def require_workers(self) -> None:
        """Wait for a worker.

        Raises:
            StageError: none comes.
        """
        if self.workers():
            return
        say(f"the Dask scheduler at {self._address} has no workers; waiting for one")
        with self._asking():
            try:
                self._client.wait_for_workers(1, timeout=WORKERS_S)
            except TimeoutError:
                raise StageError(
                    f"the Dask scheduler at {self._address} has had no workers for {WORKERS_S:g} s;"
                    f" start some in {Path.cwd()}: `{_command(self._address)}`"
                ) from None

    def refuse_unfit(self, wanted: bytes) -> None:
        """Return nothing if all workers that are there now may compute.

        Raises:
            StageError: some may not; each is named, with what it has otherwise.
        """
        with self._asking():
            answers = self._client.run(unfitness, wanted, on_error="return")
            there = self._client.nthreads()  # who died meanwhile is no matter
        found = {
            worker: answer if isinstance(answer, str) else f"cannot load this project: {answer}"
            for worker, answer in sorted(answers.items())
            if worker in there
        }
        refused = [refusal(worker, what) for worker, what in found.items() if what]
        if refused:
            raise StageError("\n".join([*refused, _remedy(self._address)]))

    def give(self, call: Call) -> "Future[R]":
        """Return what will come of a call."""
        with self._asking():
            return self._client.submit(pickle.loads, pickle.dumps(call), pure=False)

    def result(self, future: "Future[R]") -> R:
        """Return what came of a task, waiting for it; raise what it raised.

        Raises:
            StageError: no worker is left, or those that took it died, or are unfit.
        """
        try:
            while True:
                self._wait_for(future)
                try:  # it may lie at a worker that hangs
                    return future.result(timeout=SILENT_LOOKS * LOOK_S)
                except TimeoutError:
                    if future.status == "error":  # of the task's own
                        raise
                    self._say_silence()
        except (CommClosedError, CancelledError):
            raise self._gone() from None
        except KilledWorker as error:
            raise StageError(
                f"{error.allowed_failures + 1} Dask workers died at the same work, the last was "
                f"{error.last_worker.address}: killed or out of memory; see its log, give the "
                "workers more memory (--memory-limit), and run again"
            ) from None
        except UnfitError as error:  # came later than the others
            raise StageError(f"{error}\n{_remedy(self._address)}") from None
        except ModuleNotFoundError as error:
            if not (error.name or "").startswith("Datasets"):
                raise
            raise StageError(
                f"a Dask worker cannot load this project: {error}\n{_remedy(self._address)}"
            ) from None

    def _wait_for(self, future: "Future[R]") -> None:
        with self._asking():
            for look in count(1):
                try:
                    with self._client.as_current():
                        wait(future, timeout=LOOK_S)
                    return
                except TimeoutError:
                    self.require_workers()
                    if look == SILENT_LOOKS:
                        self._say_silence()

    def _say_silence(self) -> None:
        workers = ", ".join(sorted(self._seen))
        say(
            f"no result from the Dask workers for {SILENT_LOOKS * LOOK_S:g} s: {workers}; one that "
            "hangs is given up by the scheduler after its worker-ttl (5 minutes by default), and "
            "its work is done again; end it to have that now"
        )

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Tell in a sentence when the scheduler is not there any more."""
        try:
            yield
        except (OSError, CancelledError, ClosedClientError):
            raise self._gone() from None

    def _gone(self) -> StageError:
        return StageError(
            f"the Dask scheduler at {self._address} went away; start it and its workers, and run "
            "again"
        )


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    """Yield a client of the scheduler. Closing it lets go of all that was given.

    Raises:
        StageError: it does not answer, or is of another version.
    """
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    client = _client(address)
    try:
        with dask.config.set(NO_WARNING):
            yield client
    finally:
        client.close()


def _client(address: str) -> Client:
    try:
        asyncio.run(asyncio.wait_for(_greet(address), CONNECT_S))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions: told below
            client = Client(address, timeout=CONNECT_S, set_as_default=False, name="darkroom")
    except (OSError, ValueError, TypeError) as error:  # TypeError: of TLS that is not set up
        raise StageError(
            f"no Dask scheduler answers at {address} ({str(error) or type(error).__name__}); start "
            "one with `python -m dask scheduler`, or correct `address` in compute.yaml, or write "
            "`engine: local`"
        ) from None
    versions = cast("dict[str, Any]", client.get_versions())
    theirs, ours = (versions[one]["packages"]["distributed"] for one in ("scheduler", "client"))
    if theirs != ours:
        client.close()
        raise StageError(
            f"the Dask scheduler at {address} is of version {theirs}, here is {ours}; start it from"
            " the environment of this run"
        )
    return client


async def _greet(address: str) -> None:
    """Return when the scheduler has said who it is: a client would wait for ever."""
    comm = await connect(address, **Security().get_connection_args("client"))
    await comm.close()


@contextmanager
def _marked() -> Iterator[bytes]:
    """Yield what workers must have, encoded; the file by which they know the folder is there."""
    mark = STATE / "cluster" / secrets.token_hex(8)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    try:
        yield msgspec.json.encode(Wanted(str(mark), here()))
    finally:
        mark.unlink(missing_ok=True)


def _remedy(address: str) -> str:
    return (
        f"end it, and start it in {Path.cwd()} from the environment of this run: "
        f"`{_command(address)}`"
    )


def _command(address: str) -> str:
    return f"python -m dask worker {address} --nthreads 1"
