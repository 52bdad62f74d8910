"""What every network is: images in, features out, and how it likes to be trained."""

from typing import Literal

import msgspec
from torch import Tensor, nn


class InputShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes in: pixels and channels of one image, and the dtype it is stored in."""

    height: int
    width: int
    channels: int
    dtype: str


class Optimiser(msgspec.Struct, frozen=True):
    """How weights move: the peak of the learning rate, their decay, and by which rule.

    ``adamw`` (Loshchilov and Hutter, 2017, https://arxiv.org/abs/1711.05101), or ``sgd`` with
    Nesterov's ``momentum``, which only it has.
    """

    learning_rate: float
    weight_decay: float
    algorithm: Literal["adamw", "sgd"] = "adamw"
    momentum: float = 0.9


class Network(nn.Module):
    """Base of all networks: scaled images (N, C, H, W) float32 in, features (N, ``width``) out.

    A network ends before the head: it never ends in a softmax, and knows no classes. A new one is
    a script that says ``width``, ``forward`` and, where the defaults do not suit it,
    ``optimiser``. Its constructor takes an ``InputShape`` and keyword arguments, which
    params.yaml sets under ``train.model_arguments``.
    """

    width: int

    @property
    def optimiser(self) -> Optimiser:
        """How it likes to be trained, where params.yaml says ``auto``."""
        return Optimiser(learning_rate=2e-3, weight_decay=0.05)

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of ``images``."""
        raise NotImplementedError
