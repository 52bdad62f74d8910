"""The state of a training between two steps: all that the rest of it depends on.

What is drawn depends on (seed, epoch, step) alone, so no generator is part of it.
"""

from collections.abc import Iterator

import msgspec
import torch
from torch import Tensor

from Models.figures import EpochFigures


class At(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a training is: in which epoch, from 0, and how many of its batches lie behind."""

    epoch: int = 0
    batch: int = 0


class Numbers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is not a tensor.

    ``at``, ``step`` of ``steps`` in all; the learning ``rate`` of the last step; how many
    ``samples`` the sums of this epoch are of; what the first step lost (None before the guard has
    looked); the figures of the epochs behind, and of the best of them.
    """

    at: At
    step: int
    steps: int
    rate: float
    samples: int
    first_loss: float | None
    history: tuple[EpochFigures, ...]
    best: EpochFigures | None


class State(msgspec.Struct, frozen=True):
    """Numbers, and tensors by name: ``learned``, ``average``, ``optimiser``, ``sums``, ``best``."""

    numbers: Numbers
    tensors: dict[str, Tensor]

    def part(self, name: str) -> dict[str, Tensor]:
        """Return the tensors whose names begin with ``name``, without it."""
        begin = f"{name}."
        return {k.removeprefix(begin): v for k, v in self.tensors.items() if k.startswith(begin)}


def named(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return ``tensors`` with ``name`` before each of their names."""
    return {f"{name}.{key}": tensor for key, tensor in tensors.items()}


def memory(optimiser: torch.optim.Optimizer, names: dict[Tensor, str]) -> dict[str, Tensor]:
    """Return what an optimiser remembers, by the parameter's name and its own."""
    return {
        f"{names[parameter]}/{key}": kept
        for parameter, remembered in optimiser.state.items()
        for key, kept in _tensors(remembered)
    }


def remember(
    optimiser: torch.optim.Optimizer, names: dict[Tensor, str], kept: dict[str, Tensor]
) -> None:
    """Give an optimiser back what it remembered, in the layout that it had."""
    of_name = {name: parameter for parameter, name in names.items()}
    for path, tensor in kept.items():
        name, _, key = path.rpartition("/")
        parameter = of_name[name]
        optimiser.state[parameter][key] = moved(tensor, parameter.device)


def moved(tensor: Tensor, device: torch.device) -> Tensor:
    """Return a copy on ``device``, with the same strides: sums go along them."""
    copy = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=device)
    return copy.copy_(tensor)


def _tensors(remembered: dict[str, object]) -> Iterator[tuple[str, Tensor]]:
    for key, kept in remembered.items():
        if isinstance(kept, Tensor):
            yield key, kept
        elif kept is not None:
            raise TypeError(f"an optimiser that keeps {key} as {type(kept).__name__} cannot resume")
