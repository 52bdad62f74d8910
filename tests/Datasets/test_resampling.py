import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from Datasets.resampling import resized

SIDE = st.integers(1, 90)


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
