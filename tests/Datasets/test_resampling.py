import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.nn import functional as F

from Datasets.recipe import Kernel
from Datasets.resampling import nearest, resized, resized_array
from tests.Datasets import slow_resize

SIDE = st.integers(1, 90)
FEW = st.integers(1, 12)
WAYS: list[tuple[Kernel, bool]] = [
    ("bilinear", True),
    ("bilinear", False),
    ("box", True),
    ("nearest", True),
]
SHAPES = [(33, 500), (48, 48), (161, 101), (7, 9)]


def drawn(height: int, width: int, dtype: type = np.uint8, seed: int = 0) -> torch.Tensor:
    top = np.iinfo(dtype).max + 1
    pixels = np.random.default_rng(seed).integers(0, top, (height, width, 3))
    return torch.from_numpy(pixels.astype(np.int32))


def slow(pixels: np.ndarray, target: int, antialias: bool) -> np.ndarray:
    """Scale the first axis by the formula, one output at a time."""
    source = len(pixels)
    ratio = source / target
    support = max(ratio, 1.0) if antialias else 1.0
    rows = []
    for i in range(target):
        centre = (i + 0.5) * ratio - 0.5
        weights = [max(0.0, 1 - abs(j - centre) / support) for j in range(source)]
        rows.append(sum(w * row for w, row in zip(weights, pixels, strict=True)) / sum(weights))
    return np.stack(rows)


