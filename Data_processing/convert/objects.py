"""One annotated object: every number checked against the image, what was changed said."""

import math

import msgspec
from pycocotools import mask as coco_mask

from Data_processing.convert.found import FoundAnnotation
from Data_processing.convert.geometry import (
    Corners,
    clipped_corners,
    clipped_polygon,
    compressed_of,
    extent,
    is_flat,
    keypoints_inside,
    ordered,
    overhang,
)
from Data_processing.convert.report import Action
from Datasets.errors import AnnotationError
from Datasets.image import Header
from Datasets.metadata import Box
from Datasets.regions import SLACK

FARTHEST = 1e9
"""Pixels: a coordinate beyond is no place in an image, and arithmetic with it overflows."""
MANY = 1000
LONGEST_OUTLINE = 5_000_000
"""Pixels: the rasteriser's memory grows with it, by some 40 bytes each."""
OUTSIDE = "outside the image"
BY_A_PIXEL = "box outside the image by a pixel or less"


class Kept(msgspec.Struct, frozen=True, gc=False):
    """An object in the fixed format."""

    id: int
    box: Box
    polygons: tuple[tuple[float, ...], ...] = ()
    rle: str | None = None
    iscrowd: bool = False
    area: float | None = None
    keypoints: tuple[float, ...] = ()
    extras: str | None = None

    def has_region(self) -> bool:
        """Return whether more than a box is known."""
        return bool(self.polygons) or self.rle is not None


class Note(msgspec.Struct, frozen=True, gc=False):
    """What was done to an object, by ``reason``; ``detail`` is about this one."""

    action: Action
    reason: str
    detail: str


class Checked(msgspec.Struct, frozen=True, gc=False):
    """An object that passed, or None where it was dropped; and what was done to it."""

    kept: Kept | None
    notes: tuple[Note, ...] = ()


def checked(found: FoundAnnotation, name: str, header: Header, outside: str) -> Checked:
    """Return ``found`` as it goes into the format.

    Args:
        found: the object, in pixels of the image as it is seen.
        name: its class.
        header: of the image.
        outside: what becomes of an object that leaves the frame by more than ``SLACK`` pixels:
            ``error``, ``clip`` or ``drop``. By less it is clipped.

    Raises:
        AnnotationError: a number in it is impossible; the message says which.
    """
    width, height = header.width, header.height
    if found.corners is not None and not (found.has_region() or found.keypoints):
        x1, y1, x2, y2 = found.corners
        if 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height:  # as most are
            return Checked(_kept(found, name, found.corners, None))
    rle = compressed_of(found.rle, height, width) if found.rle else None
    stated = _stated(found, rle, header)
    corners = ordered(stated)
    notes = _noticed(found, rle, header, stated, corners)
    beyond = max(overhang(one, width, height) for one in (corners, *_outlines(found)))
    if beyond > SLACK:
        if outside == "error":
            raise AnnotationError(_leaves(found, corners, header), OUTSIDE)
        if outside == "drop" or not _overlaps(corners, width, height):
            return _dropped(found, corners, notes)
        had_polygons = bool(found.polygons)
        found = _cut(found, width, height)
        if had_polygons and not found.polygons:
            # It came near the image, but nothing that was drawn is in it.
            return _dropped(found, corners, notes)
        corners = corners if found.corners else ordered(extent(found, rle, width, height))
    if beyond > 0 and outside != "error" and not _overlaps(corners, width, height):
        return _dropped(found, corners, notes)
    box = clipped_corners(corners, width, height)
    if box[0] >= box[2] or box[1] >= box[3]:
        raise AnnotationError(
            f"{_shown(corners)} has no area in the image; draw it anew or take it out", "zero area"
        )
    if box != corners or beyond > SLACK:
        reason = OUTSIDE if beyond > SLACK else BY_A_PIXEL
        detail = f"annotation {found.id}: {_shown(corners)}"
        if overhang([float(f"{side:g}") for side in corners], width, height) <= 0 < beyond:
            detail += f", beyond the edge by {beyond:.2g}"  # which rounding hides
        notes.append(Note("clipped", reason, detail))
    return Checked(_kept(found, name, box, rle), tuple(notes))


def _stated(found: FoundAnnotation, rle: str | None, header: Header) -> Corners:
    """Return the corners as they were written, or those of what was drawn; all are finite."""
    check_numbers(found)
    return found.corners or extent(found, rle, header.width, header.height)


def _noticed(
    found: FoundAnnotation, rle: str | None, header: Header, stated: Corners, corners: Corners
) -> list[Note]:
    """Return notes on what was drawn without area, and on corners that were put in order."""
    notes = []
    if _is_empty(rle, header) if rle else found.polygons and all(map(is_flat, found.polygons)):
        notes.append(Note("noticed", "a region without area", f"annotation {found.id}"))
    if corners != stated:
        detail = f"annotation {found.id}: {_shown(stated)}"
        notes.append(Note("reversed", "corners in the wrong order, put right", detail))
    return notes


