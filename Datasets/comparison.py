"""What became of a data set between two versions of its metadata, sample by sample."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from Datasets.box_matching import iou, matched
from Datasets.errors import StoreError
from Datasets.image import decode
from Datasets.metadata import Annotated, Box, SampleRow, read, read_classes
from Datasets.regions import IGNORE, MAX_CLASSES
from Datasets.revisions import Version

What = Literal[
    "sample added",
    "sample removed",
    "file changed",
    "relabelled",
    "counts changed",
    "box added",
    "box removed",
    "box moved",
    "box renamed",
    "region changed",
    "mask changed",
    "other values changed",
]
OF_SAMPLE = ("group", "columns", "orientation", "image_extras", "has_labels", "has_counts")
OF_REGION = ("polygons", "rles", "iscrowd", "keypoints")
OF_ANNOTATION = ("areas", "extras")
Value = str | tuple[str, ...] | dict[str, int] | Box | None


class Difference(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is not as it was. ``annotation`` is an id, where it is about one."""

    what: What
    sample: str
    annotation: int | None = None
    old: Value = None
    new: Value = None


def differences(old: Version | None, new: Version | None, iou_min: float) -> Iterator[Difference]:
    """Yield what is different, in the order of the samples. None stands for no data set.

    Args:
        old: the data set before.
        new: the data set after.
        iou_min: a box that has less in common with what it was is moved.

    Raises:
        StoreError: the metadata are damaged, or are not in order.
    """
    masks = _Masks(old, new) if old is not None and new is not None else None
    for before, after in _merged(_samples(old), _samples(new)):
        if before is None and after is not None:
            yield Difference("sample added", after.row.id)
        elif after is None and before is not None:
            yield Difference("sample removed", before.row.id)
        elif before is not None and after is not None and masks is not None:
            yield from _of_sample(before, after, masks, iou_min)


def _samples(version: Version | None) -> Iterator[Annotated]:
    if version is None:
        return
    last: tuple[str, int, str] | None = None
    for sample in read(version.folder):
        if last is not None and _key(sample) <= last:
            raise StoreError(f"{sample.row.id} is not in order; run the stage convert again")
        last = _key(sample)
        yield sample


def _key(sample: Annotated) -> tuple[str, int, str]:
    """Return what samples are ordered by: the image, then the id of a part, as a number is."""
    image, row = sample.image.image, sample.row
    if row.window or len(row.files) > 1:
        image, _, part = image.rpartition("#")
        return image, len(part), part
    return image, 0, ""


def _merged(
    old: Iterator[Annotated], new: Iterator[Annotated]
) -> Iterator[tuple[Annotated | None, Annotated | None]]:
    """Yield samples of one name together, those without a partner alone."""
    before, after = next(old, None), next(new, None)
    while before is not None or after is not None:
        if after is None or (before is not None and _key(before) < _key(after)):
            yield before, None
            before = next(old, None)
        elif before is None or _key(after) < _key(before):
            yield None, after
            after = next(new, None)
        else:
            yield before, after
            before, after = next(old, None), next(new, None)


def _of_sample(
    old: Annotated, new: Annotated, masks: "_Masks", iou_min: float
) -> Iterator[Difference]:
    name = new.row.id
    if old.row.sha256 != new.row.sha256 or old.row.window_hash != new.row.window_hash:
        yield Difference("file changed", name, old=old.row.sha256, new=new.row.sha256)
    labels = old.image.label_names(), new.image.label_names()
    if labels[0] != labels[1]:
        yield Difference("relabelled", name, None, *labels)
    counts = old.image.class_counts(), new.image.class_counts()
    if counts[0] != counts[1]:
        yield Difference("counts changed", name, None, *counts)
    yield from _of_boxes(old, new, iou_min)
    yield from masks.compare(old, new)
    changed = tuple(key for key in OF_SAMPLE if getattr(old.row, key) != getattr(new.row, key))
    if changed:
        yield Difference("other values changed", name, new=changed)


def _of_boxes(old: Annotated, new: Annotated, iou_min: float) -> Iterator[Difference]:
    name, matching = new.row.id, matched(old, new)
    boxes = old.image.bounding_boxes, new.image.bounding_boxes
    for i in matching.removed:
        yield Difference("box removed", name, _id(old.row, i), old=boxes[0][i])
    for j in matching.added:
        yield Difference("box added", name, _id(new.row, j), new=boxes[1][j])
    for pair in matching.pairs:
        one, other = boxes[0][pair.old], boxes[1][pair.new]
        number = _id(new.row, pair.new)
        if one.name != other.name:
            yield Difference("box renamed", name, number, one.name, other.name)
        if iou(one, other) < iou_min:
            yield Difference("box moved", name, number, one, other)
        if _changed(OF_REGION, old.row, pair.old, new.row, pair.new):
            yield Difference("region changed", name, number)
        other_values = _changed(OF_ANNOTATION, old.row, pair.old, new.row, pair.new)
        if other_values:
            yield Difference("other values changed", name, number, new=other_values)


def _changed(
    keys: tuple[str, ...], old: SampleRow, i: int, new: SampleRow, j: int
) -> tuple[str, ...]:
    """Return which of the parallel lists differ between the i-th box and the j-th."""
    return tuple(key for key in keys if _at(old, key, i) != _at(new, key, j))


def _at(row: SampleRow, key: str, i: int) -> object:
    values = getattr(row, key)
    return values[i] if i < len(values) else None


def _id(row: SampleRow, i: int) -> int:
    return row.annotation_ids[i] if i < len(row.annotation_ids) else i + 1


class _Masks:
    """Compares masks by what they say: a class may have another value than before."""

    def __init__(self, old: Version, new: Version) -> None:
        self._old, self._new = old, new
        self._classes = read_classes(old.folder), read_classes(new.folder)
        every = sorted({*self._classes[0], *self._classes[1]})
        self._common = [_values(own, every) for own in self._classes]

    def compare(self, old: Annotated, new: Annotated) -> Iterator[Difference]:
        """Yield which masks of a sample changed, came or went."""
        pairs = {
            "semantic": (old.image.segmentation_mask, new.image.segmentation_mask),
            "instances": (old.row.instance_mask, new.row.instance_mask),
            "nodata": (old.row.nodata_mask, new.row.nodata_mask),
        }
        for kind, (before, after) in pairs.items():
            if before is None and after is None:
                differ = kind == "semantic" and old.row.has_mask != new.row.has_mask
            else:
                differ = before is None or after is None or self._differ(kind, before, after)
            if differ:
                yield Difference("mask changed", new.row.id, new=kind)

    def _differ(self, kind: str, before: str, after: str) -> bool:
        is_same_file = self._old.md5(before) == self._new.md5(after)
        if kind != "semantic" or self._classes[0] == self._classes[1]:
            return not is_same_file
        one = self._common[0][_pixels(self._old.path(before))]
        other = self._common[1][_pixels(self._new.path(after))]
        return not np.array_equal(one, other)


def _values(own: tuple[str, ...], every: list[str]) -> np.ndarray:
    """Return the common value of each of a mask's 256 values, int32."""
    common = np.full(256, -1, np.int32)
    common[0], common[IGNORE] = 0, -2
    for i, name in enumerate(own[:MAX_CLASSES], 1):
        common[i] = every.index(name) + 1
    return common


def _pixels(path: Path) -> np.ndarray:
    return decode(path.read_bytes(), str(path), "unchanged")[:, :, 0]
