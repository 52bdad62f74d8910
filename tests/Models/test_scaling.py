"""The scaler on the device equals the one in numpy."""

import numpy as np
import pytest
import torch

from Datasets import scaler
from Datasets.scaler import Affine, ChannelMatrix, ImageMatrix, Map, PatchMatrix, StandardImage
from Models.scaling import Scaling

RNG = np.random.default_rng(3)
SHIFT = RNG.normal(100, 20, 3).astype(np.float32)
PIXELS = RNG.normal(100, 20, (6, 5, 3)).astype(np.float32)
MATRIX = RNG.normal(0, 0.1, (3, 3)).astype(np.float32)
KERNEL = RNG.normal(0, 0.02, (3, 3, 5, 5)).astype(np.float32)
BIAS = RNG.normal(0, 1, 3).astype(np.float32)
MAPS: dict[str, tuple[Map, ...]] = {
    "none": (),
    "per image": (StandardImage(),),
    "per channel": (Affine(SHIFT, np.array([0.02, 0.01, 0.05], np.float32)),),
    "per pixel": (Affine(PIXELS, np.full_like(PIXELS, 0.01)),),
    "zca": (ChannelMatrix(SHIFT, MATRIX),),
    "patches": (PatchMatrix(SHIFT, KERNEL, BIAS),),
    "images": (ImageMatrix(PIXELS, RNG.normal(0, 0.01, (90, 90)).astype(np.float32)),),
    "in a row": (ChannelMatrix(SHIFT, MATRIX), StandardImage()),
    "in a row, patches": (PatchMatrix(SHIFT, KERNEL, BIAS), Affine(BIAS, BIAS)),
}


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("name", MAPS)
def test_it_equals_the_scaler_in_numpy(name: str, dtype: str) -> None:
    batch = RNG.integers(0, 256, (4, 6, 5, 3)).astype(dtype)
    scaled = Scaling(MAPS[name])(torch.from_numpy(batch))
    expected = scaler.apply(MAPS[name], batch).transpose(0, 3, 1, 2)
    assert scaled.dtype == torch.float32
    np.testing.assert_allclose(scaled.numpy(), expected, rtol=1e-5, atol=2e-5)


def test_a_constant_image_becomes_zero() -> None:
    scaled = Scaling((StandardImage(),))(torch.full((2, 4, 4, 3), 200, dtype=torch.uint8))
    assert torch.equal(scaled, torch.zeros(2, 3, 4, 4))


def test_the_maps_are_not_shared_with_the_module() -> None:
    shift, gain = np.zeros(3, np.float32), np.ones(3, np.float32)
    scaling = Scaling((Affine(shift, gain),))
    shift += 1
    assert torch.equal(scaling(torch.zeros(1, 2, 2, 3)), torch.zeros(1, 3, 2, 2))
