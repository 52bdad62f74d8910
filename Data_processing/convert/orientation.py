"""Annotations turned with the pixels: from the frame as stored to the frame as it is seen.

The eight orientations of EXIF 2.32, tag 274 (0x0112), after table 6 of its section 4.6.5: where the
0th row and the 0th column of the stored image are when it is seen.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from pycocotools import mask as coco_mask

from Data_processing.convert.extras import TURNED, without
from Data_processing.convert.found import FoundAnnotation, FoundImage, FoundRle
from Data_processing.convert.geometry import compressed_of, moved_keypoints
from Datasets.errors import AnnotationError
from Datasets.image import Header
from Datasets.regions import Region


def frame_of(
    found: FoundImage, header: Header, orientation: Literal["auto", "seen", "stored"]
) -> "Frame | None":
    """Return the frame as stored if ``found`` was annotated on it, None if as it is seen.

    Tools that do not know EXIF show the image as stored. Sides that are stated tell which it was,
    where a side becomes another (orientations 5 to 8) and the image is no square.

    Args:
        found: the image, with the sides that its annotations state, if they do.
        header: of its file.
        orientation: what params.yaml says: ``auto`` goes by the sides.

    Raises:
        AnnotationError: the sides stated are not those of the file.
    """
    seen, stored = (header.width, header.height), _stored(header)
    stated = (found.stated_width or None, found.stated_height or None)
    if orientation == "stored":
        as_stored, fits = header.orientation != 1, _fit(stated, stored)
    elif orientation == "seen" or _fit(stated, seen):
        as_stored, fits = False, _fit(stated, seen)
    else:
        as_stored = fits = _fit(stated, stored)
    if not fits:
        own = " x ".join(str(side or "?") for side in stated)
        raise AnnotationError(
            f"{found.source.partition('#')[0]} says {own} pixels, the file has "
            f"{header.width} x {header.height}; which is right?",
            "sides that differ",
        )
    return Frame(stored[1], stored[0], header.orientation) if as_stored else None


def is_unclear(
    found: FoundImage, header: Header, orientation: Literal["auto", "seen", "stored"]
) -> bool:
    """Return whether ``frame_of`` takes ``found`` as it is seen for want of sides that tell.

    Where nothing is annotated it does not matter. Formats whose places are shares of the frame
    state no sides: of a set in them none is ever found to be as stored.
    """
    if header.orientation == 1 or orientation != "auto" or found.relative:
        return False
    if not found.annotations and found.mask is None:
        return False
    stated = (found.stated_width or None, found.stated_height or None)
    return _fit(stated, (header.width, header.height)) and _fit(stated, _stored(header))


class Frame(msgspec.Struct, frozen=True):
    """The frame as stored, in pixels, and the orientation that makes it the frame as seen."""

    height: int
    width: int
    orientation: int

    def flat(self, points: Sequence[float]) -> tuple[float, ...]:
        """Return flat x, y, x, y, ... turned. Coordinates are of the edges between pixels.

        >>> Frame(height=10, width=20, orientation=6).flat((0.0, 0.0, 20.0, 1.0))
        (10.0, 0.0, 9.0, 20.0)
        """
        pairs = zip(points[0::2], points[1::2], strict=True)
        return tuple(side for x, y in pairs for side in self._point(x, y))

    def annotation(self, found: FoundAnnotation) -> FoundAnnotation:
        """Return one annotation turned. A box stays one, its corners in order.

        What its extras say of places is left out: the shape was turned, and says it.
        """
        corners = None
        if found.corners is not None:
            ax, ay, bx, by = self.flat(found.corners)
            corners = (min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))
        return msgspec.structs.replace(
            found,
            corners=corners,
            polygons=tuple(self.flat(polygon) for polygon in found.polygons),
            rle=self.rle(found.rle) if found.rle else None,
            keypoints=moved_keypoints(found.keypoints, self._point),
            extras=without(found.extras, TURNED),
        )

    def rle(self, rle: FoundRle) -> FoundRle:
        """Return run lengths turned.

        Raises:
            AnnotationError: they are not of the frame as stored.
        """
        counts = compressed_of(rle, self.height, self.width, " as it is stored")
        pixels = self.pixels(Region((), counts, self.height, self.width).pixels())
        packed = coco_mask.encode(np.asfortranarray(pixels.astype(np.uint8)))
        height, width = pixels.shape
        return FoundRle((height, width), str(packed["counts"], "ascii"))

    def pixels(self, stored: np.ndarray) -> np.ndarray:
        """Return an (H, W, ...) array as it is seen."""
        upright = stored.swapaxes(0, 1) if self.orientation >= 5 else stored
        flip_x = self.orientation in (2, 3, 6, 7)
        flip_y = self.orientation in (3, 4, 7, 8)
        return upright[:: -1 if flip_y else 1, :: -1 if flip_x else 1]

    def _point(self, x: float, y: float) -> tuple[float, float]:
        width, height = self.width, self.height
        if self.orientation >= 5:
            x, y, width, height = y, x, height, width
        if self.orientation in (2, 3, 6, 7):
            x = width - x
        if self.orientation in (3, 4, 7, 8):
            y = height - y
        return x, y


def _stored(header: Header) -> tuple[int, int]:
    """Return width and height of the image as stored."""
    sides = (header.width, header.height)
    return sides[::-1] if header.orientation >= 5 else sides


def _fit(stated: tuple[int | None, int | None], sides: tuple[int, int]) -> bool:
    return all(one in (None, side) for one, side in zip(stated, sides, strict=True))
