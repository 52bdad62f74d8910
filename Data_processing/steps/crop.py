"""Cut a window out of a sample: at a drawn place for copies, in the middle for copy 0."""

from typing import Annotated

import msgspec
import numpy as np

from Datasets.preprocess import framed, refuse_small
from Datasets.recipe import CentreCrop, Placement, Positive
from Datasets.sample import Sample


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the operation ``crop`` in params.yaml."""

    height: Positive
    """Pixels."""
    width: Positive
    """Pixels."""
    keep_area: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.3
    """Share of its area that a box must keep; boxes that keep less are dropped, and counted."""


def apply(sample: Sample, crop: Parameters, rng: np.random.Generator) -> Sample:
    """Return ``sample`` cropped at a place drawn from ``rng``.

    Args:
        sample: image (H, W, C), H >= crop.height and W >= crop.width.
        crop: window in pixels, and how much of a box must survive.
        rng: the generator that belongs to this copy of this sample.

    Returns:
        A new sample: image (crop.height, crop.width, C), boxes shifted and clipped.

    Raises:
        SampleError: the image is smaller than the window.
    """
    refuse_small(sample, crop.height, crop.width, "crop")
    height, width = sample.image.shape[:2]
    top = int(rng.integers(height - crop.height + 1))
    left = int(rng.integers(width - crop.width + 1))
    place = Placement(height, width, -top, -left, crop.height, crop.width)
    return framed(sample, place, crop.keep_area)


def fixed(crop: Parameters) -> CentreCrop:
    """Return what stands in the recipe for copy 0: the same window, in the middle."""
    return CentreCrop(crop.height, crop.width, crop.keep_area)
