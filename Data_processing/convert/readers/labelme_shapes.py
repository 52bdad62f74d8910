"""LabelMe's shapes: polygons, rectangles, circles, lines, points, masks."""

import math
from collections.abc import Callable
from itertools import chain

import msgspec

from Data_processing.convert.embedded import decoded
from Data_processing.convert.found import FoundAnnotation, FoundRle
from Data_processing.convert.labels import check_name
from Data_processing.convert.readers.shapes import Drawn, ellipse, placed, points
from Data_processing.convert.strict_json import Json
from Datasets.errors import AnnotationError, ImageError
from Datasets.image import MAX_PIXELS, decode, read_header

REGIONS_OF = frozenset({"polygon", "circle", "mask", "oriented_rectangle"})
"""Shapes that cover an area which a box does not say."""
_BROKEN = "broken shape"
_PNG = b"\x89PNG"

Point = tuple[float, float]


class Frame(msgspec.Struct, frozen=True):
    """Height and width of the image as the file states them, in pixels.

    ``is_drawn`` tells whether they can be the image's own. If not it is rejected whatever is on
    it, and masks, which the file may state to be huge, are not drawn.
    """

    height: int | None
    width: int | None
    is_drawn: bool = True


class Shape(msgspec.Struct, frozen=True):
    """An entry of ``shapes``. Files of versions before 3 have polygons alone and no type."""

    label: str
    points: list[Point]
    shape_type: str | None = "polygon"
    mask: str | None = None


def annotation(file: Json, raw: msgspec.Raw, number: int, frame: Frame) -> FoundAnnotation:
    """Return a shape as an annotation. What else stands there goes to its extras.

    Args:
        file: the file it stands in.
        raw: the shape.
        number: its number in the file, from 1.
        frame: of the image.

    Raises:
        AnnotationError: it lacks something, or is of a type that LabelMe does not have.
    """
    shape = file.read(raw, Shape)
    kind = shape.shape_type or "polygon"
    if kind not in _DRAW:
        raise AnnotationError(
            f"{file.place(raw)}: unknown shape_type {kind!r}; known are {', '.join(sorted(_DRAW))}",
            "unknown shape",
        )
    try:
        name = check_name(shape.label)
        drawn = _DRAW[kind](shape, frame)
    except (AnnotationError, ImageError) as error:
        raise AnnotationError(f"{file.place(raw)}: {error}", error.kind) from None
    rest = file.read(raw, dict[str, object])
    told = {key: rest[key] for key in rest if key not in Shape.__struct_fields__}
    return drawn.annotation(number, name, told)


def _expect(shape: Shape, counts: tuple[int, ...]) -> None:
    if len(shape.points) not in counts:
        wanted = " or ".join(map(str, counts))
        raise AnnotationError(
            f"a {shape.shape_type} has {len(shape.points)} points, {wanted} are needed; draw it "
            "again",
            _BROKEN,
        )


def _flat(shape: Shape) -> tuple[float, ...]:
    return tuple(chain.from_iterable(shape.points))


def _polygon(shape: Shape, frame: Frame) -> Drawn:
    return Drawn(polygon=_flat(shape))


def _rectangle(shape: Shape, frame: Frame) -> Drawn:
    # Two corners in any order; later versions write all four.
    _expect(shape, (2, 4))
    xs, ys = {x for x, _ in shape.points}, {y for _, y in shape.points}
    if len(shape.points) == 4 and (len(xs) > 2 or len(ys) > 2):
        return Drawn(polygon=_flat(shape), extras={"shape": "rectangle"})
    return Drawn(corners=(min(xs), min(ys), max(xs), max(ys)))


def _oriented(shape: Shape, frame: Frame) -> Drawn:
    _expect(shape, (4,))
    return Drawn(polygon=_flat(shape), extras={"shape": "oriented_rectangle"})


def _circle(shape: Shape, frame: Frame) -> Drawn:
    # Its centre and a point of its rim.
    _expect(shape, (2,))
    (x, y), rim = shape.points
    radius = math.dist((x, y), rim)
    return Drawn(polygon=ellipse(x, y, radius, radius), extras={"circle": [x, y, radius]})


def _points(shape: Shape, frame: Frame) -> Drawn:
    if not shape.points:
        raise AnnotationError(f"a {shape.shape_type} has no point; draw it again", _BROKEN)
    return Drawn(keypoints=points(_flat(shape)), extras={"shape": shape.shape_type})


def _mask(shape: Shape, frame: Frame) -> Drawn:
    """Return the pixels of a PNG that lies between two corners, both of which it covers."""
    _expect(shape, (2,))
    if not shape.mask:
        raise AnnotationError("a mask holds no pixels; draw it again", _BROKEN)
    (left, top), (right, bottom) = ((int(x), int(y)) for x, y in shape.points)
    if frame.height is None or frame.width is None or frame.height * frame.width > MAX_PIXELS:
        raise AnnotationError(
            "a mask cannot be placed without sound imageHeight and imageWidth; save the file anew",
            _BROKEN,
        )
    if not (0 <= left <= right < frame.width and 0 <= top <= bottom < frame.height):
        raise AnnotationError(
            f"a mask from ({left}, {top}) to ({right}, {bottom}) leaves the image of "
            f"{frame.width} x {frame.height} pixels; draw it again",
            "outside the image",
        )
    content = decoded(shape.mask, "its mask")
    if not content.startswith(_PNG):
        raise AnnotationError("its mask is no PNG; draw it again", _BROKEN)
    header = read_header(content, "its mask")
    wide, tall = right - left + 1, bottom - top + 1
    if (header.width, header.height) != (wide, tall):
        raise AnnotationError(
            f"its mask has {header.width} x {header.height} pixels, its corners are "
            f"{wide} x {tall} pixels apart; draw it again",
            _BROKEN,
        )
    if not frame.is_drawn:
        return Drawn(rle=FoundRle((frame.height, frame.width), ()))
    pixels = decode(content, "its mask", "unchanged")
    if pixels.shape[2] != 1:
        raise AnnotationError("its mask is not grey; draw it again", _BROKEN)
    return Drawn(rle=placed(pixels[:, :, 0] > 0, left, top, frame.height, frame.width))


_DRAW: dict[str, Callable[[Shape, Frame], Drawn]] = {
    "circle": _circle,
    "line": _points,
    "linestrip": _points,
    "mask": _mask,
    "oriented_rectangle": _oriented,
    "point": _points,
    "points": _points,
    "polygon": _polygon,
    "rectangle": _rectangle,
}
