"""One object checked: what is put right, what is cut off, what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from Data_processing.convert.found import FoundAnnotation, FoundRle
from Data_processing.convert.objects import Checked, checked
from Data_processing.convert.readers.shapes import ellipse
from Datasets.errors import AnnotationError
from Datasets.image import Header
from Datasets.metadata import Box

HEADER = Header(20, 10, 3, "uint8", 1)
NAN = float("nan")


def check(
    *corners: float,
    polygons: tuple[tuple[float, ...], ...] = (),
    keypoints: tuple[float, ...] = (),
    rle: FoundRle | None = None,
    outside: str = "error",
) -> Checked:
    box = (corners[0], corners[1], corners[2], corners[3]) if corners else None
    found = FoundAnnotation(7, "raw", box, polygons, rle, keypoints=keypoints)
    return checked(found, "cat", HEADER, outside)


def box_of(result: Checked) -> Box:
    assert result.kept is not None
    return result.kept.box


def test_a_sound_box_passes_untouched() -> None:
    result = check(1.25, 2.5, 20.0, 10.0)
    assert box_of(result) == Box("cat", 1.25, 20.0, 2.5, 10.0) and result.notes == ()


def test_reversed_corners_are_put_right_and_said() -> None:
    result = check(9.0, 8.0, 1.0, 2.0)
    assert box_of(result) == Box("cat", 1.0, 9.0, 2.0, 8.0)
    assert [note.action for note in result.notes] == ["reversed"]
    assert "annotation 7: the box from (9, 8) to (1, 2)" in result.notes[0].detail


@pytest.mark.parametrize("outside", ["error", "clip", "drop"])
def test_a_pixel_outside_is_clipped_and_said(outside: str) -> None:
    result = check(-0.5, -1.0, 21.0, 10.0, outside=outside)
    assert box_of(result) == Box("cat", 0.0, 20.0, 0.0, 10.0)
    assert [(n.action, n.reason) for n in result.notes] == [
        ("clipped", "box outside the image by a pixel or less")
    ]


def test_more_than_a_pixel_outside() -> None:
    with pytest.raises(AnnotationError, match=r"\(-3, 2\) to \(5, 8\) leaves the image of 20 x 10"):
        check(-3, 2, 5, 8)
    assert box_of(check(-3, 2, 5, 8, outside="clip")) == Box("cat", 0.0, 5, 2, 8)
    dropped = check(-3, 2, 5, 8, outside="drop")
    assert dropped.kept is None and dropped.notes[0].action == "dropped"
    away = check(30, 2, 35, 8, outside="clip")
    assert away.kept is None and away.notes[0].action == "dropped"


def test_regions_and_keypoints_are_cut_with_their_box() -> None:
    polygon = (-4.0, 0.0, 4.0, 0.0, 4.0, 4.0, -4.0, 4.0)
    with pytest.raises(AnnotationError, match="a polygon from"):
        check(0, 0, 4, 4, polygons=(polygon,))
    with pytest.raises(AnnotationError, match="a keypoint from"):
        check(0, 0, 4, 4, keypoints=(-4.0, 2.0, 2.0))
    kept = check(
        0, 0, 4, 4, polygons=(polygon,), keypoints=(-4.0, 2.0, 2.0, -9.0, 0.0, 0.0), outside="clip"
    ).kept
    assert kept is not None
    assert kept.polygons == ((0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 0.0, 4.0),)
    assert kept.keypoints == (0.0, 2.0, 1.0, 0.0, 0.0, 0.0)  # labelled, but not visible


def test_the_box_of_what_was_drawn_is_that_of_what_is_left() -> None:
    triangle = (-10.0, 0.0, 10.0, 0.0, -10.0, 10.0)
    assert box_of(check(polygons=(triangle,), outside="clip")) == Box("cat", 0.0, 10.0, 0.0, 5.0)


def test_the_box_of_an_ellipse_that_is_cut_is_that_of_what_is_left() -> None:
    t = np.linspace(0, 2 * np.pi, 1_000_001)
    xs = 20 + np.cos(t) * 8 * np.cos(0.6) - np.sin(t) * 2 * np.sin(0.6)
    ys = 5 + np.cos(t) * 8 * np.sin(0.6) + np.sin(t) * 2 * np.cos(0.6)
    box = box_of(check(polygons=(ellipse(20, 5, 8, 2, 0.6),), outside="clip"))
    left = ys[xs <= 20]
    assert (box.x2, box.y1, box.y2) == pytest.approx((20, max(left.min(), 0), left.max()), abs=0.02)
    assert box.y2 < ys.max() - 1  # which is not in the image


def test_what_comes_near_the_image_with_nothing_in_it_is_dropped() -> None:
    beside = (-50.0, 10.0, 10.0, -50.0, -50.0, -50.0)  # its extent overlaps the image
    result = check(polygons=(beside,), outside="clip")
    assert result.kept is None and result.notes[0].action == "dropped"
    for outside in ("clip", "drop"):
        assert check(20.5, 1.0, 20.9, 6.0, outside=outside).kept is None


@pytest.mark.parametrize(
    ("corners", "kind"),
    [
        ((3, 3, 3, 8), "zero area"),
        ((3, 3, 8, 3), "zero area"),
        ((20.5, 3, 20.9, 8), "zero area"),
        ((NAN, 3, 8, 8), "no number"),
        ((3, 3, float("inf"), 8), "no number"),
    ],
)
def test_impossible_boxes(corners: tuple[float, ...], kind: str) -> None:
    with pytest.raises(AnnotationError) as caught:
        check(*corners)
    assert caught.value.kind == kind


def test_a_polygon_may_leave_the_frame_by_a_pixel() -> None:
    near = (-1.0, 0.0, 5.0, 0.0, 5.0, 11.0)
    assert check(0, 0, 5, 10, polygons=(near,)).kept is not None
    with pytest.raises(AnnotationError, match="a polygon from"):
        check(0, 0, 5, 5, polygons=((-1.1, 0.0, 5.0, 0.0, 5.0, 5.0),))


@pytest.mark.parametrize(
    ("polygon", "says"),
    [
        ((1.0, 1.0, 2.0, 2.0), "a polygon has 4 numbers; three points"),
        ((1.0, 1.0, 2.0, 2.0, 3.0, 1.0, 4.0), "a polygon has 7 numbers"),
        ((1.0, 1.0, 2.0, NAN, 3.0, 1.0), "no finite number"),
        ((5.0, 5.0, 1e308, -1e308, -1e308, 1e308), "or beyond all images"),
        ((0.0, 0.0, 20.0, 10.0) * 200_000, "outline is longer than 5,000,000 pixels"),
    ],
)
def test_impossible_polygons(polygon: tuple[float, ...], says: str) -> None:
    with pytest.raises(AnnotationError, match=says):
        check(1, 1, 3, 3, polygons=(polygon,))


def test_run_lengths_must_be_of_this_image_and_sum_up() -> None:
    with pytest.raises(AnnotationError, match="run lengths are for 10 x 20 pixels"):
        check(rle=FoundRle((20, 10), (200,)))
    with pytest.raises(AnnotationError, match="sum to 150"):
        check(rle=FoundRle((10, 20), (150,)))


@given(st.integers(0, 2**200 - 1))
def test_the_box_of_run_lengths_is_that_of_their_pixels(bits: int) -> None:
    pixels = np.array([bits >> i & 1 for i in range(200)], np.uint8).reshape(10, 20)
    pixels[4, 7] = 1
    rle = coco_mask.encode(np.asfortranarray(pixels))["counts"].decode()
    ys, xs = np.nonzero(pixels)
    expected = Box("cat", xs.min(), xs.max() + 1, ys.min(), ys.max() + 1)
    assert box_of(check(rle=FoundRle((10, 20), rle))) == expected
