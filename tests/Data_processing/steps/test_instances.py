"""Instance masks follow: against each object's own binary mask, and against where its box is."""

from collections.abc import Iterator
from types import ModuleType

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Data_processing.steps.entries import Entry, Step
from Data_processing.steps.operation import (
    Operation,
    OwnOperation,
    applied,
    refuse_unsound,
)
from Data_processing.steps.plan import operations, tiling
from Data_processing.steps.transforms import FILLS
from Data_processing.steps.trial import Kind, check_all
from Datasets.errors import ParamsError, SampleError
from Datasets.randomness import rng_for
from Datasets.sample import Boxes, Sample, strays

HEIGHT, WIDTH = 40, 56
OURS: tuple[Entry, ...] = (
    {"crop": {"height": 24, "width": 30}},
    {"rot8": {}},
    {"letterbox": {"height": 48, "width": 31, "kernel": "nearest", "antialias": False}},
    {"resize": {"height": 23, "width": 61, "kernel": "nearest", "antialias": False}},
    {"pad": {"height": 50, "width": 60}},
    {"tile": {"height": 17, "width": 20, "overlap": 4, "edge": "pad"}},
    {"tile": {"height": 17, "width": 20, "keep_area": 0.8}},
)
THEIRS: tuple[Entry, ...] = (
    {"HorizontalFlip": {"p": 0.5}},
    {"D4": {}},
    {"Affine": {"rotate": [-40, 40], "scale": [0.6, 1.4], "translate_percent": [-0.4, 0.4]}},
    {"Affine": {"rotate": [-40, 40], "fill_mask": FILLS, "border_mode": 0, "p": 1.0}},
    {"ElasticTransform": {"alpha": 200, "sigma": 10, "p": 1.0}},
    {"Perspective": {"scale": [0.05, 0.2], "p": 1.0}},
    {"GridDistortion": {"p": 1.0}},
    {"CoarseDropout": {"fill_mask": 0, "hole_height_range": [5, 20], "p": 1.0}},
    {"RandomGridShuffle": {"p": 1.0}},
)


def scene(seed: int, numbers: tuple[int, ...] = (1, 9, 255, 256, 4000)) -> Sample:
    """Return discs on one another, as pixels and as instances, with the box of what is seen."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    instances = np.zeros((HEIGHT, WIDTH), np.uint16)
    for number in numbers:
        y, x, radius = rng.integers(HEIGHT), rng.integers(WIDTH), rng.integers(2, 12)
        instances[(rows - y) ** 2 + (columns - x) ** 2 <= radius**2] = number
    seen = [number for number in numbers if (instances == number).any()]
    corners = np.array([around(instances == number) for number in seen], np.float64)
    boxes = Boxes(("a",) * len(seen), corners.reshape(-1, 4), np.array(seen, np.int32) - 1)
    return Sample("d/x", 1, instances[:, :, None].copy(), None, boxes, instances)


def around(is_there: np.ndarray) -> list[int]:
    """Return the half-open box around the pixels that are True."""
    rows, columns = np.nonzero(is_there)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def results(op: Entry, sample: Sample, seed: int) -> Iterator[Sample]:
    """Yield what becomes of a sample: one, or its tiles."""
    step = Step("source", (op,))
    cut = tiling("s", step)
    if cut is not None:
        yield from (piece.sample for piece in cut.pieces(sample))
        return
    (operation,) = operations("s", step)
    yield refuse_unsound(sample, operation.apply(sample, rng_for(seed, "s", "x", 1)), str(op))


def with_one(sample: Sample, number: int) -> Sample:
    """Return the same sample with one object's own mask, and no instances."""
    assert sample.instances is not None
    mask = (sample.instances == number).astype(np.uint8)
    return msgspec.structs.replace(sample, mask=mask, instances=None)


