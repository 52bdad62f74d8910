"""Run lengths against pycocotools, masks against a loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pycocotools import mask as coco_mask

from Datasets.errors import AnnotationError
from Datasets.regions import Region, compressed, index_mask, run_lengths

shapes = arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40)
masks = arrays.arrays(np.uint8, shapes, elements=st.integers(0, 1))


def runs_of(mask: np.ndarray) -> list[int]:
    """Return run lengths down the columns, background first, by an obvious loop."""
    runs, value = [0], 0
    for pixel in mask.T.ravel().tolist():
        if pixel != value:
            runs.append(0)
            value = pixel
        runs[-1] += 1
    return runs


@given(masks)
def test_run_lengths_are_those_of_pycocotools(mask: np.ndarray) -> None:
    text = coco_mask.encode(np.asfortranarray(mask))["counts"].decode()
    assert list(run_lengths(text)) == runs_of(mask)
    assert compressed(runs_of(mask), *mask.shape) == text == compressed(text, *mask.shape)
    np.testing.assert_array_equal(Region((), text, *mask.shape).pixels(), mask.astype(bool))


@pytest.mark.parametrize("counts", [[3, 3], [9, -1, 1], [], [10], "3", "o", "\x00", "é"])
def test_run_lengths_that_do_not_cover_the_image(counts: str | list[int]) -> None:
    with pytest.raises(AnnotationError, match="run lengths"):
        compressed(counts, 3, 3)


@given(st.text(max_size=30))
def test_no_text_crashes(text: str) -> None:
    try:
        compressed(text, 5, 7)
    except AnnotationError as error:
        assert "run lengths" in str(error)


def test_small_lies_on_top_whatever_the_order() -> None:
    large = Region([[0, 0, 10, 0, 10, 10, 0, 10]], None, 10, 10)
    small = Region([[2, 2, 4, 2, 4, 4, 2, 4]], None, 10, 10)
    both = index_mask([large, small], [1, 2], 10, 10)
    np.testing.assert_array_equal(both, index_mask([small, large], [2, 1], 10, 10))
    assert (both == 2).sum() == small.area == 4 and (both == 1).sum() == 96
    crowd = index_mask([small, large], [255, 1], 10, 10)
    assert (crowd == 1).all(), "what is known lies above what is ignored"
