"""Training is a function of its inputs, learns, and leaves nothing behind."""

import math
import random
from collections.abc import Sequence
from typing import get_args

import lightning.pytorch as lightning
import msgspec
import numpy as np
import pytest
import torch

from Datasets import splits
from Datasets.errors import StageError
from Datasets.tensors import Tensors
from Models.batches import Batches
from Models.callbacks import Bar, BestWeights
from Models.course import Course
from Models.figures import EpochFigures
from Models.isolation import device_of, isolated
from Models.learner import Conditions, Learner
from Models.module import Module, Parts, build
from Models.networks.network import InputShape, Optimiser
from Models.part import part_of
from Models.schedule import ScheduleName, share
from Models.task import Task
from tests.Models.tiny import Tiny

CPU = Conditions(seed=7, threads=1, device=torch.device("cpu"))
PEAK = Optimiser(learning_rate=5e-3, weight_decay=0.05)


class Fitted(msgspec.Struct, frozen=True):
    """What came out of a short training."""

    module: Module
    best: BestWeights
    history: list[EpochFigures]


def fit(
    epochs: int = 2,
    conditions: Conditions = CPU,
    peak: Optimiser = PEAK,
    ema: float = 0.0,
    callbacks: Sequence[lightning.Callback] = (),
) -> Fitted:
    tensors, folds = Tensors(), splits.read()
    train, validation = (part_of(tensors, folds, name, 0) for name in ("train", "validation"))
    shape = InputShape(16, 16, 3, "uint8")
    classes = tensors.store.about.classes
    parts = Parts("e001_small_cnn", {"base": 4}, "supervised", {}, classes, shape)
    with isolated(3, 1):
        module = build(parts, ())
    best = BestWeights()
    batches = Batches(tensors, train, validation, 8, conditions.seed)
    learner = Learner(batches, module, [best, Bar("train"), *callbacks], conditions)
    return Fitted(module, best, learner.fit(Course(epochs, peak, warmup=0.25, ema=ema)))


def same(one: Fitted, other: Fitted) -> bool:
    mine, theirs = one.module.learned(), other.module.learned()
    return all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_it_learns(tiny: Tiny) -> None:
    history = fit(epochs=12).history
    assert [figures.epoch for figures in history] == list(range(1, 13))
    assert history[-1].train_loss < 0.5 * history[0].train_loss
    assert history[-1].validation_accuracy > 0.8  # chance is 0.33


def test_twice_gives_the_same_bits_whatever_else_was_drawn(tiny: Tiny) -> None:
    first = fit()
    torch.rand(17)
    assert same(first, fit())


def test_another_seed_gives_other_weights(tiny: Tiny) -> None:
    assert not same(fit(), fit(conditions=Conditions(8, 1, torch.device("cpu"))))


def test_nothing_leaks(tiny: Tiny) -> None:
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    random.seed(5)
    before = (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled())
    python, numpy = random.getstate(), str(np.random.get_state())  # noqa: NPY002
    fit(epochs=1, conditions=Conditions(7, 2, torch.device("cpu")))
    assert torch.equal(torch.rand(3), expected)
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before
    assert random.getstate() == python
    assert str(np.random.get_state()) == numpy  # noqa: NPY002


