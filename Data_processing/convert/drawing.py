"""Regions drawn as the masks of the fixed format, as pycocotools rasterises them."""

from collections.abc import Sequence

import numpy as np

from Data_processing.convert.objects import Kept
from Datasets.regions import IGNORE, MAX_CLASSES, Region, index_mask

MAX_INSTANCES = 65535
"""Objects that a 16-bit mask can tell apart."""


def semantic(
    objects: Sequence[Kept], classes: tuple[str, ...], height: int, width: int
) -> np.ndarray | None:
    """Return (H, W) uint8: i for ``classes[i - 1]``, 255 for a crowd, small objects on top.

    None where the classes are more than 8 bits can tell apart, or an object has no region.
    """
    if len(classes) > MAX_CLASSES or not all(one.has_region() for one in objects):
        return None
    value_of = {name: i for i, name in enumerate(classes, 1)}
    values = [IGNORE if one.iscrowd else value_of[one.box.name] for one in objects]
    return index_mask(_regions(objects, height, width), values, height, width)


def instances(objects: Sequence[Kept], height: int, width: int) -> np.ndarray | None:
    """Return (H, W) uint16: i where the i-th object is, 0 elsewhere, small objects on top.

    Crowds are no objects and are not drawn; what lies below another stays exact in the sidecar.
    None where they are more than 16 bits can tell apart, or one has no region.
    """
    if len(objects) > MAX_INSTANCES or not all(one.has_region() for one in objects):
        return None
    mask = np.zeros((height, width), np.uint16)
    regions = _regions(objects, height, width)
    for i in sorted(range(len(objects)), key=lambda i: (-regions[i].area, i)):
        if not objects[i].iscrowd:
            mask[regions[i].pixels()] = i + 1
    return mask


def _regions(objects: Sequence[Kept], height: int, width: int) -> list[Region]:
    return [Region(one.polygons, one.rle, height, width) for one in objects]
