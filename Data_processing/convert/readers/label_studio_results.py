"""Label Studio's results: regions in percent of the image, choices, and what is said beside."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Annotated

import msgspec

from Data_processing.convert.found import FoundAnnotation
from Data_processing.convert.labels import check_name
from Data_processing.convert.readers.brush import alpha
from Data_processing.convert.readers.label_studio_tasks import Result, answers
from Data_processing.convert.readers.shapes import (
    Drawn,
    placed,
    points,
    round_shape,
    turned_rectangle,
)
from Datasets.errors import AnnotationError

SAID = frozenset({"choices", "taxonomy", "textarea", "rating", "number", "datetime", "pairwise"})
"""Results that draw nothing."""
_BROKEN = "broken region"
_SORTED = msgspec.json.Encoder(order="sorted")
_MAX_SIDE = 2**31 - 1


class Region(msgspec.Struct, frozen=True):
    """The results of one id that draw the same shape.

    ``names`` are its classes, ``attributes`` what is said of it beside.
    """

    id: str
    drawn: Result | AnnotationError
    names: tuple[str, ...] = ()
    attributes: Mapping[str, object] = {}

    def is_area(self) -> bool:
        """Return whether it covers an area that a box does not say."""
        if isinstance(self.drawn, AnnotationError):
            return False
        kind = _shape_of(self.drawn)
        return kind in _AREAS or bool(kind == "rectangle" and self.drawn.value.get("rotation"))

    def sides(self) -> tuple[int, int]:
        """Return the width and height that it states of its image, or raise as ``annotation``."""
        if isinstance(self.drawn, AnnotationError):
            raise self.drawn
        return _frame(self.drawn)

    def name(self) -> str:
        """Return its class.

        Raises:
            AnnotationError: it has none or several, or one that cannot be a name.
        """
        if not self.names:
            raise AnnotationError("it has no class; give it a label", "no class")
        if len(self.names) > 1:
            raise AnnotationError(
                f"it is {' and '.join(self.names)} at once; leave one label, or draw it once each",
                "several classes",
            )
        return check_name(self.names[0])


class Said(msgspec.Struct, frozen=True):
    """What the results of a task say.

    ``labels`` are choices of the image as a whole, ``attributes`` what else is said of it, and the
    choices by control where they are of several.
    """

    regions: tuple[Region, ...]
    labels: tuple[str, ...]
    attributes: Mapping[str, object]
    relations: tuple[Mapping[str, object], ...]


def said(results: Iterable[Result | AnnotationError]) -> Said:
    """Return the regions and labels that results make up. Those of one id belong together."""
    groups: dict[object, list[Result | AnnotationError]] = {}
    relations = []
    for number, result in enumerate(results):
        if isinstance(result, AnnotationError):
            groups[number] = [result]
        elif result.type == "relation":
            relations.append(_relation(result))
        else:
            key = (result.id,) if result.id is not None else number
            groups.setdefault(key, []).append(result)
    each = [_regions(group) for group in groups.values()]
    regions = tuple(chain.from_iterable(each))
    tags = {one.drawn.to_name for one in regions if isinstance(one.drawn, Result)}
    of_image: list[Result] = []
    others: list[Result] = []
    for group, drawn in zip(groups.values(), each, strict=True):
        for result in () if drawn else group:
            if isinstance(result, Result):
                is_of_image = not tags or result.to_name in tags
                if result.type in ("choices", "taxonomy") and is_of_image:
                    of_image.append(result)
                else:
                    others.append(result)
    labels = sorted({label for result in of_image for label in result.chosen()})
    if len({result.from_name for result in of_image}) > 1:  # which control a label is of is told
        others = [*of_image, *others]
    return Said(regions, tuple(labels), answers(others), tuple(relations))


def annotation(region: Region, number: int) -> FoundAnnotation:
    """Return a region as the annotation ``number``.

    Raises:
        AnnotationError: it has no class or several, or cannot be drawn.
    """
    result = region.drawn
    if isinstance(result, AnnotationError):
        raise result
    kind = _shape_of(result)
    if kind not in _DRAW:
        raise AnnotationError(
            f"regions of type {result.type!r} are not read; known are "
            f"{', '.join(sorted(_DRAW))}, with labels",
            "unknown shape",
        )
    name = region.name()
    width, height = _frame(result)
    try:
        drawn = _DRAW[kind](result.value, width, height)
    except msgspec.ValidationError as error:
        raise AnnotationError(f"its value is broken: {error}; draw it again", _BROKEN) from None
    told = {
        "attributes": region.attributes,
        "id": region.id,
        "meta": result.meta,
        "parent": result.parent,
        "score": result.score,
    }
    return drawn.annotation(number, name, told)


def _regions(group: Sequence[Result | AnnotationError]) -> list[Region]:
    """Return the region that results of one id are; none where they draw nothing.

    A tag that draws and one that labels write the same shape once each. Where shapes differ, there
    are as many regions.
    """
    if isinstance(group[0], AnnotationError):
        return [Region("", group[0])]
    results = [one for one in group if isinstance(one, Result)]
    drawing = [one for one in results if one.type not in SAID]
    attributes = answers(one for one in results if one.type in SAID)
    shapes: dict[bytes, list[Result]] = {}
    for one in drawing:
        shapes.setdefault(_place_of(one) if len(drawing) > 1 else b"", []).append(one)
    bare = shapes.pop(b"{}", []) if len(shapes) > 1 else []  # labels alone: of whatever is drawn
    regions = []
    for same in shapes.values():
        first = next((one for one in same if _shape_of(one) in _DRAW), same[0])
        names = dict.fromkeys(name for one in (*same, *bare) for name in _labels(one))
        regions.append(Region(str(first.id or ""), first, tuple(names), attributes))
    return regions


def _place_of(result: Result) -> bytes:
    """Return what a result's value says but for labels: the same bytes for the same shape."""
    place = {key: told for key, told in result.value.items() if not key.endswith("labels")}
    return _SORTED.encode(place)


