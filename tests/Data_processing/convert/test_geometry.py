"""Extents, order and clipping, against a rasteriser."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from Data_processing.convert.found import FoundAnnotation
from Data_processing.convert.geometry import clipped_polygon, extent, in_pixels
from Datasets.errors import AnnotationError

SIDE = st.integers(-12, 32).map(float)


def drawn(polygon: tuple[float, ...], height: int, width: int) -> np.ndarray:
    """Return (height, width) bool with an even-odd test of each pixel's centre."""
    xs, ys = np.meshgrid(np.arange(width) + 0.3718281, np.arange(height) + 0.4142135)
    inside = np.zeros((height, width), bool)
    points = list(zip(polygon[0::2], polygon[1::2], strict=True))
    for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1], strict=True):
        if y1 != y2:
            crosses = (ys < y1) != (ys < y2)
            inside ^= crosses & (xs < (x2 - x1) * (ys - y1) / (y2 - y1) + x1)
    return inside


@given(st.lists(st.tuples(SIDE, SIDE), min_size=3, max_size=8))
def test_a_clipped_polygon_covers_what_was_inside(points: list[tuple[float, float]]) -> None:
    polygon = tuple(side for point in points for side in point)
    clipped = clipped_polygon(polygon, 20, 10)
    assert all(0 <= x <= 20 for x in clipped[0::2]) and all(0 <= y <= 10 for y in clipped[1::2])
    assert (drawn(clipped, 10, 20) == drawn(polygon, 10, 20)).all()


def test_the_extent_of_what_was_drawn() -> None:
    polygons = ((1.0, 2.0, 5.5, 2.0, 5.5, 7.0), (0.5, 3.0, 2.0, 3.0, 2.0, 9.0))
    assert extent(FoundAnnotation(1, "a", polygons=polygons), None, 20, 10) == (0.5, 2.0, 5.5, 9.0)
    points = (4.0, 5.0, 2.0, 6.0, 1.0, 1.0, 0.0, 0.0, 0.0)  # the last is not labelled
    assert extent(FoundAnnotation(1, "a", keypoints=points), None, 20, 10) == (4.0, 1.0, 6.0, 5.0)
    mask = np.zeros((10, 20), np.uint8)
    mask[2:4, 5:9] = 1
    rle = coco_mask.encode(np.asfortranarray(mask))["counts"].decode()
    assert extent(FoundAnnotation(1, "a"), rle, 20, 10) == (5.0, 2.0, 9.0, 4.0)


def test_a_point_and_a_level_line_take_the_pixels_they_lie_in() -> None:
    def around(*keypoints: float) -> tuple[float, ...]:
        return extent(FoundAnnotation(1, "a", keypoints=keypoints), None, 20, 10)

    assert around(4.5, 2.25, 2) == (4, 2, 5, 3)
    assert around(20, 10, 2) == (19, 9, 20, 10)  # on the far corner
    assert around(4.5, 2.25, 2, 7.5, 2.25, 2) == (4.5, 2, 7.5, 3)


def test_nothing_drawn_has_no_extent() -> None:
    with pytest.raises(AnnotationError, match="neither a box nor a region nor a point"):
        extent(FoundAnnotation(1, "a", keypoints=(0.0, 0.0, 0.0)), None, 20, 10)
    empty = coco_mask.encode(np.zeros((10, 20), np.uint8, order="F"))["counts"].decode()
    with pytest.raises(AnnotationError, match="no pixel is drawn"):
        extent(FoundAnnotation(1, "a"), empty, 20, 10)


def test_shares_of_the_frame_become_pixels() -> None:
    one = FoundAnnotation(
        1, "a", (0.25, 0.5, 0.5, 1.0), ((0.0, 0.0, 1.0, 1.0, 0.5, 0.0),), keypoints=(0.5, 0.5, 1.0)
    )
    seen = in_pixels(one, 20, 10)
    assert seen.corners == (5.0, 5.0, 10.0, 10.0)
    assert seen.polygons == ((0.0, 0.0, 20.0, 10.0, 10.0, 0.0),)
    assert seen.keypoints == (10.0, 5.0, 1.0)
