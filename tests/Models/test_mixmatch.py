"""MixMatch against a loop over samples, written from the paper."""

import math

import pytest
import torch
from torch import Tensor, nn

from Models.batch import Joined
from Models.frameworks.framework import Moment
from Models.frameworks.mixmatch import MixMatch
from Models.frameworks.still import still
from Models.networks.network import Network
from Models.views.arguments import Weak
from Models.views.weak import WeakView
from tests.Models.frameworks_given import FOUR, Plain, encoder, joined, labelled

MOMENT = Moment(seed=3, epoch=2, step=9, steps=20)


def softmax(logits: list[float]) -> list[float]:
    powers = [math.exp(one - max(logits)) for one in logits]
    return [one / sum(powers) for one in powers]


def slowly(network: Plain, framework: MixMatch, batch: Joined) -> tuple[float, float]:
    """Return both parts of the loss, image by image; torch's generator is where a step begins."""
    view = WeakView(Weak())
    known, unknown = batch.labelled, batch.unlabelled

    def said(image: Tensor) -> list[float]:
        logits: Tensor = framework(encoder(network)(image[None]))
        return softmax(logits[0].double().tolist())

    images = list(view(known.images, known.keys, MOMENT.seed_of("weak")).float())
    targets = [[float(label == one) for one in range(4)] for label in known.labels.tolist()]
    guesses = []
    views = [
        view(unknown.images, unknown.keys, MOMENT.seed_of(f"weak {number}")).float()
        for number in range(framework.guesses)
    ]
    for place in range(len(unknown.images)):
        all_said = [said(one[place]) for one in views]
        mean = [sum(one) / len(all_said) for one in zip(*all_said, strict=True)]
        sharp = [one ** (1 / framework.temperature) for one in mean]
        guesses.append([one / sum(sharp) for one in sharp])
    for one in views:
        images += list(one)
        targets += guesses
    beta = torch.distributions.Beta(torch.tensor(framework.alpha), torch.tensor(framework.alpha))
    draws = beta.sample((len(images),)).tolist()
    order = torch.randperm(len(images)).tolist()
    crossed, squared = 0.0, 0.0
    first = len(known.images)
    for place, share in enumerate(draws):
        kept, other = max(share, 1 - share), order[place]
        target = [
            kept * a + (1 - kept) * b for a, b in zip(targets[place], targets[other], strict=True)
        ]
        shares = said(kept * images[place] + (1 - kept) * images[other])
        if place < first:
            crossed -= sum(t * math.log(p) for t, p in zip(target, shares, strict=True)) / first
        else:
            each = sum((t - p) ** 2 for t, p in zip(target, shares, strict=True))
            squared += each / (4 * (len(images) - first))
    return crossed, squared


@pytest.mark.parametrize(("known", "unknown", "guesses"), [(4, 4, 2), (3, 8, 2), (6, 2, 3)])
def test_the_loss_is_that_of_the_paper(known: int, unknown: int, guesses: int) -> None:
    torch.manual_seed(0)
    network, framework = Plain(), MixMatch(FOUR, guesses=guesses, weight=30.0, ramp=0.5)
    batch = joined(known, unknown)
    torch.manual_seed(5)
    loss = framework.training_loss(encoder(network), batch, MOMENT)
    torch.manual_seed(5)
    crossed, squared = slowly(network, framework, batch)
    assert loss.parts["labelled"].item() == pytest.approx(crossed, rel=1e-5)
    assert loss.parts["unlabelled"].item() == pytest.approx(squared, rel=1e-5)
    weight = 30.0 * (9.5 / 20) / 0.5
    assert loss.total.item() == pytest.approx(crossed + weight * squared, rel=1e-5)


@pytest.mark.parametrize(("ramp", "share"), [(1.0, 0.475), (0.25, 1.0), (0.0, 1.0)])
def test_the_weight_of_guesses_rises(ramp: float, share: float) -> None:
    torch.manual_seed(0)
    framework, batch = MixMatch(FOUR, weight=10.0, ramp=ramp), joined(4, 4)
    loss = framework.training_loss(encoder(), batch, MOMENT)
    rest = loss.total - loss.parts["labelled"]
    assert (rest / loss.parts["unlabelled"]).item() == pytest.approx(10.0 * share, rel=1e-4)


class Normal(Network):
    """A network whose normalisation keeps a mean and a variance."""

    width = 16

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 16), nn.BatchNorm1d(16))

    def forward(self, images: Tensor) -> Tensor:
        return self.body(images.flatten(1))


def test_guesses_leave_no_trace_in_normalisations() -> None:
    """What a step leaves is what one pass of the mixed images leaves."""
    network, framework = Normal(), MixMatch(FOUR)
    before = {name: one.clone() for name, one in network.state_dict().items()}
    framework.guess(encoder(network), joined(1, 8).unlabelled.images)
    after = network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    framework.training_loss(encoder(network), joined(4, 4), MOMENT)
    assert int(network.state_dict()["body.1.num_batches_tracked"]) == 1


def test_still_puts_back_what_it_held_also_after_an_error() -> None:
    network = nn.Sequential(nn.BatchNorm1d(3), nn.BatchNorm1d(3, track_running_stats=False))
    rows = torch.randn(5, 3)
    expected = network(rows)
    with still(network):
        assert torch.equal(network(rows), expected)
    with pytest.raises(ZeroDivisionError), still(network):
        raise ZeroDivisionError
    assert [part.track_running_stats for part in network.children()] == [True, False]


def test_shares_are_each_samples_own_and_nearer_to_itself() -> None:
    seen: list[Tensor] = []

    class Watching(Plain):
        def forward(self, images: Tensor) -> Tensor:
            seen.append(images)
            return super().forward(images)

    torch.manual_seed(0)
    batch = Joined(labelled(24), joined(1, 2).unlabelled)
    framework = MixMatch(FOUR, weak=Weak("none", 0.0))
    framework.training_loss(encoder(Watching()), batch, MOMENT)
    own = batch.labelled.images.permute(0, 3, 1, 2).double() / 255
    every = torch.cat([own, batch.unlabelled.images.permute(0, 3, 1, 2).repeat(2, 1, 1, 1) / 255])
    found = set()
    for place, one in enumerate(seen[-1][:24]):
        distance = (every.double() - one.double()).flatten(1).norm(dim=1)
        assert int(distance.argmin()) == place  # it is nearest to the image it was made of
        found.add(round(float(distance[place]), 4))
    assert len(found) > 12
