"""What params.yaml may say of ``resize`` and ``letterbox``."""

import pytest

from Data_processing.steps.entries import Step
from Data_processing.steps.plan import operations
from Datasets.errors import ParamsError
from Datasets.recipe import Letterbox, Resize


@pytest.mark.parametrize("kernel", ["bilinear", "box", "nearest"])
def test_the_kernel_comes_into_the_recipe(kernel: str) -> None:
    ops = operations(
        "s",
        Step(
            "source",
            (
                {"resize": {"height": 4, "width": 5, "kernel": kernel}},
                {"letterbox": {"height": 4, "width": 5, "kernel": kernel}},
            ),
        ),
    )
    resize, letterbox = (op.fixed() for op in ops)
    assert isinstance(resize, Resize) and isinstance(letterbox, Letterbox)
    assert resize.kernel == letterbox.kernel == kernel
    assert resize.antialias and letterbox.antialias


@pytest.mark.parametrize("name", ["resize", "letterbox"])
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"kernel": "bicubic"}, "kernel.*'?bicubic"),
        ({"kernel": "box", "antialias": False}, "kernel box averages all that a pixel covers"),
    ],
)
def test_what_makes_no_sense_is_refused(
    name: str, arguments: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ParamsError, match=f"preprocess.s.ops.0.{name}.*{sentence}"):
        operations("s", Step("source", ({name: {"height": 4, "width": 5, **arguments}},)))
