"""The recipe: what was done to copy 0 of every sample, as data.

``recipe.json`` stands beside every store.

Each operation scales an image to ``height`` x ``width`` and places the result on a canvas:
``place`` says where, once, for pixels, masks, boxes and for the graph that is exported. The
arithmetic is on integers and rounds half up, so that Python and a graph agree; ``low`` and
``high`` stand for min and max there. ``channels_after`` and ``dtype_after`` say what becomes of the
channels and of their type.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from Datasets.errors import SampleError
from Datasets.image import Colour

RECIPE_FILE = "recipe.json"
Positive = Annotated[int, msgspec.Meta(ge=1)]
Fill = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Choose = Callable[[int, int], int]
Kernel = Literal["nearest", "bilinear", "box"]
"""How pixels are scaled; ``Datasets/resampling.py`` says what each is."""
Pair = tuple[int, int]


class Placement(msgspec.Struct, frozen=True):
    """An image scaled to height x width, its corner put at (top, left) of a canvas of its own.

    Pixels.

    A negative corner cuts; what the canvas shows beyond the image is filled.
    """

    height: int
    width: int
    top: int
    left: int
    canvas_height: int
    canvas_width: int
    fill: int = 0


class _Frame(msgspec.Struct, frozen=True):
    """What changes the frame alone."""

    def channels_after(self, channels: int) -> int:
        """Return how many channels come out where ``channels`` go in."""
        return channels

    def dtype_after(self, dtype: str) -> str:
        """Return the name of the dtype that comes out where ``dtype`` goes in."""
        return dtype


class Resize(_Frame, frozen=True, forbid_unknown_fields=True, tag="resize", tag_field="op"):
    """Scale to height x width, or until the longest or the shortest side has so many pixels.

    Aspect kept.
    """

    height: Positive | None = None
    width: Positive | None = None
    longest: Positive | None = None
    shortest: Positive | None = None
    antialias: bool = True
    kernel: Kernel = "bilinear"

    def place(self, height: int, width: int, low: Choose = min, high: Choose = max) -> Placement:
        """Return where an image of height x width goes."""
        if self.height is not None and self.width is not None:
            tall, wide = self.height, self.width
        else:
            target = self.longest or self.shortest or 1
            side = high(height, width) if self.longest else low(height, width)
            tall, wide = _scaled(height, target, side, high), _scaled(width, target, side, high)
        return Placement(tall, wide, 0, 0, tall, wide)


class Letterbox(_Frame, frozen=True, forbid_unknown_fields=True, tag="letterbox", tag_field="op"):
    """Scale, aspect kept, to fit into height x width; centre; fill what is left."""

    height: Positive
    width: Positive
    fill: Fill = 0
    antialias: bool = True
    kernel: Kernel = "bilinear"

    def place(self, height: int, width: int, low: Choose = min, high: Choose = max) -> Placement:
        """Return where an image of height x width goes."""
        tall = low(self.height, _scaled(height, self.width, width, high))
        wide = low(self.width, _scaled(width, self.height, height, high))
        top, left = (self.height - tall) // 2, (self.width - wide) // 2
        return Placement(tall, wide, top, left, self.height, self.width, self.fill)


class CentreCrop(
    _Frame, frozen=True, forbid_unknown_fields=True, tag="centre_crop", tag_field="op"
):
    """Cut height x width out of the middle. The image must be at least as large."""

    height: Positive
    width: Positive
    keep_area: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.3

    def place(self, height: int, width: int, low: Choose = min, high: Choose = max) -> Placement:
        """Return where an image of height x width goes.

        A side that is too short stays short, never filled.
        """
        top, left = high(0, (height - self.height) // 2), high(0, (width - self.width) // 2)
        tall, wide = low(height, self.height), low(width, self.width)
        return Placement(height, width, -top, -left, tall, wide)


class Pad(_Frame, frozen=True, forbid_unknown_fields=True, tag="pad", tag_field="op"):
    """Fill up to height x width, the image in the middle. A side that is longer already stays."""

    height: Positive
    width: Positive
    fill: Fill = 0

    def place(self, height: int, width: int, low: Choose = min, high: Choose = max) -> Placement:
        """Return where an image of height x width goes."""
        tall, wide = high(height, self.height), high(width, self.width)
        return Placement(
            height, width, (tall - height) // 2, (wide - width) // 2, tall, wide, self.fill
        )


class Tile(_Frame, frozen=True, forbid_unknown_fields=True, tag="tile", tag_field="op"):
    """One of the tiles that a raw image was cut into; one that lies at its edge is filled.

    It stands first in a recipe: what goes in is a tile, cut out of the raw image by who asks.
    """

    height: Positive
    width: Positive
    fill: Fill = 0

    def place(self, height: int, width: int, low: Choose = min, high: Choose = max) -> Placement:
        """Return where a tile of height x width goes: to the upper left corner."""
        tall, wide = high(height, self.height), high(width, self.width)
        return Placement(height, width, 0, 0, tall, wide, self.fill)


class Bands(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="bands", tag_field="op"):
    """Keep the channels that ``take`` names, in its order, and append ratios of two.

    Both number the channels of the image that comes in, from 0. Without ``take`` all are kept. A
    ratio of a and b is (a - b) / (a + b), 0 where a + b is 0; with ratios the whole result is
    float32.
    """

    take: tuple[int, ...] | None = None
    ratios: tuple[Pair, ...] = ()

    def place(self, height: int, width: int, low: Choose = min, high: Choose = max) -> Placement:
        """Return where an image of height x width goes: it stays."""
        return Placement(height, width, 0, 0, height, width)

    def taken(self, channels: int) -> tuple[int, ...]:
        """Return the channels that are kept of an image of so many."""
        return tuple(range(channels)) if self.take is None else self.take

    def channels_after(self, channels: int) -> int:
        """Return how many channels come out where ``channels`` go in.

        Raises:
            SampleError: one of those that are named is not there.
        """
        named = {*self.taken(channels), *(band for pair in self.ratios for band in pair)}
        missing = sorted(band for band in named if band >= channels)
        if missing:
            raise SampleError(
                f"bands: there is no band {', '.join(map(str, missing))}: the image has "
                f"{channels}, numbered from 0 to {channels - 1}; name others, or set "
                "decode.colour to unchanged if the file has more"
            )
        return len(self.taken(channels)) + len(self.ratios)

    def dtype_after(self, dtype: str) -> str:
        """Return the name of the dtype that comes out where ``dtype`` goes in."""
        return "float32" if self.ratios else dtype


FixedOp = Resize | Letterbox | CentreCrop | Pad | Tile | Bands
"""What may stand in a recipe after decoding."""


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a raw file becomes copy 0: decode it in ``colour``, then ``ops`` in order."""

    colour: Colour
    ops: tuple[FixedOp, ...] = ()

    def then(self, ops: tuple[FixedOp, ...]) -> "Recipe":
        """Return the recipe continued by ``ops``."""
        return Recipe(self.colour, self.ops + ops)


def read(folder: Path) -> Recipe:
    """Return the recipe that stands in ``folder``."""
    return msgspec.json.decode((folder / RECIPE_FILE).read_bytes(), type=Recipe)


def check_kernel(kernel: Kernel, antialias: bool) -> None:
    """Refuse a kernel that antialias contradicts.

    Raises:
        ValueError: it does.
    """
    if kernel == "box" and not antialias:
        raise ValueError(
            "kernel box averages all that a pixel covers; leave antialias out, or take nearest"
        )


def _scaled(side: int, target: int, reference: int, high: Choose) -> int:
    """Return side * target / reference, rounded half up, at least 1."""
    return high(1, (2 * side * target + reference) // (2 * reference))
