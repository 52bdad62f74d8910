"""Albumentations behind our door: same sample, same draw; image, mask and boxes move together."""

import pickle

import numpy as np
import pytest

from Data_processing.steps.plan import Entry, Step, operations
from Data_processing.steps.transforms import OURS, Transforms, known
from Datasets.errors import SampleError
from Datasets.randomness import rng_for
from Datasets.sample import Boxes, Sample


def drawn(number: int, channels: int = 3) -> Sample:
    """Return a sample with a bright rectangle, its mask and its box."""
    image = np.full((40, 60, channels), 40, np.uint8)
    image[10:22, 15:40] = 220
    mask = np.zeros((40, 60), np.uint8)
    mask[10:22, 15:40] = 1
    boxes = Boxes(("a",), np.array([[15.0, 10.0, 40.0, 22.0]]), np.array([3], np.int32))
    return Sample(f"d/{number}.png", 1, image, mask, boxes)


def only(*ops: Entry) -> Transforms:
    """Return the one operation that ``ops`` make."""
    (operation,) = operations("step", Step("source", ops))
    assert isinstance(operation, Transforms)
    return operation


JITTER: tuple[Entry, ...] = (
    {"Affine": {"rotate": [-20, 20], "p": 1.0}},
    {"GaussNoise": {"p": 1.0}},
    {"HorizontalFlip": {"p": 0.5}},
)


def test_order_and_process_change_nothing() -> None:
    """A sample gets the same pixels first, last.

    Or from an operation that travelled to a worker.
    """
    there = only(*JITTER)
    elsewhere = pickle.loads(pickle.dumps(only(*JITTER)))  # noqa: S301  # our own bytes
    forth = {n: there.apply(drawn(n), rng_for(0, "s", str(n), 1)).image for n in range(5)}
    back = {
        n: elsewhere.apply(drawn(n), rng_for(0, "s", str(n), 1)).image for n in reversed(range(5))
    }
    assert all(np.array_equal(forth[n], back[n]) for n in range(5))
    assert len({image.tobytes() for image in forth.values()}) == 5


def test_box_and_mask_follow_the_ink() -> None:
    """After a flip the box is the mask's and the mask is the ink's."""
    sample = drawn(0)
    out = only({"HorizontalFlip": {"p": 1.0}}).apply(sample, rng_for(0, "s", "x", 1))
    assert out.mask is not None
    assert np.array_equal(out.mask, sample.mask[:, ::-1])  # type: ignore[index]
    assert out.boxes.corners.tolist() == [[20.0, 10.0, 45.0, 22.0]]
    assert out.boxes.annotations.tolist() == [3]
    assert (out.image[out.mask == 1] == 220).all()


def test_the_argument_is_left_alone() -> None:
    """Image, mask and boxes before equal those after."""
    sample, same = drawn(0), drawn(0)
    only(*JITTER).apply(sample, rng_for(0, "s", "x", 1))
    assert np.array_equal(sample.image, same.image)
    assert np.array_equal(sample.mask, same.mask)  # type: ignore[arg-type]
    assert np.array_equal(sample.boxes.corners, same.boxes.corners)


def test_a_box_that_leaves_the_frame_is_dropped() -> None:
    """Moved by more than its width."""
    out = only({"Affine": {"translate_px": {"x": [58, 58], "y": [0, 0]}, "p": 1.0}}).apply(
        drawn(0), rng_for(0, "s", "x", 1)
    )
    assert len(out.boxes) == 0


def test_pixel_transforms_leave_boxes_and_mask() -> None:
    """Nothing moves, nothing is rounded."""
    sample = drawn(0)
    out = only({"GaussNoise": {"p": 1.0}}).apply(sample, rng_for(0, "s", "x", 1))
    assert out.boxes is sample.boxes
    assert out.mask is sample.mask
    assert not np.array_equal(out.image, sample.image)


def test_a_transform_that_fails_names_itself() -> None:
    """Colour jitter knows no eight channels."""
    with pytest.raises(SampleError, match="HueSaturationValue failed: "):
        only({"HueSaturationValue": {"p": 1.0}}).apply(drawn(0, 8), rng_for(0, "s", "x", 1))


def test_a_transform_that_changes_the_frame_is_refused() -> None:
    """Rotating with the border cropped off."""
    turn = only({"Rotate": {"limit": [30, 30], "crop_border": True, "p": 1.0}})
    with pytest.raises(SampleError, match="changed the frame"):
        turn.apply(drawn(0), rng_for(0, "s", "x", 1))


def test_the_names_we_replace_exist_and_are_not_offered() -> None:
    """The table of refused names stays true to the library."""
    import albumentations

    theirs = {name for names in OURS.values() for name in names}
    assert all(hasattr(albumentations, name) for name in theirs)
    assert not theirs & set(known())
    assert "HorizontalFlip" in known()
