"""Which boxes of an image are the same ones before and after."""

from collections.abc import Iterator, Sequence

import msgspec

from Datasets.metadata import Annotated, Box


class Pair(msgspec.Struct, frozen=True):
    """Indices of a box before and after."""

    old: int
    new: int


class Matching(msgspec.Struct, frozen=True):
    """Boxes that are there before and after, and those that are there once, in their order."""

    pairs: tuple[Pair, ...]
    removed: tuple[int, ...]
    added: tuple[int, ...]


def iou(one: Box, other: Box) -> float:
    """Return the intersection of two boxes over their union.

    >>> iou(Box("a", 0, 2, 0, 2), Box("b", 1, 3, 0, 2))
    0.3333333333333333
    """
    width = min(one.x2, other.x2) - max(one.x1, other.x1)
    height = min(one.y2, other.y2) - max(one.y1, other.y1)
    if width <= 0 or height <= 0:
        return 0.0
    inner = width * height
    areas = sum((box.x2 - box.x1) * (box.y2 - box.y1) for box in (one, other))
    return inner / (areas - inner)


def matched(old: Annotated, new: Annotated) -> Matching:
    """Return which boxes are the same.

    Equal ones first, as an id may only be a place in a list; then those of one id that have class
    or place in common; then those of a class, the best overlap first.
    """
    search = _Search(old, new)
    search.equal()
    search.of_one_id()
    search.of_one_class()
    return search.matching()


class _Search:
    def __init__(self, old: Annotated, new: Annotated) -> None:
        self._old, self._new = old.image.bounding_boxes, new.image.bounding_boxes
        self._ids = (_ids(old), _ids(new))
        self._left = (dict.fromkeys(range(len(self._old))), dict.fromkeys(range(len(self._new))))
        self._pairs: list[Pair] = []

    def equal(self) -> None:
        """Pair boxes that are equal: those of one id first, then in their order."""
        for with_id in (True, False):
            places: dict[object, list[int]] = {}
            for j in reversed(self._left[1]):
                places.setdefault(self._key(1, self._new, j, with_id), []).append(j)
            for i in list(self._left[0]):
                some = places.get(self._key(0, self._old, i, with_id))
                if some:
                    self._pair(i, some.pop())

    def of_one_id(self) -> None:
        """Pair boxes of one id if class or place is the same."""
        place_of = {self._ids[1][j]: j for j in reversed(self._left[1])}
        for i in list(self._left[0]):
            j = place_of.get(self._ids[0][i])
            if j in self._left[1]:
                one, other = self._old[i], self._new[j]
                if one.name == other.name or iou(one, other) > 0:
                    self._pair(i, j)

    def of_one_class(self) -> None:
        """Pair overlapping boxes of one class, the best overlap first."""
        for _, i, j in sorted(self._overlaps()):
            if i in self._left[0] and j in self._left[1]:
                self._pair(i, j)

    def matching(self) -> Matching:
        """Return what was found."""
        pairs = sorted(self._pairs, key=lambda pair: (pair.old, pair.new))
        return Matching(tuple(pairs), tuple(self._left[0]), tuple(self._left[1]))

    def _overlaps(self) -> Iterator[tuple[float, int, int]]:
        of_class: dict[str, list[int]] = {}
        for j in self._left[1]:
            of_class.setdefault(self._new[j].name, []).append(j)
        for i in self._left[0]:
            for j in of_class.get(self._old[i].name, ()):
                overlap = iou(self._old[i], self._new[j])
                if overlap > 0:
                    yield -overlap, i, j

    def _key(self, side: int, boxes: Sequence[Box], i: int, with_id: bool) -> object:
        box = boxes[i]
        corners = (box.name, box.x1, box.x2, box.y1, box.y2)
        return (corners, self._ids[side][i]) if with_id else corners

    def _pair(self, i: int, j: int) -> None:
        self._pairs.append(Pair(i, j))
        del self._left[0][i], self._left[1][j]


def _ids(sample: Annotated) -> tuple[int, ...]:
    ids, count = sample.row.annotation_ids, len(sample.image.bounding_boxes)
    return ids if len(ids) == count else tuple(range(1, count + 1))
