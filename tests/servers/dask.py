"""A Dask cluster for tests: a scheduler of this machine, and workers in any folder."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ["--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]


Started = subprocess.Popen[bytes]


class Cluster:
    """A scheduler that knows nothing of this project, and gives a task up when two workers died.

    Attributes:
        address: where it listens.
        workers: those that were started.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Started] = []
        self.workers: list[Started] = []
        file = folder / "scheduler.json"
        settings = {
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
            "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s",  # to a worker whose death is new
        }
        words = ["scheduler", "--port", "0", "--scheduler-file", str(file)]
        self.scheduler = self._start([*words, *LOCAL], folder, settings)
        wait_until(file.exists)  # it appears whole
        self.address = str(json.loads(file.read_text())["address"])

    def worker(self, folder: Path, threads: int = 1, code: Path = ROOT) -> Started:
        """Start a worker in ``folder`` that finds the project in ``code``."""
        words = ["worker", self.address, "--nthreads", str(threads), "--no-nanny", *LOCAL]
        words += ["--local-directory", str(self._folder)]
        self.workers.append(self._start(words, folder, {"PYTHONPATH": str(code)}))
        return self.workers[-1]

    def stop(self) -> None:
        """Kill all that was started."""
        for one in self._started:
            one.kill()
            one.wait()

    def _start(self, words: list[str], folder: Path, settings: dict[str, str]) -> Started:
        log = self._folder / f"{len(self._started)}.log"
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        with log.open("wb") as output:
            one = subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                cwd=folder,
                env={**inherited, **settings},
                stdout=output,
                stderr=output,
            )
        self._started.append(one)
        return one


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Give a cluster without workers, whose own files lie in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    cluster = Cluster(folder)
    try:
        yield cluster
    finally:
        cluster.stop()


def wait_until(is_so: Callable[[], bool]) -> None:
    """Return when it is so; fail where that takes a minute."""
    for _ in range(6000):
        if is_so():
            return
        threading.Event().wait(0.01)
    pytest.fail("waited for a minute")
