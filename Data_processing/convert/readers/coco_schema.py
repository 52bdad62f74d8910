"""The entries of a COCO file, as far as they mean something, and what is kept for the way back."""

from typing import Annotated

import msgspec

from Data_processing.convert.found import FoundRle

Corners = tuple[float, float, float, float]
Id = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number of 64 bits, as samples.parquet holds it."""


class CocoImage(msgspec.Struct, frozen=True):
    """An entry of ``images``. The rest (licence, date, URL) says nothing of the pixels."""

    id: Id | str
    file_name: str
    width: int | None = None
    height: int | None = None


class CocoCategory(msgspec.Struct, frozen=True):
    """An entry of ``categories``."""

    id: Id
    name: str


class CocoKeys(msgspec.Struct, frozen=True):
    """What of an annotation must be known before the images can be walked through."""

    id: Id
    image_id: Id | str
    category_id: Id
    segmentation: msgspec.Raw = msgspec.Raw(b"null")


class CocoAnnotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of ``annotations`` with nothing but what COCO defines; bbox is x, y, w, h."""

    id: Id
    image_id: Id | str
    category_id: Id
    bbox: tuple[float, float, float, float] | None = None
    segmentation: list[tuple[float, ...]] | FoundRle | None = None
    iscrowd: Annotated[int, msgspec.Meta(ge=0, le=1)] | bool | None = 0
    area: float | None = None
    keypoints: tuple[float, ...] | None = ()
    num_keypoints: int | None = None

    def corners(self) -> Corners | None:
        """Return the box as x1, y1, x2, y2."""
        if self.bbox is None:
            return None
        x, y, width, height = self.bbox
        return x, y, x + width, y + height


class CocoOpenAnnotation(CocoAnnotation, frozen=True, forbid_unknown_fields=False):
    """An entry of ``annotations`` with more than COCO defines."""


class CocoAbout(msgspec.Struct, frozen=True):
    """What a file says beside images and annotations: ``document`` is the rest of it, by key."""

    file: str
    has_annotations: bool
    document: dict[str, msgspec.Raw]


class About(msgspec.Struct, frozen=True):
    """What all files say, as it is kept for the way back."""

    coco: list[CocoAbout]


def bbox_of(corners: Corners) -> Corners:
    """Return x, y, width, height as they were written, as far as the sum can tell.

    Of the numbers that give the same sum, the one with the fewest decimals.

    >>> 0.1 + 0.2 - 0.1, bbox_of((0.1, 0.0, 0.1 + 0.2, 1.0))
    (0.20000000000000004, (0.1, 0.0, 0.2, 1.0))
    """
    x1, y1, x2, y2 = corners
    return x1, y1, _side(x1, x2), _side(y1, y2)


def _side(low: float, high: float) -> float:
    difference = high - low
    for decimals in (2, 6, 12):
        short = round(difference, decimals)
        if low + short == high:
            return short
    return difference
