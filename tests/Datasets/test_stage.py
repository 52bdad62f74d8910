"""A stage runs once at a time, ends with one line, and its tasks come back in order."""

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

from Datasets.errors import StageError, StoreError
from Datasets.stage import map_tasks, require, running, timings


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


def test_a_stage_ends_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with running("process@crop") as stage:
        stage.summary = "12 samples in, 11 out"
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("process@crop: 12 samples in, 11 out; ")
    assert said.err.count("\n") == 1


def test_seconds_are_remembered() -> None:
    for name in ("split", "process@crop"):
        with running(name) as stage:
            stage.summary = f"{name} is done"
    found = timings()
    assert list(found) == ["process@crop", "split"]
    assert found["split"].summary == "split is done"
    assert 0 <= found["split"].seconds < 60


def test_nothing_ran_yet() -> None:
    assert timings() == {}


def test_a_stage_refuses_a_second_run_of_itself() -> None:
    with (
        running("split"),
        pytest.raises(StageError, match=f"already runs here as process {os.getpid()}"),
        running("split"),
    ):
        pytest.fail("two runs of one stage")


def test_other_stages_may_run_beside_it() -> None:
    with running("train@0"), running("train@1"):
        pass
    assert sorted(timings()) == ["train@0", "train@1"]


def test_a_failed_stage_says_nothing_and_frees_its_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(StoreError), running("split"):
        raise StoreError("x")
    assert capsys.readouterr().err == ""
    assert timings() == {}
    with running("split"):
        pass


@pytest.mark.parametrize("workers", [1, 2])
def test_results_keep_the_order_of_their_tasks(workers: int) -> None:
    assert list(map_tasks(square, range(7), workers, "square")) == [n * n for n in range(7)]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_task_comes_through(workers: int) -> None:
    with pytest.raises(StoreError, match="number 2 is damaged"):
        list(map_tasks(fail_at_two, range(4), workers, "x"))


def test_a_bar_is_silent_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    list(map_tasks(fail_at_two, [1, 3], 1, "x"))
    assert capsys.readouterr().err == ""


def test_a_missing_input_names_the_stage_that_makes_it(tmp_path: Path) -> None:
    assert require(tmp_path, "split") == tmp_path
    with pytest.raises(StoreError, match="`dvc repro split` makes it"):
        require(tmp_path / "gone", "split")


def die(task: int) -> int:
    """End the worker as the kernel does when memory is gone."""
    os.kill(os.getpid(), signal.SIGKILL)
    return task


def test_workers_that_die_again_and_again_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Not a hang, not a traceback of the library."""
    with pytest.raises(StageError, match="worker processes died 4 times at the same work"):
        list(map_tasks(die, range(4), 2, "x"))
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
    monkeypatch.setattr("Datasets.stage.ProcessPoolExecutor", Closing)
    assert list(map_tasks(abs, range(9), 2, "x")) == list(range(9))


def die_once(task: int) -> int:
    """End the worker at task 3, unless a file says that this was done."""
    mark = Path(f"died-{task}")
    if task in (3, 6) and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return task * task


def test_what_a_dead_worker_left_is_done_again() -> None:
    assert list(map_tasks(die_once, range(9), 2, "x")) == [n * n for n in range(9)]
    assert {path.name for path in Path().glob("died-*")} == {"died-3", "died-6"}


def report_itself(folder: str) -> None:
    """Say which process this is, and take for ever."""
    (Path(folder) / str(os.getpid())).touch()
    threading.Event().wait()


def run_for_ever(folder: str) -> None:
    """Give work that never ends to two workers."""
    list(map_tasks(report_itself, [folder] * 4, 2, "x"))


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
    monkeypatch.setattr("Datasets.stage.ProcessPoolExecutor", Refusing)
    assert list(map_tasks(square, range(9), 2, "x")) == [n * n for n in range(9)]


def test_a_stage_may_wait_for_the_end_of_another_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = running("train@0")
    other.__enter__()
    looks = 0

    def sleep(seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            other.__exit__(None, None, None)

    monkeypatch.setattr("Datasets.stage.time.sleep", sleep)
    with running("train@0", wait_s=600):
        pass
    said = capsys.readouterr().err.splitlines()
    assert said[0] == (
        f"train@0: waits up to 600 s for process {os.getpid()}, which runs it, to end"
    )
    assert sum("waits" in line for line in said) == 1
    assert looks == 3


def test_it_does_not_wait_for_ever() -> None:
    with (
        running("train@0"),
        pytest.raises(StageError, match="already runs here as process"),
        running("train@0", wait_s=0.3),
    ):
        pytest.fail("two runs of one stage")
