"""VIA's shapes: rectangles, circles, ellipses, polygons, polylines, points."""

from collections.abc import Callable
from itertools import chain

import msgspec

from Data_processing.convert.readers.shapes import Drawn, points, round_shape
from Data_processing.convert.readers.via_files import Attributes
from Datasets.errors import AnnotationError

REGIONS_OF = frozenset({"circle", "ellipse", "polygon"})
"""Shapes that cover an area which a box does not say."""
_BROKEN = "broken shape"


class Rect(msgspec.Struct, frozen=True):
    """Upper left corner and sides."""

    x: float
    y: float
    width: float
    height: float


class Circle(msgspec.Struct, frozen=True):
    """Centre and radius."""

    cx: float
    cy: float
    r: float


class Ellipse(msgspec.Struct, frozen=True):
    """Centre, radii, and the turn in radians, which version 1 does not have."""

    cx: float
    cy: float
    rx: float
    ry: float
    theta: float = 0.0


class Line(msgspec.Struct, frozen=True):
    """The points of a polygon or a polyline."""

    all_points_x: tuple[float, ...]
    all_points_y: tuple[float, ...]

    def flat(self) -> tuple[float, ...]:
        """Return x, y, x, y, ...

        Raises:
            AnnotationError: an x has no y.
        """
        xs, ys = self.all_points_x, self.all_points_y
        if len(xs) != len(ys):
            raise AnnotationError(
                f"all_points_x has {len(xs)} numbers, all_points_y {len(ys)}; draw it again",
                _BROKEN,
            )
        return tuple(chain.from_iterable(zip(xs, ys, strict=True)))


class Point(msgspec.Struct, frozen=True):
    """A point."""

    cx: float
    cy: float


def drawn(shape: Attributes) -> Drawn:
    """Return where a region is.

    Args:
        shape: its ``shape_attributes``.

    Raises:
        AnnotationError: the shape lacks something, or is none of VIA's.
    """
    kind = shape.get("name")
    if not isinstance(kind, str) or kind not in _DRAW:
        raise AnnotationError(
            f"unknown shape {kind!r}; known are {', '.join(sorted(_DRAW))}", "unknown shape"
        )
    try:
        return _DRAW[kind](shape)
    except msgspec.ValidationError as error:
        raise AnnotationError(f"the {kind} is broken: {error}; draw it again", _BROKEN) from None


def _rect(shape: Attributes) -> Drawn:
    one = msgspec.convert(shape, Rect)
    return Drawn(corners=(one.x, one.y, one.x + one.width, one.y + one.height))


def _circle(shape: Attributes) -> Drawn:
    one = msgspec.convert(shape, Circle)
    return round_shape(one.cx, one.cy, one.r, one.r, 0.0, {"circle": [one.cx, one.cy, one.r]})


def _ellipse(shape: Attributes) -> Drawn:
    one = msgspec.convert(shape, Ellipse)
    told = (one.cx, one.cy, one.rx, one.ry, one.theta)
    return round_shape(*told, {"ellipse": told})


def _polygon(shape: Attributes) -> Drawn:
    return Drawn(polygon=msgspec.convert(shape, Line).flat())


def _polyline(shape: Attributes) -> Drawn:
    flat = msgspec.convert(shape, Line).flat()
    return Drawn(keypoints=points(flat), extras={"shape": "polyline"})


def _point(shape: Attributes) -> Drawn:
    one = msgspec.convert(shape, Point)
    return Drawn(keypoints=points((one.cx, one.cy)), extras={"shape": "point"})


_DRAW: dict[str, Callable[[Attributes], Drawn]] = {
    "circle": _circle,
    "ellipse": _ellipse,
    "point": _point,
    "polygon": _polygon,
    "polyline": _polyline,
    "rect": _rect,
}
