"""A training that was broken off anywhere goes on as if nothing had been, to the last bit."""

import itertools
import json
from pathlib import Path

import msgspec
import pytest
import torch

from Datasets.errors import StageError
from Datasets.interruption import Interruption
from Models import saving
from Models.callbacks import task_of
from Models.frameworks.table import FRAMEWORKS
from Models.resume import CURRENT, NUMBERS_FILE, PREVIOUS, TENSORS_FILE, Checkpoints
from Models.state import At, Numbers, State
from tests.Models.tiny import Tiny, write
from tests.Models.trainings import Case, Fitted, Kill, Killed, Steps, fit

CASES = [
    Case(framework, algorithm, ema, resident)
    for framework in (*FRAMEWORKS, "joining")
    for algorithm, ema, resident in (
        ("adamw", 0.0, False),
        ("adamw", 0.9, True),
        ("sgd", 0.0, True),
        ("sgd", 0.9, False),
    )
]
CASES += [
    Case(order="blocks"),
    Case(algorithm="sgd", momentum=0.0),
    Case(network="wrn_28_2", algorithm="sgd", ema=0.9),
]
FOLDER = Path("checkpoints")


@pytest.fixture
def walk(tiny: Tiny) -> Tiny:
    """Return a tiny data set, some of whose samples have no label."""
    some = msgspec.structs.replace(tiny, unlabelled=9)
    write(some)
    return some


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be time for a checkpoint after each step."""
    monkeypatch.setattr(saving, "EVERY_S", 0.0)
    monkeypatch.setattr(saving, "PRICE", 0)


def killed_again_and_again(case: Case, kill: type[Kill] = Kill, **when: int) -> Fitted:
    """Return what a training comes to that dies again and again, and goes on each time."""
    for _ in range(100):
        try:
            return fit(case, FOLDER, None, kill(**when))
        except Killed:
            continue
    raise AssertionError("it never ended")


@pytest.mark.usefixtures("walk", "always")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_training_killed_after_each_of_its_steps_is_the_one_that_was_not(case: Case) -> None:
    whole = fit(case)
    assert killed_again_and_again(case, steps=1).same(whole)
    assert not fit(msgspec.structs.replace(case, ema=0.5)).same(whole)  # equal would prove nothing


@pytest.mark.usefixtures("walk", "always")
@pytest.mark.parametrize("ema", [0.0, 0.9])
@pytest.mark.parametrize("steps", [2, 3, 4])
def test_killed_after_some_steps(steps: int, ema: float) -> None:
    case = Case(ema=ema)
    assert killed_again_and_again(case, steps=steps).same(fit(case))


@pytest.mark.usefixtures("walk", "always")
@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_killed_in_each_validation(ema: float) -> None:
    """The first validation after each start is broken off; then its epoch is closed."""
    case = Case(ema=ema)
    whole = fit(case)
    for _ in range(2):
        with pytest.raises(Killed):
            fit(case, FOLDER, None, Kill(validated=1))
    assert fit(case, FOLDER).same(whole)


@pytest.mark.usefixtures("walk", "always")
def test_no_step_is_done_twice_and_none_is_left_out() -> None:
    done = []
    for _ in range(100):
        steps = Steps()
        try:
            fit(Case(), FOLDER, None, steps, Kill(steps=2))
        except Killed:
            done += steps.done
            continue
        done += steps.done
        break
    assert done == list(range(1, len(done) + 1))
    assert len(done) == 9


@pytest.mark.usefixtures("walk")
def test_work_since_the_last_checkpoint_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever checkpoints are written, the result is the same."""
    case = Case(ema=0.9)
    whole = fit(case)
    monkeypatch.setattr(saving, "PRICE", 0)
    for every in (1, 2, 5):
        clock = itertools.count().__next__
        monkeypatch.setattr(saving, "EVERY_S", every)
        monkeypatch.setattr(saving.Saving.__init__, "__defaults__", (clock,))
        with pytest.raises(Killed):
            fit(case, FOLDER / str(every), None, Kill(steps=7))
        assert fit(case, FOLDER / str(every)).same(whole)


@pytest.mark.usefixtures("walk")
@pytest.mark.parametrize("ema", [0.0, 0.9])
@pytest.mark.parametrize(
    ("hook", "number", "step"),
    [
        ("on_train_batch_end", 1, 2),
        ("on_train_batch_end", 3, 3),
        ("on_train_batch_end", 5, 6),
        ("on_validation_batch_end", 1, 3),
        ("on_validation_start", 3, 9),
    ],
)
def test_who_asks_it_to_end_gets_a_checkpoint_and_a_sentence(
    hook: str, number: int, step: int, ema: float
) -> None:
    asked = Interruption()
    seen = 0

    class Ask(Kill):
        pass

    def ask(*others: object) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            asked.reason = "SIGTERM"

    setattr(Ask, hook, ask)
    case = Case(ema=ema)
    told = rf"train@0: stopped after step {step} of 9 \(SIGTERM\); run it again and it goes on"
    with pytest.raises(StageError, match=told):
        fit(case, FOLDER, asked, Ask())
    assert fit(case, FOLDER).same(fit(case))


