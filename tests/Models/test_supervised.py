"""The supervised framework against slow, obvious versions of its formulas."""

import math

import pytest
import torch

from Models.frameworks.supervised import Supervised
from Models.networks.network import Network


class Passing(Network):
    """Features are the image's first row: what goes in is what the head sees."""

    width = 4

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images[:, 0, 0, :]


def confident(label_smoothing: float = 0.0) -> Supervised:
    """Return a framework whose logits are 20 times the features."""
    framework = Supervised(4, 4, label_smoothing)
    with torch.no_grad():
        framework.head.weight.copy_(20 * torch.eye(4))
        framework.head.bias.zero_()
    return framework


def test_a_confident_right_answer_costs_nothing() -> None:
    """A softmax before the cross-entropy would leave 0.74 here, and never go away."""
    images = torch.eye(4)[:, None, None, :]
    loss = confident().training_loss(Passing(), images, torch.arange(4)).detach()
    assert 0 <= float(loss) < 1e-3


def test_losses_are_those_of_the_formula() -> None:
    logits = torch.randn(5, 4, dtype=torch.float64)
    labels = torch.tensor([0, 3, 1, 2, 2])
    expected = [
        math.log(sum(math.exp(one) for one in row)) - row[int(label)]
        for row, label in zip(logits.tolist(), labels, strict=True)
    ]
    assert Supervised(4, 4).losses(logits, labels).tolist() == pytest.approx(expected, rel=1e-12)


def test_smoothing_spreads_a_share_of_the_target_and_is_for_training_only() -> None:
    framework = confident(label_smoothing=0.1)
    images = torch.randn(6, 1, 1, 4)
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    logs = framework(Passing()(images)).log_softmax(dim=1).detach()
    target = torch.full((6, 4), 0.1 / 4)
    target[torch.arange(6), labels] += 0.9
    expected = float(-(target * logs).sum(dim=1).mean())
    trained = framework.training_loss(Passing(), images, labels).detach()
    assert float(trained) == pytest.approx(expected, rel=1e-5)
    plain = framework.losses(framework(Passing()(images)), labels).mean().detach()
    assert float(plain) == pytest.approx(float(-logs[torch.arange(6), labels].mean()), rel=1e-5)


def test_what_is_predicted_are_probabilities() -> None:
    shares = Supervised(4, 3).probabilities(torch.randn(7, 3))
    assert torch.allclose(shares.sum(dim=1), torch.ones(7))
    assert bool((shares >= 0).all())
