"""The supervised framework against slow, obvious versions of its formulas."""

import math

import numpy as np
import pytest
import torch

from Datasets.errors import ParamsError
from Models.batch import Batch
from Models.frameworks.framework import Encoder, Moment, Problem
from Models.frameworks.mixing import cut
from Models.frameworks.supervised import Supervised
from Models.networks.network import InputShape, Network
from Models.views.arguments import Strong, Weak

FOUR = Problem(4, 4, InputShape(1, 4, 1, "float32"), ("a", "b", "c", "d"))
STRONG = Strong(white=1.0)


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


def framework_loss(framework: Supervised, batch: Batch, seed: int) -> float:
    torch.manual_seed(seed)
    encoder = Encoder(lambda images: images.to(torch.float32), Passing())
    return float(framework.training_loss(encoder, batch, Moment(0, 0, 0, 1)).total.detach())


def batch_of(count: int) -> Batch:
    numbers = torch.arange(count)
    return Batch(torch.randn(count, 1, 4, 1), numbers % 4, numbers, numbers)


def test_balanced_weights_are_those_of_the_rows_and_are_saved() -> None:
    framework = Supervised(FOUR, class_weights="balanced")
    framework.begin(np.array([0, 0, 0, 0, 0, 1, 2, 3]))
    expected = [8 / (4 * 5), 2.0, 2.0, 2.0]
    assert framework.state_dict()["class_weights"].tolist() == pytest.approx(expected)
    assert "class_weights" not in Supervised(FOUR).state_dict()


def test_weights_and_smoothing_are_those_of_soft_targets() -> None:
    torch.manual_seed(1)
    framework = Supervised(FOUR, label_smoothing=0.2, class_weights={"b": 3.0, "d": 0.5})
    batch = batch_of(7)
    logs = framework(batch.images[:, 0, :, 0]).log_softmax(dim=1).detach().tolist()
    weights, expected = [1.0, 3.0, 1.0, 0.5], 0.0
    for row, label in zip(logs, batch.labels.tolist(), strict=True):
        for one in range(4):
            target = 0.8 * (one == label) + 0.2 / 4
            expected -= weights[one] * target * row[one] / 7
    assert framework_loss(framework, batch, 0) == pytest.approx(expected, rel=1e-5)


def test_mixup_mixes_images_and_targets_by_shares_of_each_sample() -> None:
    framework, batch = Supervised(FOUR, label_smoothing=0.1, mixup=0.7), batch_of(6)
    found = framework_loss(framework, batch, 5)
    torch.manual_seed(5)
    order = torch.randperm(6).tolist()
    kept = torch.distributions.Beta(torch.tensor(0.7), torch.tensor(0.7)).sample((6,)).tolist()
    assert len(set(kept)) == 6
    images = batch.images[:, 0, :, 0]
    expected = 0.0
    for place, (share, other) in enumerate(zip(kept, order, strict=True)):
        row = framework(share * images[place] + (1 - share) * images[other])
        logs = row.log_softmax(dim=0).tolist()
        for one in range(4):
            hard = share * (one == place % 4) + (1 - share) * (one == other % 4)
            expected -= (0.9 * hard + 0.1 / 4) * logs[one] / 6
    assert found == pytest.approx(expected, rel=1e-5)


def test_cut_images_hold_a_rectangle_of_another_and_say_how_much_stayed() -> None:
    torch.manual_seed(3)
    images, others = torch.zeros(50, 12, 10, 2), torch.ones(50, 12, 10, 2)
    kept = torch.linspace(0, 1, 50)
    pasted, stayed = cut(images, others, kept)
    assert torch.allclose(stayed, 1 - pasted.mean(dim=(1, 2, 3)), atol=1e-6)
    assert bool((stayed >= kept - 0.25).all())  # what lies outside is lost; pixels are whole
    assert torch.equal(pasted[-1], images[-1])
    for one in pasted[..., 0]:
        rows, columns = one.amax(dim=1), one.amax(dim=0)
        assert torch.equal(one, rows[:, None] * columns[None, :])
        for line in (rows, columns):
            assert int(line.diff().abs().sum()) <= 2  # in one piece


def test_with_both_a_coin_is_thrown_for_each_image() -> None:
    framework = Supervised(FOUR, mixup=1.0, cutmix=1.0)
    images = torch.rand(200, 1, 4, 1)
    torch.manual_seed(0)
    seen, targets = framework._mixed(images, torch.nn.functional.one_hot(torch.arange(200) % 4, 4))
    whole = torch.isin(seen, images).all(dim=(1, 2, 3))
    assert 50 < int(whole.sum()) < 150  # cut images hold nothing but pixels that there were
    assert torch.allclose(targets.sum(dim=1), torch.ones(200))


@pytest.mark.parametrize(
    ("arguments", "times"),
    [
        ({}, 1),
        ({"weak": Weak()}, 1),
        ({"strong": STRONG}, 1),
        ({"weak": Weak(), "strong": STRONG}, 2),
    ],
)
def test_views_say_how_often_an_image_is_seen(arguments: dict[str, object], times: int) -> None:
    counts: list[int] = []

    class Counting(Passing):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            counts.append(len(images))
            return super().forward(images)

    framework = Supervised(FOUR, **arguments)  # type: ignore[arg-type]
    framework.training_loss(
        Encoder(lambda images: images, Counting()), batch_of(5), Moment(0, 0, 0, 1)
    )
    assert counts == [5 * times]


def test_a_weight_of_no_class_is_refused() -> None:
    with pytest.raises(ParamsError, match=r"class_weights: unknown class 'bee'; known: a, b"):
        Supervised(FOUR, class_weights={"bee": 2.0})