@pytest.mark.parametrize("antialias", [True, False])
@given(SIDE, SIDE, SIDE, SIDE)
@settings(max_examples=40)
def test_it_is_the_triangle_kernel(
    antialias: bool, height: int, width: int, tall: int, wide: int
) -> None:
    pixels = drawn(height, width)
    ours = resized(pixels, tall, wide, antialias).numpy()
    obvious = slow(pixels.numpy().astype(np.float64), tall, antialias).transpose(1, 0, 2)
    obvious = slow(obvious, wide, antialias).transpose(1, 0, 2)
    assert np.allclose(ours, obvious, rtol=0, atol=1e-9)


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("height, width", [(33, 500), (48, 48), (160, 100), (7, 9)])
def test_it_is_what_torch_does_in_double(antialias: bool, height: int, width: int) -> None:
    pixels = drawn(height, width)
    theirs = F.interpolate(
        pixels.permute(2, 0, 1)[None].double(), (64, 50), mode="bilinear", antialias=antialias
    )[0].permute(1, 2, 0)
    assert torch.allclose(resized(pixels, 64, 50, antialias), theirs, rtol=0, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("height, width", [(48, 48), (1200, 900), (1999, 2001)])
def test_no_order_of_sums_changes_a_bit(dtype: type, height: int, width: int) -> None:
    """Upside down and mirrored, all sums run the other way round."""
    pixels = drawn(height, width, dtype)
    there = resized(pixels, 64, 60, antialias=True)
    back = resized(pixels.flip(0, 1), 64, 60, antialias=True).flip(0, 1)
    assert torch.equal(there, back)


def test_sums_halfway_between_two_levels_are_exact() -> None:
    """From 48 to 64 pixels every 64th sum is a tie, which a kernel in float32 would miss."""
    scaled = resized(drawn(48, 48), 64, 64, antialias=True)
    assert torch.equal(scaled * 64, torch.round(scaled * 64))
    assert ((scaled % 1) == 0.5).sum() > 50


@given(SIDE, SIDE)
@settings(max_examples=30)
def test_a_plain_image_stays_plain(source: int, target: int) -> None:
    plain = torch.full((source, source, 1), 65535, dtype=torch.int32)
    assert (resized(plain, target, target, antialias=True) == 65535).all()


def test_the_same_shape_changes_nothing() -> None:
    pixels = drawn(37, 41)
    assert torch.equal(resized(pixels, 37, 41, antialias=True), pixels.double())


def whole(height: int, width: int, channels: int = 3, dtype: str = "uint8") -> np.ndarray:
    top = np.iinfo(dtype).max + 1
    rng = np.random.default_rng(height * 1000 + width)
    return rng.integers(0, top, (height, width, channels)).astype(dtype)


def wild(height: int, width: int) -> np.ndarray:
    """Return floats whose sum depends on the order: some are a million times larger than others."""
    rng = np.random.default_rng(height * 1000 + width)
    sizes = 10.0 ** rng.integers(-12, 12, (height, width, 3))
    return (rng.normal(size=(height, width, 3)) * sizes).astype(np.float32)


def in_graph_form(pixels: np.ndarray, tall: int, wide: int, way: tuple[Kernel, bool]) -> np.ndarray:
    kernel, antialias = way
    given = torch.from_numpy(pixels.astype(np.int32) if pixels.dtype.kind == "u" else pixels)
    scaled = resized(given, tall, wide, antialias, kernel).numpy()
    return (np.rint(scaled) if pixels.dtype.kind == "u" else scaled).astype(pixels.dtype)


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@given(FEW, FEW, FEW, FEW)
@settings(max_examples=15, deadline=None)
def test_whole_numbers_are_those_of_fractions(
    way: tuple[Kernel, bool], dtype: str, height: int, width: int, tall: int, wide: int
) -> None:
    pixels, (kernel, antialias) = whole(height, width, 2, dtype), way
    ours = resized_array(pixels, tall, wide, antialias, kernel)
    assert ours.dtype == pixels.dtype
    assert np.array_equal(ours, slow_resize.resize(pixels, tall, wide, kernel, antialias))


@pytest.mark.parametrize("way", WAYS, ids=str)
@given(FEW, FEW, FEW, FEW)
@settings(max_examples=15, deadline=None)
def test_floats_are_those_of_fractions_but_for_the_last_bit(
    way: tuple[Kernel, bool], height: int, width: int, tall: int, wide: int
) -> None:
    pixels, (kernel, antialias) = whole(height, width).astype(np.float32) / 7, way
    ours = resized_array(pixels, tall, wide, antialias, kernel)
    obvious = slow_resize.resize(pixels, tall, wide, kernel, antialias)
    np.testing.assert_array_max_ulp(ours, obvious, maxulp=1)


@pytest.mark.parametrize("way", WAYS, ids=str)
@given(SIDE, SIDE, SIDE, SIDE)
@settings(max_examples=25, deadline=None)
def test_both_forms_give_the_same_bytes(
    way: tuple[Kernel, bool], height: int, width: int, tall: int, wide: int
) -> None:
    for pixels in (whole(height, width), whole(height, width, 4, "uint16"), wild(height, width)):
        ours = resized_array(pixels, tall, wide, way[1], way[0])
        assert ours.tobytes() == in_graph_form(pixels, tall, wide, way).tobytes()


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_no_number_of_threads_changes_a_bit(way: tuple[Kernel, bool]) -> None:
    pixels, before = wild(300, 400), torch.get_num_threads()
    found = set()
    try:
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            found.add(in_graph_form(pixels, 120, 130, way).tobytes())
    finally:
        torch.set_num_threads(before)
    assert found == {resized_array(pixels, 120, 130, way[1], way[0]).tobytes()}


@pytest.mark.parametrize("height, width", SHAPES)
def test_bilinear_is_pils_within_a_level(height: int, width: int) -> None:
    pixels = whole(height, width)
    theirs = np.array(Image.fromarray(pixels).resize((50, 64), Image.Resampling.BILINEAR))
    apart = resized_array(pixels, 64, 50, antialias=True).astype(int) - theirs
    assert np.abs(apart).max() <= 1


@pytest.mark.parametrize("height, width", [(161, 101), (201, 130), (500, 333)])
def test_box_is_opencvs_area_where_it_shrinks(height: int, width: int) -> None:
    pixels = whole(height, width)
    theirs = cv2.resize(pixels, (50, 64), interpolation=cv2.INTER_AREA)
    apart = resized_array(pixels, 64, 50, True, "box").astype(int) - theirs
    assert np.abs(apart).max() <= 1
    assert (apart == 0).mean() > 0.98


@pytest.mark.parametrize("height, width", [*SHAPES, (1, 1)])
def test_nearest_is_torchs_and_takes_masks_too(height: int, width: int) -> None:
    pixels = whole(height, width)
    floats = torch.from_numpy(pixels).permute(2, 0, 1)[None].float()
    theirs = F.interpolate(floats, (65, 51), mode="nearest-exact")[0].permute(1, 2, 0).numpy()
    assert np.array_equal(resized_array(pixels, 65, 51, True, "nearest"), theirs)
    assert np.array_equal(nearest(pixels[:, :, 0], 65, 51), theirs[:, :, 0])


def test_a_centre_on_a_border_belongs_to_the_right_one() -> None:
    """Of 88 to 300 pixels the 38th centre lies at 11; in float32 it would fall short of it."""
    ramp = np.arange(88, dtype=np.uint8)[None, :, None]
    assert nearest(ramp, 1, 2)[0, :, 0].tolist() == [22, 66]
    assert nearest(ramp, 1, 300)[0, 37, 0] == 11


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("tall, wide", [(4, 5), (20, 23), (9, 11)])
def test_nan_and_infinity_reach_where_they_have_weight_and_no_further(
    way: tuple[Kernel, bool], tall: int, wide: int
) -> None:
    pixels, (kernel, antialias) = whole(9, 11).astype(np.float32), way
    pixels[4, 6, 1], pixels[0, 0, 0], pixels[8, 10, 2] = np.nan, np.inf, -np.inf
    pixels[8, 9, 2] = np.inf
    ours = resized_array(pixels, tall, wide, antialias, kernel)
    obvious = slow_resize.resize(pixels, tall, wide, kernel, antialias)
    for kind in (np.isnan, np.isposinf, np.isneginf):
        assert np.array_equal(kind(ours), kind(obvious))
    assert np.isnan(ours[:, :, 1]).any() or (tall < 9 and way in WAYS[1::2])  # they look at few
    assert ours.tobytes() == in_graph_form(pixels, tall, wide, way).tobytes()
