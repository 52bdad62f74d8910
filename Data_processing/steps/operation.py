"""How operations are called: the runner knows this one shape, whatever stands behind it."""

from collections.abc import Iterator
from types import ModuleType
from typing import Protocol

import msgspec
import numpy as np

from Datasets.recipe import FixedOp
from Datasets.sample import Sample


class Operation(Protocol):
    """One thing that a step does to a sample."""

    @property
    def name(self) -> str:
        """What params.yaml calls it."""

    @property
    def draws(self) -> bool:
        """Whether copies 1 to n differ from one another by it."""

    def fixed(self) -> FixedOp | None:
        """Return what it does to copy 0 and what stands in the recipe.

        Or None where it leaves copy 0 alone.
        """

    def apply(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return what it makes of a copy 1 to n, all draws taken from ``rng``."""


class OwnOperation(msgspec.Struct, frozen=True):
    """An operation of the house or of the user.

    A module with ``Parameters`` and ``fixed``, ``apply`` or both.
    """

    name: str
    module: ModuleType
    parameters: msgspec.Struct

    @property
    def draws(self) -> bool:
        """Whether the module draws: it has ``apply``."""
        return hasattr(self.module, "apply")

    def fixed(self) -> FixedOp | None:
        """Return the module's fixed form for these parameters, if it has one."""
        form: FixedOp | None = (
            self.module.fixed(self.parameters) if hasattr(self.module, "fixed") else None
        )
        return form

    def apply(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the module's drawn form of ``sample``.

        Or its fixed form where it draws nothing.
        """
        if self.draws:
            drawn: Sample = self.module.apply(sample, self.parameters, rng)
            return drawn
        form = self.fixed()
        return sample if form is None else applied(sample, form)


class Tiling(msgspec.Struct, frozen=True):
    """What cuts a sample into several: a module with ``Parameters``, ``windows`` and ``cut``."""

    name: str
    module: ModuleType
    parameters: msgspec.Struct

    def pieces(self, sample: Sample) -> "Iterator[Piece]":
        """Yield the tiles of a sample, those left out apart, row by row.

        Raises:
            SampleError: it cannot be cut.
        """
        height, width = sample.image.shape[:2]
        for window in self.module.windows(self.parameters, height, width):
            tile = self.module.cut(sample, window, self.parameters)
            if tile is not None:
                place = (window.x1, window.y1, window.x2, window.y2)
                name = f"{sample.id}{',' if '#' in sample.id else '#'}y{window.y1}x{window.x1}"
                yield Piece(place, msgspec.structs.replace(tile, id=name))


class Piece(msgspec.Struct, frozen=True):
    """A tile as a sample of its own, and where it lies: x1, y1, x2, y2 in pixels of the whole."""

    tile: tuple[int, ...]
    sample: Sample


def applied(sample: Sample, form: FixedOp) -> Sample:
    """Return ``sample`` after what stands in the recipe.

    Raises:
        SampleError: it cannot be done on it.
    """
    from Datasets.preprocess import apply_fixed  # torch takes seconds: not where nothing is made

    return apply_fixed(sample, form)
