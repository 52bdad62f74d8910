"""What params.yaml may say of steps, and what it is told when it says something else."""

from pathlib import Path

import pytest

from Data_processing.steps.entries import Entry, Step
from Data_processing.steps.plan import check, operations, recipe_ops, walk_to
from Data_processing.steps.process import step_called
from Datasets.errors import ParamsError
from Datasets.params import load
from Datasets.recipe import CentreCrop, Letterbox


def steps(**reads: str) -> dict[str, Step]:
    """Return steps without operations, by what each reads."""
    return {name: Step(from_) for name, from_ in reads.items()}


def test_neighbouring_transforms_share_one_operation() -> None:
    """Two of theirs, one of ours, one of theirs: three operations."""
    step = Step(
        "source",
        (
            {"HorizontalFlip": None},
            {"Blur": {"p": 1.0}},
            {"pad": {"height": 9, "width": 9}},
            {"Blur": {}},
        ),
    )
    assert [op.name for op in operations("x", step)] == ["HorizontalFlip+Blur", "pad", "Blur"]


def test_the_recipe_holds_what_copy_0_sees() -> None:
    """A random crop stands there as its centre crop, a transform not at all."""
    step = Step(
        "source",
        (
            {"crop": {"height": 8, "width": 6}},
            {"HorizontalFlip": {}},
            {"letterbox": {"height": 4, "width": 4}},
        ),
    )
    assert recipe_ops("x", step) == (CentreCrop(8, 6), Letterbox(4, 4))


def test_the_walk_follows_from() -> None:
    """Whatever the order in the file."""
    assert walk_to("crop", steps(crop="distort", augment="source", distort="augment")) == (
        "augment",
        "distort",
        "crop",
    )
    assert walk_to("source", {}) == ()


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"letterbx": {}}, "preprocess.x.ops.0: unknown operation 'letterbx'; .*'letterbox'"),
        ({"letterbox": {"heigth": 3}}, "ops.0.letterbox.heigth: unknown key 'heigth'; .*'height'"),
        ({"letterbox": {"height": "3"}}, "expected a whole number, got text, got '3'"),
        ({"letterbox": {"height": 0}}, "letterbox.height: expected a whole number >= 1, got 0"),
        ({"resize": {"height": 3}}, "resize takes height and width, or longest, or shortest"),
        ({"resize": {"longest": 3, "shortest": 3}}, "resize takes height and width, or longest"),
        ({"HorizontalFlop": {}}, "unknown transform 'HorizontalFlop'; .*'HorizontalFlip'"),
        ({"Affine": {"rotat": 3}}, "Affine: unknown argument 'rotat'; did you mean 'rotate'"),
        ({"GaussianBlur": {"blur_limit": "much"}}, "GaussianBlur: .*blur_limit"),
        ({"RandomCrop": {"height": 3}}, "changes the frame's size .* use our operation 'crop'"),
        ({"Compose": {}}, "unknown transform 'Compose'"),
        ({"BasicTransform": {}}, "BasicTransform is no transform of its own"),
        ({"Normalize": {}}, "Normalize changes the type of the pixels .* use a scaler"),
        ({}, "one operation an entry was expected, got nothing"),
        ({"pad": {}, "crop": {}}, r"one operation an entry was expected, got \['crop', 'pad'\]"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(entry: Entry, sentence: str) -> None:
    """File, step, number of the operation, and the nearest name."""
    with pytest.raises(ParamsError, match=sentence):
        operations("x", Step("source", (entry,)))


@pytest.mark.parametrize(
    ("given", "last", "sentence"),
    [
        (steps(a="b", b="a"), "a", r"the steps run in a circle \(a -> b -> a\)"),
        (
            steps(a="sourc"),
            "a",
            "preprocess.a.from: there is no step 'sourc'; did you mean 'source'",
        ),
        (steps(a="source"), "b", "stack.from: there is no step 'b'"),
        (steps(source="source"), "source", "is not 'source'"),
        (steps(**{"a/b": "source"}), "a/b", "a step's name has letters"),
    ],
)
def test_a_broken_walk_is_found(given: dict[str, Step], last: str, sentence: str) -> None:
    """Before anything runs."""
    with pytest.raises(AssertionError) as found:
        assert check(given, last, "params.yaml") == []
    assert found.match(sentence)


def test_all_problems_come_together() -> None:
    """Two steps, two sentences."""
    given = {"a": Step("source", ({"pod": {}},)), "b": Step("nowhere")}
    assert len(check(given, "a", "params.yaml")) == 2


def test_no_step_is_named_out_of_the_folder_of_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that is run by itself replaces its folder: never a folder of somebody else."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("preprocess: {../../mine: {from: source}}\n")
    with pytest.raises(ParamsError, match=r"preprocess\.\.\./\.\./mine: a step's name has letters"):
        step_called(load(), "../../mine")
