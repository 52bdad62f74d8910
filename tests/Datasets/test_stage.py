"""A stage runs once at a time, ends with one line, and its tasks come back in order."""

import os
import signal
import time
from pathlib import Path

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
    """End the worker as the kernel does when memory is gone, but for the first task."""
    if task:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def test_a_worker_that_dies_is_said() -> None:
    """Not a hang, not a traceback of the library."""
    with pytest.raises(StageError, match="a worker process died"):
        list(map_tasks(die, range(4), 2, "x"))
