"""CVAT's shapes: boxes, turned ones too, polygons, lines, points, masks, ellipses, cuboids.

Coordinates count from 0 at the upper left corner of the upper left pixel, as ours do.
"""

import math
from collections.abc import Callable

import msgspec
import numpy as np

from Data_processing.convert.found import FoundAnnotation
from Data_processing.convert.labels import check_name
from Data_processing.convert.readers.shapes import Drawn, placed, round_shape
from Data_processing.convert.readers.shapes import points as keypoints
from Data_processing.convert.readers.xml import Element, fields, number, plain
from Datasets.errors import AnnotationError
from Datasets.image import MAX_PIXELS

REGIONS_OF = frozenset({"turned box", "polygon", "mask", "ellipse"})
"""Shapes that cover an area which a box does not say."""
_BROKEN = "broken shape"
_ATTRIBUTE = "attribute"
_UNSAID = {"occluded": "0", "outside": "0", "z_order": "0", "group_id": "0", "source": "manual"}
"""What stands there where nobody said anything."""
_CUBOID = tuple(
    f"{axis}{corner}{face}" for face in "12" for corner in ("tl", "bl", "tr", "br") for axis in "xy"
)


class Frame(msgspec.Struct, frozen=True):
    """Height and width of the image as the file states them, in pixels."""

    height: int | None
    width: int | None


def annotation(element: Element, count: int, file: str, frame: Frame) -> FoundAnnotation:
    """Return a shape as an annotation. What else stands there goes to its extras.

    Args:
        element: the shape.
        count: its number on the image, from 1.
        file: for messages.
        frame: of the image.

    Raises:
        AnnotationError: it lacks something, or is of a kind that CVAT does not have.
    """
    place = f"{file}:{element.line}"
    try:
        if element.tag not in _DRAW:
            known = ", ".join(sorted(_DRAW))
            raise AnnotationError(
                f"unknown shape <{element.tag}>; known are {known}", "unknown shape"
            )
        name = check_name(element.attributes.get("label", ""))
        drawn = _DRAW[element.tag](element, frame)
        told = _told(element)
    except AnnotationError as error:
        raise AnnotationError(f"{place}: {error}", error.kind) from None
    found = drawn.annotation(count, name, told)
    return msgspec.structs.replace(found, place=place)


def attributes_of(element: Element) -> dict[str, str]:
    """Return the values of the attributes that the task gives to its labels, by name.

    Raises:
        AnnotationError: one has two values, or holds elements.
    """
    values: dict[str, str] = {}
    for one in element.children:
        if one.tag != _ATTRIBUTE:
            continue
        name = one.attributes.get("name", "")
        if one.children:
            raise AnnotationError(
                f"its attribute {name!r} holds <{one.children[0].tag}>, text is needed; correct it",
                _BROKEN,
            )
        if values.setdefault(name, one.text) != one.text:
            raise AnnotationError(
                f"its attribute {name!r} is both {values[name]!r} and {one.text!r}; take out the "
                "wrong one",
                "contradiction",
            )
    return values


def _told(element: Element) -> dict[str, object]:
    used = _USED[element.tag]
    told: dict[str, object] = {
        key: plain(value)
        for key, value in element.attributes.items()
        if key != "label" and key not in used and value != _UNSAID.get(key)
    }
    if not element.children:
        return told
    if own := attributes_of(element):
        told["attributes"] = own
    if more := elements_of(element):
        told["elements"] = more
    return told


def elements_of(element: Element) -> dict[str, object]:
    """Return what elements that CVAT does not have say in a shape or a tag, by name."""
    known = ("points", _ATTRIBUTE) if element.tag == "skeleton" else (_ATTRIBUTE,)
    rest = [one for one in element.children if one.tag not in known]
    return fields({}, rest) if rest else {}


def _number(element: Element, key: str, default: str | None = None) -> float:
    text = element.attributes.get(key, default)
    if text is None:
        raise AnnotationError(f"a {element.tag} lacks {key}; draw it again", _BROKEN)
    try:
        return number(text)
    except ValueError:
        raise AnnotationError(
            f"a {element.tag} has the {key} {text!r}, a number is needed; draw it again", _BROKEN
        ) from None


def _turned(element: Element) -> float:
    """Return by how many degrees a shape is turned clockwise, as seen."""
    degrees = _number(element, "rotation", "0")
    if not math.isfinite(degrees):
        raise AnnotationError("its rotation is no finite number; draw it again", "no number")
    return degrees


def _flat(element: Element) -> tuple[float, ...]:
    """Return points that are written x,y;x,y;... as flat x, y, ..."""
    text = element.attributes.get("points", "")
    try:
        pairs = [pair.split(",") for pair in text.split(";")]
        return tuple(number(side) for x, y in pairs for side in (x, y))
    except ValueError:
        shown = text if len(text) <= 40 else f"{text[:37]}..."
        raise AnnotationError(
            f"a {element.tag} has the points {shown!r}, which are not x,y;x,y;...; draw it again",
            _BROKEN,
        ) from None


