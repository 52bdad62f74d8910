"""FixMatch against a loop over samples, written from the paper."""

import math

import pytest
import torch
from torch import Tensor

from Models.batch import Joined
from Models.frameworks.fixmatch import FixMatch
from Models.frameworks.framework import Moment
from Models.views.arguments import Strong, Weak
from Models.views.strong import StrongView
from Models.views.weak import WeakView
from tests.Models.frameworks_given import FOUR, SHAPE, Plain, encoder, joined, labelled, unlabelled

MOMENT = Moment(seed=3, epoch=2, step=9, steps=20)


def softmax(logits: list[float]) -> list[float]:
    powers = [math.exp(one - max(logits)) for one in logits]
    return [one / sum(powers) for one in powers]


def slowly(network: Plain, framework: FixMatch, batch: Joined) -> tuple[float, float, float]:
    """Return the labelled and the unlabelled part, and the share that is sure, image by image."""
    weak, strong = WeakView(Weak()), StrongView(Strong(), SHAPE)

    def said(view: WeakView | StrongView, name: str, images: Tensor, keys: Tensor) -> list[float]:
        seen = view(images, keys, MOMENT.seed_of(name))
        logits: Tensor = framework(encoder(network)(seen))
        return softmax(logits[0].double().tolist())

    known, unknown = batch.labelled, batch.unlabelled
    supervised = 0.0
    for place in range(len(known.images)):
        one = slice(place, place + 1)
        shares = said(weak, "weak", known.images[one], known.keys[one])
        supervised -= math.log(shares[int(known.labels[place])]) / len(known.images)
    consistent, sure = 0.0, 0
    for place in range(len(unknown.images)):
        one = slice(place, place + 1)
        q = said(weak, "weak", unknown.images[one], unknown.keys[one])
        if max(q) >= framework.threshold:
            sure += 1
            p = said(strong, "strong", unknown.images[one], unknown.keys[one])
            consistent -= math.log(p[q.index(max(q))]) / len(unknown.images)
    return supervised, consistent, sure / len(unknown.images)


@pytest.mark.parametrize("unknown", [7, 21, 4])
def test_the_loss_is_that_of_the_paper_for_any_number_of_unlabelled(unknown: int) -> None:
    """Also where it is not ratio times the labelled ones; sizes and parts are told apart."""
    torch.manual_seed(0)
    network, framework = Plain(), FixMatch(FOUR, weight=1.7)
    batch = joined(3, unknown)
    weakly = WeakView(Weak())(
        batch.unlabelled.images, batch.unlabelled.keys, MOMENT.seed_of("weak")
    )
    shares = framework(encoder(network)(weakly)).softmax(dim=1).amax(dim=1)
    framework.threshold = float(shares.detach().median()) + 1e-6  # so that some are sure
    loss = framework.training_loss(encoder(network), batch, MOMENT)
    supervised, consistent, sure = slowly(network, framework, batch)
    assert loss.parts["labelled"].item() == pytest.approx(supervised, rel=1e-5)
    assert loss.parts["unlabelled"].item() == pytest.approx(consistent, rel=1e-5)
    assert loss.parts["confident"].item() == pytest.approx(sure)
    assert 0 < sure < 1
    assert loss.total.item() == pytest.approx(supervised + 1.7 * consistent, rel=1e-5)


def gradients(batch: Joined, threshold: float, weight: float = 1.0) -> list[Tensor]:
    torch.manual_seed(0)
    network = Plain()
    framework = FixMatch(FOUR, threshold, weight)
    framework.training_loss(encoder(network), batch, MOMENT).total.backward()
    found = [*network.parameters(), *framework.parameters()]
    return [one.grad for one in found if one.grad is not None]


def test_where_nobody_is_sure_a_step_is_that_of_the_labelled_part() -> None:
    torch.set_default_dtype(torch.float64)
    try:
        with_many = gradients(joined(5, 12), threshold=1.0)
        alone = gradients(joined(5, 1), threshold=0.0, weight=0.0)
        confident = gradients(joined(5, 12), threshold=0.3)
    finally:
        torch.set_default_dtype(torch.float32)
    for one, other in zip(with_many, alone, strict=True):
        assert torch.allclose(one, other, rtol=1e-10, atol=1e-14)
    pairs = zip(confident, alone, strict=True)
    assert not all(torch.allclose(one, other) for one, other in pairs)


def test_no_gradient_goes_through_a_guess() -> None:
    """The strong view is the image itself here: a guess that learned would push itself up."""
    torch.manual_seed(0)
    network = Plain()
    strong = Strong(count=0, cutout=0.0)
    framework = FixMatch(FOUR, threshold=0.0, weak=Weak("none", 0.0), strong=strong)
    batch = joined(2, 6)
    framework.training_loss(encoder(network), batch, MOMENT).total.backward()
    mine = network.first.weight.grad
    assert mine is not None
    network.zero_grad()
    logits = framework(encoder(network)(batch.unlabelled.images))
    known = framework(encoder(network)(batch.labelled.images))
    expected = torch.nn.functional.cross_entropy(logits, logits.argmax(dim=1).detach())
    expected = expected + torch.nn.functional.cross_entropy(known, batch.labelled.labels)
    expected.backward()
    assert network.first.weight.grad is not None
    assert torch.allclose(mine, network.first.weight.grad, rtol=1e-4, atol=1e-7)


def test_what_a_sample_is_seen_as_depends_on_it_alone() -> None:
    """The same sample among others, and twice the same image under two keys."""
    weak, strong = WeakView(Weak()), StrongView(Strong(), SHAPE)
    some = unlabelled(6)
    for view in (weak, strong):
        whole = view(some.images, some.keys, 5)
        assert torch.equal(view(some.images[3:5], some.keys[3:5], 5), whole[3:5])
        alike = view(some.images[:1].repeat(40, 1, 1, 1), torch.arange(40), 5)
        assert len({one.numpy().tobytes() for one in alike}) > 3


def test_a_confident_right_answer_costs_nothing() -> None:
    framework = FixMatch(FOUR, weak=Weak("none", 0.0), strong=Strong(count=0, cutout=0.0))

    class Sure(Plain):
        def forward(self, images: Tensor) -> Tensor:
            return torch.nn.functional.one_hot(torch.arange(len(images)) % 4, 16).float()

    with torch.no_grad():
        framework.head.weight.copy_(20 * torch.eye(4, 16))
        framework.head.bias.zero_()
    batch = Joined(labelled(4), unlabelled(4))
    loss = framework.training_loss(encoder(Sure()), batch, MOMENT)
    assert loss.total.item() < 1e-3
    assert loss.parts["confident"].item() == 1.0
