"""Albumentations' transforms as one operation.

Neighbours in a step share their draws and one look at the boxes.

Albumentations 2 repeats itself in workers and ignores global seeds; here every sample gives it a
seed of its own.
"""

from functools import cached_property

import numpy as np

from Data_processing.steps.transform import INSTANCES, Transform, library
from Datasets.errors import SampleError
from Datasets.recipe import FixedOp
from Datasets.sample import NUMBERS, Boxes, Sample, clipped

KEEP_AREA = 0.1
"""Share of its area that a box must keep inside the frame.

Boxes that keep less are dropped, and counted.
"""

FILLS = 255
"""The largest number that masks may be filled with, such as ``fill_mask: 255`` for ignore."""

BOX_DECIMALS = 3
"""Of a pixel: what float32 can tell apart on any image that can be decoded."""


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
        """Return ``sample`` transformed; image, masks and boxes follow together.

        Raises:
            SampleError: a transform failed on this sample, or changed the frame's size.
        """
        out = self._run(self._given(sample), int(rng.integers(2**31)))
        image = out["image"] if out["image"].ndim == 3 else out["image"][:, :, None]
        if sorted(image.shape[:2]) != sorted(sample.image.shape[:2]):
            raise SampleError(
                f"{self.name} changed the frame from {sample.image.shape[:2]} to "
                f"{image.shape[:2]}; "
                "use our operations crop, resize or pad for that"
            )
        if (image.dtype, image.shape[2]) != (sample.image.dtype, sample.image.shape[2]):
            raise SampleError(
                f"{self.name} made {_kind(image)} out of {_kind(sample.image)}; use another "
                "transform"
            )
        boxes = _taken(sample.boxes, out["bboxes"], image) if "bboxes" in out else sample.boxes
        instances = _unlifted(out[INSTANCES]) if INSTANCES in out else sample.instances
        return sample.with_frame(image, out.get("mask", sample.mask), boxes, instances)

    def _given(self, sample: Sample) -> dict[str, np.ndarray]:
        """Return what the transforms get: copies, as some write where they read."""
        given = {"image": np.array(sample.image)}
        if self._moves and sample.mask is not None:
            given["mask"] = np.array(sample.mask)
        if self._moves and sample.instances is not None:
            for transform in self.transforms:
                transform.refuse_mixing()
            given[INSTANCES] = _lifted(sample.instances)
        if self._moves and len(sample.boxes):
            given["bboxes"] = _shares(sample.boxes, sample.image)
        return given

    def _run(self, data: dict[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
        """Return ``data`` after all transforms, as a Compose would, in less time.

        One pair of generators is shared by all: ``Compose.set_random_seed`` gives each transform
        one of the same seed, by which two flips would always fall alike. Boxes are left out of the
        result where nothing moved.
        """
        compose, has_moved = self._compose, False
        compose.py_random.seed(seed)
        compose.set_random_state(np.random.default_rng(seed), compose.py_random)
        for transform in self.transforms:
            transform.refuse_clipping(data["image"])
            try:
                data = transform.built(**data)
            except Exception as error:  # it may raise anything; who and where is what helps
                what = " ".join(f"{type(error).__name__}: {error}".split())
                raise SampleError(f"{transform} failed: {what}") from error
            if transform.moves and transform.built.params:  # empty where it was not its turn
                has_moved = True
                if "bboxes" in data:
                    data["bboxes"] = _inside(data["bboxes"])
        return data if has_moved else {"image": data["image"]}

    @cached_property
    def _moves(self) -> bool:
        return any(transform.moves for transform in self.transforms)

    @cached_property
    def _compose(self):  # type: ignore[no-untyped-def]  # the library is imported late and has no types
        albumentations = library()
        boxes = albumentations.BboxParams(
            format="pascal_voc", label_fields=["rows"], min_visibility=KEEP_AREA
        )
        built = [transform.built for transform in self.transforms]
        return albumentations.Compose(built, bbox_params=boxes if self._moves else None)

    def __getstate__(self) -> dict[str, object]:
        """Leave the Compose behind when this goes to a worker: it is built there."""
        return {key: value for key, value in self.__dict__.items() if key != "_compose"}


def _kind(image: np.ndarray) -> str:
    return f"{image.shape[2]} channel{'s' * (image.shape[2] > 1)} of {image.dtype}"


def _lifted(instances: np.ndarray) -> np.ndarray:
    """Return an instance mask whose numbers no fill can be taken for: objects above ``FILLS``."""
    most = int(instances.max(initial=0))
    if most > NUMBERS - 1 - FILLS:
        raise SampleError(
            f"object {most} in an instance mask: transforms take up to {NUMBERS - 1 - FILLS}; cut "
            "the image into tiles first"
        )
    return instances + np.uint16(FILLS)


def _unlifted(lifted: np.ndarray) -> np.ndarray:
    """Return the instance mask again: what was filled is 0, as what was 0 is."""
    return np.maximum(lifted, np.uint16(FILLS)) - np.uint16(FILLS)


def _shares(boxes: Boxes, image: np.ndarray) -> np.ndarray:
    """Return boxes as the transforms take them, (n, 5) float32.

    Corners as shares of width and height, and which box it is.
    """
    height, width = image.shape[:2]
    corners = boxes.corners / [width, height, width, height]
    return np.column_stack([corners, np.arange(len(boxes))]).astype(np.float32)


def _inside(shares: np.ndarray) -> np.ndarray:
    """Return (n, 5) boxes clipped to the frame, without those of which too little is left."""
    inside = shares.copy()
    np.clip(inside[:, :4], 0.0, 1.0, out=inside[:, :4])
    left = _areas(inside)
    return inside[(left > 0) & (left >= KEEP_AREA * _areas(shares))]


def _areas(shares: np.ndarray) -> np.ndarray:
    areas: np.ndarray = (shares[:, 2] - shares[:, 0]) * (shares[:, 3] - shares[:, 1])
    return areas  # (n,)


def _taken(before: Boxes, shares: np.ndarray, image: np.ndarray) -> Boxes:
    """Return what became of the boxes."""
    height, width = image.shape[:2]
    kept = before.take(shares[:, 4].round().astype(np.int64))
    corners = shares[:, :4].astype(np.float64) * [width, height, width, height]
    moved = Boxes(kept.names, corners.round(BOX_DECIMALS), kept.annotations)
    return clipped(moved, width, height, 0.0)
