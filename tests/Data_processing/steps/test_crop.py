"""The random crop and its fixed form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing.steps import crop
from Datasets.errors import SampleError
from Datasets.preprocess import apply_fixed
from Datasets.randomness import rng_for
from Datasets.sample import Boxes, Sample


def sample(height: int, width: int) -> Sample:
    """Return a sample whose pixels tell where they were."""
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([rows, columns, rows + columns], -1).astype(np.uint8)
    boxes = Boxes(
        ("a", "b"),
        np.array([[0.0, 0, 6, 6], [width - 5, height - 5, width, height]]),
        np.arange(2, dtype=np.int32),
    )
    return Sample("d/x", 1, image, (columns % 7).astype(np.uint8), boxes)


@given(
    st.integers(8, 40), st.integers(8, 40), st.integers(1, 8), st.integers(1, 8), st.integers(0, 50)
)
def test_a_window_of_the_image_and_boxes_inside_it(
    height: int, width: int, tall: int, wide: int, seed: int
) -> None:
    """Pixels are the image's own at one place; mask and boxes are shifted alike.

    Every box lies inside.
    """
    before = sample(height, width)
    out = crop.apply(before, crop.Parameters(tall, wide, 0.0), rng_for(seed, "s", "x", 1))
    top, left = int(out.image[0, 0, 0]), int(out.image[0, 0, 1])
    assert np.array_equal(out.image, before.image[top : top + tall, left : left + wide])
    assert out.mask is not None
    assert np.array_equal(out.mask, before.mask[top : top + tall, left : left + wide])  # type: ignore[index]
    for (x1, y1, x2, y2), was in zip(out.boxes.corners, out.boxes.annotations, strict=True):
        assert 0 <= x1 < x2 <= wide
        assert 0 <= y1 < y2 <= tall
        expected = np.clip(
            before.boxes.corners[was] - [left, top, left, top], 0, [wide, tall, wide, tall]
        )
        assert [x1, y1, x2, y2] == expected.tolist()


def test_boxes_that_lose_too_much_are_dropped() -> None:
    """A sixth of the area is less than three tenths."""
    boxes = Boxes(("a",), np.array([[0.0, 0.0, 12.0, 4.0]]), np.zeros(1, np.int32))
    wide = Sample("d/x", 1, np.zeros((4, 12, 1), np.uint8), None, boxes)
    for keep, left in ((0.3, 0), (0.1, 1)):
        assert (
            len(crop.apply(wide, crop.Parameters(4, 2, keep), rng_for(0, "s", "x", 1)).boxes)
            == left
        )


def test_the_fixed_form_is_the_middle() -> None:
    """Rows 16 to 23 and columns 11 to 18 of 40 x 30."""
    out = apply_fixed(sample(40, 30), crop.fixed(crop.Parameters(8, 8)))
    assert np.array_equal(out.image, sample(40, 30).image[16:24, 11:19])


@pytest.mark.parametrize("draw", [True, False])
def test_an_image_smaller_than_the_window_is_refused(draw: bool) -> None:
    """By both forms, with what to do."""
    asked = crop.Parameters(20, 8)
    with pytest.raises(
        SampleError,
        match="10 x 10 pixels are smaller than the crop of 20 x 8; put a resize or a pad",
    ):
        if draw:
            crop.apply(sample(10, 10), asked, rng_for(0, "s", "x", 1))
        else:
            apply_fixed(sample(10, 10), crop.fixed(asked))
