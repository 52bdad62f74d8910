"""How operations are called: the runner knows this one shape, whatever stands behind it."""

from collections.abc import Iterator
from types import ModuleType
from typing import Protocol

import msgspec
import numpy as np

from Datasets.errors import SampleError
from Datasets.recipe import FixedOp
from Datasets.sample import Sample, strays

DTYPES = ("uint8", "uint16", "float32")


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
        if not self.draws:
            form = self.fixed()
            return sample if form is None else applied(sample, form)
        try:
            drawn: Sample = self.module.apply(sample, self.parameters, rng)
        except SampleError:
            raise
        except Exception as error:  # a user's own may raise anything; who and where is what helps
            what = " ".join(f"{type(error).__name__}: {error}".split())
            raise SampleError(f"{self} failed: {what}") from error
        return drawn

    def __str__(self) -> str:
        """Return it as params.yaml says it."""
        return f"{self.name} {msgspec.json.encode(self.parameters).decode()}"


class Tiling(msgspec.Struct, frozen=True):
    """What cuts a sample into several: a module with ``Parameters``, ``windows`` and ``cut``."""

    name: str
    module: ModuleType
    parameters: msgspec.Struct

    def fixed(self) -> FixedOp:
        """Return what a tile is, for the recipe."""
        form: FixedOp = self.module.fixed(self.parameters)
        return form

    def pieces(self, sample: Sample) -> "Iterator[Piece]":
        """Yield the tiles of a sample, those left out apart, row by row.

        Raises:
            SampleError: it cannot be cut.
        """
        height, width = sample.image.shape[:2]
        for window in self.module.windows(self.parameters, height, width):
            tile = self.module.cut(sample, window, self.parameters)
            if tile is not None:
                place = (window.x1, window.y1, min(window.x2, width), min(window.y2, height))
                name = f"{sample.id}{',' if '#' in sample.id else '#'}y{window.y1}x{window.x1}"
                yield Piece(place, msgspec.structs.replace(tile, id=name))


class Piece(msgspec.Struct, frozen=True):
    """A tile as a sample of its own, and where it lies in the whole: x1, y1, x2, y2 in pixels."""

    tile: tuple[int, ...]
    sample: Sample


def refuse_unsound(before: Sample, after: object, what: str) -> Sample:
    """Return what an operation made of a sample, if it is one that can be stored.

    Args:
        before: the sample that the operation got.
        after: what it made of it.
        what: the operation with its arguments, for the message.

    Raises:
        SampleError: it is no sample, its arrays are not of the shapes and types of one, its
            instances did not follow, or there is NaN where there was none.
    """
    if not isinstance(after, Sample):
        raise SampleError(f"{what} returned {type(after).__name__}, a Sample was expected")
    image, mask = after.image, after.mask
    if image.ndim != 3 or 0 in image.shape or image.dtype.name not in DTYPES:
        raise SampleError(
            f"{what} made an image of shape {image.shape} and type {image.dtype}; (height, width, "
            f"channels) of {', '.join(DTYPES)} was expected"
        )
    if mask is not None:
        _refuse_other_plane(mask, np.uint8, image, f"{what} made a mask")
    _refuse_lost_instances(before, after, what)
    if image.dtype.kind == "f" and np.isnan(image).any():
        if not (before.image.dtype.kind == "f" and np.isnan(before.image).any()):
            raise SampleError(
                f"{what} made NaN of pixels that were numbers; change its arguments or leave it out"
            )
    return after


def _refuse_other_plane(
    plane: np.ndarray, dtype: type[np.generic], image: np.ndarray, what: str
) -> None:
    if plane.shape != image.shape[:2] or plane.dtype != dtype:
        raise SampleError(
            f"{what} of shape {plane.shape} and type {plane.dtype} for an image of shape "
            f"{image.shape}; (height, width) of {np.dtype(dtype)} was expected"
        )


def _refuse_lost_instances(before: Sample, after: Sample, what: str) -> None:
    """Return nothing if the instance mask came along; ``with_frame`` and ``moved`` see to that."""
    advice = "make its result with sample.moved or sample.with_frame"
    instances = after.instances
    if instances is None:
        if before.instances is not None:
            raise SampleError(f"{what} lost the instance mask; {advice}")
        return
    _refuse_other_plane(instances, np.uint16, after.image, f"{what} made an instance mask")
    if instances is before.instances and after.boxes is before.boxes:
        return
    if instances is before.instances:
        mask_stayed = after.mask is before.mask and after.mask is not None
        if after.image is not before.image and not mask_stayed:
            raise SampleError(f"{what} left the instance mask where it was; {advice}")
    named = strays(instances, after.boxes)
    if len(named):
        raise SampleError(
            f"{what} made an instance mask that names boxes which are not there, {named[0]} first; "
            f"{advice}"
        )


def applied(sample: Sample, form: FixedOp) -> Sample:
    """Return ``sample`` after what stands in the recipe.

    Raises:
        SampleError: it cannot be done on it.
    """
    from Datasets.preprocess import apply_fixed  # torch takes seconds: not where nothing is made

    return apply_fixed(sample, form)
