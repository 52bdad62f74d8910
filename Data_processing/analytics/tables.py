"""The samples and their boxes as two tables, which all of the analytics are computed from."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pandas as pd

from Data_processing.fingerprints.kin import TONE
from Datasets.dataset import METADATA
from Datasets.metadata import ANNOTATED, COLUMN, ImageMetadata, own_columns, read_columns
from Datasets.splits import About, fold_name

FACTS = ("width", "height", "channels", "dtype", *ANNOTATED)
"""What is taken of samples.parquet as it is."""


class Tables(msgspec.Struct, frozen=True):
    """Samples and boxes.

    ``samples``, by id: id, dataset, width and height (pixels), channels, dtype, has_labels and its
    sisters (bool), boxes and objects (how many), brightness, contrast and holes (NaN where a sample
    was not decoded), means (a tuple, one a channel, or None), the columns of the data sets' tables
    behind ``column.``, and whatever the caller knew of them: fold, label, labels, group.

    ``boxes``, by id: id, name, width and height and side (the square root of the area), pixels,
    share (of the image's area), x and y (where the centre is, shares of the image's sides).

    ``counts``: how many objects of each class are counted. ``is_decoded``: whether images were to
    be decoded.
    """

    samples: pd.DataFrame
    boxes: pd.DataFrame
    counts: dict[str, int]
    is_decoded: bool = True


def tables(names: Sequence[str], known: pd.DataFrame, is_decoded: bool) -> Tables:
    """Return the tables of some data sets.

    Args:
        names: the data sets.
        known: a row a sample, with columns id and tone (``Tone`` or None); others are kept.
        is_decoded: whether images were to be decoded.
    """
    samples, boxes = [], []
    counts: dict[str, int] = {}
    for name in names:
        folder = METADATA / name
        own = [COLUMN + column for column in own_columns(folder)]
        read = read_columns(folder, ["id", *FACTS, *own])
        part = read.table.drop_columns(["image"]).to_pandas()
        part["dataset"] = name
        part["boxes"] = [len(image.bounding_boxes) for image in read.images]
        each = [image.class_counts() for image in read.images]
        part["objects"] = [sum(one.values()) for one in each]
        for one in each:
            for label, count in one.items():
                counts[label] = counts.get(label, 0) + count
        samples.append(part)
        boxes.append(_boxes(part, read.images))
    whole = pd.concat(samples, ignore_index=True).merge(known, on="id", validate="one_to_one")
    whole = _with_tones(whole.sort_values("id", ignore_index=True))
    return Tables(whole, pd.concat(boxes).sort_values("id", ignore_index=True), counts, is_decoded)


def fold_names(samples: pd.DataFrame, about: About) -> dict[int, str]:
    """Return what each fold is called: by its group too, where it is one group that is left out."""
    names = {}
    for fold in sorted(samples["fold"].unique().tolist()):
        names[fold] = fold_name(fold, about.rule)
        if about.scheme == "leave_one_group_out" and fold >= 0:
            groups = sorted(samples.loc[samples["fold"] == fold, "group"].dropna().unique())
            more = f" and {len(groups) - 1} more" if len(groups) > 1 else ""
            names[fold] += f", {groups[0]}{more}"
    return names


def columns_of(samples: pd.DataFrame) -> list[str]:
    """Return the columns of the data sets' own tables, with their prefix, sorted."""
    return sorted(name for name in map(str, samples) if name.startswith(COLUMN))


def _boxes(samples: pd.DataFrame, images: Sequence[ImageMetadata]) -> pd.DataFrame:
    """Return the boxes of a data set, a row each."""
    where = np.repeat(np.arange(len(images)), samples["boxes"])
    each = [box for image in images for box in image.bounding_boxes]
    corners = np.array([(box.x1, box.x2, box.y1, box.y2) for box in each]).reshape(-1, 4)
    x1, x2, y1, y2 = corners.T
    whole = samples[["width", "height"]].to_numpy(float)[where]  # (boxes, 2)
    wide, tall = x2 - x1, y2 - y1
    return pd.DataFrame(
        {
            "id": samples["id"].to_numpy()[where],
            "name": [box.name for box in each],
            "width": wide,
            "height": tall,
            "side": np.sqrt(wide * tall),
            "share": wide * tall / whole.prod(axis=1),
            "x": (x1 + x2) / 2 / whole[:, 0],
            "y": (y1 + y2) / 2 / whole[:, 1],
        }
    )


def _with_tones(samples: pd.DataFrame) -> pd.DataFrame:
    tones = samples[TONE].where(samples[TONE].notna(), None)
    samples["means"] = [tone.channels if tone else None for tone in tones]
    for name in ("brightness", "contrast", "holes"):
        samples[name] = [getattr(tone, name) if tone else np.nan for tone in tones]
    return samples.drop(columns=TONE)
