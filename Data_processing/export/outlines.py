"""Regions as one polygon each, as formats want them that know no holes and no parts."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

Point = tuple[int, int]


def outlines(mask: np.ndarray) -> list[np.ndarray]:
    """Return the edges of a mask along its pixels: rings of (n, 2) x, y, holes the other way round.

    Args:
        mask: (H, W) bool.

    >>> outlines(np.array([[False, True], [False, True]]))[0].tolist()
    [[1, 0], [2, 0], [2, 2], [1, 2]]
    """
    after = _edges(mask)
    rings = []
    while after:
        start = min(after)
        ring, here, came = [start], start, (0, 0)
        while True:
            there = _next(after, here, came)
            came = (there[0] - here[0], there[1] - here[1])
            here = there
            if here == start:
                break
            ring.append(here)
        rings.append(_corners_of(ring))
    return rings


def joined(rings: Sequence[np.ndarray]) -> np.ndarray:
    """Return one ring, (n, 2): each next one is joined where it is nearest, there and back.

    That is how COCO's objects of several parts become one YOLO polygon: the joints have no width,
    so that no area is added.
    """
    whole = rings[0]
    for ring in rings[1:]:
        apart = ((whole[:, None] - ring[None]) ** 2).sum(axis=2)  # (n, m)
        i, j = np.unravel_index(int(apart.argmin()), apart.shape)
        turned = np.concatenate([ring[j:], ring[: j + 1]])
        whole = np.concatenate([whole[: i + 1], turned, whole[i:]])
    return whole


def _edges(mask: np.ndarray) -> dict[Point, list[Point]]:
    """Return where the edges lead from each corner of pixels; what is inside lies to the right."""
    padded = np.pad(mask.astype(np.int8), 1)
    after: dict[Point, list[Point]] = defaultdict(list)
    down = np.diff(padded, axis=0)[:, 1:-1]  # (H + 1, W): 1 where it begins, -1 where it ends
    for y, x in np.argwhere(down).tolist():
        start, end = ((x, y), (x + 1, y)) if down[y, x] > 0 else ((x + 1, y), (x, y))
        after[start].append(end)
    right = np.diff(padded, axis=1)[1:-1]  # (H, W + 1)
    for y, x in np.argwhere(right).tolist():
        start, end = ((x, y + 1), (x, y)) if right[y, x] > 0 else ((x, y), (x, y + 1))
        after[start].append(end)
    return dict(after)


def _next(after: dict[Point, list[Point]], here: Point, came: Point) -> Point:
    """Take the edge that leads on. Where two pixels touch at a corner, turn right: they stay two.

    Right of (dx, dy) is (-dy, dx), as y grows downwards.
    """
    ways = after[here]
    right = (here[0] - came[1], here[1] + came[0])
    there = right if len(ways) > 1 and right in ways else ways[0]
    ways.remove(there)
    if not ways:
        del after[here]
    return there


def _corners_of(ring: list[Point]) -> np.ndarray:
    """Return a ring without the points that its line only passes."""
    points = np.array(ring)
    step = points - np.roll(points, 1, axis=0)
    return points[(step != np.roll(step, -1, axis=0)).any(axis=1)]
