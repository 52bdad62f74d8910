"""SimCLR, SupCon and triplets against loops over samples, written from the papers."""

import math

import pytest
import torch
from torch import Tensor

from Models.batch import Batch, Joined, Triplets, Unlabelled
from Models.frameworks.contrast import contrastive
from Models.frameworks.framework import Loss, Moment
from Models.frameworks.simclr import SimCLR
from Models.frameworks.supcon import SupCon
from Models.frameworks.triplet import Triplet
from tests.Models.frameworks_given import FOUR, Plain, encoder, joined, labelled, unlabelled

MOMENT = Moment(seed=3, epoch=2, step=9, steps=20)


def cosine(one: list[float], other: list[float]) -> float:
    dot = sum(a * b for a, b in zip(one, other, strict=True))
    return dot / math.hypot(*one) / math.hypot(*other)


def nt_xent(vectors: list[list[float]], temperature: float) -> float:
    """Equation 1 of SimCLR: entries i and i + N are views of one image."""
    n, total = len(vectors) // 2, 0.0
    for i in range(2 * n):
        j = (i + n) % (2 * n)
        near = math.exp(cosine(vectors[i], vectors[j]) / temperature)
        every = [
            math.exp(cosine(vectors[i], vectors[k]) / temperature) for k in range(2 * n) if k != i
        ]
        total -= math.log(near / sum(every))
    return total / (2 * n)


def sup_con(vectors: list[list[float]], labels: list[int], temperature: float) -> float:
    """Equation 2 of SupCon, the mean over all that have company."""
    losses = []
    for i, label in enumerate(labels):
        company = [p for p, other in enumerate(labels) if other == label and p != i]
        if not company:
            continue
        every = sum(
            math.exp(cosine(vectors[i], vectors[a]) / temperature)
            for a in range(len(labels))
            if a != i
        )
        logs = [
            math.log(math.exp(cosine(vectors[i], vectors[p]) / temperature) / every)
            for p in company
        ]
        losses.append(-sum(logs) / len(company))
    return sum(losses) / len(losses)


def test_contrast_is_nt_xent_where_each_kind_stands_twice() -> None:
    vectors = torch.randn(10, 6, dtype=torch.float64)
    found = contrastive(vectors, torch.arange(5).repeat(2), 0.4)
    assert float(found) == pytest.approx(nt_xent(vectors.tolist(), 0.4), rel=1e-10)


def test_contrast_is_equation_2_of_supcon_also_where_somebody_is_alone() -> None:
    vectors, labels = torch.randn(9, 6, dtype=torch.float64), [0, 1, 0, 2, 1, 0, 3, 2, 2]
    found = contrastive(vectors, torch.tensor(labels), 0.1)
    assert float(found) == pytest.approx(sup_con(vectors.tolist(), labels, 0.1), rel=1e-10)


def test_contrast_of_what_is_apart_and_together_costs_nothing() -> None:
    vectors = torch.eye(4).repeat(2, 1)
    assert float(contrastive(vectors, torch.arange(4).repeat(2), 0.05)) < 1e-3


@pytest.mark.parametrize("unknown", [0, 9])
def test_simclr_contrasts_all_images_and_probes_the_labelled(unknown: int) -> None:
    torch.manual_seed(0)
    network, framework, batch = Plain(), SimCLR(FOUR), joined(5, unknown)
    loss = framework.training_loss(encoder(network), batch, MOMENT)
    images = torch.cat([batch.labelled.images, batch.unlabelled.images])
    keys = torch.cat([batch.labelled.keys, batch.unlabelled.keys])
    seeds = [MOMENT.seed_of(name) for name in ("strong 0", "strong 1")]
    views = [encoder(network)(framework._strong(images, keys, seed)) for seed in seeds]
    projected = framework.projection(torch.cat(views)).detach().double().tolist()
    assert loss.parts["contrast"].item() == pytest.approx(nt_xent(projected, 0.5), rel=1e-4)
    known = torch.cat([view[:5] for view in views])
    logs = framework(known).log_softmax(dim=1).detach()
    expected = -logs[torch.arange(10), batch.labelled.labels.repeat(2)].mean()
    assert loss.parts["probe"].item() == pytest.approx(float(expected), rel=1e-5)
    assert loss.total.item() == pytest.approx(
        loss.parts["probe"].item() + loss.parts["contrast"].item()
    )


