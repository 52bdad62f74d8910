"""What becomes of an image: samples, what was rejected, what was changed."""

import msgspec
import numpy as np

from Data_processing.convert.found import FoundImage
from Data_processing.convert.report import Change
from Datasets.metadata import Annotated
from Datasets.rejections import Rejection


class Made(msgspec.Struct, frozen=True, gc=False):
    """A sample with what is to be written beside its line and row.

    ``semantic`` is (H, W) uint8, ``instances`` (H, W) uint16, ``nodata`` (H, W) bool, each None
    where the sample has none. ``content`` is an image that was embedded in its annotations.
    """

    sample: Annotated
    semantic: np.ndarray | None = None
    instances: np.ndarray | None = None
    nodata: np.ndarray | None = None
    content: bytes | None = None


class Canonical(msgspec.Struct, frozen=True, gc=False):
    """What became of an image: its samples, what was rejected, what was changed.

    ``corrected`` are ids that corrections speak of.
    """

    made: tuple[Made, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    changes: tuple[Change, ...] = ()
    corrected: tuple[str, ...] = ()


def refused(found: FoundImage, reason: str, kind: str) -> Canonical:
    """Return ``found`` as rejected with all that is on it."""
    count = len(found.annotations)
    return Canonical((), (Rejection(found.file, reason, annotations=count, kind=kind),))