def _box(element: Element, frame: Frame) -> Drawn:
    x1, y1 = _number(element, "xtl"), _number(element, "ytl")
    x2, y2 = _number(element, "xbr"), _number(element, "ybr")
    degrees = _turned(element)
    if not degrees:
        return Drawn(corners=(x1, y1, x2, y2))
    # The corners are those before it is turned about its centre.
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    flat: list[float] = []
    for right, down in ((x1 - x, y1 - y), (x2 - x, y1 - y), (x2 - x, y2 - y), (x1 - x, y2 - y)):
        flat += (x + right * cos - down * sin, y + right * sin + down * cos)
    return Drawn(polygon=tuple(flat), extras={"rotation": degrees})


def _polygon(element: Element, frame: Frame) -> Drawn:
    return Drawn(polygon=_flat(element))


def _points(element: Element, frame: Frame) -> Drawn:
    return Drawn(keypoints=keypoints(_flat(element)), extras={"shape": element.tag})


def _ellipse(element: Element, frame: Frame) -> Drawn:
    x, y, wide, tall = (_number(element, key) for key in ("cx", "cy", "rx", "ry"))
    degrees = _turned(element)
    extras: dict[str, object] = {"ellipse": [x, y, wide, tall]}
    if degrees:
        extras["rotation"] = degrees
    return round_shape(x, y, wide, tall, math.radians(degrees), extras)


def _cuboid(element: Element, frame: Frame) -> Drawn:
    """Return the extent of both faces; their corners are kept as x, y, ... in CVAT's order."""
    flat = [_number(element, key) for key in _CUBOID]
    xs, ys = flat[0::2], flat[1::2]
    if not all(map(math.isfinite, flat)):
        raise AnnotationError("a corner of its cuboid is no finite number", "no number")
    return Drawn(corners=(min(xs), min(ys), max(xs), max(ys)), extras={"cuboid": flat})


def _skeleton(element: Element, frame: Frame) -> Drawn:
    """Return its points as COCO has keypoints: 0 not labelled, 1 hidden, 2 visible."""
    points = [one for one in element.children if one.tag == "points"]
    flat: list[float] = []
    for one in points:
        pair = _flat(one)
        if len(pair) != 2:
            raise AnnotationError("a point of its skeleton is not one point", _BROKEN)
        if one.attributes.get("outside") == "1":
            flat += (0.0, 0.0, 0.0)
        else:
            flat += (*pair, 1.0 if one.attributes.get("occluded") == "1" else 2.0)
    names = [one.attributes.get("label", "") for one in points]
    extras: dict[str, object] = {"shape": element.tag, "points": names}
    own = [attributes_of(one) for one in points]
    if any(own):
        extras["attributes of points"] = own
    more = [elements_of(one) for one in points]
    if any(more):
        extras["elements of points"] = more
    return Drawn(keypoints=tuple(flat), extras=extras)


def _mask(element: Element, frame: Frame) -> Drawn:
    """Return the pixels of run lengths that go along the rows of a box, the first outside."""
    left, top, wide, tall = (_whole(element, key) for key in ("left", "top", "width", "height"))
    if frame.height is None or frame.width is None or frame.height * frame.width > MAX_PIXELS:
        raise AnnotationError(
            "a mask cannot be placed in an image without sound width and height; export it anew",
            _BROKEN,
        )
    if min(left, top, wide, tall) < 0 or left + wide > frame.width or top + tall > frame.height:
        raise AnnotationError(
            f"a mask of {wide} x {tall} pixels at ({left}, {top}) leaves the image of "
            f"{frame.width} x {frame.height} pixels; draw it again",
            "outside the image",
        )
    counts = _counts(element)
    if sum(counts) != wide * tall:
        raise AnnotationError(
            f"its run lengths sum to {sum(counts)}, but {wide} x {tall} pixels are {wide * tall}; "
            "export it anew",
            "wrong run lengths",
        )
    inside = np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(tall, wide)
    return Drawn(rle=placed(inside, left, top, frame.height, frame.width))


def _whole(element: Element, key: str) -> int:
    value = _number(element, key)
    if not value.is_integer():
        raise AnnotationError(f"a mask has the {key} {value:g}, not a whole number", _BROKEN)
    return int(value)


def _counts(element: Element) -> list[int]:
    text = element.attributes.get("rle", "")
    try:
        counts = [int(word) for word in text.split(",")]
    except ValueError:
        counts = [-1]
    if min(counts) < 0 or "_" in text:
        raise AnnotationError(
            "its run lengths are not whole numbers from 0, with commas between; export it anew",
            "wrong run lengths",
        )
    return counts


_DRAW: dict[str, Callable[[Element, Frame], Drawn]] = {
    "box": _box,
    "cuboid": _cuboid,
    "ellipse": _ellipse,
    "mask": _mask,
    "points": _points,
    "polygon": _polygon,
    "polyline": _points,
    "skeleton": _skeleton,
}
SHAPES = frozenset(_DRAW)
"""All that can be drawn on an image."""
_USED: dict[str, frozenset[str]] = {
    "box": frozenset({"xtl", "ytl", "xbr", "ybr", "rotation"}),
    "cuboid": frozenset(_CUBOID),
    "ellipse": frozenset({"cx", "cy", "rx", "ry", "rotation"}),
    "mask": frozenset({"rle", "left", "top", "width", "height"}),
    "points": frozenset({"points"}),
    "polygon": frozenset({"points"}),
    "polyline": frozenset({"points"}),
    "skeleton": frozenset(),
}
"""Attributes that say where a shape is."""
