"""Polygons and run lengths of COCO: checked, compressed, drawn as pixels.

Run lengths go down the columns and begin with the background. Both are drawn as pycocotools does,
which takes a pixel for its centre.
"""

import warnings
from collections.abc import Sequence

import numpy as np
from pycocotools import mask as coco_mask

from Datasets.errors import AnnotationError

SLACK = 1.0
"""Pixels by which an annotation may leave the frame: tools round. More is an error."""
IGNORE = 255
LONGEST = 60
"""Bits of a run length: more is no image, and would take time that grows with its square."""
MAX_CLASSES = 254
"""Classes an 8-bit mask can tell apart beside nothing (0) and ignore (255)."""


def run_lengths(counts: str) -> tuple[int, ...]:
    """Return the run lengths in a compressed COCO counts string.

    Groups of five bits with a flag for "more follows", signed, from the fourth on as the difference
    to the last but one.

    Raises:
        AnnotationError: the string ends within a number, or holds a foreign character.

    >>> run_lengths("5260K")
    (5, 2, 6, 2, 1)
    """
    lengths: list[int] = []
    value = shift = 0
    for character in counts:
        bits = ord(character) - 48
        if not 0 <= bits < 64:
            raise AnnotationError(f"run lengths hold the character {character!r}")
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            if shift > LONGEST:
                raise AnnotationError("run lengths hold a number beyond all images")
            continue
        if bits & 16:
            value -= 1 << shift
        lengths.append(value + lengths[-2] if len(lengths) > 2 else value)
        value = shift = 0
    if shift:
        raise AnnotationError("run lengths end in the middle of a number")
    return tuple(lengths)


def compressed(counts: str | Sequence[int], height: int, width: int) -> str:
    """Return run lengths as the compressed COCO string, after they were found to cover the image.

    A string that came compressed is written anew: an overlong one could mean more to pycocotools
    than it does here.

    Raises:
        AnnotationError: they are negative, or do not sum to height * width; decoding them then
            would read foreign memory.
    """
    lengths = run_lengths(counts) if isinstance(counts, str) else tuple(counts)
    if any(length < 0 for length in lengths):
        raise AnnotationError("run lengths are negative; export the mask anew")
    if sum(lengths) != height * width:
        raise AnnotationError(
            f"run lengths sum to {sum(lengths)}, but {height} x {width} pixels are "
            f"{height * width}; export the mask anew"
        )
    packed = coco_mask.frPyObjects(
        {"counts": list(lengths), "size": [height, width]}, height, width
    )
    return str(packed["counts"], "ascii")


class Region:
    """One annotation's area, compressed; ``area`` in pixels."""

    def __init__(
        self, polygons: Sequence[Sequence[float]], rle: str | None, height: int, width: int
    ) -> None:
        if rle is not None:
            self._packed = {"size": [height, width], "counts": rle.encode("ascii")}
        else:
            each = coco_mask.frPyObjects([list(polygon) for polygon in polygons], height, width)
            self._packed = coco_mask.merge(each)
        self.area = int(coco_mask.area(self._packed))

    def pixels(self) -> np.ndarray:
        """Return where it is, (H, W) bool."""
        with warnings.catch_warnings():
            # Its arrays do not know numpy 2's ``copy`` argument yet; the pixels are right.
            warnings.simplefilter("ignore", DeprecationWarning)
            return np.asarray(coco_mask.decode(self._packed), bool)


def index_mask(
    regions: Sequence[Region], values: Sequence[int], height: int, width: int
) -> np.ndarray:
    """Return (H, W) uint8 with each region's value, small regions on top.

    What is to be ignored lies below everything that is known. Regions of equal area lie in the
    order given, so that equal input gives equal bytes.
    """
    mask = np.zeros((height, width), np.uint8)
    order = sorted(range(len(regions)), key=lambda i: (values[i] != IGNORE, -regions[i].area, i))
    for i in order:
        mask[regions[i].pixels()] = values[i]
    return mask
