"""Choosing, reordering and combining channels."""

import numpy as np
import pytest

from Data_processing.steps import bands
from Data_processing.steps.entries import Entry, Step
from Data_processing.steps.plan import operations
from Datasets.errors import ParamsError, SampleError
from Datasets.preprocess import apply_fixed
from Datasets.recipe import Bands
from Datasets.sample import NO_BOXES, Sample


def made_of(image: np.ndarray, arguments: bands.Parameters) -> np.ndarray:
    mask = np.arange(image.shape[0] * image.shape[1], dtype=np.uint8).reshape(image.shape[:2])
    done = apply_fixed(Sample("d/x", 0, image, mask, NO_BOXES), bands.fixed(arguments))
    assert done.mask is mask
    return done.image


def test_params_yaml_says_it_and_the_recipe_holds_it() -> None:
    said: Entry = {"bands": {"take": [3, 0, 1], "ratios": [[3, 0]]}}
    ops = operations("s", Step("source", (said, {"bands": {"take": [1]}})))
    assert not any(op.draws for op in ops)
    assert [op.fixed() for op in ops] == [Bands((3, 0, 1), ((3, 0),)), Bands((1,))]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_channels_are_chosen_in_the_order_that_is_named(dtype: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 4)).astype(dtype)
    taken = made_of(image, bands.Parameters(take=(3, 0, 1)))
    assert taken.dtype == image.dtype
    assert np.array_equal(taken, np.stack([image[..., 3], image[..., 0], image[..., 1]], 2))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_ratio_is_the_normalised_difference_of_the_images_own_bands(dtype: str) -> None:
    """Whatever is taken of them; whole numbers become floats before they are subtracted."""
    image = np.array([[[60, 7, 9, 180], [0, 1, 2, 0], [200, 0, 0, 100]]], dtype)
    result = made_of(image, bands.Parameters(take=(1,), ratios=((3, 0), (0, 3))))
    assert result.dtype == np.float32
    assert result[0, :, 0].tolist() == [7, 1, 0]
    assert result[0, :, 1].tolist() == [0.5, 0.0, np.float32(-100) / np.float32(300)]
    assert result[0, :, 2].tolist() == [-0.5, 0.0, np.float32(100) / np.float32(300)]


def test_ratios_alone_may_be_left() -> None:
    image = np.full((2, 2, 2), 5, np.uint8)
    assert made_of(image, bands.Parameters(take=(), ratios=((1, 0),))).shape == (2, 2, 1)
    assert made_of(image, bands.Parameters(ratios=((1, 0),))).shape == (2, 2, 3)


def test_where_the_sum_is_0_the_ratio_is_and_nan_stays() -> None:
    nan = np.nan
    image = np.array([[[2, -2], [0, 0], [nan, 1], [1, nan], [np.inf, np.inf]]], np.float32)
    ratio = made_of(image, bands.Parameters(take=(), ratios=((0, 1),)))[0, :, 0]
    assert ratio[:2].tolist() == [0, 0]
    assert np.isnan(ratio[2:]).all()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "bands takes take, ratios, or both"),
        ({"take": []}, "no channel would be left"),
        ({"take": [1, 0, 1, 0]}, "take names 1, 0 more than once"),
        ({"ratios": [[2, 2]]}, "the ratio of band 2 with itself is 0 everywhere"),
        ({"ratios": [[1, 2], [1, 2]]}, r"ratios names \[1, 2\] more than once"),
        ({"take": [-1]}, "expected a whole number >= 0, got -1"),
        ({"ratios": [[1, 2, 3]]}, "ratios"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: dict[str, object], sentence: str) -> None:
    entry: Entry = {"bands": arguments}
    with pytest.raises(ParamsError, match=f"preprocess.s.ops.0.bands.*{sentence}"):
        operations("s", Step("source", (entry,)))


def test_a_band_that_the_image_lacks_is_named() -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    with pytest.raises(SampleError, match="there is no band 3: the image has 3, numbered from 0"):
        made_of(image, bands.Parameters(ratios=((3, 0),)))