def _labels(result: Result) -> list[str]:
    labels = result.value.get(result.type) if result.type.endswith("labels") else None
    return [str(one) for one in labels] if isinstance(labels, list) else []


def _shape_of(result: Result) -> str:
    """Return what a result draws; of one that is only called labels its value tells."""
    if result.type != "labels":
        return result.type.removesuffix("labels")
    keys = result.value.keys()
    told = {"rle": "brush", "points": "polygon", "radiusX": "ellipse", "height": "rectangle"}
    return next((shape for key, shape in told.items() if key in keys), "labels")


def _relation(result: Result) -> Mapping[str, object]:
    told = {"from_id": result.from_id, "to_id": result.to_id, "direction": result.direction}
    return {**told, "labels": result.labels} if result.labels else told


def _frame(result: Result) -> tuple[int, int]:
    width, height = result.original_width, result.original_height
    if width is None or height is None or not (0 < width < _MAX_SIDE and 0 < height < _MAX_SIDE):
        raise AnnotationError(
            "it has no sound original_width and original_height, of which its numbers are percent; "
            "export it anew",
            _BROKEN,
        )
    if result.image_rotation:
        raise AnnotationError(
            f"it was drawn on the image turned by {result.image_rotation:g} degrees, which is not "
            "read; turn the image back and draw it again",
            "turned image",
        )
    return width, height


class _Rectangle(msgspec.Struct, frozen=True):
    """Percent of the image; turned clockwise, in degrees, about the upper left corner."""

    x: float
    y: float
    width: float
    height: float
    rotation: float | None = 0.0


class _Ellipse(msgspec.Struct, frozen=True, rename="camel"):
    """Centre and radii, percent of the image; turned clockwise about the centre."""

    x: float
    y: float
    radius_x: float
    radius_y: float
    rotation: float | None = 0.0


class _Points(msgspec.Struct, frozen=True):
    points: list[tuple[float, float]]
    closed: bool | None = True


class _Brush(msgspec.Struct, frozen=True):
    rle: list[Annotated[int, msgspec.Meta(ge=0, le=255)]]
    format: str = "rle"


class _KeyPoint(msgspec.Struct, frozen=True):
    x: float
    y: float
    width: float | None = None  # of the dot on the screen


def _rectangle(value: Mapping[str, object], width: int, height: int) -> Drawn:
    one = msgspec.convert(value, _Rectangle)
    x, y = one.x * width / 100, one.y * height / 100
    wide, tall = one.width * width / 100, one.height * height / 100
    if not one.rotation:
        return Drawn(corners=(x, y, x + wide, y + tall))
    turned = turned_rectangle(x, y, wide, tall, one.rotation)
    return Drawn(polygon=turned, extras={"rotation": one.rotation, "shape": "rectangle"})


def _ellipse(value: Mapping[str, object], width: int, height: int) -> Drawn:
    one = msgspec.convert(value, _Ellipse)
    x, y = one.x * width / 100, one.y * height / 100
    radius_x, radius_y = one.radius_x * width / 100, one.radius_y * height / 100
    told = (x, y, radius_x, radius_y, math.radians(one.rotation or 0.0))
    return round_shape(*told, {"ellipse": told})


def _polygon(value: Mapping[str, object], width: int, height: int) -> Drawn:
    one = msgspec.convert(value, _Points)
    flat = chain.from_iterable((x * width / 100, y * height / 100) for x, y in one.points)
    return Drawn(polygon=tuple(flat), extras={"closed": False} if one.closed is False else {})


def _brush(value: Mapping[str, object], width: int, height: int) -> Drawn:
    one = msgspec.convert(value, _Brush)
    if one.format != "rle":
        raise AnnotationError(
            f"its brush is in the format {one.format!r}; rle is read", "broken brush"
        )
    return Drawn(rle=placed(alpha(bytes(one.rle), height, width), 0, 0, height, width))


def _keypoint(value: Mapping[str, object], width: int, height: int) -> Drawn:
    one = msgspec.convert(value, _KeyPoint)
    at = (one.x * width / 100, one.y * height / 100)
    return Drawn(keypoints=points(at), extras={"shape": "point"})


_AREAS = frozenset({"brush", "ellipse", "polygon"})
_DRAW: dict[str, Callable[[Mapping[str, object], int, int], Drawn]] = {
    "brush": _brush,
    "ellipse": _ellipse,
    "keypoint": _keypoint,
    "polygon": _polygon,
    "rectangle": _rectangle,
}
