import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from Datasets.errors import SampleError
from Datasets.preprocess import Preprocess, apply_fixed, framed
from Datasets.recipe import Bands, CentreCrop, FixedOp, Letterbox, Pad, Placement, Resize
from Datasets.sample import Boxes, Sample

SIDE = st.integers(20, 120)


def image(height: int, width: int, dtype: str = "uint8") -> np.ndarray:
    drawn = np.random.default_rng(height * width).random((height, width, 3))
    return drawn.astype("float32") if dtype == "float32" else (drawn * 255).astype(dtype)


def sample(height: int, width: int, corners: tuple[float, ...] = (2, 3, 12, 15)) -> Sample:
    mask = np.zeros((height, width), np.uint8)
    x1, y1, x2, y2 = (round(side) for side in corners)
    mask[y1:y2, x1:x2] = 1
    boxes = Boxes(("7",), np.array([corners], np.float64), np.zeros(1, np.int32))
    return Sample("digits/a.png", 0, image(height, width), mask, boxes)


def slow(pixels: np.ndarray, op: FixedOp) -> np.ndarray:
    """Cut and fill pixel by pixel; for operations that do not scale."""
    place = op.place(*pixels.shape[:2])
    canvas = np.full((place.canvas_height, place.canvas_width, 3), place.fill, pixels.dtype)
    for y in range(place.canvas_height):
        for x in range(place.canvas_width):
            v, u = y - place.top, x - place.left
            if 0 <= v < pixels.shape[0] and 0 <= u < pixels.shape[1]:
                canvas[y, x] = pixels[v, u]
    return canvas


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(
    "op", [CentreCrop(height=20, width=17), Pad(height=50, width=33, fill=9)], ids=str
)
def test_cutting_and_filling_moves_pixels_only(op: FixedOp, dtype: str) -> None:
    pixels = image(31, 40, dtype)
    result, _ = Preprocess((op,))(torch.from_numpy(pixels))
    assert result.numpy().dtype == pixels.dtype
    assert np.array_equal(result.numpy(), slow(pixels, op))


def test_a_letterbox_shows_the_image_in_the_middle_of_the_fill() -> None:
    result, _ = Preprocess((Letterbox(height=64, width=64, fill=9),))(torch.full((20, 40, 3), 200))
    assert (result[16:48] == 200).all()
    assert (result[:16] == 9).all() and (result[48:] == 9).all()


def test_whole_numbers_are_rounded_half_to_even_after_each_resize() -> None:
    steps = torch.tensor([[[1], [2]], [[1], [2]], [[4], [5]], [[4], [5]]], dtype=torch.uint8)
    halves, _ = Preprocess((Resize(height=2, width=1, antialias=False),))(steps)
    assert halves.flatten().tolist() == [2, 4]  # 1.5 and 4.5
    floats, _ = Preprocess((Resize(height=2, width=1, antialias=False),))(steps.float())
    assert floats.flatten().tolist() == [1.5, 4.5]


def test_the_map_leads_from_the_raw_image_to_the_result() -> None:
    ops = (Resize(height=60, width=100), CentreCrop(height=40, width=50), Pad(height=64, width=64))
    _, mapped = Preprocess(ops)(torch.zeros((30, 200, 3), dtype=torch.uint8))
    assert mapped.tolist() == [0.5, 2.0, -25 + 7, -10 + 12]


@given(SIDE, SIDE)
@settings(max_examples=30)
def test_boxes_and_mask_follow_the_pixels(height: int, width: int) -> None:
    """The corners of ``apply_fixed`` are those that the map gives, and the mask fills the box."""
    raw = sample(height, width)
    op = Letterbox(height=160, width=160)
    done = apply_fixed(raw, op)
    _, mapped = Preprocess((op,))(torch.from_numpy(raw.image.copy()))
    scale_x, scale_y, left, top = mapped.tolist()
    scale, offset = np.array([scale_x, scale_y] * 2), np.array([left, top] * 2)
    expected = raw.boxes.corners * scale + offset
    assert np.allclose(done.boxes.corners, expected, atol=1e-3)
    assert done.mask is not None
    rows, columns = np.nonzero(done.mask)
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert np.abs(done.boxes.corners[0] - seen).max() <= 1


def test_a_box_that_a_crop_leaves_out_is_dropped() -> None:
    inside = apply_fixed(sample(60, 60, (25, 25, 35, 35)), CentreCrop(height=20, width=20))
    outside = apply_fixed(sample(60, 60, (0, 0, 10, 10)), CentreCrop(height=20, width=20))
    assert inside.boxes.corners.tolist() == [[5, 5, 15, 15]]
    assert len(outside.boxes) == 0


