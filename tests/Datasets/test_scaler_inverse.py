"""What was scaled comes back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Datasets.errors import StoreError
from Datasets.scaler import (
    Affine,
    ChannelMatrix,
    ImageMatrix,
    Map,
    PatchMatrix,
    StandardImage,
    apply,
)
from Datasets.scaler_inverse import inverse

RNG = np.random.default_rng(5)
SHAPE = (6, 5, 3)
SHIFT = RNG.normal(100, 20, 3).astype(np.float32)


def mixing(count: int) -> np.ndarray:
    """Return a well-conditioned matrix (count, count), not symmetric."""
    return (np.eye(count) + RNG.uniform(-0.5, 0.5, (count, count)) / count).astype(np.float32)


KERNEL = RNG.normal(0, 0.02, (3, 3, 3, 3)).astype(np.float32)
KERNEL[:, :, 1, 1] += np.eye(3, dtype=np.float32)
MAPS: dict[str, Map] = {
    "per channel": Affine(SHIFT, np.array([0.02, 0.01, 0.05], np.float32)),
    "per pixel": Affine(
        RNG.normal(100, 20, SHAPE).astype(np.float32),
        RNG.uniform(0.01, 0.1, SHAPE).astype(np.float32),
    ),
    "channels": ChannelMatrix(SHIFT, mixing(3)),
    "images": ImageMatrix(RNG.normal(100, 20, SHAPE).astype(np.float32), mixing(90)),
    "patches": PatchMatrix(SHIFT, KERNEL, np.array([0.5, -1, 2], np.float32)),
}
drawn = st.integers(0, 99).map(
    lambda seed: np.random.default_rng(seed).integers(0, 256, (4, *SHAPE), np.uint8)
)


@pytest.mark.parametrize("name", MAPS)
@settings(deadline=None, max_examples=20)
@given(images=drawn)
def test_it_undoes_each_map(name: str, images: np.ndarray) -> None:
    maps = (MAPS[name],)
    np.testing.assert_allclose(inverse(maps, apply(maps, images)), images, atol=2e-3)


@settings(deadline=None, max_examples=20)
@given(images=drawn, names=st.lists(st.sampled_from(sorted(MAPS)), min_size=2, max_size=3))
def test_it_undoes_several_in_a_row(images: np.ndarray, names: list[str]) -> None:
    maps = tuple(MAPS[name] for name in names)
    gained = np.abs(inverse(maps, apply(maps, images)) - images).max()
    assert gained < 5.0, "a scale of 1/100 thrice, in float32"


def test_an_image_scaled_by_its_own_moments_needs_them() -> None:
    images = RNG.integers(0, 256, (4, *SHAPE)).astype(np.uint8)
    maps = (MAPS["per channel"], StandardImage(), MAPS["channels"])
    scaled = apply(maps, images)
    np.testing.assert_allclose(inverse(maps, scaled, images), images, atol=2e-2)
    with pytest.raises(StoreError, match="give the images too"):
        inverse(maps, scaled)


def test_what_a_map_put_to_sleep_comes_back_as_the_mean() -> None:
    """A gain of 0, and a direction that the matrix does not see."""
    images = RNG.integers(0, 256, (4, *SHAPE)).astype(np.uint8)
    flat = Affine(SHIFT, np.array([0.02, 0.0, 0.05], np.float32))
    back = inverse((flat,), apply((flat,), images))
    np.testing.assert_allclose(back[..., [0, 2]], images[..., [0, 2]], atol=1e-3)
    np.testing.assert_array_equal(back[..., 1], np.full(back.shape[:3], SHIFT[1]))
    along = np.array([[0.6, 0.8, 0.0]], np.float32)
    blind = ChannelMatrix(SHIFT, (along.T @ along))
    back = inverse((blind,), apply((blind,), images))
    expected = (images - SHIFT) @ (along.T @ along) + SHIFT
    np.testing.assert_allclose(back, expected, atol=1e-3)


def test_a_convolution_that_lost_a_direction_is_said() -> None:
    blind = PatchMatrix(SHIFT, np.zeros((3, 3, 3, 3), np.float32), np.zeros(3, np.float32))
    with pytest.raises(StoreError, match="fit zca_patch with an eps above 0"):
        inverse((blind,), np.zeros((1, *SHAPE), np.float32))