def test_it_is_silent_where_there_is_no_terminal(
    tiny: Tiny, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    fit(epochs=1)
    assert capfd.readouterr() == ("", "")
    assert caplog.text == ""


def test_the_best_epoch_is_the_most_accurate_then_the_least_lossy_then_the_first() -> None:
    def chosen(*pairs: tuple[float, float]) -> int:
        best = BestWeights()
        task = Task.__new__(Task)
        torch.nn.Module.__init__(task)
        task.module = build(
            Parts(
                "e001_small_cnn",
                {"base": 1},
                "supervised",
                {},
                ("a", "b"),
                InputShape(16, 16, 1, "uint8"),
            ),
            (),
        )
        task.history, task.average = [], None
        for epoch, (accuracy, loss) in enumerate(pairs, start=1):
            task.history.append(EpochFigures(epoch, 1.0, loss, accuracy, 0.1))
            best.on_validation_end(None, task)  # type: ignore[arg-type]
        assert best.figures is not None
        return best.figures.epoch

    assert chosen((0.8, 0.5), (0.9, 0.9), (0.7, 0.1)) == 2
    assert chosen((0.9, 0.5), (0.9, 0.4), (0.9, 0.6)) == 2
    assert chosen((0.9, 0.5), (0.9, 0.5)) == 1


def test_the_best_weights_are_those_of_their_epoch(tiny: Tiny) -> None:
    fitted = fit(epochs=3)
    assert fitted.best.figures == max(
        fitted.history, key=lambda f: (f.validation_accuracy, -f.validation_loss)
    )
    if fitted.best.figures == fitted.history[-1]:
        last = fitted.module.learned()
        assert all(torch.equal(fitted.best.weights[name], last[name]) for name in last)


def test_the_learning_rate_follows_the_schedule(tiny: Tiny) -> None:
    history = fit(epochs=4).history  # 3 steps an epoch
    shares = [share("one_cycle", (3 * epoch + 2.5) / 12, 0.25) for epoch in range(4)]
    expected = [PEAK.learning_rate * one for one in shares]
    assert [figures.learning_rate for figures in history] == pytest.approx(expected)


def test_only_what_has_two_axes_decays(tiny: Tiny) -> None:
    module = fit(epochs=1).module
    tensors, folds = Tensors(), splits.read()
    train = part_of(tensors, folds, "train", 0)
    task = Task(module, Batches(tensors, train, train, 8, 1).labelled(), Course(1, PEAK), 1)
    decayed, plain = task.configure_optimizers().param_groups
    assert all(p.ndim >= 2 for p in decayed["params"])
    assert all(p.ndim < 2 for p in plain["params"])
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.05, 0.0)
    assert len(decayed["params"]) + len(plain["params"]) == len(list(module.parameters()))


def test_a_loss_that_is_no_number_stops_with_advice(tiny: Tiny) -> None:
    named = r"the loss is .* at step 2 of 6, batch 2 of epoch 1, of 6 samples: stripes/.*; lower"
    with pytest.raises(StageError, match=named):
        fit(peak=Optimiser(learning_rate=1e30, weight_decay=0.0))


@pytest.mark.gpu
def test_it_learns_on_cuda(tiny: Tiny) -> None:
    fitted = fit(conditions=Conditions(7, 1, torch.device("cuda")))
    assert same(fitted, fit(conditions=Conditions(7, 1, torch.device("cuda"))))


def test_auto_takes_what_is_there() -> None:
    assert device_of("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert device_of("cpu").type == "cpu"


@pytest.mark.parametrize("schedule", get_args(ScheduleName))
def test_schedules_without_or_with_nothing_but_warmup(schedule: ScheduleName) -> None:
    assert share(schedule, 0.0, warmup=0.0) == 1.0
    assert share(schedule, 0.25, warmup=1.0) == 0.25
    assert share(schedule, 1.0, warmup=1.0) == 1.0


def test_the_cosine_is_that_of_fixmatch() -> None:
    """cos(7 pi k / 16 K) of step k of K."""
    for step in range(0, 1001, 100):
        expected = math.cos(7 * math.pi * step / (16 * 1000))
        assert share("cosine", step / 1000, warmup=0.0) == pytest.approx(expected, abs=1e-15)


def test_averaged_weights_are_the_mean_over_steps_and_are_kept(tiny: Tiny) -> None:
    """By a loop over the weights of each step; what a normalisation counts is copied."""
    seen: list[dict[str, torch.Tensor]] = []

    class Watch(lightning.Callback):
        def on_train_batch_end(self, trainer: object, pl_module: Task, *_: object) -> None:  # type: ignore[override]
            seen.append({n: t.clone() for n, t in pl_module.module.learned().items()})

    fitted = fit(epochs=2, ema=0.9, callbacks=(Watch(),))
    start = fit(epochs=0).module.learned()
    assert fitted.history[-1] == fitted.best.figures or fitted.best.figures == fitted.history[0]
    parameters = {name for name, _ in fitted.module.named_parameters()}
    for name, kept in fitted.best.last.items():
        mean = start[name].double()
        for step, weights in enumerate(seen, start=1):
            stays = min(0.9, (1 + step) / (10 + step))
            mean = stays * mean + (1 - stays) * weights[name].double()
        expected = mean if name in parameters else seen[-1][name].double()
        assert torch.allclose(kept.double(), expected, atol=1e-6), name
        assert torch.equal(fitted.module.learned()[name], seen[-1][name])
