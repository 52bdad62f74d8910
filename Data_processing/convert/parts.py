"""``samples: box``: an annotated object of a large raster as a sample of its own."""

import math
from pathlib import Path

import msgspec
import numpy as np
from pycocotools import mask as coco_mask

from Data_processing.convert.draft import Draft
from Data_processing.convert.extras import PLACES, without
from Data_processing.convert.found import FoundImage, Looked
from Data_processing.convert.geometry import moved_keypoints
from Data_processing.convert.inspect import Inspected
from Data_processing.convert.objects import Kept
from Datasets.errors import ImageError
from Datasets.files import content_hash
from Datasets.image import MAX_PIXELS
from Datasets.metadata import Box
from Datasets.raster import check_inside, opened_files
from Datasets.regions import Region


def cut_out(root: Path, found: FoundImage, file: Inspected, one: Kept) -> Draft:
    """Return the sample that ``one`` becomes: its window in whole pixels, everything moved there.

    Raises:
        ImageError: the window's pixels cannot be read, or are too many.
    """
    window = window_of(one.box)
    x1, y1, x2, y2 = window
    header = msgspec.structs.replace(file.header, width=x2 - x1, height=y2 - y1)
    with opened_files(root, found.files or (found.file,), in_windows=True) as raster:
        check_inside(window, raster.header, found.file)
        pixels = raster.read(window, "unchanged")
    return Draft(
        found,
        file,
        f"{found.file}#{one.id}",
        header,
        Looked(labels=True, counts=True, boxes=True, mask=one.has_region()),
        (),
        (moved(one, window, file.header.height, file.header.width),),
        window,
        content_hash(np.ascontiguousarray(pixels).data.cast("B")),
    )


def window_of(box: Box) -> tuple[int, int, int, int]:
    """Return the whole pixels that a box touches, x1, y1, x2, y2."""
    return math.floor(box.x1), math.floor(box.y1), math.ceil(box.x2), math.ceil(box.y2)


def moved(one: Kept, window: tuple[int, int, int, int], height: int, width: int) -> Kept:
    """Return ``one`` in the frame of its window.

    Args:
        one: an object in the frame of the raster.
        window: x1, y1, x2, y2 in whole pixels.
        height: of the raster.
        width: of the raster.
    """
    x1, y1 = window[:2]
    box = one.box
    return msgspec.structs.replace(
        one,
        box=Box(box.name, box.x1 - x1, box.x2 - x1, box.y1 - y1, box.y2 - y1),
        polygons=tuple(
            tuple(side - (y1 if i % 2 else x1) for i, side in enumerate(polygon))
            for polygon in one.polygons
        ),
        rle=_cropped(one.rle, window, height, width) if one.rle is not None else None,
        keypoints=moved_keypoints(one.keypoints, lambda x, y: (x - x1, y - y1)),
        extras=without(one.extras, PLACES),
    )


def _cropped(rle: str, window: tuple[int, int, int, int], height: int, width: int) -> str:
    if height * width > MAX_PIXELS:
        raise ImageError(
            f"run lengths over {width} x {height} pixels are too many to draw; draw polygons",
            "too many pixels",
        )
    x1, y1, x2, y2 = window
    pixels = Region((), rle, height, width).pixels()[y1:y2, x1:x2]
    return str(coco_mask.encode(np.asfortranarray(pixels, np.uint8))["counts"], "ascii")
