"""The eight orientations of the square, against numpy's own turns and flips."""

from argparse import Namespace
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing import source
from Data_processing.interim import folder_of
from Data_processing.steps import process, rot8
from Data_processing.steps.entries import Step
from Data_processing.steps.plan import operations
from Datasets.errors import ParamsError
from Datasets.image import decode
from Datasets.randomness import rng_for
from Datasets.sample import NO_BOXES, Boxes, Sample
from Datasets.store import Store
from tests.Data_processing.conftest import Workspace

DRAWS = 4000


def sample(height: int, width: int, channels: int = 3, dtype: str = "uint8") -> Sample:
    """Return a sample whose pixels all differ and whose mask says where its two boxes are."""
    image = np.arange(height * width * channels).reshape(height, width, channels).astype(dtype)
    mask = np.zeros((height, width), np.uint8)
    mask[1:3, 2:5] = 1
    mask[4:7, 0:1] = 2
    corners = np.array([[2.0, 1, 5, 3], [0, 4, 1, 7]])
    return Sample("d/x", 1, image, mask, Boxes(("a", "b"), corners, np.array([3, 9], np.int32)))


def expected(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Return what numpy makes of the first two axes."""
    turned = np.rot90(pixels, orientation % 4, axes=(0, 1))
    return np.flip(turned, axis=1) if orientation >= 4 else turned


@pytest.mark.parametrize("orientation", range(8))
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 4, 13])
def test_pixels_mask_and_boxes_follow_numpy(orientation: int, dtype: str, channels: int) -> None:
    """To the bit, for frames that are not square; a box is where its mask is."""
    before = sample(8, 6, channels, dtype)
    out = rot8.oriented(before, orientation)
    assert before.mask is not None and out.mask is not None
    assert out.image.dtype == np.dtype(dtype)
    assert out.image.shape == ((6, 8, channels) if orientation % 2 else (8, 6, channels))
    assert np.array_equal(out.image, expected(before.image, orientation))
    assert np.array_equal(out.mask, expected(before.mask, orientation))
    assert out.boxes.names == ("a", "b")
    assert out.boxes.annotations.tolist() == [3, 9]
    for value, corners in enumerate(out.boxes.corners, start=1):
        rows, columns = np.nonzero(out.mask == value)
        around = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert corners.tolist() == around


def test_the_eight_differ_and_leave_the_argument_alone() -> None:
    """Eight pictures of one, which stays as it was, even where it may not be written to."""
    before, same = sample(7, 7), sample(7, 7)
    before.image.flags.writeable = False
    assert len({rot8.oriented(before, n).image.tobytes() for n in range(8)}) == 8
    assert np.array_equal(before.image, same.image)
    assert np.array_equal(before.mask, same.mask)  # type: ignore[arg-type]
    assert np.array_equal(before.boxes.corners, same.boxes.corners)


def test_nothing_annotated_stays_nothing() -> None:
    """No mask becomes none, no boxes none."""
    bare = Sample("d/x", 1, sample(8, 6).image, None, NO_BOXES)
    for orientation in range(8):
        out = rot8.oriented(bare, orientation)
        assert out.mask is None
        assert out.boxes.corners.shape == (0, 4)


@given(st.integers(0, 7), st.lists(st.floats(0, 20), min_size=4, max_size=4))
def test_boxes_between_pixels_stay_inside_and_keep_their_area(
    orientation: int, sides: list[float]
) -> None:
    """Corners need not be whole; what was inside of the frame is inside of the turned one."""
    (x1, x2), (y1, y2) = sorted(sides[:2]), sorted(sides[2:])
    boxes = Boxes(("a",), np.array([[x1, y1, x2, y2]]), np.zeros(1, np.int32))
    before = Sample("d/x", 1, np.zeros((20, 30, 1), np.uint8), None, boxes)
    out = rot8.oriented(before, orientation)
    height, width = out.image.shape[:2]
    (left, top, right, bottom) = out.boxes.corners[0]
    assert 0 <= left <= right <= width
    assert 0 <= top <= bottom <= height
    np.testing.assert_allclose((right - left) * (bottom - top), (x2 - x1) * (y2 - y1), atol=1e-9)


def drawn(p: float, seed: int = 0, step: str = "s", copy: int = 1) -> list[int]:
    """Return which orientation each of many samples got."""
    image = np.arange(4, dtype=np.uint8).reshape(2, 2, 1)
    which = {expected(image, n).tobytes(): n for n in range(8)}
    one = Sample("d/x", copy, image, None, NO_BOXES)
    parameters = rot8.Parameters(p)
    rngs = (rng_for(seed, step, f"d/{n}", copy) for n in range(DRAWS))
    return [which[rot8.apply(one, parameters, rng).image.tobytes()] for rng in rngs]


@pytest.mark.parametrize("p", [1.0, 0.5])
def test_all_eight_are_equally_likely(p: float) -> None:
    """Within five standard deviations; those that are not turned count as the first."""
    counts = Counter(drawn(p))
    for orientation in range(8):
        share = p / 8 + (1 - p) * (orientation == 0)
        spread = (DRAWS * share * (1 - share)) ** 0.5
        assert abs(counts[orientation] - DRAWS * share) < 5 * spread


def test_a_draw_belongs_to_seed_step_sample_and_copy() -> None:
    """The same again for the same, another for any other; never where p is 0."""
    first = drawn(1.0)
    assert drawn(1.0) == first
    for other in (drawn(1.0, seed=1), drawn(1.0, step="t"), drawn(1.0, copy=2)):
        agree = sum(a == b for a, b in zip(first, other, strict=True))
        assert DRAWS / 16 < agree < DRAWS / 4
    assert set(drawn(0.0)) == {0}


def test_params_yaml_says_p_and_nothing_else() -> None:
    """A share from 0 to 1; alone it is 1."""
    (op,) = operations("s", Step("source", ({"rot8": None},)))
    assert op.draws
    assert op.fixed() is None
    assert operations("s", Step("source", ({"rot8": {"p": 0.5}},)))[0].draws
    mistakes: tuple[dict[str, object], ...] = ({"p": 1.5}, {"q": 1})
    for wrong in mistakes:
        with pytest.raises(ParamsError, match=r"preprocess.s.ops.0.rot8"):
            operations("s", Step("source", ({"rot8": wrong},)))


def test_in_the_walk_copy_0_is_untouched_and_the_frame_may_turn(workspace: Workspace) -> None:
    """Copies are one of the eight of what the raw file holds, boxes around their masks."""
    workspace.params("HorizontalFlip: {p: 0.5}", "rot8: {}")
    source.run(Namespace())
    process.run(Namespace(step="flip"))
    store = Store(folder_of("flip"))
    assert store.recipe.ops == ()
    samples = [store.sample(row) for row in store.rows()]
    first = {sample.id: sample for sample in samples if sample.copy == 0}
    found = set()
    for row, one in zip(store.rows(), samples, strict=True):
        raw = decode((Path("raw") / row.files[0]).read_bytes(), row.id)
        assert one.copy or np.array_equal(one.image, raw)
        (which,) = (n for n in range(8) if np.array_equal(one.image, expected(raw, n)))
        found.add(which)
        x1, y1, x2, y2 = (int(side) for side in one.boxes.corners[0])
        assert one.mask is not None
        assert (one.mask[y1:y2, x1:x2] > 0).all()
        assert (one.mask > 0).sum() == (y2 - y1) * (x2 - x1)
        rng = rng_for(7, "flip", row.id, row.copy)
        again = rot8.apply(first[one.id], rot8.Parameters(), rng).image if row.copy else raw
        assert np.array_equal(one.image, again)
    assert len(found) >= 6
    process.run(Namespace(step="shrink"))
    framed = Store(folder_of("shrink")).rows()
    assert {(row.height, row.width) for row in framed} == {(16, 20)}
