"""Turn and mirror a sample into one of the eight orientations of the square.

They are the dihedral group D4: four quarter turns, each mirrored or not. Pixels only change places,
so that nothing is interpolated, whatever their type and number of channels. Like albumentations'
transforms it draws, has no fixed form and leaves copy 0 alone. Odd turns swap height and width:
what gives all samples one frame that is not square comes after it.
"""

from typing import Annotated

import msgspec
import numpy as np

from Datasets.sample import Boxes, Sample

ORIENTATIONS = 8


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the operation ``rot8`` in params.yaml."""

    p: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    """Share of copies that get one of the eight, all equally likely; one of them is no change."""


def apply(sample: Sample, rot8: Parameters, rng: np.random.Generator) -> Sample:
    """Return ``sample`` in an orientation drawn from ``rng``.

    Args:
        sample: image (H, W, C) of any channels and dtype.
        rot8: how often.
        rng: the generator that belongs to this copy of this sample.

    Returns:
        A new sample: image (H, W, C) or, after an odd number of turns, (W, H, C).
    """
    if rng.random() >= rot8.p:
        return sample
    return oriented(sample, int(rng.integers(ORIENTATIONS)))


def oriented(sample: Sample, orientation: int) -> Sample:
    """Return ``sample`` turned and mirrored; masks and boxes go with the pixels, exactly.

    Args:
        sample: image (H, W, C).
        orientation: 0 to 7. Modulo 4 it is the number of quarter turns against the clock; from 4 on
            left and right are swapped after that.
    """
    turns, is_mirrored = orientation % 4, orientation >= 4
    corners = sample.boxes.corners
    height, width = sample.image.shape[:2]
    for _ in range(turns):
        x1, y1, x2, y2 = corners.T
        corners = np.stack([y1, width - x2, y2, width - x1], axis=1)  # (n, 4)
        height, width = width, height
    if is_mirrored:
        x1, y1, x2, y2 = corners.T
        corners = np.stack([width - x2, y1, width - x1, y2], axis=1)
    boxes = Boxes(sample.boxes.names, corners, sample.boxes.annotations)
    image = _oriented(sample.image, turns, is_mirrored)
    return sample.moved(image, boxes, lambda mask: _oriented(mask, turns, is_mirrored))


def _oriented(pixels: np.ndarray, turns: int, is_mirrored: bool) -> np.ndarray:
    turned = np.rot90(pixels, turns)
    return np.ascontiguousarray(turned[:, ::-1] if is_mirrored else turned)
