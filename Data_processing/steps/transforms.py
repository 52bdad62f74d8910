"""Albumentations' transforms as one operation.

Neighbours in a step share a Compose, so that boxes are handled once.

Albumentations 2 repeats itself in workers and ignores global seeds; here every sample gives it a
seed of its own.
"""

import inspect
import os
import warnings
from collections.abc import Mapping
from functools import cached_property
from types import ModuleType

import numpy as np

from Datasets.errors import ParamsError, SampleError
from Datasets.params import nearest
from Datasets.recipe import FixedOp
from Datasets.sample import Boxes, Sample, clipped

OURS: dict[str, tuple[str, ...]] = {
    "crop": (
        "AtLeastOneBBoxRandomCrop", "BBoxSafeRandomCrop", "CenterCrop", "Crop",
        "CropNonEmptyMaskIfExists", "RandomCrop", "RandomCropFromBorders", "RandomCropNearBBox",
        "RandomResizedCrop", "RandomSizedBBoxSafeCrop", "RandomSizedCrop",
    ),
    "resize": ("LongestMaxSize", "RandomScale", "Resize", "SmallestMaxSize"),
    "pad": ("CropAndPad", "Pad", "PadIfNeeded"),
}  # fmt: skip
"""Transforms that change the frame's size.

And the operation of ours that has a fixed form for copy 0.
"""
OTHER_DTYPE = ("FromFloat", "Normalize", "ToFloat")
"""Transforms that change the type of pixels, which copy 0 would keep: scaling has its own stage."""
KEEP_AREA = 0.1
"""Share of its area that a box must keep inside the frame.

Boxes that keep less are dropped, and counted.
"""

BOX_DECIMALS = 3
"""Of a pixel: what float32 can tell apart on any image that can be decoded."""


class Transform:
    """One transform by its class name, with its arguments checked against its signature."""

    def __init__(self, name: str, arguments: Mapping[str, object], where: str) -> None:
        """Check and build it.

        Raises:
            ParamsError: no such transform, an unknown argument, or a value that the transform
            refuses.
        """
        library = _library()
        kind = getattr(library, name, None)
        if not (isinstance(kind, type) and issubclass(kind, library.BasicTransform)):
            raise ParamsError(f"{where}: unknown transform '{name}'; {nearest(name, known())}")
        ours = next((ours for ours, theirs in OURS.items() if name in theirs), None)
        if ours:
            raise ParamsError(
                f"{where}: {name} changes the frame's size and has no fixed form for copy "
                f"0; use our operation '{ours}'"
            )
        if name in OTHER_DTYPE:
            raise ParamsError(
                f"{where}: {name} changes the type of the pixels of drawn copies alone; "
                "use a scaler under 'scale'"
            )
        self.name = name
        self.built = _build(kind, name, arguments, where)


