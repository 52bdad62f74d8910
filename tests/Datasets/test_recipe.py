from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Datasets import recipe
from Datasets.errors import SampleError
from Datasets.recipe import Bands, CentreCrop, FixedOp, Letterbox, Pad, Recipe, Resize

SIDE = st.integers(1, 5000)
SMALL = st.integers(1, 300)
OPS: tuple[FixedOp, ...] = (
    Resize(height=30, width=40, antialias=False),
    Resize(longest=99),
    Letterbox(height=64, width=48, fill=7),
    CentreCrop(height=20, width=21, keep_area=0.5),
    Pad(height=70, width=60, fill=65535),
    Resize(shortest=9, kernel="box"),
    Letterbox(height=64, width=48, kernel="nearest"),
    Bands(take=(3, 0), ratios=((3, 0),)),
)


@pytest.mark.parametrize("colour", ["rgb", "gray", "unchanged"])
def test_what_was_written_is_read(tmp_path: Path, colour: str) -> None:
    written = msgspec.convert({"colour": colour, "ops": msgspec.to_builtins(OPS)}, Recipe)
    (tmp_path / "recipe.json").write_bytes(msgspec.json.encode(written))
    assert recipe.read(tmp_path) == written
    assert recipe.read(tmp_path).ops == OPS


@pytest.mark.parametrize(
    "text",
    [
        '{"colour": "rgb", "ops": [{"op": "sharpen"}]}',
        '{"colour": "rgb", "ops": [{"op": "pad", "height": 3, "width": 3, "fil": 1}]}',
        '{"colour": "rgb", "ops": [{"op": "pad", "height": 0, "width": 3}]}',
        '{"colour": "blue"}',
        '{"colour": "rgb", "ops": [{"op": "resize", "longest": 3, "kernel": "bicubic"}]}',
    ],
)
def test_what_no_recipe_says_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "recipe.json").write_text(text)
    with pytest.raises(msgspec.ValidationError):
        recipe.read(tmp_path)


def test_a_recipe_is_continued_at_its_end() -> None:
    assert Recipe("gray", OPS[:2]).then(OPS[2:]) == Recipe("gray", OPS)


@given(SIDE, SIDE, SMALL, SMALL)
def test_a_letterbox_holds_all_of_the_image_and_touches_its_frame(
    height: int, width: int, tall: int, wide: int
) -> None:
    place = Letterbox(height=tall, width=wide).place(height, width)
    assert (place.canvas_height, place.canvas_width) == (tall, wide)
    assert 0 <= place.top and place.top + place.height <= tall
    assert 0 <= place.left and place.left + place.width <= wide
    assert place.height == tall or place.width == wide
    above, below = place.top, tall - place.height - place.top
    assert below - above in (0, 1)


@given(st.integers(40, 5000), st.integers(40, 5000))
def test_a_letterbox_keeps_the_aspect(height: int, width: int) -> None:
    place = Letterbox(height=64, width=64).place(height, width)
    scale = min(64 / height, 64 / width)
    assert abs(place.height - max(1, height * scale)) <= 0.5
    assert abs(place.width - max(1, width * scale)) <= 0.5


@given(SIDE, SIDE)
def test_a_resize_by_one_side_makes_that_side_exact(height: int, width: int) -> None:
    longest = Resize(longest=64).place(height, width)
    shortest = Resize(shortest=64).place(height, width)
    assert max(longest.height, longest.width) == 64
    assert min(shortest.height, shortest.width) == 64


@given(SIDE, SIDE)
def test_a_crop_lies_inside_and_a_pad_outside(height: int, width: int) -> None:
    crop = CentreCrop(height=50, width=60).place(height, width)
    pad = Pad(height=50, width=60).place(height, width)
    assert (crop.canvas_height, crop.canvas_width) == (min(height, 50), min(width, 60))
    assert (pad.canvas_height, pad.canvas_width) == (max(height, 50), max(width, 60))
    assert -crop.top + crop.canvas_height <= height and crop.top <= 0
    assert pad.top + height <= pad.canvas_height and pad.top >= 0


@given(SIDE, SIDE)
def test_bands_leave_the_frame_as_it_is(height: int, width: int) -> None:
    place = Bands(take=(0,)).place(height, width)
    assert (place.height, place.width, place.top, place.left) == (height, width, 0, 0)
    assert (place.canvas_height, place.canvas_width) == (height, width)


def test_operations_say_which_channels_and_dtype_come_out() -> None:
    for op in OPS[:-1]:
        assert (op.channels_after(5), op.dtype_after("uint16")) == (5, "uint16")
    chosen = Bands(take=(3, 0))
    assert (chosen.channels_after(4), chosen.dtype_after("uint16")) == (2, "uint16")
    assert (OPS[-1].channels_after(4), OPS[-1].dtype_after("uint16")) == (3, "float32")
    assert Bands(ratios=((0, 1), (1, 2))).channels_after(8) == 10


@pytest.mark.parametrize("bands", [Bands(take=(0, 4, 7)), Bands(take=(0,), ratios=((7, 4),))])
def test_bands_that_an_image_lacks_are_named(bands: Bands) -> None:
    assert bands.channels_after(8) > 0
    with pytest.raises(SampleError, match=r"no band 4, 7: the image has 4, numbered from 0 to 3"):
        bands.channels_after(4)
