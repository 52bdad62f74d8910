"""Annotations turn with the pixels: compared with the decoder's own turning, pixel by pixel."""

import json
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask as coco_mask

from Data_processing.convert.found import BOXES, FoundAnnotation, FoundImage, FoundRle
from Data_processing.convert.orientation import Frame, frame_of, is_unclear
from Datasets.errors import AnnotationError
from Datasets.image import Header
from Datasets.metadata import Box
from Datasets.regions import Region, compressed
from tests.Data_processing.convert.conftest import Bench

SLOW: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda pixels: pixels,
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.rot90(np.transpose(pixels), 2),
    8: np.rot90,
}
"""How the image as stored is turned to be seen, in the words of numpy."""


@given(
    st.integers(1, 8),
    st.integers(0, 10),
    st.integers(0, 5),
    st.integers(1, 6),
    st.integers(1, 3),
)
def test_a_box_covers_the_same_pixels_after_turning(
    orientation: int, x: int, y: int, width: int, height: int
) -> None:
    stored = np.zeros((9, 17), bool)
    stored[y : y + height, x : x + width] = True
    frame = Frame(9, 17, orientation)
    box = FoundAnnotation(1, "a", (float(x), float(y), float(x + width), float(y + height)))
    seen = frame.annotation(box)
    assert seen.corners is not None
    x1, y1, x2, y2 = (int(side) for side in seen.corners)
    expected = SLOW[orientation](stored)
    drawn = np.zeros_like(expected)
    drawn[y1:y2, x1:x2] = True
    assert (drawn == expected).all()
    assert (frame.pixels(stored) == expected).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_run_lengths_and_keypoints_turn_too(orientation: int) -> None:
    stored = np.random.default_rng(3).random((5, 8)) > 0.6
    rle = coco_mask.encode(np.asfortranarray(stored.astype(np.uint8)))
    frame = Frame(5, 8, orientation)
    one = FoundAnnotation(
        1, "a", rle=FoundRle((5, 8), rle["counts"].decode()), keypoints=(2.5, 1.5, 2.0)
    )
    seen = frame.annotation(one)
    expected = SLOW[orientation](stored)
    assert seen.rle is not None and seen.rle.frame == expected.shape
    counts = compressed(seen.rle.counts, *expected.shape)
    assert (Region((), counts, *expected.shape).pixels() == expected).all()
    marked = np.zeros((5, 8), bool)
    marked[1, 2] = True  # the pixel whose centre the keypoint is
    x, y, v = seen.keypoints
    assert SLOW[orientation](marked)[int(y), int(x)] and v == 2


def test_what_is_not_labelled_stays_where_nothing_is() -> None:
    one = FoundAnnotation(1, "a", keypoints=(0.0, 0.0, 0.0, 0.0, 0.0, 2.0))
    assert Frame(5, 8, 6).annotation(one).keypoints == (0.0, 0.0, 0.0, 5.0, 0.0, 2.0)


def test_run_lengths_of_another_frame_are_refused() -> None:
    one = FoundAnnotation(1, "a", rle=FoundRle((8, 5), (40,)))
    with pytest.raises(AnnotationError, match="are for 5 x 8 pixels, the image has 8 x 5 as it is"):
        Frame(5, 8, 6).annotation(one)


def test_places_that_only_extras_say_are_left_out() -> None:
    told = '{"attributes":{"circle":[1]},"circle":[1,2,3],"cuboid":"a","rotation":30.5}'
    one = FoundAnnotation(1, "a", (1.0, 1.0, 2.0, 2.0), extras=told)
    kept = '{"attributes":{"circle":[1]},"cuboid":"a"}'
    assert Frame(5, 8, 6).annotation(one).extras == kept
    moved = FoundAnnotation(1, "a", (1.0, 1.0, 2.0, 2.0), extras='{"circle":[1,2,3]}')
    assert Frame(5, 8, 6).annotation(moved).extras is None
    beyond = FoundAnnotation(1, "a", (1.0, 1.0, 2.0, 2.0), extras='{"circle":[1e999]}')
    assert Frame(5, 8, 6).annotation(beyond).extras is None


def image(width: int | None, height: int | None) -> FoundImage:
    return FoundImage("a.jpg", "a.jpg", "x.json#1", BOXES, stated_width=width, stated_height=height)


