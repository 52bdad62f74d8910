"""One of albumentations' transforms by its name, its arguments checked against its signature."""

import copy
import inspect
import os
import warnings
from collections.abc import Mapping
from contextlib import suppress
from types import ModuleType

import numpy as np

from Datasets.errors import ParamsError, SampleError
from Datasets.params import nearest

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
OTHER = {
    **dict.fromkeys(
        ("FromFloat", "Normalize", "ToFloat", "ToTensorV2", "ToTensor3D"),
        "changes the type of the pixels of drawn copies alone; use a scaler under 'scale'",
    ),
    "ToRGB": "changes the channels of drawn copies alone; set decode.colour to rgb",
}
"""Transforms whose result copy 0 could not stand beside, and what to do."""
INSTANCES = "instances"
"""What the second mask is called: all that move masks move it by the same draw."""
MIXING = ("Morphological",)
"""Transforms that make a mask's value out of several."""


class Transform:
    """One transform by its class name, with its arguments checked against its signature."""

    def __init__(self, name: str, arguments: Mapping[str, object], where: str) -> None:
        """Check and build it.

        Raises:
            ParamsError: no such transform, an unknown argument, or a value that the transform
            refuses.
        """
        albumentations = library()
        kind = getattr(albumentations, name, None)
        if not (isinstance(kind, type) and issubclass(kind, albumentations.BasicTransform)):
            raise ParamsError(f"{where}: unknown transform '{name}'; {nearest(name, known())}")
        ours = next((ours for ours, theirs in OURS.items() if name in theirs), None)
        if ours:
            raise ParamsError(
                f"{where}: {name} changes the frame's size and has no fixed form for copy "
                f"0; use our operation '{ours}'"
            )
        if name in OTHER:
            raise ParamsError(f"{where}: {name} {OTHER[name]}")
        if _needs_more(kind):
            raise ParamsError(
                f"{where}: {name} takes more than an image and its annotations; "
                f"{nearest(name, known())}"
            )
        self.name = name
        self.arguments = dict(arguments)
        self.moves = issubclass(kind, albumentations.DualTransform)
        """Whether masks and boxes must follow."""
        self.built = _build(kind, name, arguments, where)
        if self.moves:
            self.built.add_targets({INSTANCES: "mask"})
        self._clipping: dict[int, bool] = {}

    def always(self) -> "Transform":
        """Return the same transform, done at every call."""
        always = copy.copy(self)
        always.built = copy.deepcopy(self.built)
        always.built.p = 1.0
        return always

    def refuse_clipping(self, image: np.ndarray) -> None:
        """Return nothing if an image's pixels are in the range that the transform takes.

        Most that change colours take float32 pixels for shares of white, and cut off what is
        beyond 0 to 1 without a word.

        Raises:
            SampleError: they are not.
        """
        if image.dtype != np.float32 or self.moves:
            return
        lowest, highest = np.nanmin(image), np.nanmax(image)
        if (lowest < 0 or highest > 1) and self._clips(image.shape[2] if image.ndim == 3 else 1):
            raise SampleError(
                f"{self} would cut off float32 pixels beyond 0 to 1, these are from {lowest:g} to "
                f"{highest:g}; use transforms that move things, or divide the raw files"
            )

    def refuse_mixing(self) -> None:
        """Return nothing if the transform takes values of a mask over, as numbers need it.

        Raises:
            SampleError: it mixes them.
        """
        import cv2

        if self.name in MIXING:
            raise SampleError(
                f"{self.name} would give pixels of an object to its neighbours; leave it out, or "
                "convert without instance masks"
            )
        kernel = getattr(self.built, "mask_interpolation", cv2.INTER_NEAREST)
        if kernel not in (cv2.INTER_NEAREST, cv2.INTER_NEAREST_EXACT):
            raise SampleError(
                f"{self.name} with mask_interpolation {kernel} would mix the numbers of objects; "
                "leave that out"
            )

    def _clips(self, channels: int) -> bool:
        if channels not in self._clipping:
            bright = np.linspace(400, 1000, 64 * 64, dtype=np.float32).reshape(64, 64, 1)
            made = self.built(force_apply=True, image=bright.repeat(channels, axis=2))
            self._clipping[channels] = made["image"].max() <= 1
        return self._clipping[channels]

    def __str__(self) -> str:
        """Return its name and arguments, as in ``Affine (rotate: 20)``."""
        given = ", ".join(f"{key}: {value}" for key, value in self.arguments.items())
        return f"{self.name} ({given})" if given else self.name


def known() -> list[str]:
    """Return the names of all transforms that may stand in a step."""
    albumentations = library()
    refused = {name for theirs in OURS.values() for name in theirs} | set(OTHER)
    kinds = (
        (name, getattr(albumentations, name))
        for name in dir(albumentations)
        if name[:1].isupper() and name not in refused
    )
    return [
        name
        for name, kind in kinds
        if isinstance(kind, type)
        and issubclass(kind, albumentations.BasicTransform)
        and not kind.__module__.startswith("albumentations.core")  # bases of transforms
        and not _needs_more(kind)
    ]


def _needs_more(kind: type) -> bool:
    """Return whether a transform takes volumes, or data beside an image and its annotations."""
    is_for_volumes = issubclass(kind, library().Transform3D)
    return is_for_volumes or "metadata_key" in inspect.signature(kind).parameters


def library() -> ModuleType:
    """Return albumentations, imported when it is needed.

    It costs seconds, and asks the network unless told not to.
    """
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    import albumentations
    import cv2

    cv2.setNumThreads(1)  # parallel by samples, not inside one
    return albumentations


def _build(kind: type, name: str, arguments: Mapping[str, object], where: str):  # type: ignore[no-untyped-def]
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
    for text in _said(caught) - _said_of_all(kind):
        if "not valid for transform" in text:
            names = list(inspect.signature(kind).parameters)
            wrong = next((argument for argument in arguments if argument not in names), "?")
            raise ParamsError(
                f"{where}: {name}: unknown argument '{wrong}'; {nearest(wrong, names)}"
            )
        raise ParamsError(f"{where}: {name}: {text}")
    return built


def _said(caught: list[warnings.WarningMessage]) -> set[str]:
    return {str(warning.message) for warning in caught}


def _said_of_all(kind: type) -> set[str]:
    """Return the advice that a transform gives whatever its arguments are."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with suppress(Exception):  # it may need arguments
            kind()
    return _said(caught)
