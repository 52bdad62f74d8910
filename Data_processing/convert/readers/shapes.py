"""Shapes that formats share: round and turned ones become polygons, in pixels."""

import math
from collections.abc import Mapping

import msgspec
import numpy as np

from Data_processing.convert.found import FoundAnnotation, FoundRle
from Data_processing.convert.geometry import POINTS
from Data_processing.convert.strict_json import compact


def ellipse(
    x: float, y: float, radius_x: float, radius_y: float, turned: float = 0.0
) -> tuple[float, ...]:
    """Return an ellipse around (x, y) as a polygon; ``turned`` clockwise as seen, in radians.

    >>> [round(side, 9) for side in ellipse(5, 5, 2, 1)[:2]]
    [7.0, 5.0]
    """
    cos, sin = math.cos(turned), math.sin(turned)
    flat: list[float] = []
    for step in range(POINTS):
        angle = 2 * math.pi * step / POINTS
        along, across = radius_x * math.cos(angle), radius_y * math.sin(angle)
        flat += (x + along * cos - across * sin, y + along * sin + across * cos)
    return tuple(flat)


def turned_rectangle(
    x: float, y: float, width: float, height: float, degrees: float
) -> tuple[float, ...]:
    """Return a rectangle turned clockwise, as seen, about its upper left corner (x, y).

    >>> [round(side, 9) for side in turned_rectangle(10, 10, 4, 2, 90)]
    [10, 10, 10.0, 14.0, 8.0, 14.0, 8.0, 10.0]
    """
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    right, down = (width * cos, width * sin), (-height * sin, height * cos)
    return (
        *(x, y),
        *(x + right[0], y + right[1]),
        *(x + right[0] + down[0], y + right[1] + down[1]),
        *(x + down[0], y + down[1]),
    )


def points(flat: tuple[float, ...]) -> tuple[float, ...]:
    """Return flat x, y, ... as keypoints that are seen: x, y, 2, ...

    >>> points((1.0, 2.0, 3.0, 4.0))
    (1.0, 2.0, 2.0, 3.0, 4.0, 2.0)
    """
    pairs = zip(flat[0::2], flat[1::2], strict=True)
    return tuple(side for x, y in pairs for side in (x, y, 2.0))


def placed(inside: np.ndarray, left: int, top: int, height: int, width: int) -> FoundRle:
    """Return the run lengths of a small mask in a frame.

    Args:
        inside: where the object is, (h, w) bool.
        left: column of the frame at which the mask begins.
        top: row of the frame at which the mask begins.
        height: of the frame, in pixels.
        width: of the frame, in pixels.
    """
    tall, wide = inside.shape
    columns = np.zeros((wide, height), bool)
    columns[:, top : top + tall] = inside.T
    flat = columns.reshape(-1)  # down the columns
    size = height * width
    edges = np.flatnonzero(np.diff(flat, prepend=False, append=False)) + left * height
    counts = np.diff(np.concatenate(([0], edges[edges < size], [size])))
    return FoundRle((height, width), tuple(counts.tolist()))


class Drawn(msgspec.Struct, frozen=True):
    """Where an object is, and what of its shape only extras can say."""

    corners: tuple[float, float, float, float] | None = None
    polygon: tuple[float, ...] | None = None
    rle: FoundRle | None = None
    keypoints: tuple[float, ...] = ()
    extras: Mapping[str, object] = {}

    def annotation(self, number: int, name: str, told: Mapping[str, object]) -> FoundAnnotation:
        """Return it as the annotation ``number`` of class ``name``; ``told`` joins the extras."""
        return FoundAnnotation(
            number,
            name,
            self.corners,
            polygons=() if self.polygon is None else (self.polygon,),
            rle=self.rle,
            keypoints=self.keypoints,
            extras=compact({**told, **self.extras}),
        )


def round_shape(
    x: float,
    y: float,
    radius_x: float,
    radius_y: float,
    turned: float,
    extras: Mapping[str, object],
) -> Drawn:
    """Return a circle or an ellipse; ``turned`` clockwise as seen, in radians.

    Negative radii are corners in the wrong order, as a rectangle's negative sides are: they are put
    right, and counted.

    >>> round_shape(5, 5, -2, 1, 0.0, {}).corners
    (7.0, 4.0, 3.0, 6.0)
    """
    polygon = ellipse(x, y, radius_x, radius_y, turned)
    if radius_x >= 0 and radius_y >= 0:
        return Drawn(polygon=polygon, extras=extras)
    cos, sin = math.cos(turned), math.sin(turned)
    wide = math.copysign(math.hypot(radius_x * cos, radius_y * sin), radius_x)
    tall = math.copysign(math.hypot(radius_x * sin, radius_y * cos), radius_y)
    return Drawn((x - wide, y - tall, x + wide, y + tall), polygon, extras=extras)
