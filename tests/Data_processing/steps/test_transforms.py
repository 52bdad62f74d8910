"""Albumentations behind our door: same sample, same draw; image, mask and boxes move together."""

import pickle
import random

import msgspec
import numpy as np
import pytest

from Data_processing.steps.entries import Entry, Step
from Data_processing.steps.plan import operations
from Data_processing.steps.transform import OURS, known
from Data_processing.steps.transforms import KEEP_AREA, Transforms
from Datasets.errors import ParamsError, SampleError
from Datasets.randomness import rng_for
from Datasets.sample import NO_BOXES, Boxes, Sample


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


def test_two_flips_fall_apart() -> None:
    """Draws of neighbours do not depend on each other; a seed for each made them fall alike."""
    both = only({"HorizontalFlip": {"p": 0.5}}, {"VerticalFlip": {"p": 0.5}})
    image = np.zeros((2, 2, 1), np.uint8)
    image[0, 0] = 1
    counts = np.zeros((2, 2, 1), np.int64)
    for number in range(400):
        sample = msgspec.structs.replace(drawn(number), image=image, mask=None, boxes=NO_BOXES)
        counts += both.apply(sample, rng_for(0, "s", str(number), 1)).image
    assert counts.sum() == 400 and (counts > 60).all()


@pytest.mark.parametrize(
    "op",
    [
        {"Affine": {"rotate": [-40, 40], "translate_percent": [-0.4, 0.4], "p": 1.0}},
        {"D4": {"p": 1.0}},
        {"Perspective": {"p": 1.0}},
        {"CoarseDropout": {"p": 1.0}},
        {"ShiftScaleRotate": {"p": 0.5}},
    ],
)
def test_all_is_as_a_compose_of_the_library_makes_it(op: Entry) -> None:
    """Image and mask bit for bit, boxes to what is rounded."""
    import albumentations

    ours = only(op)
    settings = albumentations.BboxParams("pascal_voc", ["rows"], min_visibility=KEEP_AREA)
    theirs = albumentations.Compose([ours.transforms[0].built], bbox_params=settings)
    corners = np.array([[15.0, 10.0, 40.0, 22.0], [0, 0, 60, 40], [50.5, 1, 60, 9.25]])
    for number in range(30):
        boxes = Boxes(("a", "b", "c"), corners, np.arange(3, dtype=np.int32))
        sample = msgspec.structs.replace(drawn(number), boxes=boxes)
        seed = int(np.random.default_rng(number).integers(2**31))
        out = ours.apply(sample, np.random.default_rng(number))
        theirs.py_random.seed(seed)
        theirs.set_random_state(np.random.default_rng(seed), theirs.py_random)
        theirs.py_random = random.Random(0)  # of the Compose alone: it draws first
        expected = theirs(image=sample.image, mask=sample.mask, bboxes=corners, rows=range(3))
        assert np.array_equal(out.image, expected["image"])
        assert np.array_equal(out.mask, expected["mask"])  # type: ignore[arg-type]
        assert out.boxes.annotations.tolist() == np.round(expected["rows"]).tolist()
        there = np.asarray(expected["bboxes"]).reshape(-1, 4)
        np.testing.assert_allclose(out.boxes.corners, there, atol=1e-3)


def test_where_nothing_moved_boxes_and_mask_are_the_same() -> None:
    """A flip whose turn does not come leaves corners unrounded."""
    sample = drawn(0)
    out = only({"HorizontalFlip": {"p": 0.0}}).apply(sample, rng_for(0, "s", "x", 1))
    assert out.boxes is sample.boxes and out.mask is sample.mask


@pytest.mark.parametrize("name", ["FDA", "Mosaic", "Pad3D", "TextImage"])
def test_transforms_that_take_more_than_an_image_are_refused(name: str) -> None:
    with pytest.raises(ParamsError, match="takes more than an image"):
        only({name: {}})
    assert name not in known()


@pytest.mark.parametrize("name", ["ToTensorV2", "ToRGB", "Normalize"])
def test_transforms_that_change_the_kind_of_pixels_are_refused(name: str) -> None:
    with pytest.raises(ParamsError, match=r"changes the .* of drawn copies alone"):
        only({name: {}})


@pytest.mark.parametrize("name", ["PiecewiseAffine", "FrequencyMasking"])
def test_advice_is_no_refusal(name: str) -> None:
    assert only({name: {}}).name == name


def test_bright_floats_are_not_cut_off_without_a_word() -> None:
    image = drawn(0).image.astype(np.float32)
    bright = msgspec.structs.replace(drawn(0), image=image)
    with pytest.raises(SampleError, match=r"GaussianBlur \(p: 1.0\) would cut off .* 40 to 220"):
        only({"GaussianBlur": {"p": 1.0}}).apply(bright, rng_for(0, "s", "x", 1))
    assert (
        only({"HorizontalFlip": {"p": 1.0}}).apply(bright, rng_for(0, "s", "x", 1)).image.max()
        == 220
    )
    shares = msgspec.structs.replace(bright, image=image / 255)
    assert only({"GaussianBlur": {"p": 1.0}}).apply(shares, rng_for(0, "s", "x", 1)).image.max() < 1


def test_pixels_of_another_type_are_refused() -> None:
    """Median blur turns uint16 into floats."""
    deep = msgspec.structs.replace(drawn(0), image=drawn(0).image.astype(np.uint16) * 200)
    with pytest.raises(SampleError, match="made 3 channels of float32 out of 3 channels of uint16"):
        only({"MedianBlur": {"p": 1.0}}).apply(deep, rng_for(0, "s", "x", 1))


def test_a_transform_that_fails_names_itself() -> None:
    """Colour jitter knows no eight channels."""
    with pytest.raises(SampleError, match=r"HueSaturationValue \(p: 1.0\) failed: "):
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