def _dropped(found: FoundAnnotation, corners: Corners, notes: list[Note]) -> Checked:
    detail = f"annotation {found.id}: {_shown(corners)}"
    return Checked(None, (*notes, Note("dropped", OUTSIDE, detail)))


def _kept(found: FoundAnnotation, name: str, corners: Corners, rle: str | None) -> Kept:
    x1, y1, x2, y2 = corners
    return Kept(
        found.id,
        Box(name, x1, x2, y1, y2),
        found.polygons,
        rle,
        found.iscrowd,
        found.area,
        found.keypoints,
        found.extras,
    )


def _is_empty(rle: str, header: Header) -> bool:
    """Return whether run lengths, compressed and checked, leave nothing drawn."""
    return not coco_mask.area({"size": [header.height, header.width], "counts": rle})


def check_numbers(found: FoundAnnotation) -> None:
    """Return nothing if coordinates are finite numbers, and as many as are needed.

    Raises:
        AnnotationError: they are not; the message says which.
    """
    if found.corners is not None and not all(map(math.isfinite, found.corners)):
        shown = _shown(found.corners)
        raise AnnotationError(
            f"{shown} has a coordinate that is no finite number; mend it", "no number"
        )
    for polygon in found.polygons:
        if len(polygon) < 6 or len(polygon) % 2:
            is_odd = len(polygon) > 6
            lacks = ", and one has no y: a number is missing or too many" if is_odd else ""
            raise AnnotationError(
                f"a polygon has {len(polygon)} numbers; three points or more, x and y each, are "
                f"needed{lacks}; draw it anew or take it out",
                "odd number of coordinates" if is_odd else "polygon under three points",
            )
        if not all(abs(side) <= FARTHEST for side in polygon):
            raise AnnotationError(
                "a polygon has a coordinate that is no finite number, or beyond all images; mend "
                "it",
                "no number",
            )
        if len(polygon) > MANY and _length(polygon) > LONGEST_OUTLINE:
            raise AnnotationError(
                f"a polygon's outline is longer than {LONGEST_OUTLINE:,} pixels; draw it simpler",
                "too long",
            )
    if len(found.keypoints) % 3:
        raise AnnotationError(
            f"its keypoints are {len(found.keypoints)} numbers; x, y and v each are needed; mend "
            "them",
            "broken keypoints",
        )
    if not all(map(math.isfinite, found.keypoints)):
        raise AnnotationError("a keypoint has a number that is not finite; mend it", "no number")


def _length(polygon: tuple[float, ...]) -> float:
    xs, ys = polygon[0::2], polygon[1::2]
    return sum(
        max(abs(x2 - x1), abs(y2 - y1))
        for x1, y1, x2, y2 in zip(xs, ys, (*xs[1:], xs[0]), (*ys[1:], ys[0]), strict=True)
    )


def _outlines(found: FoundAnnotation) -> list[tuple[float, ...]]:
    """Return what must lie in the frame beside the box: polygons, and the keypoints labelled."""
    if not found.keypoints:
        return list(found.polygons)
    points = found.keypoints
    triples = zip(points[0::3], points[1::3], points[2::3], strict=True)
    labelled = tuple(side for x, y, v in triples if v > 0 for side in (x, y))
    return [*found.polygons, labelled] if labelled else list(found.polygons)


def _leaves(found: FoundAnnotation, corners: Corners, header: Header) -> str:
    frame = (
        f"leaves the image of {header.width} x {header.height} pixels; mend it, or set "
        "`outside: clip`"
    )
    if overhang(corners, header.width, header.height) > SLACK:
        return f"{_shown(corners)} {frame}"
    for outline in _outlines(found):
        if overhang(outline, header.width, header.height) > SLACK:
            xs, ys = outline[0::2], outline[1::2]
            what = "a polygon" if outline in found.polygons else "a keypoint"
            span = f"from ({min(xs):g}, {min(ys):g}) to ({max(xs):g}, {max(ys):g})"
            return f"{what} {span} {frame}"
    raise ValueError(f"annotation {found.id} does not leave the image")


def _overlaps(corners: Corners, width: int, height: int) -> bool:
    x1, y1, x2, y2 = clipped_corners(corners, width, height)
    return x1 < x2 and y1 < y2


def _cut(found: FoundAnnotation, width: int, height: int) -> FoundAnnotation:
    """Return ``found`` with polygons cut off at the frame and keypoints moved onto its edge."""
    cut = (clipped_polygon(polygon, width, height) for polygon in found.polygons)
    return msgspec.structs.replace(
        found,
        area=None,  # it was that of the whole
        polygons=tuple(polygon for polygon in cut if len(polygon) >= 6),
        keypoints=keypoints_inside(found.keypoints, width, height),
    )


def _shown(corners: Corners) -> str:
    x1, y1, x2, y2 = corners
    return f"the box from ({x1:g}, {y1:g}) to ({x2:g}, {y2:g})"
