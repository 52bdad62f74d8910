"""A sample on its way through a step: one copy of one image with what is annotated on it."""

from collections.abc import Callable

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
NUMBERS = 1 << 16
"""How many numbers an instance mask has: 0, and one for each box."""


class Sample(msgspec.Struct, frozen=True):
    """One copy of one image.

    Copy 0 is the image itself, copies 1 to n are drawn from it. ``image`` is (H, W, C) uint8,
    uint16 or float32; ``mask`` is (H, W) uint8, or None where there is none. ``instances`` is
    (H, W) uint16, or None: 1 + ``boxes.annotations`` of the box whose object is there, 0 elsewhere.
    It names no box that is not among ``boxes``.
    """

    id: str
    copy: int
    image: np.ndarray
    mask: np.ndarray | None
    boxes: Boxes
    instances: np.ndarray | None = None

    def moved(
        self, image: np.ndarray, boxes: Boxes, move: Callable[[np.ndarray], np.ndarray]
    ) -> "Sample":
        """Return the same copy of the same sample in another frame.

        Args:
            image: the pixels in it.
            boxes: those that are left, in it. The object of one that is not goes with it.
            move: does to a mask, (H, W) of any dtype, what was done to the pixels; values are taken
                over, never mixed, and what is filled is 0. It is called for each mask there is.
        """
        mask = None if self.mask is None else move(self.mask)
        instances = None if self.instances is None else move(self.instances)
        return self.with_frame(image, mask, boxes, instances)

    def with_frame(
        self,
        image: np.ndarray,
        mask: np.ndarray | None,
        boxes: Boxes,
        instances: np.ndarray | None = None,
    ) -> "Sample":
        """Return the same copy of the same sample with other pixels and annotations.

        Where mask and boxes are those of this sample nothing moved, and its instances stay; else
        they must be said, if there are any. The object of a box that is not among ``boxes`` goes
        with it.

        Raises:
            TypeError: mask or boxes are others, and what became of the instances is not said.
        """
        if instances is None and self.instances is not None:
            if mask is not self.mask or boxes is not self.boxes:
                raise TypeError(
                    "with_frame got another mask or other boxes, and no instances; call "
                    "sample.moved, which moves both masks, or give it the instances too"
                )
            instances = self.instances
        elif instances is not None:
            instances = _without(instances, self.boxes, boxes)
        return Sample(self.id, self.copy, image, mask, boxes, instances)


def clipped(boxes: Boxes, width: float, height: float, keep_area: float) -> Boxes:
    """Return ``boxes`` clipped to the frame.

    Without those that keep less than ``keep_area`` (0 to 1) of their area.
    """
    if not len(boxes):
        return boxes
    inside = np.clip(boxes.corners, 0.0, [width, height, width, height])
    left, whole = _areas(inside), _areas(boxes.corners)
    share = np.divide(left, whole, out=np.zeros_like(left), where=whole > 0)
    kept = (share >= keep_area) & (left > 0)
    return Boxes(boxes.names, inside, boxes.annotations).take(kept)


def strays(instances: np.ndarray, boxes: Boxes) -> np.ndarray:
    """Return the numbers in an instance mask, (H, W) uint16, that name none of ``boxes``; sorted.

    >>> strays(np.array([[0, 1], [4, 7]], np.uint16), NO_BOXES).tolist()
    [1, 4, 7]
    """
    names_none = np.ones(NUMBERS, bool)
    names_none[0] = False
    names_none[boxes.annotations + 1] = False
    is_stray = names_none.take(instances)  # (H, W); faster than by an index
    return np.unique(instances[is_stray])


def _without(instances: np.ndarray, before: Boxes, after: Boxes) -> np.ndarray:
    """Return instances without the objects of the boxes that were there and are no more."""
    gone = np.setdiff1d(before.annotations, after.annotations)
    if not len(gone):
        return instances
    becomes = np.arange(NUMBERS, dtype=instances.dtype)
    becomes[gone + 1] = 0
    rest: np.ndarray = becomes.take(instances)
    return rest


def _areas(corners: np.ndarray) -> np.ndarray:
    areas: np.ndarray = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    return areas  # (n,)