def test_the_sides_tell_which_frame_was_annotated() -> None:
    header = Header(10, 20, 3, "uint8", 6)
    assert frame_of(image(10, 20), header, "auto") is None
    assert frame_of(image(20, 10), header, "auto") == Frame(10, 20, 6)
    assert frame_of(image(None, None), header, "auto") is None
    assert frame_of(image(None, None), header, "stored") == Frame(10, 20, 6)
    assert frame_of(image(20, 10), header, "stored") == Frame(10, 20, 6)
    upside_down = Header(10, 20, 3, "uint8", 3)
    assert frame_of(image(10, 20), upside_down, "auto") is None
    assert frame_of(image(10, 20), upside_down, "stored") == Frame(20, 10, 3)
    assert frame_of(image(10, 20), Header(10, 20, 3, "uint8", 1), "stored") is None


@pytest.mark.parametrize(
    ("width", "height", "said"), [(9, 20, "auto"), (20, 10, "seen"), (10, 20, "stored")]
)
def test_sides_that_fit_no_frame_are_refused(width: int, height: int, said: str) -> None:
    with pytest.raises(AnnotationError, match=f"says {width} x {height} pixels, the file has 10 x"):
        frame_of(image(width, height), Header(10, 20, 3, "uint8", 6), said)  # type: ignore[arg-type]


def of_four(bench: Bench, *as_stored: int, plain: str = "") -> list[str]:
    """Convert an image of each orientation, 20 x 10 as stored; return the names that are noticed.

    Args:
        bench: where.
        as_stored: orientations of images whose sides are stated as stored.
        plain: an image on which nothing is annotated.
    """
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for number in (1, 2, 3, 4, 6):
        exif = Image.Exif()
        exif[0x0112] = number
        name = f"{number}.jpg"
        Image.fromarray(np.zeros((10, 20, 3), np.uint8)).save(bench.raw / name, exif=exif)
        sides = (10, 20) if number == 6 and number not in as_stored else (20, 10)
        images.append({"id": number, "file_name": name, "width": sides[0], "height": sides[1]})
        box: dict[str, object] = {
            "id": number,
            "image_id": number,
            "category_id": 1,
            "bbox": [1, 2, 3, 4],
        }
        annotations += [] if name == plain else [box]
    kinds: list[dict[str, object]] = [{"id": 1, "name": "cat"}]
    bench.coco({"images": images, "categories": kinds, "annotations": annotations})
    bench.convert()
    lines = (bench.metadata / "changes.jsonl").read_text().splitlines()
    changes = [json.loads(line) for line in lines]
    assert sum(one["action"] == "turned" for one in changes) == len(as_stored)
    noticed = [one for one in changes if one["action"] == "noticed"]
    assert all(
        "set `orientation: stored` if its boxes lie wrong" in one["reason"] for one in noticed
    )
    assert [one["detail"] for one in noticed] == [f"EXIF {one['sample'][0]}" for one in noticed]
    return [one["sample"] for one in noticed]


def test_an_image_whose_sides_do_not_tell_is_noticed_where_others_were_turned(bench: Bench) -> None:
    assert of_four(bench, 6) == ["2.jpg", "3.jpg", "4.jpg"]
    boxes = {one.row.image: one.image.bounding_boxes[0] for one in bench.samples()}
    assert boxes["3.jpg"] == boxes["1.jpg"] == Box("cat", 1.0, 4.0, 2.0, 6.0)  # taken as seen


def test_nothing_is_noticed_where_nothing_was_turned_or_nothing_is_annotated(bench: Bench) -> None:
    assert of_four(bench) == []
    assert of_four(bench, 6, plain="3.jpg") == ["2.jpg", "4.jpg"]


def test_what_the_sides_do_not_tell_is_no_matter_once_it_is_said() -> None:
    one = FoundAnnotation(1, "a", (1.0, 1.0, 2.0, 2.0))
    some = msgspec.structs.replace(image(10, 20), annotations=(one,))
    header = Header(10, 20, 3, "uint8", 3)
    assert is_unclear(some, header, "auto")
    assert not is_unclear(some, header, "seen") and not is_unclear(some, header, "stored")
    square = msgspec.structs.replace(some, stated_width=9, stated_height=9)
    assert is_unclear(square, Header(9, 9, 3, "uint8", 6), "auto")
    assert not is_unclear(some, Header(10, 20, 3, "uint8", 6), "auto")
    assert not is_unclear(image(10, 20), header, "auto")
