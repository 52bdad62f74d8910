"""A sample in another frame: what is annotated on it follows, or who forgot it is told."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Datasets.sample import NO_BOXES, Boxes, Sample, clipped, strays


def sample(numbers: tuple[int, ...] = (1, 7, 300)) -> Sample:
    """Return a sample with an object a column, and its boxes."""
    instances = np.tile(np.array([0, *numbers], np.uint16), (3, 1))
    corners = np.array([[n, 0, n + 1, 3] for n in range(1, 1 + len(numbers))], np.float64)
    boxes = Boxes(("a",) * len(numbers), corners, np.array(numbers, np.int32) - 1)
    image = np.zeros((3, 1 + len(numbers), 1), np.uint8)
    return Sample("d/x", 1, image, (instances > 0).astype(np.uint8), boxes, instances)


def test_both_masks_are_moved() -> None:
    before = sample()
    after = before.moved(before.image[:, ::-1], before.boxes, lambda mask: mask[:, ::-1])
    assert after.mask is not None and after.instances is not None
    assert after.mask[0].tolist() == [1, 1, 1, 0]
    assert after.instances[0].tolist() == [300, 7, 1, 0]
    bare = Sample("d/x", 1, before.image, None, NO_BOXES).moved(before.image, NO_BOXES, np.flipud)
    assert bare.mask is None and bare.instances is None


def test_an_object_goes_with_its_box() -> None:
    """Its pixels become 0, those of the others and the argument stay; and so for the last box."""
    before = sample()
    two = before.boxes.take(np.array([0, 2]))
    after = before.moved(before.image, two, lambda mask: mask)
    assert after.instances is not None and after.instances.dtype == np.uint16
    assert after.instances[0].tolist() == [0, 1, 0, 300]
    none = before.with_frame(before.image, before.mask, NO_BOXES, before.instances)
    assert none.instances is not None and not none.instances.any()
    assert before.instances is not None and before.instances[0].tolist() == [0, 1, 7, 300]


def test_pixels_alone_leave_the_instances() -> None:
    before = sample()
    after = before.with_frame(before.image + 1, before.mask, before.boxes)
    assert after.instances is before.instances


def test_who_forgets_the_instances_is_told() -> None:
    """Another mask or other boxes; where there are no instances there is nothing to forget."""
    before = sample()
    assert before.mask is not None
    fewer = before.boxes.take(np.array([0]))
    for mask, boxes in ((before.mask[::-1], before.boxes), (before.mask, fewer), (None, fewer)):
        with pytest.raises(TypeError, match=r"no instances; call sample\.moved"):
            before.with_frame(before.image, mask, boxes)
        bare = Sample("d/x", 1, before.image, before.mask, before.boxes)
        assert bare.with_frame(before.image, mask, boxes).instances is None


@given(st.lists(st.integers(1, 65535), max_size=5, unique=True), st.data())
def test_strays_are_numbers_without_a_box(numbers: list[int], data: st.DataObject) -> None:
    one = sample(tuple(numbers))
    assert one.instances is not None and not len(strays(one.instances, one.boxes))
    left = data.draw(st.lists(st.sampled_from(numbers), unique=True)) if numbers else []
    boxes = one.boxes.take(np.isin(one.boxes.annotations + 1, left))
    assert strays(one.instances, boxes).tolist() == sorted(set(numbers) - set(left))


def test_a_box_without_area_is_dropped_without_a_warning() -> None:
    """What is left of 1e-16 pixels, moved, is none: 0 of 0."""
    corners = np.array([[0, 0, 1e-16, 1e-16], [1, 1, 3, 3]]) + 10
    boxes = Boxes(("a", "b"), corners, np.arange(2, dtype=np.int32))
    for keep_area in (0.0, 0.3, 1.0):
        assert clipped(boxes, 20, 20, keep_area).names == ("b",)