class Transforms:
    """Neighbouring transforms of a step as one operation.

    They draw and have no fixed form: copy 0 is left alone.
    """

    draws = True

    def __init__(self, transforms: tuple[Transform, ...]) -> None:
        """Store the transforms, in order."""
        self.transforms = transforms
        self.name = "+".join(transform.name for transform in transforms)

    def fixed(self) -> FixedOp | None:
        """Return None: there is nothing for copy 0."""
        return None

    def apply(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return ``sample`` transformed; image, mask and boxes follow together.

        Raises:
            SampleError: a transform failed on this sample, or changed the frame's size.
        """
        seed = int(rng.integers(2**31))
        out = self._run(
            seed, image=np.array(sample.image), **(self._annotations(sample) if self._moves else {})
        )
        image = out["image"] if out["image"].ndim == 3 else out["image"][:, :, None]
        if sorted(image.shape[:2]) != sorted(sample.image.shape[:2]):
            raise SampleError(
                f"{self.name} changed the frame from {sample.image.shape[:2]} to "
                f"{image.shape[:2]}; "
                "use our operations crop, resize or pad for that"
            )
        if not self._moves:
            return sample.with_frame(image, sample.mask, sample.boxes)
        return sample.with_frame(image, out.get("mask"), _boxes(sample.boxes, out, image))

    def _run(self, seed: int, **given: np.ndarray) -> dict[str, np.ndarray]:
        self._compose.set_random_seed(seed)
        try:
            out: dict[str, np.ndarray] = self._compose(**given)
        except Exception as error:  # a transform may raise anything; who and where is what helps
            what = f"{type(error).__name__}: {error}"
            raise SampleError(f"{self.name} failed: {what}") from error
        return out

    def _annotations(self, sample: Sample) -> dict[str, np.ndarray]:
        found = {"bboxes": sample.boxes.corners, "rows": np.arange(len(sample.boxes))}
        return found if sample.mask is None else {**found, "mask": np.array(sample.mask)}

    @cached_property
    def _moves(self) -> bool:
        """Whether any of them moves things, so that masks and boxes must follow."""
        return any(
            isinstance(transform.built, _library().DualTransform) for transform in self.transforms
        )

    @cached_property
    def _compose(self):  # type: ignore[no-untyped-def]  # the library is imported late and has no types
        library = _library()
        boxes = library.BboxParams(
            format="pascal_voc", label_fields=["rows"], min_visibility=KEEP_AREA
        )
        built = [transform.built for transform in self.transforms]
        return library.Compose(built, bbox_params=boxes if self._moves else None)

    def __getstate__(self) -> dict[str, object]:
        """Leave the Compose behind when this goes to a worker: it is built there."""
        return {key: value for key, value in self.__dict__.items() if key != "_compose"}


def known() -> list[str]:
    """Return the names of all transforms that may stand in a step."""
    library = _library()
    refused = {name for theirs in OURS.values() for name in theirs} | set(OTHER_DTYPE)
    kinds = (
        (name, getattr(library, name))
        for name in dir(library)
        if name[:1].isupper() and name not in refused
    )
    return [
        name
        for name, kind in kinds
        if isinstance(kind, type)
        and issubclass(kind, library.BasicTransform)
        and not kind.__module__.startswith("albumentations.core")  # bases of transforms
    ]


def _library() -> ModuleType:
    """Return albumentations, imported when it is needed.

    It costs seconds, and asks the network unless told not to.
    """
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    import albumentations
    import cv2

    cv2.setNumThreads(1)  # parallel by samples, not inside one
    return albumentations


def _build(kind: type, name: str, arguments: Mapping[str, object], where: str) -> object:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            built = kind(**arguments)
        except NotImplementedError:
            raise ParamsError(
                f"{where}: {name} is no transform of its own; {nearest(name, known())}"
            ) from None
        except (ValueError, TypeError) as error:
            lines = [
                line.strip()
                for line in str(error).splitlines()
                if "errors.pydantic.dev" not in line
            ]
            raise ParamsError(f"{where}: {name}: {'; '.join(lines[1:] or lines)}") from None
    for warning in caught:
        text = str(warning.message)
        if "not valid for transform" in text:
            names = list(inspect.signature(kind).parameters)
            wrong = next((argument for argument in arguments if argument not in names), "?")
            raise ParamsError(
                f"{where}: {name}: unknown argument '{wrong}'; {nearest(wrong, names)}"
            )
        raise ParamsError(f"{where}: {name}: {text}")
    return built


def _boxes(before: Boxes, out: Mapping[str, np.ndarray], image: np.ndarray) -> Boxes:
    """Return what became of the boxes.

    Corners come back as float32 shares of the frame, row numbers as floats.
    """
    kept = before.take(np.asarray(out["rows"], np.float64).round().astype(np.int64))
    corners = np.asarray(out["bboxes"], np.float64).reshape(-1, 4).round(BOX_DECIMALS)
    return clipped(
        Boxes(kept.names, corners, kept.annotations), image.shape[1], image.shape[0], 0.0
    )
