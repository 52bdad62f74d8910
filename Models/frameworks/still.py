"""Normalisations that learn nothing of what passes."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def still(network: nn.Module) -> Iterator[None]:
    """Let no running mean or variance of ``network`` move inside the block.

    In training a batch is still normalised by its own mean and variance, and its features are what
    they would be outside.
    """
    tracking = [part for part in network.modules() if getattr(part, "track_running_stats", False)]
    try:
        for part in tracking:
            setattr(part, "track_running_stats", False)  # noqa: B010 - a module's type knows tensors
        yield
    finally:
        for part in tracking:
            setattr(part, "track_running_stats", True)  # noqa: B010