@pytest.mark.parametrize("op", [*OURS, *THEIRS], ids=str)
def test_each_object_is_where_its_own_mask_would_be(op: Entry) -> None:
    """One at a time through the same draw; those without a box are gone."""
    lost = 0
    for seed in range(15):
        before = msgspec.structs.replace(scene(seed), mask=np.zeros((HEIGHT, WIDTH), np.uint8))
        made = list(results(op, before, seed))
        expected = [np.zeros(one.image.shape[:2], np.uint16) for one in made]
        for number in (before.boxes.annotations + 1).tolist():
            for i, alone in enumerate(results(op, with_one(before, number), seed)):
                assert alone.mask is not None
                assert np.array_equal(alone.boxes.corners, made[i].boxes.corners)
                if number - 1 in made[i].boxes.annotations:
                    expected[i][alone.mask == 1] = number
                else:
                    lost += 1
        for one, wanted in zip(made, expected, strict=True):
            assert one.instances is not None and one.instances.dtype == np.uint16
            assert np.array_equal(one.instances, wanted)
    moves_out = next(iter(op)) in ("crop", "tile")
    assert lost > 0 or not moves_out


@pytest.mark.parametrize("op", OURS, ids=str)
def test_objects_are_where_their_pixels_are(op: Entry) -> None:
    """The image shows the numbers, and follows by code of its own."""
    for seed in range(15):
        for one in results(op, scene(seed), seed):
            assert one.instances is not None
            shown = one.image[:, :, 0]
            is_kept = np.isin(shown, one.boxes.annotations + 1)
            assert np.array_equal(one.instances, np.where(is_kept, shown, 0))


@settings(max_examples=60)
@given(st.sampled_from([*OURS, *THEIRS[:2]]), st.integers(0, 10_000))
def test_an_object_lies_in_its_box_and_has_one(op: Entry, seed: int) -> None:
    for one in results(op, scene(seed), seed):
        assert one.instances is not None
        assert not len(strays(one.instances, one.boxes))
        for number, corners in zip(one.boxes.annotations + 1, one.boxes.corners, strict=True):
            is_there = one.instances == number
            if is_there.any():
                x1, y1, x2, y2 = around(is_there)
                assert corners[0] - 1 <= x1 and corners[1] - 1 <= y1
                assert x2 <= corners[2] + 1 and y2 <= corners[3] + 1


@pytest.mark.parametrize("op", [*OURS, *THEIRS], ids=str)
def test_the_argument_is_left_alone(op: Entry) -> None:
    before, same = scene(3), scene(3)
    list(results(op, before, 0))
    assert np.array_equal(before.instances, same.instances)  # type: ignore[arg-type]


def test_copy_0_has_its_instances_through_what_is_fixed() -> None:
    """By the kernel nearest, whatever the image is scaled by."""
    ops: tuple[Entry, ...] = (
        {"letterbox": {"height": 80, "width": 112}},
        {"resize": {"longest": 112}},
    )
    for op in ops:
        before = scene(5)
        (operation,) = operations("s", Step("source", (op,)))
        form = operation.fixed()
        assert form is not None and before.instances is not None
        out = applied(before, form)
        assert out.instances is not None and out.instances.shape == (80, 112)
        assert np.array_equal(out.instances, before.instances.repeat(2, axis=0).repeat(2, axis=1))


def test_pixel_transforms_leave_them() -> None:
    before = scene(1)
    grey = msgspec.structs.replace(before, image=before.image.astype(np.uint8))
    ops: tuple[Entry, ...] = ({"GaussNoise": {"p": 1.0}}, {"HorizontalFlip": {"p": 0.0}})
    for op in ops:
        (out,) = results(op, grey, 0)
        assert out.instances is before.instances


