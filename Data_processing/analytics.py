"""What the data look like, in numbers: balance of classes, sizes of images, boxes, folds."""

from collections import Counter
from collections.abc import Mapping

import msgspec
import pandas as pd

from Datasets import metadata
from Datasets.dataset import METADATA


class Range(msgspec.Struct, frozen=True):
    """Smallest, median and largest value."""

    min: float
    median: float
    max: float


class ClassCount(msgspec.Struct, frozen=True):
    """How many samples have a label, and how many boxes have its name."""

    name: str
    samples: int
    boxes: int


class FoldCount(msgspec.Struct, frozen=True):
    """How many samples a fold holds; -1 is the holdout."""

    fold: int
    samples: int


class Shared(msgspec.Struct, frozen=True):
    """Samples that share a value of ``kind``, their folds and labels ("" for none)."""

    kind: str
    value: str
    ids: tuple[str, ...]
    folds: tuple[int, ...]
    labels: tuple[str, ...]

    def disputed(self) -> bool:
        """Return whether they are one picture, or look alike, and are labelled differently."""
        return self.kind != "group" and len(set(self.labels)) > 1


class Sharing(msgspec.Struct, frozen=True):
    """What samples share: inside one fold, and across folds."""

    inside: list[Shared]
    across: list[Shared]

    def every(self) -> list[Shared]:
        """Return both."""
        return [*self.across, *self.inside]


class Summary(msgspec.Struct, frozen=True):
    """summary.json of the analytics. Widths and heights in pixels."""

    samples: int
    datasets: dict[str, int]
    classes: tuple[ClassCount, ...]
    width: Range
    height: Range
    boxes_per_sample: Range
    folds: tuple[FoldCount, ...]
    groups: int
    duplicates_within_folds: int
    alike_within_folds: int
    disputed: int
    """Sets of equal or like pictures whose labels differ."""
    unlabelled: int


def summarise(
    names: list[str], samples: pd.DataFrame, within: Mapping[str, int], disputed: int
) -> Summary:
    """Return the analytics of the data sets ``names``.

    Args:
        names: data sets.
        samples: one row a sample, with columns id, group and fold.
        within: how many sets of equal pictures stand inside one fold (``duplicates``), and how
            many of pictures that look alike (``near``).
        disputed: how many sets of either kind have different labels.
    """
    labels: Counter[str] = Counter()
    boxes: Counter[str] = Counter()
    widths: list[int] = []
    heights: list[int] = []
    per_sample: list[int] = []
    per_dataset: Counter[str] = Counter()
    unlabelled = 0
    for name in names:
        read = metadata.read_columns(METADATA / name, ["width", "height", "has_labels"])
        per_dataset[name] = len(read.images)
        for image in read.images:
            labels.update(image.label_names())
            boxes.update(box.name for box in image.bounding_boxes)
            per_sample.append(len(image.bounding_boxes))
        widths += read.table["width"].to_pylist()
        heights += read.table["height"].to_pylist()
        unlabelled += read.table["has_labels"].to_pylist().count(False)
    folds = Counter(samples["fold"].tolist())
    return Summary(
        samples=len(samples),
        datasets=dict(per_dataset),
        classes=tuple(
            ClassCount(name, labels[name], boxes[name]) for name in sorted(labels | boxes)
        ),
        width=_range(widths),
        height=_range(heights),
        boxes_per_sample=_range(per_sample),
        folds=tuple(FoldCount(fold, count) for fold, count in sorted(folds.items())),
        groups=int(samples["group"].nunique()),
        duplicates_within_folds=within["duplicates"],
        alike_within_folds=within["near"],
        disputed=disputed,
        unlabelled=unlabelled,
    )


def _range(values: list[int]) -> Range:
    column = pd.Series(values, dtype="float64")
    return Range(float(column.min()), float(column.median()), float(column.max()))
