"""Write a mask as COCO does: a polygon where it can be one, run lengths where it has holes."""

import cv2
import msgspec
import numpy as np
import numpy.typing as npt
from pycocotools import mask as rle

Mask = npt.NDArray[np.bool_]
Polygon = list[float]  # x, y, x, y, ... in pixels, from the image's top left corner

TOLERANCES = (
    0.5,
    0.4,
    0.3,
    0.2,
    0.0,
)  # pixels a polygon may leave the traced edge by: the first that keeps the mask is taken
IOU_MIN = 0.95
"""The least that a polygon, rasterised again, has in common with the mask it stands for."""


class Runs(msgspec.Struct, frozen=True):
    """Run lengths down the columns, zeros first: as numbers, or packed into text."""

    size: tuple[int, int]  # height, width
    counts: list[int] | str


class Outline(msgspec.Struct, frozen=True):
    """What COCO says of one object's place."""

    bbox: tuple[
        int, int, int, int
    ]  # x, y, width, height in whole pixels: the box [x, x + width) holds the mask
    segmentation: list[Polygon] | Runs
    area: int  # pixels, as pycocotools counts the segmentation


def outline(mask: Mask, packed: bool) -> Outline:
    """Return where ``mask`` (H, W), not empty, lies: by polygons, or runs if it has holes.

    ``packed`` asks for runs as text.
    """
    bbox = box_of(mask)
    polygons = _polygons(mask)
    if polygons:
        return Outline(bbox, polygons, int(decoded(polygons, mask.shape).sum()))
    return Outline(bbox, _packed(mask) if packed else _counted(mask), int(mask.sum()))


def box_of(mask: Mask) -> tuple[int, int, int, int]:
    """Return x, y, width, height of the smallest box around ``mask`` (H, W), which is not empty.

    >>> box_of(np.array([[False, True, True], [False, False, True]]))
    (1, 0, 2, 2)
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


def decoded(segmentation: list[Polygon] | Runs, shape: tuple[int, ...]) -> Mask:
    """Return the mask (H, W) that pycocotools makes of ``segmentation`` in an image (H, W, ...)."""
    height, width = shape[:2]
    if isinstance(segmentation, list):
        runs = rle.merge(rle.frPyObjects(segmentation, height, width))
    else:
        written = {"size": list(segmentation.size), "counts": segmentation.counts}
        runs = (
            rle.frPyObjects(written, height, width)
            if isinstance(segmentation.counts, list)
            else written
        )
    return np.asarray(rle.decode(runs), bool)


def _polygons(mask: Mask) -> list[Polygon]:
    """Return one polygon a part of ``mask``; none at all if a part has a hole."""
    # Traced at four times the size, the edge runs 1/8 pixel inside the pixels' border and 3/8
    # outside their centres. Traced as it is, it would run through the centres, and rasterising
    # would lose half a pixel all around.
    large = mask.astype(np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    parts, levels = cv2.findContours(large, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if any(parent >= 0 for parent in levels[0, :, 3]):
        return []
    for tolerance in TOLERANCES:
        simple = [cv2.approxPolyDP(part, 4 * tolerance, closed=True) for part in parts]
        if any(len(part) < 3 for part in simple):
            continue
        polygons = [np.round((part.reshape(-1) + 0.5) / 4, 2).tolist() for part in simple]
        again = decoded(polygons, mask.shape)
        if box_of(again) == box_of(mask) and (again & mask).sum() >= IOU_MIN * (again | mask).sum():
            return polygons
    return []


def _counted(mask: Mask) -> Runs:
    down = mask.ravel(order="F")
    edges = np.flatnonzero(
        np.diff(down, prepend=False, append=not down[-1])
    )  # the last edge is the end
    return Runs((mask.shape[0], mask.shape[1]), np.diff(edges, prepend=0).tolist())


def _packed(mask: Mask) -> Runs:
    runs = rle.encode(np.asfortranarray(mask, np.uint8))
    return Runs((mask.shape[0], mask.shape[1]), runs["counts"].decode("ascii"))
