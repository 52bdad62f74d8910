"""Cut a sample into many: windows of one size, row by row, all copies alike.

It comes first in the walk and does not draw: the runner asks for the ``windows`` of an image and
makes a sample of each with ``cut``. In the recipe stands what a tile is, not where it was cut.
"""

from typing import Annotated, Literal

import msgspec

from Datasets.errors import SampleError
from Datasets.preprocess import framed
from Datasets.recipe import Fill, Placement, Positive, Tile
from Datasets.sample import Sample

Natural = Annotated[int, msgspec.Meta(ge=0)]
Edge = Literal["shift", "pad", "drop"]


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the operation ``tile`` in params.yaml."""

    height: Positive
    """Pixels."""
    width: Positive
    """Pixels."""
    overlap: Natural = 0
    """Pixels that neighbours share."""
    edge: Edge = "shift"
    """What happens to the last tile where it would reach over the right or lower edge.

    ``shift`` moves it inwards, so that it shares more with its neighbour; ``pad`` fills it;
    ``drop`` leaves it out.
    """
    fill: Fill = 0
    """Value of what ``pad`` adds, in every channel."""
    keep_area: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.3
    """Share of its area that a box must keep in a tile; boxes that keep less are dropped there."""
    min_boxes: Natural = 0
    """Tiles with fewer boxes are left out, and counted."""

    def __post_init__(self) -> None:
        """Refuse an overlap that leaves no way on."""
        if self.overlap >= min(self.height, self.width):
            raise ValueError(
                f"an overlap of {self.overlap} must be smaller than the tile, {self.height} x "
                f"{self.width}"
            )


class Window(msgspec.Struct, frozen=True):
    """A part of an image, half-open, in pixels.

    With ``pad`` it may reach over the right and lower edge.
    """

    x1: int
    y1: int
    x2: int
    y2: int


def windows(tile: Parameters, height: int, width: int) -> tuple[Window, ...]:
    """Return the windows of an image of height x width, row by row, each from left to right.

    Raises:
        SampleError: the image is smaller than a tile, and ``edge`` is not ``pad``.
    """
    if tile.edge != "pad" and (height < tile.height or width < tile.width):
        raise SampleError(
            f"{height} x {width} pixels are smaller than a tile of {tile.height} x {tile.width}; "
            "make tiles smaller, put a pad or a resize before it, or say edge: pad"
        )
    return tuple(
        Window(left, top, left + tile.width, top + tile.height)
        for top in _starts(height, tile.height, tile.overlap, tile.edge)
        for left in _starts(width, tile.width, tile.overlap, tile.edge)
    )


def cut(sample: Sample, window: Window, tile: Parameters) -> Sample | None:
    """Return what ``window`` shows of ``sample``, under the same id, or None.

    Args:
        sample: image (H, W, C).
        window: one of the sample's ``windows``.
        tile: what is kept.

    Returns:
        A sample of tile.height x tile.width, boxes shifted and clipped, numbered as they were; its
        pixels are a view of the image's unless they are filled. None where fewer than
        tile.min_boxes boxes are left.

    Raises:
        SampleError: the image cannot hold the fill.
    """
    height, width = sample.image.shape[:2]
    place = Placement(
        height,
        width,
        -window.y1,
        -window.x1,
        window.y2 - window.y1,
        window.x2 - window.x1,
        tile.fill if tile.edge == "pad" else 0,
    )
    piece = framed(sample, place, tile.keep_area)
    return piece if len(piece.boxes) >= tile.min_boxes else None


def fixed(tile: Parameters) -> Tile:
    """Return what stands in the recipe: a tile that lies at the edge is filled."""
    return Tile(tile.height, tile.width, tile.fill if tile.edge == "pad" else 0)


def _starts(length: int, side: int, overlap: int, edge: Edge) -> list[int]:
    """Return where tiles of ``side`` begin along an axis, first to last."""
    stride = side - overlap
    starts = list(range(0, length - side + 1, stride))  # those that lie inside; maybe none
    covered = starts[-1] + side if starts else 0
    if covered < length and edge == "shift":
        starts.append(length - side)
    if covered < length and edge == "pad":
        starts.append(len(starts) * stride)
    return starts
