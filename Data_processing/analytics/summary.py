"""What the data look like, in numbers: balance of classes, sizes of images, boxes, folds."""

from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from typing import TypeVar

import msgspec
import numpy as np
import pandas as pd

from Data_processing.analytics.drift import Drifts
from Data_processing.analytics.tables import Tables, columns_of
from Data_processing.fingerprints.tone import kept
from Datasets import analytics
from Datasets.analytics import (
    BoxKind,
    ClassCount,
    Finding,
    FoldCount,
    Histogram,
    Missing,
    Picture,
    PixelKind,
    Range,
    SizeCount,
    Summary,
    Together,
)
from Datasets.metadata import ANNOTATED, COLUMN

BINS = 20
"""Of brightness."""
PLACES = 12
"""Cells along each side of the grid in which boxes are counted."""
PAIRS = 200
"""Pairs of classes that are listed, of as many as there may be."""
SIZES = 10
"""Sizes of images that are listed."""

Pair = TypeVar("Pair", bound=tuple[int | str, int | str])


class Shares(msgspec.Struct, frozen=True):
    """How many sets of samples share something inside folds, and how many have other labels.

    ``across`` says what stands in two folds.
    """

    duplicates: int
    alike: int
    disputed: int
    across: tuple[str, ...] = ()


def summarise(
    of: Tables,
    shares: Shares,
    names: Mapping[int, str],
    drifts: Drifts,
    findings: tuple[Finding, ...],
    pictures: tuple[Picture, ...],
) -> Summary:
    """Return the analytics as they are written.

    Args:
        of: the samples, with columns fold, labels and group, and the boxes.
        shares: what ``audit`` counted.
        names: what each fold is called.
        drifts: how the folds differ.
        findings: what is to be looked at.
        pictures: where the samples of the findings stand on the sheet.
    """
    samples, boxes = of.samples, of.boxes
    datasets = Counter(samples["dataset"].tolist())
    folds = Counter(samples["fold"].tolist())
    sizes = Counter(zip(samples["width"].tolist(), samples["height"].tolist(), strict=True))
    kinds = Counter(zip(samples["channels"].tolist(), samples["dtype"].tolist(), strict=True))
    return Summary(
        samples=len(samples),
        datasets=dict(sorted(datasets.items())),
        folds=tuple(FoldCount(fold, names[fold], count) for fold, count in sorted(folds.items())),
        groups=int(samples["group"].nunique()),
        classes=_classes(of),
        together=_together(samples["labels"]),
        width=range_of(samples["width"]),
        height=range_of(samples["height"]),
        sizes=tuple(SizeCount(*one, count) for one, count in _most(sizes)[:SIZES]),
        distinct_sizes=len(sizes),
        kinds=tuple(PixelKind(*one, count) for one, count in _most(kinds)),
        tones=tuple(_tone(str(dtype), own) for dtype, own in samples.groupby("dtype", sort=True))
        if samples["brightness"].notna().any()
        else (),
        boxes_per_sample=range_of(samples["boxes"].where(samples["has_boxes"])),
        boxes=tuple(_box_kind(str(name), own) for name, own in boxes.groupby("name", sort=True)),
        box_sides=_sides(boxes["side"].to_numpy()) if len(boxes) else None,
        box_places=_places(boxes) if len(boxes) else (),
        missing=missing(samples),
        drift=drifts.found,
        tests=drifts.tests,
        untested=drifts.untested,
        warnings=shares.across,
        duplicates_within_folds=shares.duplicates,
        alike_within_folds=shares.alike,
        disputed=shares.disputed,
        unlabelled=int((~samples["has_labels"]).sum()),
        findings=findings,
        pictures=pictures,
    )


def range_of(values: pd.Series) -> Range:
    """Return the range of some numbers; of none at all, zeros."""
    known = values.dropna().astype("float64")
    if known.empty:
        return Range(0.0, 0.0, 0.0)
    return Range(kept(known.min()), kept(known.median()), kept(known.max()))


def missing(samples: pd.DataFrame) -> tuple[Missing, ...]:
    """Return what samples lack: values of the tables, and annotations that others have."""
    found = []
    for fact in ANNOTATED:
        lacking = int((~samples[fact]).sum())
        if lacking < len(samples):  # else nobody annotates that here
            found.append(Missing(f"annotation: {fact.removeprefix('has_')}", lacking))
    for column in columns_of(samples):
        found.append(
            Missing(f"column {column.removeprefix(COLUMN)}", int(samples[column].isna().sum()))
        )
    return tuple(one for one in found if one.samples)


def _classes(of: Tables) -> tuple[ClassCount, ...]:
    labels = Counter(label for labels in of.samples["labels"] for label in labels)
    boxes = Counter(of.boxes["name"].tolist())
    names = sorted(labels.keys() | boxes.keys() | of.counts.keys())
    return tuple(
        ClassCount(name, labels[name], boxes[name], of.counts.get(name, 0)) for name in names
    )


def _together(labels: pd.Series) -> tuple[Together, ...]:
    pairs = Counter(pair for one in labels for pair in combinations(sorted(set(one)), 2))
    return tuple(Together(*pair, count) for pair, count in _most(pairs)[:PAIRS])


def _most(counts: Counter[Pair]) -> list[tuple[Pair, int]]:
    """Return what was counted, the most frequent first, what is equally frequent in order."""
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def _tone(dtype: str, samples: pd.DataFrame) -> analytics.Tone:
    known = samples[samples["brightness"].notna()]
    depth = max((len(means) for means in known["means"]), default=0)
    channels = tuple(
        range_of(pd.Series([means[i] for means in known["means"] if len(means) > i]))
        for i in range(depth)
    )
    bright = known["brightness"].to_numpy(float)
    ends = (0.0, 1.0) if dtype.startswith("u") or not len(bright) else (bright.min(), bright.max())
    counts, edges = np.histogram(bright, BINS, ends)
    histogram = Histogram(tuple(map(kept, edges.tolist())), tuple(counts.tolist()))
    return analytics.Tone(dtype, channels, histogram, range_of(known["contrast"]))


def _box_kind(name: str, boxes: pd.DataFrame) -> BoxKind:
    return BoxKind(name, *(range_of(boxes[column]) for column in ("width", "height", "share")))


def _sides(sides: np.ndarray) -> Histogram:
    """Return how many boxes are of what size; the first bin takes what is smaller than a pixel."""
    low = max(0, int(np.floor(np.log2(max(sides.min(), 1.0)))))
    high = max(low + 1, int(np.floor(np.log2(max(sides.max(), 1.0)))) + 1)
    edges = 2.0 ** np.arange(low, high + 1)
    counts, _ = np.histogram(np.maximum(sides, edges[0]), edges)
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()))


def _places(boxes: pd.DataFrame) -> tuple[tuple[int, ...], ...]:
    where = boxes[["y", "x"]].to_numpy()
    counts, *_ = np.histogram2d(where[:, 0], where[:, 1], PLACES, [(0.0, 1.0), (0.0, 1.0)])
    return tuple(tuple(row) for row in counts.astype(int).tolist())
