"""Pictures for the eye: shapes, colours, and one pixel a line."""

import numpy as np
import pytest

from Datasets.draw import (
    COLOURS,
    IGNORE_COLOUR,
    OPACITY,
    colour_of,
    for_the_eye,
    overlay,
)
from Datasets.panel import CELL, picture
from Datasets.sample import NO_BOXES, Boxes

CLASSES = ("ant", "cat")


def boxes(*corners: tuple[float, float, float, float]) -> Boxes:
    return Boxes(
        ("cat",) * len(corners), np.array(corners), np.arange(len(corners), dtype=np.int32)
    )


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_anything_becomes_rgb(channels: int, dtype: type[np.generic]) -> None:
    values = np.arange(6 * 5 * channels).reshape(6, 5, channels).astype(dtype)
    before = values.copy()
    seen = for_the_eye(values)
    assert seen.shape == (6, 5, 3) and seen.dtype == np.uint8
    np.testing.assert_array_equal(values, before)
    assert seen.min() == 0 and seen.max() > 3


def test_uint8_is_shown_as_it_is_and_nan_is_black() -> None:
    image = np.full((2, 2, 3), 77, np.uint8)
    np.testing.assert_array_equal(for_the_eye(image), image)
    broken = np.array([[[np.nan], [1.0]], [[0.5], [np.inf]]], np.float32)
    assert for_the_eye(broken)[0, 0].tolist() == [0, 0, 0]
    assert not for_the_eye(np.ones((3, 3, 1), np.float32)).any()


def test_a_box_is_one_pixel_wide_and_inside_its_half_open_corners() -> None:
    drawn = overlay(np.zeros((8, 9, 3), np.uint8), None, boxes((2, 1, 6, 5)), CLASSES)
    painted = (drawn == colour_of(1)).all(axis=2)
    expected = np.zeros((8, 9), bool)
    expected[1:5, 2:6] = True
    expected[2:4, 3:5] = False
    np.testing.assert_array_equal(painted, expected)


def test_boxes_at_and_beyond_the_border_do_not_fail() -> None:
    image = np.zeros((4, 4, 1), np.uint8)
    everything = overlay(image, None, boxes((0, 0, 4, 4), (-3, -3, 9, 9), (6, 6, 9, 9)), CLASSES)
    assert everything[0, 0].tolist() == colour_of(1).tolist()
    assert not everything[1:3, 1:3].any() and not image.any()


def test_masks_tint_by_class_within_a_line_and_ignore_is_gray() -> None:
    """What lies below stays what it looks like; regions of 4 x 4 side by side."""
    mask = np.repeat(np.array([0, 1, 2, 255], np.uint8), 4)[None].repeat(4, axis=0)
    drawn = overlay(np.full((4, 16, 3), 100, np.uint8), mask, NO_BOXES, CLASSES)
    assert (drawn[:, :4] == 100).all()
    for i, colour in enumerate((colour_of(0), colour_of(1), IGNORE_COLOUR), 1):
        part = drawn[:, 4 * i : 4 * i + 4]
        assert (part[1:3, 1:3] == (100 * 0.7 + colour.astype(float) * 0.3).round()).all()
        assert (part[[0, -1]] == colour).all() and (part[:, [0, -1]] == colour).all()


def test_each_object_has_a_colour_and_a_line_inside_its_edge() -> None:
    """Two that touch have a line each; the frame is an edge too; numbers start anew after many."""
    instances = np.zeros((7, 10), np.uint16)
    instances[:5, :5], instances[:5, 5:] = 2, 3 + COLOURS
    image = np.full((7, 10, 3), 100, np.uint8)
    drawn = overlay(image, None, NO_BOXES, CLASSES, instances)
    assert (drawn[5:] == 100).all() and (image == 100).all()
    for columns, colour in ((slice(0, 5), colour_of(1)), (slice(5, 10), colour_of(2))):
        part = drawn[:5, columns]
        inner = (100 * (1 - OPACITY) + colour.astype(float) * OPACITY).round()
        assert (part[1:-1, 1:-1] == inner).all()
        is_line = (part == colour).all(axis=2)
        assert is_line.sum() == 16 and not is_line[1:-1, 1:-1].any()


def test_objects_of_a_picture_are_drawn_where_there_is_no_class_mask() -> None:
    """On the picture as it is shown, so that their lines stay one pixel wide."""
    instances = np.zeros((4, 6), np.uint16)
    instances[1:3, 1:4] = 1
    image, none = np.zeros((4, 6, 1), np.uint8), np.zeros((4, 6), np.uint8)
    times = CELL // 6
    large = instances.repeat(times, axis=0).repeat(times, axis=1)
    shown = picture(image, None, NO_BOXES, CLASSES, instances)
    expected = overlay(np.zeros((*large.shape, 1), np.uint8), None, NO_BOXES, CLASSES, large)
    np.testing.assert_array_equal(shown, expected)
    assert not picture(image, none, NO_BOXES, CLASSES, instances).any()
    half = picture(image.repeat(CELL, 0).repeat(CELL, 1), None, NO_BOXES, CLASSES,
                   instances.repeat(CELL, 0).repeat(CELL, 1))  # fmt: skip
    assert half.shape == (171, 256, 3)
    assert np.argwhere(half.any(axis=2)).min(axis=0).tolist() == [43, 43]


def test_a_class_keeps_its_colour_and_has_its_own() -> None:
    first = [tuple(colour_of(i).tolist()) for i in range(254)]
    assert len(set(first[:60])) == 60 and first == [
        tuple(colour_of(i).tolist()) for i in range(254)
    ]
