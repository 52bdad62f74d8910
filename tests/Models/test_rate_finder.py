"""The trial of learning rates, and the optimiser's groups."""

import math

import numpy as np
import pytest
import torch
from defusedxml import ElementTree

from Datasets import splits
from Datasets.errors import StageError
from Datasets.tensors import Tensors
from Models.batch import Batch
from Models.batches import Batches
from Models.learner import Conditions, Learner
from Models.loaders import Loader
from Models.module import Module, Parts, build
from Models.networks.network import InputShape, Optimiser
from Models.optimisers import SHARE, optimiser_of, set_rate
from Models.part import part_of
from Models.rate_chart import drawn
from Models.rate_finder import Trial, _steepest, try_rates
from tests.Models.tiny import Tiny

PEAK = Optimiser(1e-3, 0.05)


def made(name: str = "e001_small_cnn", side: int = 16) -> Module:
    torch.manual_seed(1)
    shape = InputShape(side, side, 3, "uint8")
    return build(Parts(name, {}, "supervised", {}, ("across", "along", "aslant"), shape), ())


def loader() -> Loader[Batch]:
    tensors, folds = Tensors(), splits.read()
    train = part_of(tensors, folds, "train", 0)
    return Batches(tensors, train, train, 8, 1).labelled()


def test_the_steepest_place_of_a_known_curve_is_found() -> None:
    rates = np.geomspace(1e-6, 1, 61)
    curve = 1 / (1 + np.exp(4 * (np.log10(rates) + 2.5)))  # falls fastest at 10 ** -2.5
    rising = np.maximum(0, np.log10(rates) + 1) * 5
    assert math.log10(_steepest(rates, curve + rising)) == pytest.approx(-2.5, abs=0.11)


def test_a_trial_changes_nothing_and_is_the_same_twice(tiny: Tiny) -> None:
    module, batches = made(), loader()
    before = {name: one.clone() for name, one in module.state_dict().items()}
    first = try_rates(module, batches, PEAK, 3, steps=40)
    torch.rand(5)
    assert try_rates(module, loader(), PEAK, 3, steps=40) == first
    assert all(torch.equal(before[name], one) for name, one in module.state_dict().items())
    assert 1e-5 < first.suggestion < 1
    assert list(first.rates) == sorted(first.rates)
    assert min(first.losses) < 0.95 * first.losses[0]


def test_a_learner_finds_a_rate_for_its_batches(tiny: Tiny) -> None:
    tensors, folds = Tensors(), splits.read()
    train = part_of(tensors, folds, "train", 0)
    conditions = Conditions(3, 1, torch.device("cpu"))
    learner = Learner(Batches(tensors, train, train, 8, 1), made(), [], conditions)
    assert learner.find_rate(PEAK, 30) == try_rates(made(), loader(), PEAK, 3, steps=30)


def test_a_loss_that_is_no_number_from_the_start_is_said(tiny: Tiny) -> None:
    module = made()
    with torch.no_grad():
        module.framework.head.weight.fill_(math.nan)
    with pytest.raises(StageError, match="no number, or rose, after 0 steps"):
        try_rates(module, loader(), PEAK, 3)


def test_the_drawing_is_whole() -> None:
    rates = tuple(np.geomspace(1e-5, 1, 30).tolist())
    losses = (*np.linspace(2, 1, 20).tolist(), *np.linspace(1, 9, 10).tolist())
    tree = ElementTree.fromstring(drawn(Trial(rates, losses, 1e-3)))
    line = tree.find("{http://www.w3.org/2000/svg}polyline")
    assert line is not None
    points = [tuple(map(float, one.split(","))) for one in line.attrib["points"].split()]
    assert len(points) == 30
    assert all(0 < x < 640 and 0 < y < 320 for x, y in points)


def test_rates_rise_by_equal_factors_from_the_first_part_to_the_head() -> None:
    module = made("resnet18", 32)
    optimiser = optimiser_of(module, PEAK, spread=1e-3)
    set_rate(optimiser, 0.5)
    named = {id(p): name for name, p in module.named_parameters()}
    rate = {named[id(p)]: g["lr"] for g in optimiser.param_groups for p in g["params"]}
    assert rate.keys() == set(named.values())
    parts = ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4"]
    firsts = [next(r for n, r in rate.items() if f"body.{part}." in n) for part in parts]
    assert firsts == pytest.approx([0.5 * 1e-3 ** (1 - number / 6) for number in range(6)])
    assert rate["framework.head.weight"] == rate["framework.head.bias"] == 0.5


def test_without_spread_there_are_two_groups_and_frozen_parameters_are_in_none() -> None:
    module = made("resnet18", 32)
    module.freeze(("body.layer1",))
    optimiser = optimiser_of(module, PEAK)
    assert [g["weight_decay"] for g in optimiser.param_groups] == [0.05, 0.0]
    assert [g[SHARE] for g in optimiser.param_groups] == [1.0, 1.0]
    inside = {id(p) for g in optimiser.param_groups for p in g["params"]}
    assert inside == {id(p) for p in module.parameters() if p.requires_grad}
    assert len(inside) == len(list(module.parameters())) - 12
