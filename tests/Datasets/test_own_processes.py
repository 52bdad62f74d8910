"""Tasks come back in order, from this process or several of its own, whoever dies meanwhile."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from Datasets.engines import HERE, Engine, map_tasks
from Datasets.errors import StageError, StoreError
from Datasets.own_processes import OwnProcesses


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def square(number: int) -> int:
    time.sleep(0.01 * (3 - number % 3))  # the first asked for is not the first done
    return number * number


def fail_at_two(number: int) -> int:
    if number == 2:
        raise StoreError("number 2 is damaged")
    return number


@pytest.mark.parametrize("engine", [HERE, OwnProcesses(2)])
def test_results_keep_the_order_of_their_tasks(engine: Engine) -> None:
    assert list(map_tasks(square, range(7), engine, "square")) == [n * n for n in range(7)]


@pytest.mark.parametrize("engine", [HERE, OwnProcesses(2)])
def test_an_error_of_a_task_comes_through(engine: Engine) -> None:
    with pytest.raises(StoreError, match="number 2 is damaged"):
        list(map_tasks(fail_at_two, range(4), engine, "x"))


def test_a_bar_is_silent_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    list(map_tasks(fail_at_two, [1, 3], HERE, "x"))
    assert capsys.readouterr().err == ""


def die(task: int) -> int:
    """End the worker as the kernel does when memory is gone."""
    os.kill(os.getpid(), signal.SIGKILL)
    return task


def test_workers_that_die_again_and_again_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Not a hang, not a traceback of the library."""
    with pytest.raises(StageError, match="worker processes died 4 times at the same work"):
        list(map_tasks(die, range(4), OwnProcesses(2), "x"))
    assert capsys.readouterr().err.count("a worker process died; what it left is done again") == 3


class Closing(ProcessPoolExecutor):
    """Refuses the third task that it is given, as one that breaks while it starts a worker."""

    given = 0

    def submit(self, *given: Any, **named: Any) -> Any:
        """Submit, or refuse."""
        Closing.given += 1
        if Closing.given == 3:
            raise OSError("handle is closed")
        return super().submit(*given, **named)


def test_a_pool_that_breaks_while_it_starts_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("Datasets.own_processes.ProcessPoolExecutor", Closing)
    assert list(map_tasks(abs, range(9), OwnProcesses(2), "x")) == list(range(9))


def die_once(task: int) -> int:
    """End the worker at task 3, unless a file says that this was done."""
    mark = Path(f"died-{task}")
    if task in (3, 6) and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return task * task


def test_what_a_dead_worker_left_is_done_again() -> None:
    assert list(map_tasks(die_once, range(9), OwnProcesses(2), "x")) == [n * n for n in range(9)]
    assert {path.name for path in Path().glob("died-*")} == {"died-3", "died-6"}


def report_itself(folder: str) -> None:
    """Say which process this is, and take for ever."""
    (Path(folder) / str(os.getpid())).touch()
    threading.Event().wait()


def run_for_ever(folder: str) -> None:
    """Give work that never ends to two workers."""
    list(map_tasks(report_itself, [folder] * 4, OwnProcesses(2), "x"))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes in /proc")
def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    """Else each killed run would leave processes behind that wait for ever."""
    spawn = multiprocessing.get_context("spawn")
    parent = spawn.Process(target=run_for_ever, args=(str(tmp_path),))
    parent.start()
    wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
    workers = [Path("/proc") / path.name for path in tmp_path.iterdir()]
    assert all(worker.exists() for worker in workers)
    parent.kill()
    parent.join()
    wait_until(lambda: not any(_is_alive(worker) for worker in workers))


def wait_until(is_so: Callable[[], bool]) -> None:
    """Return when it is so; pytest's own limit ends a wait that is in vain."""
    for _ in range(6000):
        if is_so():
            return
        threading.Event().wait(0.01)
    pytest.fail("waited for a minute")


def _is_alive(process: Path) -> bool:
    try:
        return ") Z" not in (process / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


class Refusing(ProcessPoolExecutor):
    """A pool that breaks when it is given its third task, once."""

    given = 0

    def submit(self, *given: Any, **named: Any) -> "Future[Any]":
        """Refuse the third task of all."""
        Refusing.given += 1
        if Refusing.given == 3:
            raise BrokenProcessPool("a worker died just now")
        return super().submit(*given, **named)


def test_a_task_that_a_broken_pool_refused_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was taken from the stream already: nobody else would give it."""
    monkeypatch.setattr("Datasets.own_processes.ProcessPoolExecutor", Refusing)
    assert list(map_tasks(square, range(9), OwnProcesses(2), "x")) == [n * n for n in range(9)]
