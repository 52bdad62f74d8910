"""Boxes, polygons and keypoints of one object, in pixels: their extent, their order, clipping."""

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from pycocotools import mask as coco_mask

from Data_processing.convert.found import FoundAnnotation, FoundRle
from Datasets.errors import AnnotationError
from Datasets.regions import compressed

Corners = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels, half-open."""
POINTS = 64
"""Corners of a polygon that stands for a circle or an ellipse: its area is 0.2 % less."""
_SAME = 1e-9
"""Share of its size by which a corner may miss the ellipse that it was computed to lie on."""


def half_open(x1: float, y1: float, x2: float, y2: float, origin: int) -> Corners:
    """Return the corners of a box, half-open and counted from 0.

    >>> half_open(1, 1, 20, 10, origin=1), half_open(20, 10, 1, 1, origin=1)
    ((0, 0, 20, 10), (20, 10, 0, 0))
    """
    if origin:
        # Pixels are counted from 1 and both corners are inside: 1 to 20 are the pixels 0 to 19,
        # which is 0 to 20 half-open. Of corners in the wrong order the second is the lower one.
        x1, x2 = (x1, x2 - 1) if x1 > x2 else (x1 - 1, x2)
        y1, y2 = (y1, y2 - 1) if y1 > y2 else (y1 - 1, y2)
    return x1, y1, x2, y2


def sized(x: float, y: float, width: float, height: float, origin: int) -> Corners:
    """Return the corners of a box that begins at the pixel x, y, as ``half_open`` does.

    >>> sized(1, 1, 20, 10, origin=1), sized(20, 10, -20, -10, origin=1)
    ((0, 0, 20, 10), (20, 10, 0, 0))
    """
    # Counted from 1, the pixel 20 ends at 20: a box that goes to the left begins there.
    x1 = x if width < 0 else x - origin
    y1 = y if height < 0 else y - origin
    return x1, y1, x1 + width, y1 + height


def in_pixels(found: FoundAnnotation, width: int, height: int) -> FoundAnnotation:
    """Return ``found``, whose coordinates are shares of the frame, multiplied by its sides."""
    corners = None
    if found.corners is not None:
        x1, y1, x2, y2 = found.corners
        corners = (x1 * width, y1 * height, x2 * width, y2 * height)
    if not (found.polygons or found.keypoints):  # as most are
        return msgspec.structs.replace(found, corners=corners)

    def flat(points: Sequence[float]) -> tuple[float, ...]:
        pairs = zip(points[0::2], points[1::2], strict=True)
        return tuple(side for x, y in pairs for side in (x * width, y * height))

    points = found.keypoints
    triples = zip(points[0::3], points[1::3], points[2::3], strict=True)
    return msgspec.structs.replace(
        found,
        corners=corners,
        polygons=tuple(flat(polygon) for polygon in found.polygons),
        keypoints=tuple(side for x, y, v in triples for side in (x * width, y * height, v)),
    )


def extent(found: FoundAnnotation, rle: str | None, width: int, height: int) -> Corners:
    """Return the box around what was drawn: run lengths, else polygons, else keypoints.

    A polygon that stands for an ellipse lies within it: its box is the ellipse's. A side without
    extent, as that of a point or a level line, takes the pixel that it lies in.

    Args:
        found: the object.
        rle: its run lengths, compressed and checked, if it has any.
        width: of the image, in pixels.
        height: of the image, in pixels.

    Raises:
        AnnotationError: nothing is drawn.
    """
    if rle is not None:
        packed = {"size": [height, width], "counts": rle.encode("ascii")}
        x, y, wide, tall = (float(side) for side in coco_mask.toBbox(packed))
        if not wide or not tall:
            raise AnnotationError("its region is empty: no pixel is drawn", "empty region")
        return x, y, x + wide, y + tall
    xs, ys = _points(found)
    for polygon in found.polygons:
        around = around_ellipse(polygon) or ()
        xs += around[0::2]
        ys += around[1::2]
    if not xs:
        raise AnnotationError("it has neither a box nor a region nor a point", "no box")
    x1, x2 = _side(min(xs), max(xs), width)
    y1, y2 = _side(min(ys), max(ys), height)
    return x1, y1, x2, y2


def around_ellipse(polygon: Sequence[float]) -> Corners | None:
    """Return the box around the turned ellipse that a polygon stands for; None for any other one.

    Its corners are centre + cos(t) u + sin(t) v at even steps of t from 0, as ``shapes.ellipse``
    draws them. In x the ellipse reaches as far as the largest of cos(t) u_x + sin(t) v_x, which is
    the length of (u_x, v_x), and so in y. One that is not turned has corners there. All numbers
    must be finite.

    >>> around_ellipse((0.0, 0.0, 4.0, 0.0, 4.0, 2.0))
    """
    if len(polygon) != 2 * POINTS:
        return None
    opposite, quarter = POINTS, POINTS // 2  # flat: two numbers a corner
    ux, uy = polygon[0] - polygon[opposite], polygon[1] - polygon[opposite + 1]
    vx, vy = polygon[quarter] - polygon[-quarter], polygon[quarter + 1] - polygon[1 - quarter]
    if max(abs(ux * vx), abs(uy * vy)) <= _SAME * max(abs(ux * vy), abs(uy * vx)):
        return None
    points = np.array(polygon).reshape(POINTS, 2)
    centre = (points[0] + points[POINTS // 2]) / 2
    axes = np.array([[ux, uy], [vx, vy]]) / 2
    angles = 2 * np.pi * np.arange(POINTS) / POINTS
    drawn = centre + np.stack([np.cos(angles), np.sin(angles)], axis=1) @ axes  # (POINTS, 2)
    if np.abs(drawn - points).max() > _SAME * np.abs(points).max():
        return None
    x, y = centre.tolist()
    wide, tall = math.hypot(ux, vx) / 2, math.hypot(uy, vy) / 2
    return x - wide, y - tall, x + wide, y + tall


def ordered(corners: Corners) -> Corners:
    """Return ``corners`` with x1 <= x2 and y1 <= y2."""
    x1, y1, x2, y2 = corners
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def compressed_of(rle: FoundRle, height: int, width: int, how: str = "") -> str:
    """Return run lengths as compressed text.

    Args:
        rle: the run lengths.
        height: of the frame that they must be of, in pixels.
        width: of that frame, in pixels.
        how: which frame of the image that is, for the message.

    Raises:
        AnnotationError: they are of another frame, or do not fill it.
    """
    if rle.frame != (height, width):
        raise AnnotationError(
            f"run lengths are for {rle.frame[1]} x {rle.frame[0]} pixels, "
            f"the image has {width} x {height}{how}; draw it anew",
            "run lengths of another frame",
        )
    return compressed(rle.counts, height, width)


def moved_keypoints(
    keypoints: Sequence[float], place: Callable[[float, float], tuple[float, float]]
) -> tuple[float, ...]:
    """Return x, y, v triples at other places, but those that are not labelled: they are 0, 0, 0.

    >>> moved_keypoints((1.0, 1.0, 2.0, 0.0, 0.0, 0.0), lambda x, y: (x + 1, y))
    (2.0, 1.0, 2.0, 0.0, 0.0, 0.0)
    """
    triples = zip(keypoints[0::3], keypoints[1::3], keypoints[2::3], strict=True)
    return tuple(
        side
        for x, y, v in triples
        for side in ((*place(x, y), v) if x or y or v else (0.0, 0.0, 0.0))
    )


def keypoints_inside(keypoints: Sequence[float], width: int, height: int) -> tuple[float, ...]:
    """Return x, y, v triples moved onto the frame's edge, where they are labelled, not visible (1).

    >>> keypoints_inside((4.0, 9.0, 2.0, 4.0, 5.0, 2.0), 10, 6)
    (4.0, 6.0, 1.0, 4.0, 5.0, 2.0)
    """
    inside: list[float] = []
    for x, y, v in zip(keypoints[0::3], keypoints[1::3], keypoints[2::3], strict=True):
        at = min(max(x, 0.0), float(width)), min(max(y, 0.0), float(height))
        inside += (*at, v if at == (x, y) else min(v, 1.0))
    return tuple(inside)


def overhang(points: Sequence[float], width: int, height: int) -> float:
    """Return by how many pixels flat x, y, ... leave the frame, 0 if they do not."""
    xs, ys = points[0::2], points[1::2]
    return max(0.0, -min(xs), -min(ys), max(xs) - width, max(ys) - height)


def clipped_corners(corners: Corners, width: int, height: int) -> Corners:
    """Return ``corners`` cut off at the frame."""
    x1, y1, x2, y2 = corners
    return max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))


def clipped_polygon(polygon: Sequence[float], width: int, height: int) -> tuple[float, ...]:
    """Return flat x, y, ... cut off at the frame, or () if nothing is inside.

    Sutherland and Hodgman, "Reentrant polygon clipping", Communications of the ACM 17 (1974): a
    polygon that falls into parts stays one, joined along the frame, which adds no area.

    >>> clipped_polygon((-2.0, 0.0, 4.0, 0.0, 4.0, 4.0, -2.0, 4.0), 10, 10)
    (0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 0.0, 4.0)
    """
    points = list(zip(polygon[0::2], polygon[1::2], strict=True))
    for axis, sign, limit in (
        (0, 1, 0.0),
        (0, -1, -float(width)),
        (1, 1, 0.0),
        (1, -1, -float(height)),
    ):
        points = _half(points, axis, sign, limit)
    return tuple(side for point in points for side in point)


def is_flat(polygon: Sequence[float]) -> bool:
    """Return whether all points of a polygon lie on one line, or are one.

    >>> is_flat((1, 1, 3, 3, 5, 5)), is_flat((1, 1, 3, 3, 5, 6))
    (True, False)
    """
    x, y = polygon[:2]
    along = [(a - x, b - y) for a, b in zip(polygon[2::2], polygon[3::2], strict=True)]
    dx, dy = next((one for one in along if one != (0, 0)), (0, 0))
    return all(a * dy == b * dx for a, b in along)


def _half(
    points: list[tuple[float, float]], axis: int, sign: int, limit: float
) -> list[tuple[float, float]]:
    """Return the part of a polygon where sign * coordinate >= limit."""
    kept: list[tuple[float, float]] = []
    for here, there in zip(points, points[1:] + points[:1], strict=True):
        a, b = sign * here[axis] - limit, sign * there[axis] - limit
        if a >= 0:
            kept.append(here)
        if (a >= 0) != (b >= 0):
            kept.append(_crossing(here, there, axis, sign * limit, a / (a - b)))
    return kept


def _crossing(
    here: tuple[float, float], there: tuple[float, float], axis: int, at: float, share: float
) -> tuple[float, float]:
    other = here[1 - axis] + share * (there[1 - axis] - here[1 - axis])
    return (at, other) if axis == 0 else (other, at)


def _points(found: FoundAnnotation) -> tuple[list[float], list[float]]:
    if found.polygons:
        return (
            [x for polygon in found.polygons for x in polygon[0::2]],
            [y for polygon in found.polygons for y in polygon[1::2]],
        )
    triples = list(
        zip(found.keypoints[0::3], found.keypoints[1::3], found.keypoints[2::3], strict=True)
    )
    seen = [triple for triple in triples if triple[2] > 0]  # v = 0: not labelled, stands at 0, 0
    return [x for x, _, _ in seen], [y for _, y, _ in seen]


def _side(low: float, high: float, frame: int) -> tuple[float, float]:
    if low != high or not math.isfinite(low):
        return low, high
    pixel = float(math.floor(low))
    if pixel == frame:  # on the far edge: the last pixel
        pixel -= 1.0
    return pixel, pixel + 1.0
