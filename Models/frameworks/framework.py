"""What every framework is: the head, the loss and what is predicted."""

from collections.abc import Callable
from typing import ClassVar, Generic, NamedTuple, TypeVar

import msgspec
import numpy as np
from torch import Tensor, nn
from torch.nn import functional as F

from Datasets.randomness import seed_for
from Models.batch import Batch, Joined, Triplets, Wants
from Models.networks.network import InputShape, Network, Optimiser
from Models.schedule import ScheduleName

B = TypeVar("B", Batch, Joined, Triplets)


class Problem(msgspec.Struct, frozen=True):
    """What a framework is made for: the width of the features, the classes, the images.

    ``names`` are those of the classes, in their order.
    """

    width: int
    classes: int
    input: InputShape
    names: tuple[str, ...] = ()


class Moment(msgspec.Struct, frozen=True):
    """When a step is. What it draws, and what changes as training goes on, depend on no more.

    ``epoch`` counts from 0, ``step`` from 0 to ``steps`` - 1 over all epochs; ``seed`` is that of
    the run.
    """

    seed: int
    epoch: int
    step: int
    steps: int

    @property
    def progress(self) -> float:
        """Return the share of all steps that lies behind, the middle of this one, in (0, 1)."""
        return (self.step + 0.5) / self.steps

    def seed_of(self, view: str) -> int:
        """Return the seed of a view's draws: they differ by epoch, and by the view's name."""
        return seed_for(self.seed, "view", view, self.epoch)


class Encoder(NamedTuple):
    """What comes before the head: the scaler, then the network."""

    scaling: Callable[[Tensor], Tensor]
    network: Network

    def __call__(self, images: Tensor) -> Tensor:
        """Return the features (N, width) of images (N, H, W, C): as stored, or a view of them."""
        return self.network(self.scaling(images))


class Loss(NamedTuple):
    """The loss of a step, a scalar, and what it is made of: scalars to look at, by name."""

    total: Tensor
    parts: dict[str, Tensor]


class Framework(nn.Module, Generic[B]):
    """Base of all frameworks: one label of ``classes`` an image, learned in its own way.

    A new one says ``training_loss`` and, where they do not suit it, what follows. Its constructor
    takes a ``Problem`` and keyword arguments, which params.yaml sets under ``train.frameworks``.

    Attributes:
        wants: which batches it learns from.
        optimiser: the settings that it likes best, None for those of the network.
        schedule: how its learning rate goes where params.yaml does not say.
        warmup: the share of all steps in which that rate rises, likewise.
        ema: how much of the averaged weights stays at each step (0: none are averaged).
        neighbours: how many of them are asked, in the end, whether the features tell classes apart
            (``Models.neighbours``); 0 for a framework whose head says that.
        ratio: unlabelled rows in a batch for each labelled one, where it wants joined batches.
    """

    wants: ClassVar[Wants] = "labelled"
    optimiser: ClassVar[Optimiser | None] = None
    schedule: ClassVar[ScheduleName] = "one_cycle"
    warmup: ClassVar[float] = 0.2
    ema: ClassVar[float] = 0.0
    neighbours: ClassVar[int] = 0
    ratio: int = 1

    def __init__(self, problem: Problem) -> None:
        """Build the head: a linear map of the features."""
        super().__init__()
        self.head = nn.Linear(problem.width, problem.classes)

    def begin(self, labels: np.ndarray) -> None:
        """Take what must be known of the labels (n,) int64 of the training part beforehand."""

    def forward(self, features: Tensor) -> Tensor:
        """Return logits (N, classes) of features (N, width)."""
        return self.head(features)

    def training_loss(self, encoder: Encoder, batch: B, moment: Moment) -> Loss:
        """Return the loss of a training step."""
        raise NotImplementedError

    def losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the cross-entropy of each sample, (N,), whatever the training's loss is."""
        return F.cross_entropy(logits, labels, reduction="none")

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return what is predicted: probabilities (N, classes) of logits (N, classes)."""
        return logits.softmax(dim=1)
