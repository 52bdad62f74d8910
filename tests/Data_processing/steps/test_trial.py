"""A transform that cannot work on a store's images is refused before the run."""

import pytest

from Data_processing.steps.entries import Entry, Step
from Data_processing.steps.plan import operations
from Data_processing.steps.transform import Transform
from Data_processing.steps.transforms import Transforms
from Data_processing.steps.trial import Kind, check, check_all
from Datasets.errors import ParamsError

ANYWHERE = ("HorizontalFlip", "D4", "Affine", "GridDistortion", "RandomBrightnessContrast")
WHERE = "params.yaml: preprocess.augment"


def one(name: str, **arguments: object) -> Transforms:
    """Return a transform as an operation."""
    return Transforms((Transform(name, arguments, WHERE),))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 4, 8, 16])
def test_what_works_everywhere_is_let_through(channels: int, dtype: str) -> None:
    for name in ANYWHERE:
        check(one(name, p=0.1), [Kind(channels, dtype)], WHERE)


@pytest.mark.parametrize(
    ("name", "channels", "dtype", "why"),
    [
        ("ColorJitter", 8, "uint8", "expects 1-channel or 3-channel images"),
        ("PixelDropout", 8, "uint8", "operands could not be broadcast"),
        ("ChannelDropout", 1, "float32", "Images has one channel"),
        ("ISONoise", 4, "uint8", "expects 3-channel images"),
        ("RGBShift", 16, "float32", "Not enough ranges provided"),
        ("CLAHE", 1, "uint16", "OpenCV refuses them"),
        ("MedianBlur", 3, "uint16", "made 3 channels of float32 out of 3 channels of uint16"),
    ],
)
def test_what_cannot_work_is_refused_with_what_can(
    name: str, channels: int, dtype: str, why: str
) -> None:
    kind = Kind(channels, dtype)
    with pytest.raises(ParamsError) as caught:
        check(one(name), [Kind(3, "uint8"), kind] if channels > 3 else [kind], WHERE)
    said = str(caught.value)
    assert said.startswith(f"{WHERE}: {name} cannot work on images of {kind} (")
    assert why in said and said.count("\n") == 0
    offered = said.rsplit("; ", 1)[1].removesuffix(" can").split(", ")
    for other in offered:
        check(one(other), [kind], WHERE)


def test_a_small_probability_hides_nothing() -> None:
    with pytest.raises(ParamsError, match=r"ColorJitter \(p: 0.01\) cannot"):
        check(one("ColorJitter", p=0.01), [Kind(8, "uint8")], WHERE)


def test_an_operation_is_left_as_it_was() -> None:
    """Its probability is its own again."""
    flip = one("HorizontalFlip", p=0.25)
    check(flip, [Kind(3, "uint8")], WHERE)
    assert flip.transforms[0].built.p == 0.25


def test_kinds_are_followed_through_a_step() -> None:
    """What bands make of eight channels is what the next transform gets."""
    take: Entry = {"bands": {"take": [0, 1, 2]}}
    jitter: Entry = {"ColorJitter": {}}
    eight = [Kind(8, "uint8")]
    check_all(operations("x", Step("source", (take, jitter))), eight, WHERE)
    with pytest.raises(ParamsError, match=r"ColorJitter.* cannot work on images of 8 channels"):
        check_all(operations("x", Step("source", (jitter, take))), eight, WHERE)
    ratios: Entry = {"bands": {"take": [0], "ratios": [[1, 2]]}}
    with pytest.raises(
        ParamsError, match=r"ColorJitter.* cannot work on images of 2 channels of f"
    ):
        check_all(operations("x", Step("source", (ratios, jitter))), eight, WHERE)


def test_a_band_that_no_image_has_is_left_to_the_samples() -> None:
    """There it is named with the sample."""
    check_all(
        operations("x", Step("source", ({"bands": {"take": [9]}},))), [Kind(3, "uint8")], WHERE
    )
