"""Extents, order and clipping, against a rasteriser."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from Data_processing.convert.found import FoundAnnotation
from Data_processing.convert.geometry import clipped_polygon, extent, in_pixels
from Data_processing.convert.readers.shapes import ellipse
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


FLOAT = st.floats(0.5, 5000)


@given(x=FLOAT, y=FLOAT, rx=FLOAT, ry=FLOAT, turned=st.floats(-7, 7))
def test_the_box_of_an_ellipse_is_that_of_its_rim(
    x: float, y: float, rx: float, ry: float, turned: float
) -> None:
    """Against a rim of 100,000 points, which misses the box by a part in a billion."""
    t = np.linspace(0, 2 * np.pi, 100_001)
    xs = x + rx * np.cos(t) * np.cos(turned) - ry * np.sin(t) * np.sin(turned)
    ys = y + rx * np.cos(t) * np.sin(turned) + ry * np.sin(t) * np.cos(turned)
    found = FoundAnnotation(1, "a", polygons=(ellipse(x, y, rx, ry, turned),))
    rim = (xs.min(), ys.min(), xs.max(), ys.max())
    assert extent(found, None, 20, 10) == pytest.approx(rim, rel=1e-6, abs=2e-5)


def test_the_box_of_what_is_no_ellipse_is_that_of_its_corners() -> None:
    flat = list(ellipse(50, 50, 30, 10, 0.5))
    round_ = extent(FoundAnnotation(1, "a", polygons=(tuple(flat),)), None, 100, 100)
    assert round_[0] < min(flat[0::2]) - 0.001
    flat[40] += 0.001
    rough = extent(FoundAnnotation(1, "a", polygons=(tuple(flat),)), None, 100, 100)
    assert rough == (min(flat[0::2]), min(flat[1::2]), max(flat[0::2]), max(flat[1::2]))


@given(x=FLOAT, y=FLOAT, rx=FLOAT, ry=FLOAT)
def test_the_box_of_an_ellipse_that_is_not_turned_has_no_rounding(
    x: float, y: float, rx: float, ry: float
) -> None:
    flat = ellipse(x, y, rx, ry)
    box = (min(flat[0::2]), min(flat[1::2]), max(flat[0::2]), max(flat[1::2]))
    assert extent(FoundAnnotation(1, "a", polygons=(flat,)), None, 20, 10) == box


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
