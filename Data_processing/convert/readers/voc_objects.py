"""An object of a Pascal VOC file: its box, its polygons, and what else is said of it."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from Data_processing.convert.found import FoundAnnotation
from Data_processing.convert.geometry import half_open
from Data_processing.convert.labels import check_name
from Data_processing.convert.readers.xml import Element, fields, number, told
from Data_processing.convert.strict_json import compact
from Datasets.errors import AnnotationError

BROKEN_OBJECT = "broken object"
_BOX = "bndbox"
_POLYGON = "polygon"
_OWN = frozenset({"name", _BOX, _POLYGON})
CORNERS = ("xmin", "ymin", "xmax", "ymax")
_UNSAID = {
    "pose": "Unspecified",
    "truncated": "0",
    "difficult": "0",
    "occluded": "0",
}
"""What tools write where nobody said anything."""
_checked = lru_cache(maxsize=4096)(check_name)  # most names come again


def annotation(element: Element, count: int, place: str, origin: Literal[0, 1]) -> FoundAnnotation:
    """Return an object as an annotation.

    Args:
        element: the object.
        count: its number in the file, from 1.
        place: file and line at which it stands.
        origin: number of the first pixel.

    Raises:
        AnnotationError: it lacks something, or has it twice, or has a number that is none.
    """
    try:
        named = [one for one in element.children if one.tag in _OWN]
        own = {one.tag: one for one in named}
        polygons: tuple[tuple[float, ...], ...] = ()
        if len(own) < len(named) or _POLYGON in own:
            _check_alone(element)
            each = (one for one in element.children if one.tag == _POLYGON)
            polygons = tuple(_points(one, origin) for one in each)
        name = _checked(own["name"].text) if "name" in own else check_name("")
        box = own.get(_BOX)
        if box is None and not polygons:
            raise AnnotationError(_without_shape(element), BROKEN_OBJECT)
        corners = _corners(box, origin) if box is not None else None
    except AnnotationError as error:
        raise AnnotationError(f"{place}: {error}", error.kind) from None
    return FoundAnnotation(
        count, name, corners, polygons, extras=extras_of(element, box), place=place
    )


def extras_of(element: Element, box: Element | None) -> str | None:
    """Return what else an object says as a JSON object, if it says anything."""
    rest = [
        one
        for one in element.children
        if one.tag not in _OWN and (one.text != _UNSAID.get(one.tag, "") or one.children)
    ]
    if not rest and not element.attributes and (box is None or len(box.children) == 4):
        return None
    more = fields(element.attributes, rest)
    if box is not None and len(box.children) > 4:
        more[_BOX] = told(box)
    return compact(more)


def _check_alone(element: Element) -> None:
    for tag in ("name", _BOX):
        count = sum(one.tag == tag for one in element.children)
        if count > 1:
            raise AnnotationError(
                f"an <object> has {count} <{tag}>, one is needed; make an object of each",
                BROKEN_OBJECT,
            )


def _without_shape(element: Element) -> str:
    has = ", ".join(f"<{one.tag}>" for one in element.children if one.tag != "name")
    return f"an <object> has no <{_BOX}>, only {has or 'a name'}; draw it again"


def _corners(box: Element, origin: Literal[0, 1]) -> tuple[float, float, float, float]:
    values = {one.tag: one.text for one in box.children}
    try:
        x1, y1 = number(values["xmin"]), number(values["ymin"])
        x2, y2 = number(values["xmax"]), number(values["ymax"])
        if len(values) != len(box.children):
            raise ValueError
    except (KeyError, ValueError):
        raise _problem_of(box, CORNERS) from None
    return half_open(x1, y1, x2, y2, origin)


def _points(polygon: Element, origin: Literal[0, 1]) -> tuple[float, ...]:
    """Return the points <x1>, <y1>, <x2> ... as flat x, y, ..."""
    values = {one.tag: one.text for one in polygon.children}
    tags = [f"{axis}{i}" for i in range(1, (len(polygon.children) + 3) // 2) for axis in "xy"]
    tags = tags[: len(polygon.children) + len(polygon.children) % 2]
    try:
        return tuple(number(values[tag]) - origin for tag in tags)
    except (KeyError, ValueError):
        raise _problem_of(polygon, tags) from None


def _problem_of(element: Element, tags: Sequence[str]) -> AnnotationError:
    """Return what is wrong with an element that should have ``tags``, each once, as numbers."""
    what = ""
    for tag in tags:
        texts = [one.text for one in element.children if one.tag == tag]
        if len(texts) != 1:
            what = f"has {len(texts)} <{tag}>, one is needed"
        else:
            try:
                number(texts[0])
            except ValueError:
                what = f"has the <{tag}> {texts[0]!r}, a number is needed"
        if what:
            break
    else:
        what = "has an element more than once"
    return AnnotationError(f"<{element.tag}> {what}; draw it again", BROKEN_OBJECT)