def test_the_sample_that_came_in_is_left_alone() -> None:
    raw = sample(40, 50)
    before = (raw.image.copy(), raw.boxes.corners.copy())
    raw.image.flags.writeable = False
    apply_fixed(raw, Letterbox(height=64, width=64))
    assert np.array_equal(raw.image, before[0]) and np.array_equal(raw.boxes.corners, before[1])


def test_an_image_smaller_than_the_crop_is_refused() -> None:
    with pytest.raises(SampleError, match="19 x 80 pixels are smaller than the crop of 20 x 20"):
        apply_fixed(sample(19, 80), CentreCrop(height=20, width=20))


def test_a_fill_that_the_pixels_cannot_hold_is_refused() -> None:
    with pytest.raises(SampleError, match="fill 256 does not fit into uint8; at most 255"):
        apply_fixed(sample(30, 30), Pad(height=64, width=64, fill=256))


KERNELS = st.sampled_from(["bilinear", "box", "nearest"])
TARGET = st.integers(1, 90)
WITHIN = st.integers(1, 20)
FIXED = st.one_of(
    st.builds(Resize, height=TARGET, width=TARGET, kernel=KERNELS),
    st.builds(Resize, height=TARGET, width=TARGET, antialias=st.just(False)),
    st.builds(Resize, longest=TARGET, kernel=KERNELS),
    st.builds(Resize, shortest=TARGET, kernel=KERNELS),
    st.builds(Letterbox, height=TARGET, width=TARGET, fill=st.integers(0, 255), kernel=KERNELS),
    st.builds(CentreCrop, height=WITHIN, width=WITHIN),
    st.builds(Pad, height=TARGET, width=TARGET, fill=st.integers(0, 255)),
    st.builds(Bands, take=st.sampled_from([None, (0,)])),
)
IN_BANDS = st.builds(
    Bands,
    take=st.sampled_from([None, (), (2, 0), (1,)]),
    ratios=st.sampled_from([((0, 1),), ((2, 0), (1, 2))]),
)


@pytest.mark.parametrize("channels", [1, 3, 4, 8, 16])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@given(st.data(), SIDE, SIDE)
@settings(max_examples=25, deadline=None)
def test_what_the_steps_do_is_what_is_exported_bit_for_bit(
    channels: int, dtype: str, data: st.DataObject, height: int, width: int
) -> None:
    op = data.draw(FIXED if channels < 3 else FIXED | IN_BANDS)
    pixels = np.random.default_rng(height * width).random((height, width, channels))
    pixels = (pixels * (1 if dtype == "float32" else np.iinfo(dtype).max + 1)).astype(dtype)
    if dtype == "float32":
        pixels[height // 2, width // 2, 0] = np.nan
        pixels *= 10.0 ** np.arange(-2, width - 2, dtype=np.float32).clip(max=9)[:, None]
    given_ = Sample("digits/a.png", 0, pixels, None, sample(height, width).boxes)
    pixels.flags.writeable = False
    stored = apply_fixed(given_, op).image
    exported, _ = Preprocess((op,))(torch.from_numpy(pixels.copy()))
    assert (stored.dtype, stored.shape) == (exported.numpy().dtype, exported.shape)
    assert stored.tobytes() == exported.numpy().tobytes()
    assert stored.shape[2] == op.channels_after(channels)
    assert stored.dtype.name == op.dtype_after(dtype)


def test_a_window_is_cut_and_what_lies_outside_is_filled() -> None:
    raw = sample(30, 40, (30, 20, 40, 30))
    done = framed(raw, Placement(30, 40, -20, -25, 20, 20, fill=5), 0.3)
    assert np.array_equal(done.image[:10, :15], raw.image[20:, 25:])
    assert (done.image[10:] == 5).all() and (done.image[:, 15:] == 5).all()
    assert raw.mask is not None and done.mask is not None
    assert np.array_equal(done.mask[:10, :15], raw.mask[20:, 25:])
    assert done.mask.sum() == 100
    assert done.boxes.corners.tolist() == [[5, 0, 15, 10]]


def test_a_window_that_fills_nothing_is_a_view() -> None:
    raw = sample(30, 40)
    done = framed(raw, Placement(30, 40, -2, -3, 8, 9), 0.0)
    assert np.shares_memory(done.image, raw.image)


def test_the_map_passes_bands_by() -> None:
    ops = (Resize(height=60, width=100), Bands(take=(1,)), Pad(height=64, width=102))
    result, mapped = Preprocess(ops)(torch.zeros((30, 200, 3), dtype=torch.uint16))
    assert mapped.tolist() == [0.5, 2.0, 1, 2]
    assert (result.shape, result.dtype) == ((64, 102, 1), torch.uint16)


def test_a_band_that_the_image_lacks_is_refused() -> None:
    with pytest.raises(SampleError, match="there is no band 3: the image has 3, numbered from 0"):
        apply_fixed(sample(30, 30), Bands(take=(0, 3)))