def test_no_fill_is_taken_for_an_object() -> None:
    """All of the frame is filled with 255, which is a box's number too."""
    fill: Entry = {"Affine": {"translate_px": {"x": [55, 55], "y": [0, 0]}, "fill_mask": FILLS,
                              "border_mode": 0, "p": 1.0}}  # fmt: skip
    before = scene(0, (255,))
    boxes = msgspec.structs.replace(before.boxes, corners=np.array([[0.0, 0, WIDTH, HEIGHT]]))
    wide = msgspec.structs.replace(before, boxes=boxes, mask=np.ones((HEIGHT, WIDTH), np.uint8))
    (out,) = results(fill, wide, 0)
    assert out.mask is not None and (out.mask[:, :50] == FILLS).all()
    assert out.instances is not None and not out.instances[:, :50].any()
    with pytest.raises(SampleError, match="object 65300 in an instance mask: transforms take up"):
        list(results(fill, scene(0, (65300,)), 0))


def test_what_would_mix_objects_is_refused_before_the_run() -> None:
    """But for samples without instances."""
    op: Entry = {"Affine": {"mask_interpolation": 1}}
    sentence = "mask_interpolation 1 would mix the numbers"
    step: Step = Step("source", ({"bands": {"take": [0, 1, 2]}}, op))
    ops: tuple[Operation, ...] = operations("s", step)
    kinds = [Kind(4, "uint8"), Kind(4, "uint8", True)]
    check_all(ops, kinds[:1], "params.yaml: s")
    with pytest.raises(ParamsError, match=f"3 channels of uint8 with instance masks .*{sentence}"):
        check_all(ops, kinds, "params.yaml: s")
    with pytest.raises(SampleError, match="Morphological would give pixels of an object to its"):
        list(results({"Morphological": {"p": 0.1}}, scene(1), 0))


def flipped(sample: Sample, _: msgspec.Struct, rng: np.random.Generator) -> Sample:
    """Mirror what an operation knew of before there were instances."""
    mask = None if sample.mask is None else sample.mask[:, ::-1]
    corners = sample.boxes.corners[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [WIDTH, 0, WIDTH, 0]
    boxes = msgspec.structs.replace(sample.boxes, corners=corners)
    return sample.with_frame(sample.image[:, ::-1], mask, boxes)


def darkened(sample: Sample, _: msgspec.Struct, rng: np.random.Generator) -> Sample:
    return sample.with_frame(sample.image // 2, sample.mask, sample.boxes)


def test_a_users_own_that_knows_of_no_instances() -> None:
    """What changes pixels alone goes on; what moves them is named, where there are any."""
    before, rng = scene(1), rng_for(0, "s", "x", 1)
    bare = msgspec.structs.replace(before, instances=None)
    made = {}
    for apply in (flipped, darkened):
        module = ModuleType(apply.__name__)
        module.apply = apply  # type: ignore[attr-defined]
        made[apply] = OwnOperation(f"own.{apply.__name__}", module, msgspec.defstruct("P", [])())
        refuse_unsound(bare, made[apply].apply(bare, rng), "own")
    assert made[darkened].apply(before, rng).instances is before.instances
    with pytest.raises(SampleError, match=r"^own\.flipped \{\} failed: .* call sample\.moved"):
        made[flipped].apply(before, rng)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"instances": None}, r"flip lost the instance mask; make its result with sample\.moved"),
        (
            {"instances": np.zeros((HEIGHT, WIDTH), np.int32)},
            r"flip made an instance mask of shape \(40, 56\) and type int32 .* of uint16 was",
        ),
        ({"instances": np.zeros((3, 4), np.uint16)}, r"instance mask of shape \(3, 4\)"),
        ({"instances": np.full((HEIGHT, WIDTH), 77, np.uint16)}, "boxes which are not there, 77"),
        (
            {"image": scene(1).image[:, ::-1], "boxes": scene(1).boxes},
            "flip left the instance mask where it was",
        ),
    ],
)
def test_what_does_not_follow_is_refused(changes: dict[str, object], sentence: str) -> None:
    """What an operation may do that does not make its result by the sample's own functions."""
    before = scene(1)
    refuse_unsound(before, before, "flip")
    with pytest.raises(SampleError, match=sentence):
        refuse_unsound(before, msgspec.structs.replace(before, **changes), "flip")
