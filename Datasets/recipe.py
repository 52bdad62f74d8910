"""The recipe: what was done to copy 0 of every sample, as data.

``recipe.json`` stands beside every store.

Each operation scales an image to ``height`` x ``width`` and places the result on a canvas:
``place`` says where, once, for pixels, masks, boxes and for the graph that is exported. The
arithmetic is on integers and rounds half up, so that Python and a graph agree; ``low`` and
``high`` stand for min and max there.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from Datasets.image import Colour

RECIPE_FILE = "recipe.json"
Positive = Annotated[int, msgspec.Meta(ge=1)]
Fill = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Choose = Callable[[int, int], int]


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


class Resize(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="resize", tag_field="op"):
    """Scale to height x width, or until the longest or the shortest side has so many pixels.

    Aspect kept.
    """

    height: Positive | None = None
    width: Positive | None = None
    longest: Positive | None = None
    shortest: Positive | None = None
    antialias: bool = True
    kernel: Literal["bilinear"] = "bilinear"

    def place(self, height: int, width: int, low: Choose = min, high: Choose = max) -> Placement:
        """Return where an image of height x width goes."""
        if self.height is not None and self.width is not None:
            tall, wide = self.height, self.width
        else:
            target = self.longest or self.shortest or 1
            side = high(height, width) if self.longest else low(height, width)
            tall, wide = _scaled(height, target, side, high), _scaled(width, target, side, high)
        return Placement(tall, wide, 0, 0, tall, wide)


class Letterbox(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="letterbox", tag_field="op"
):
    """Scale, aspect kept, to fit into height x width; centre; fill what is left."""

    height: Positive
    width: Positive
    fill: Fill = 0
    antialias: bool = True
    kernel: Literal["bilinear"] = "bilinear"

    def place(self, height: int, width: int, low: Choose = min, high: Choose = max) -> Placement:
        """Return where an image of height x width goes."""
        tall = low(self.height, _scaled(height, self.width, width, high))
        wide = low(self.width, _scaled(width, self.height, height, high))
        top, left = (self.height - tall) // 2, (self.width - wide) // 2
        return Placement(tall, wide, top, left, self.height, self.width, self.fill)


class CentreCrop(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="centre_crop", tag_field="op"
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


class Pad(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="pad", tag_field="op"):
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


FixedOp = Resize | Letterbox | CentreCrop | Pad
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


def _scaled(side: int, target: int, reference: int, high: Choose) -> int:
    """Return side * target / reference, rounded half up, at least 1."""
    return high(1, (2 * side * target + reference) // (2 * reference))