def losses() -> list[tuple[SimCLR | SupCon | Triplet, Plain, Loss]]:
    """Return a loss of each framework that has a probe."""
    torch.manual_seed(0)
    found: list[tuple[SimCLR | SupCon | Triplet, Plain, Loss]] = []
    networks = [Plain() for _ in range(3)]
    simclr, supcon, triplet = SimCLR(FOUR), SupCon(FOUR), Triplet(FOUR)
    one = simclr.training_loss(encoder(networks[0]), joined(4, 6), MOMENT)
    two = supcon.training_loss(encoder(networks[1]), labelled(8), MOMENT)
    three = triplet.training_loss(encoder(networks[2]), triplets(), MOMENT)
    found = [(simclr, networks[0], one), (supcon, networks[1], two), (triplet, networks[2], three)]
    return found


def triplets(with_labels: bool = True) -> Triplets:
    labels = torch.arange(6) % 4 if with_labels else None
    return Triplets(unlabelled(6, 1), unlabelled(6, 2), unlabelled(6, 3), labels)


def test_no_gradient_of_a_probe_reaches_the_network() -> None:
    for framework, network, loss in losses():
        loss.parts["probe"].backward(retain_graph=True)
        assert all(one.grad is None for one in network.parameters()), framework
        assert framework.head.weight.grad is not None
        loss.total.backward()
        assert all(one.grad is not None for one in network.parameters())


def test_simclr_reads_no_label_but_for_its_probe() -> None:
    batch = joined(4, 6)
    other = Joined(
        Batch(batch.labelled.images, batch.labelled.labels.flip(0), *_named(batch.labelled)),
        batch.unlabelled,
    )
    gradients = []
    for one in (batch, other):
        torch.manual_seed(0)
        network, framework = Plain(), SimCLR(FOUR)
        framework.training_loss(encoder(network), one, MOMENT).total.backward()
        gradients.append(
            [p.grad for p in (*network.parameters(), *framework.projection.parameters())]
        )
    for mine, theirs in zip(*gradients, strict=True):
        assert mine is not None and theirs is not None and torch.equal(mine, theirs)


def _named(batch: Batch) -> tuple[Tensor, Tensor]:
    return batch.rows, batch.keys


@pytest.mark.parametrize("with_labels", [True, False])
def test_the_margin_is_that_of_facenet_with_labels_or_without(with_labels: bool) -> None:
    torch.manual_seed(0)
    network, framework = Plain(), Triplet(FOUR, margin=0.3)
    batch = triplets(with_labels)
    loss = framework.training_loss(encoder(network), batch, MOMENT)
    seen = [
        torch.nn.functional.normalize(encoder(network)(one.images), dim=1).detach().tolist()
        for one in (batch.data, batch.positive, batch.negative)
    ]
    expected = active = 0.0
    for data, positive, negative in zip(*seen, strict=True):
        near, far = math.dist(data, positive) ** 2, math.dist(data, negative) ** 2
        expected += max(0.0, near - far + 0.3) / 6
        active += (near - far + 0.3 > 0) / 6
    assert loss.parts["margin"].item() == pytest.approx(expected, rel=1e-4)
    assert loss.parts["active"].item() == pytest.approx(active)
    assert ("probe" in loss.parts) == with_labels
    if not with_labels:
        assert loss.total.item() == pytest.approx(expected, rel=1e-4)


def test_triplets_that_are_apart_cost_nothing() -> None:
    framework = Triplet(FOUR)
    same, apart = unlabelled(3, 1), unlabelled(3, 2)

    class Brightness(Plain):
        def forward(self, images: Tensor) -> Tensor:
            right = (images[:, 0, 0, 0] == same.images[0, 0, 0, 0] / 255).float()
            return torch.stack([right, 1 - right] * 8, dim=1)

    near = Unlabelled(same.images[:1].repeat(3, 1, 1, 1), same.rows, same.keys)
    far = Unlabelled(255 - near.images, apart.rows, apart.keys)
    loss = framework.training_loss(encoder(Brightness()), Triplets(near, near, far), MOMENT)
    assert loss.total.item() < 1e-3
