"""What the tests of frameworks are given: a network that passes images on, and small batches."""

import torch
from torch import Tensor, nn

from Models.batch import Batch, Joined, Unlabelled
from Models.frameworks.framework import Encoder, Problem
from Models.networks.network import InputShape, Network

SHAPE = InputShape(8, 8, 1, "uint8")
FOUR = Problem(16, 4, SHAPE)


class Plain(Network):
    """A network without normalisation: what a sample gives does not depend on its batch."""

    width = 16

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(64, 24)
        self.second = nn.Linear(24, 16)

    def forward(self, images: Tensor) -> Tensor:
        return self.second(torch.tanh(self.first(images.flatten(1))))


def scaled(images: Tensor) -> Tensor:
    """Return images (N, H, W, C) as (N, C, H, W), in the dtype of the default."""
    return images.to(torch.get_default_dtype()).permute(0, 3, 1, 2) / 255


def encoder(network: Network | None = None) -> Encoder:
    """Return an encoder with a network of its own."""
    return Encoder(scaled, network or Plain())


def unlabelled(count: int, seed: int = 1) -> Unlabelled:
    """Return random images, with keys that nobody else has."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (count, 8, 8, 1), dtype=torch.uint8, generator=generator)
    rows = torch.arange(count)
    return Unlabelled(images, rows, rows + 1000 * seed)


def labelled(count: int, classes: int = 4, seed: int = 2) -> Batch:
    """Return random images, with classes in turn."""
    some = unlabelled(count, seed)
    return Batch(some.images, some.rows % classes, some.rows, some.keys)


def joined(known: int, unknown: int) -> Joined:
    """Return so many images with and without a label."""
    return Joined(labelled(known), unlabelled(unknown))
