"""The supervised framework against slow, obvious versions of its formulas."""

import math

import pytest
import torch

from Models.batch import Batch
from Models.frameworks.framework import Encoder, Moment, Problem
from Models.frameworks.supervised import Supervised
from Models.networks.network import InputShape, Network

FOUR = Problem(4, 4, InputShape(1, 4, 1, "float32"))


class Passing(Network):
    """Features are the image's first row: what goes in is what the head sees."""

    width = 4

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images[:, 0, :, 0]


def confident(label_smoothing: float = 0.0) -> Supervised:
    """Return a framework whose logits are 20 times the features."""
    framework = Supervised(FOUR, label_smoothing)
    with torch.no_grad():
        framework.head.weight.copy_(20 * torch.eye(4))
        framework.head.bias.zero_()
    return framework


def loss_of(framework: Supervised, rows: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the training loss of images (N, 1, 4, 1) whose rows (N, 4) are what the head sees."""
    numbers = torch.arange(len(rows))
    batch = Batch(rows[:, None, :, None], labels, numbers, numbers)
    encoder = Encoder(lambda images: images, Passing())
    return float(framework.training_loss(encoder, batch, Moment(0, 0, 0, 1)).total.detach())


def test_a_confident_right_answer_costs_nothing() -> None:
    """A softmax before the cross-entropy would leave 0.74 here, and never go away."""
    assert 0 <= loss_of(confident(), torch.eye(4), torch.arange(4)) < 1e-3


def test_losses_are_those_of_the_formula() -> None:
    logits = torch.randn(5, 4, dtype=torch.float64)
    labels = torch.tensor([0, 3, 1, 2, 2])
    expected = [
        math.log(sum(math.exp(one) for one in row)) - row[int(label)]
        for row, label in zip(logits.tolist(), labels, strict=True)
    ]
    assert Supervised(FOUR).losses(logits, labels).tolist() == pytest.approx(expected, rel=1e-12)


def test_smoothing_spreads_a_share_of_the_target_and_is_for_training_only() -> None:
    framework = confident(label_smoothing=0.1)
    rows = torch.randn(6, 4)
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    logs = framework(rows).log_softmax(dim=1).detach()
    target = torch.full((6, 4), 0.1 / 4)
    target[torch.arange(6), labels] += 0.9
    expected = float(-(target * logs).sum(dim=1).mean())
    assert loss_of(framework, rows, labels) == pytest.approx(expected, rel=1e-5)
    plain = framework.losses(framework(rows), labels).mean().detach()
    assert float(plain) == pytest.approx(float(-logs[torch.arange(6), labels].mean()), rel=1e-5)


def test_what_is_predicted_are_probabilities() -> None:
    shares = Supervised(FOUR).probabilities(torch.randn(7, 4))
    assert torch.allclose(shares.sum(dim=1), torch.ones(7))
    assert bool((shares >= 0).all())
