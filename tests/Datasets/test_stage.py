"""A stage runs once at a time, and ends with one line."""

import os
import platform
from pathlib import Path

import pytest

from Datasets.errors import StageError, StoreError
from Datasets.stage import require, running, timings


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


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


def test_a_missing_input_names_the_stage_that_makes_it(tmp_path: Path) -> None:
    assert require(tmp_path, "split") == tmp_path
    with pytest.raises(StoreError, match="`dvc repro split` makes it"):
        require(tmp_path / "gone", "split")


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
        f"train@0: waits up to 600 s for process {os.getpid()} of {platform.node()}, "
        "which runs it, to end"
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