@pytest.mark.usefixtures("walk", "always")
def test_who_asks_after_the_last_epoch_gets_the_weights() -> None:
    asked = Interruption()

    class Ask(Kill):
        def on_validation_end(self, trainer: object, pl_module: object) -> None:
            task = task_of(pl_module)  # type: ignore[arg-type]
            asked.reason = "SIGTERM" if len(task.history) == 3 else ""

    assert fit(Case(), FOLDER, asked, Ask()).same(fit(Case()))


@pytest.mark.usefixtures("walk", "always")
@pytest.mark.parametrize("name", [NUMBERS_FILE, TENSORS_FILE])
@pytest.mark.parametrize("damage", ["cut", "flip", "gone", "format", "field"])
def test_a_damaged_checkpoint_is_told_and_training_begins_anew(
    name: str, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Killed):
        fit(Case(), FOLDER, None, Kill(steps=5))
    folder = FOLDER / "key" / CURRENT
    file = folder / (NUMBERS_FILE if damage in ("format", "field") else name)
    content = file.read_bytes()
    match damage:
        case "cut":
            file.write_bytes(content[: len(content) // 2])
        case "flip":
            place = len(content) - 40
            file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        case "gone":
            file.unlink()
        case "format":
            file.write_text(json.dumps(json.loads(content) | {"format": 0}))
        case "field":
            file.write_text(json.dumps(json.loads(content) | {"more": 1}))
    steps = Steps()
    assert fit(Case(), FOLDER, None, steps).same(fit(Case()))
    assert steps.done == list(range(1, 10))
    assert f"the checkpoint {folder} is damaged and was passed over" in capsys.readouterr().err


def numbers(step: int) -> Numbers:
    return Numbers(At(0, step), step, 9, 0.1, 8 * step, None, (), None)


def test_the_one_before_serves_where_the_last_is_damaged(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, "key")
    checkpoints.write(State(numbers(1), {"learned.a": torch.ones(2)}))
    (tmp_path / "key" / CURRENT).rename(tmp_path / "key" / PREVIOUS)
    found = checkpoints.read()  # killed between the two renames
    assert found is not None
    assert found.numbers.step == 1
    checkpoints.write(State(numbers(2), {"learned.a": torch.ones(2)}))
    assert [path.name for path in (tmp_path / "key").iterdir()] == [CURRENT]


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, "key")
    (tmp_path / "key" / ".tmp-1").mkdir(parents=True)
    checkpoints.write(State(numbers(1), {}))
    assert [path.name for path in (tmp_path / "key").iterdir()] == [CURRENT]


def test_those_of_another_key_go(tmp_path: Path) -> None:
    Checkpoints(tmp_path, "other").write(State(numbers(1), {}))
    checkpoints = Checkpoints(tmp_path, "key")
    assert checkpoints.read() is None
    checkpoints.write(State(numbers(2), {}))
    checkpoints.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_values_and_strides_come_back(tmp_path: Path) -> None:
    image = torch.randn(2, 3, 4, 5)
    tensors = {
        "rows": image,
        "channels_last": image.to(memory_format=torch.channels_last),
        "one_wide": torch.randn(4, 3, 1, 1).to(memory_format=torch.channels_last),
        "turned": torch.randn(3, 4).T,
        "scalar": torch.tensor(3.5),
        "whole": torch.tensor([1, 2]),
        "shared": image[0],
        "none": torch.zeros(0, 3),
    }
    Checkpoints(tmp_path, "key").write(State(numbers(1), tensors))
    found = Checkpoints(tmp_path, "key").read()
    assert found is not None
    assert found.tensors.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert torch.equal(found.tensors[name], tensor), name
        assert found.tensors[name].stride() == tensor.stride(), name
        assert found.tensors[name].dtype == tensor.dtype


@pytest.mark.usefixtures("walk", "always")
def test_a_full_disk_does_not_stop_what_goes_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(checkpoints: Checkpoints, state: State) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Checkpoints, "write", full)
    assert fit(Case(), FOLDER).same(fit(Case()))
    assert "train@0: no checkpoint could be written" in capsys.readouterr().err
    asked = Interruption()
    asked.reason = "Ctrl-C"
    with pytest.raises(StageError, match=r"step 1 of 9 \(Ctrl-C\); no checkpoint could be written"):
        fit(Case(), FOLDER, asked)


def test_checkpoints_cost_a_hundredth_of_a_training_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, walk: Tiny
) -> None:
    """A clock on which writing takes ten seconds and a step one."""
    now = 0.0
    written = []

    def slow(checkpoints: Checkpoints, state: State) -> None:
        nonlocal now
        now += 10
        written.append(now)

    def clock() -> float:
        nonlocal now
        now += 0.5
        return now

    monkeypatch.setattr(Checkpoints, "write", slow)
    monkeypatch.setattr(saving.Saving.__init__, "__defaults__", (clock,))
    monkeypatch.setattr(saving, "EVERY_S", 1.0)
    fit(Case(), FOLDER)
    assert len(written) == 1
