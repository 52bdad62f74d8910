"""Round and turned shapes, and small masks in a frame."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing.convert.geometry import POINTS
from Data_processing.convert.readers.shapes import ellipse, placed, turned_rectangle
from Datasets.regions import Region, compressed

PIXELS = st.floats(-1000, 1000)


def _area(flat: tuple[float, ...]) -> float:
    """Return the area of a polygon by the shoelace formula."""
    points = list(zip(flat[0::2], flat[1::2], strict=True))
    ahead = points[1:] + points[:1]
    return sum(x * v - u * y for (x, y), (u, v) in zip(points, ahead, strict=True)) / 2


def test_a_circle_has_points_on_its_rim_and_its_area() -> None:
    flat = ellipse(50, 40, 10, 10)
    assert len(flat) == 2 * POINTS
    assert all(math.dist((50, 40), flat[i : i + 2]) == pytest.approx(10) for i in range(0, 128, 2))
    assert _area(flat) == pytest.approx(math.pi * 100, rel=0.002)


def test_an_ellipse_turns_clockwise_as_seen() -> None:
    flat = ellipse(0, 0, 10, 1, math.radians(30))
    assert flat[:2] == pytest.approx((10 * math.cos(math.pi / 6), 5))  # y grows downwards


@given(x=PIXELS, y=PIXELS, width=st.floats(1, 99), height=st.floats(1, 99), turn=st.floats(0, 360))
def test_a_turned_rectangle_keeps_its_corner_and_sides(
    x: float, y: float, width: float, height: float, turn: float
) -> None:
    flat = turned_rectangle(x, y, width, height, turn)
    corners = list(zip(flat[0::2], flat[1::2], strict=True))
    assert corners[0] == (x, y)
    assert math.dist(corners[0], corners[1]) == pytest.approx(width)
    assert math.dist(corners[1], corners[2]) == pytest.approx(height)
    assert _area(flat) == pytest.approx(width * height)


@given(data=st.data())
def test_a_mask_is_where_it_was_placed(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 7)), data.draw(st.integers(1, 7))
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    tall, wide = data.draw(st.integers(1, height - top)), data.draw(st.integers(1, width - left))
    bits = data.draw(st.lists(st.booleans(), min_size=tall * wide, max_size=tall * wide))
    frame = np.zeros((height, width), bool)
    inside = np.array(bits).reshape(tall, wide)
    frame[top : top + tall, left : left + wide] = inside
    rle = placed(inside, left, top, height, width)
    assert rle.frame == (height, width)
    pixels = Region((), compressed(rle.counts, height, width), height, width).pixels()
    assert np.array_equal(pixels, frame)
