"""One sample cut into many, and put together again."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing.steps import tile
from Data_processing.steps.tile import Edge, Parameters, Window, cut, windows
from Datasets.errors import ParamsError, SampleError
from Datasets.params import checked
from Datasets.sample import Boxes, Sample

SIDE = st.integers(1, 40)


@st.composite
def tiles(draw: Callable, edge: Edge) -> Parameters:
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    overlap = draw(st.integers(0, min(height, width) - 1))
    return Parameters(height, width, overlap, edge, fill=9, keep_area=0.0)


def sample(height: int, width: int, corners: tuple[tuple[float, ...], ...] = ()) -> Sample:
    """Return a sample of which every pixel tells where it was, in 16 bits."""
    image = np.arange(1, height * width + 1, dtype=np.uint16).reshape(height, width, 1)
    mask = np.random.default_rng(0).integers(1, 9, (height, width), np.uint8)
    boxes = Boxes(
        tuple(f"b{n}" for n in range(len(corners))),
        np.array(corners, np.float64).reshape(-1, 4),
        np.arange(len(corners), dtype=np.int32) + 5,
    )
    return Sample("d/x", 2, image, mask, boxes)


def pieces(whole: Sample, asked: Parameters) -> list[tuple[Window, Sample]]:
    found = [(w, cut(whole, w, asked)) for w in windows(asked, *whole.image.shape[:2])]
    return [(window, piece) for window, piece in found if piece is not None]


def put_together(found: list[tuple[Window, Sample]], height: int, width: int) -> np.ndarray:
    """Return what the tiles show, 0 where none lies; what reaches over the edge is cut off."""
    canvas = np.zeros((height, width, 1), np.uint16)
    for window, piece in found:
        part = canvas[window.y1 : window.y2, window.x1 : window.x2]
        part[:] = piece.image[: part.shape[0], : part.shape[1]]
    return canvas


@given(tiles("pad"), SIDE, SIDE)
def test_padded_tiles_put_together_are_the_image(
    asked: Parameters, height: int, width: int
) -> None:
    whole = sample(height, width)
    found = pieces(whole, asked)
    assert np.array_equal(put_together(found, height, width), whole.image)
    for window, piece in found:
        assert piece.image.shape == (asked.height, asked.width, 1)
        assert 0 <= window.x1 < width and 0 <= window.y1 < height
        over, below = max(0, window.x2 - width), max(0, window.y2 - height)
        assert (piece.image[:, asked.width - over :] == 9).all()
        assert (piece.image[asked.height - below :] == 9).all()
        assert piece.mask is not None
        assert not piece.mask[asked.height - below :].any()
        assert (piece.mask > 0).sum() == (asked.height - below) * (asked.width - over)


@given(tiles("shift"), SIDE, SIDE)
def test_shifted_tiles_put_together_are_the_image(
    asked: Parameters, height: int, width: int
) -> None:
    whole = sample(height + 11, width + 11)  # no tile is larger
    height, width = whole.image.shape[:2]
    found = pieces(whole, asked)
    assert np.array_equal(put_together(found, height, width), whole.image)
    for window, piece in found:
        rows, columns = slice(window.y1, window.y2), slice(window.x1, window.x2)
        assert np.array_equal(piece.image, whole.image[rows, columns])
        assert whole.mask is not None and piece.mask is not None
        assert np.array_equal(piece.mask, whole.mask[rows, columns])
        assert (piece.id, piece.copy) == (whole.id, whole.copy)


@given(tiles("drop"), SIDE, SIDE)
def test_where_edges_are_dropped_exactly_the_full_tiles_are_left(
    asked: Parameters, height: int, width: int
) -> None:
    height, width = height + 11, width + 11
    down, across = asked.height - asked.overlap, asked.width - asked.overlap
    full = [
        Window(x, y, x + asked.width, y + asked.height)
        for y in range(0, height, down)
        for x in range(0, width, across)
        if y + asked.height <= height and x + asked.width <= width
    ]
    assert list(windows(asked, height, width)) == full


@given(st.one_of(tiles("shift"), tiles("pad"), tiles("drop")), SIDE, SIDE)
def test_neighbours_share_the_overlap_and_come_row_by_row(
    asked: Parameters, height: int, width: int
) -> None:
    """Exactly, but for the last one, which ``shift`` may let share more."""
    height, width = height + 11, width + 11
    found = windows(asked, height, width)
    assert len(set(found)) == len(found)
    assert list(found) == sorted(found, key=lambda window: (window.y1, window.x1))
    for length, ends in (
        (width, sorted({(window.x1, window.x2) for window in found})),
        (height, sorted({(window.y1, window.y2) for window in found})),
    ):
        shared = [left[1] - right[0] for left, right in pairwise(ends)]
        assert all(one == asked.overlap for one in shared[:-1])
        assert all(one >= asked.overlap for one in shared[-1:])
        if asked.edge != "shift" or ends[-1][1] < length:
            assert all(one == asked.overlap for one in shared)


def test_a_hand_counted_case() -> None:
    """Columns 0 to 6 and 5 to 11 of 11; rows 0 to 4, 3 to 7 and, moved inwards, 4 to 8 of 8."""
    found = windows(Parameters(4, 6, overlap=1), 8, 11)
    assert [(w.x1, w.y1, w.x2, w.y2) for w in found] == [
        (0, 0, 6, 4), (5, 0, 11, 4), (0, 3, 6, 7), (5, 3, 11, 7), (0, 4, 6, 8), (5, 4, 11, 8),
    ]  # fmt: skip
    assert len(windows(Parameters(4, 6, overlap=1, edge="drop"), 8, 11)) == 4
    assert windows(Parameters(4, 6, overlap=1, edge="pad"), 8, 11)[-1] == Window(5, 6, 11, 10)


@given(
    st.sampled_from(["shift", "pad"]),
    st.lists(st.integers(0, 240), min_size=4, max_size=4, unique=True),
)
def test_boxes_lie_inside_and_what_tiles_show_of_one_adds_up(
    edge: Edge, eighths: list[int]
) -> None:
    sides = [number / 8 for number in eighths]
    (x1, x2), (y1, y2) = sorted(sides[:2]), sorted(sides[2:])
    whole = sample(30, 30, ((x1, y1, x2, y2),))
    seen = np.zeros((30, 30))
    for window, piece in pieces(whole, Parameters(8, 7, 0, edge, keep_area=0.0)):
        for (left, top, right, bottom), was in zip(
            piece.boxes.corners, piece.boxes.annotations, strict=True
        ):
            assert was == 5
            assert 0 <= left < right <= 7 and 0 <= top < bottom <= 8
            got = [left + window.x1, top + window.y1, right + window.x1, bottom + window.y1]
            inside = [max(x1, window.x1), max(y1, window.y1)]
            inside += [min(x2, window.x2), min(y2, window.y2)]
            np.testing.assert_allclose(got, inside, atol=1e-9)
            rows = slice(int(np.floor(got[1])), int(np.ceil(got[3])))
            seen[rows, int(np.floor(got[0])) : int(np.ceil(got[2]))] = 1
    whole_box = seen[int(y1) : int(np.ceil(y2)), int(x1) : int(np.ceil(x2))]
    assert whole_box.mean() == 1


def test_boxes_that_keep_too_little_and_tiles_with_too_few_are_left_out() -> None:
    """A fifth of the box lies in the left tile, four fifths in the right one."""
    whole = sample(10, 20, ((8, 2, 18, 6),))
    for keep_area, min_boxes, left in ((0.3, 0, [0, 1]), (0.1, 0, [1, 1]), (0.3, 1, [1])):
        asked = Parameters(10, 10, keep_area=keep_area, min_boxes=min_boxes)
        assert [len(piece.boxes) for _, piece in pieces(whole, asked)] == left


@pytest.mark.parametrize("edge", ["shift", "drop"])
def test_an_image_smaller_than_a_tile_is_refused(edge: Edge) -> None:
    sentence = "30 x 9 pixels are smaller than a tile of 10 x 10; .* or say edge: pad"
    with pytest.raises(SampleError, match=sentence):
        windows(Parameters(10, 10, edge=edge), 30, 9)
    assert windows(Parameters(40, 10, edge="pad"), 30, 9) == (Window(0, 0, 10, 40),)


def test_a_fill_that_the_pixels_cannot_hold_is_refused() -> None:
    image = np.zeros((5, 5, 1), np.uint8)
    small = Sample("d/x", 0, image, None, sample(5, 5).boxes)
    asked = Parameters(8, 8, edge="pad", fill=300)
    with pytest.raises(SampleError, match="fill 300 does not fit into uint8"):
        cut(small, windows(asked, 5, 5)[0], asked)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"height": 8, "width": 6, "overlap": 6}, "an overlap of 6 must be smaller than the tile"),
        ({"height": 8, "width": 6, "edge": "mirror"}, "edge"),
        ({"height": 0, "width": 6}, "height: expected a whole number >= 1"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: dict[str, object], sentence: str) -> None:
    with pytest.raises(ParamsError, match=sentence):
        checked(arguments, tile.Parameters, "params.yaml: tile")
