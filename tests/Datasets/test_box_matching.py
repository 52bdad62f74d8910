"""A box is recognised by what it is, then by its id, then by where it is."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from Datasets.box_matching import Pair, iou, matched
from Datasets.metadata import Box
from tests.Datasets.small_metadata import sample

CAT, DOG = Box("cat", 2, 12, 3, 13), Box("dog", 20, 30, 5, 15)
side = st.integers(0, 8)
box = st.builds(
    lambda name, x, y, width, height: Box(name, x, x + width + 1, y, y + height + 1),
    st.sampled_from(["cat", "dog"]),
    *[side] * 4,
)
boxes = st.dictionaries(st.integers(1, 9), box, max_size=6)


def test_a_box_taken_out_leaves_the_others_as_they_were() -> None:
    found = matched(sample("a", {1: CAT, 2: DOG, 3: CAT}), sample("a", {1: DOG, 2: CAT}))
    assert found.pairs == (Pair(0, 1), Pair(1, 0)) and found.removed == (2,)
    assert found.added == ()


def test_one_id_and_another_class_or_place() -> None:
    far = Box("cat", 30, 39, 20, 29)
    assert matched(sample("a", {7: CAT}), sample("a", {7: far})).pairs == (Pair(0, 0),)
    renamed = Box("dog", 3, 12, 3, 13)
    assert matched(sample("a", {7: CAT}), sample("a", {7: renamed})).pairs == (Pair(0, 0),)
    found = matched(sample("a", {7: CAT}), sample("a", {7: DOG}))  # neither
    assert (found.pairs, found.removed, found.added) == ((), (0,), (0,))


def test_without_ids_in_common_the_best_overlap_of_a_class_counts() -> None:
    near, nearer = Box("cat", 4, 14, 3, 13), Box("cat", 3, 13, 3, 13)
    new = sample("a", {8: near, 9: nearer, 10: Box("dog", 2, 12, 3, 13)})
    found = matched(sample("a", {1: CAT}), new)
    assert found.pairs == (Pair(0, 1),) and found.added == (0, 2)


@given(boxes, boxes)
def test_each_box_has_one_place(old: dict[int, Box], new: dict[int, Box]) -> None:
    found = matched(sample("a", old), sample("a", new))
    before = sorted([*(pair.old for pair in found.pairs), *found.removed])
    after = sorted([*(pair.new for pair in found.pairs), *found.added])
    assert before == list(range(len(old))) and after == list(range(len(new)))
    same = matched(sample("a", old), sample("a", old))
    assert same.pairs == tuple(Pair(i, i) for i in range(len(old)))


@given(box, box)
def test_iou_counts_pixels(one: Box, other: Box) -> None:
    drawn = np.zeros((2, 20, 20), bool)
    for pixels, each in zip(drawn, (one, other), strict=True):
        pixels[int(each.y1) : int(each.y2), int(each.x1) : int(each.x2)] = True
    expected = (drawn[0] & drawn[1]).sum() / (drawn[0] | drawn[1]).sum()
    assert abs(iou(one, other) - expected) < 1e-12
