"""A sample on its way through a step: one copy of one image with what is annotated on it."""

import msgspec
import numpy as np


class Boxes(msgspec.Struct, frozen=True):
    """The boxes of a sample, as columns of n.

    ``corners`` is (n, 4) float64: x1, y1, x2, y2 in pixels, half-open. ``annotations`` (n,) int32
    says which box of the sample's metadata each one was, so that what was dropped on the way can
    be told.
    """

    names: tuple[str, ...]
    corners: np.ndarray
    annotations: np.ndarray

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.names)

    def take(self, keep: np.ndarray) -> "Boxes":
        """Return the boxes at ``keep``, an array of indices or of booleans."""
        where = np.flatnonzero(keep) if keep.dtype == bool else keep
        return Boxes(
            tuple(self.names[i] for i in where), self.corners[where], self.annotations[where]
        )


NO_BOXES = Boxes((), np.zeros((0, 4)), np.zeros(0, np.int32))


class Sample(msgspec.Struct, frozen=True):
    """One copy of one image.

    Copy 0 is the image itself, copies 1 to n are drawn from it. ``image`` is (H, W, C) uint8,
    uint16 or float32; ``mask`` is (H, W) uint8, or None where there is none.
    """

    id: str
    copy: int
    image: np.ndarray
    mask: np.ndarray | None
    boxes: Boxes

    def with_frame(self, image: np.ndarray, mask: np.ndarray | None, boxes: Boxes) -> "Sample":
        """Return the same copy of the same sample with other pixels and annotations."""
        return Sample(self.id, self.copy, image, mask, boxes)


def clipped(boxes: Boxes, width: float, height: float, keep_area: float) -> Boxes:
    """Return ``boxes`` clipped to the frame.

    Without those that keep less than ``keep_area`` (0 to 1) of their area.
    """
    if not len(boxes):
        return boxes
    inside = np.clip(boxes.corners, 0.0, [width, height, width, height])
    share = _areas(inside) / _areas(boxes.corners)
    kept = (share >= keep_area) & (_areas(inside) > 0)
    return Boxes(boxes.names, inside, boxes.annotations).take(kept)


def _areas(corners: np.ndarray) -> np.ndarray:
    areas: np.ndarray = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    return areas  # (n,)
