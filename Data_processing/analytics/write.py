"""The folder ``Datasets/analytics``: numbers, what to look at, and pictures of it."""

from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec
import pandas as pd

from Data_processing.analytics.drift import drifts
from Data_processing.analytics.findings import findings
from Data_processing.analytics.pictures import write_pictures
from Data_processing.analytics.quantities import quantities
from Data_processing.analytics.summary import Shares, summarise
from Data_processing.analytics.tables import Tables, fold_names, tables
from Data_processing.sections import GROUPED, Split
from Data_processing.sharing import Sharing
from Datasets.analytics import (
    ANALYTICS,
    PICTURES_FILE,
    SAMPLES_FILE,
    SHARED_FILE,
    SUMMARY_FILE,
)
from Datasets.dataset import Dataset
from Datasets.files import new_folder, write_json
from Datasets.splits import About

LISTED = 10_000
"""Sets of samples that are listed in a file: in a set of stills all may look alike."""
KEPT = ("id", "dataset", "fold", "label", "group", "width", "height", "channels", "dtype", "boxes")
"""Columns of the table of samples; behind them brightness, contrast and holes."""


class Audited(msgspec.Struct, frozen=True):
    """What ``audit`` knows when it writes.

    ``samples`` has a row a sample, with columns id, fold, label, labels, is_annotated, group and
    tone. ``dealt_by`` are the columns of the tables by which folds were made. ``same``, ``alike``
    and ``groups`` are what samples share: pixels, a look (by hashes, or to a network), a group;
    ``shares`` counts it.
    ``roots`` are the raw folders of the data sets.
    """

    samples: pd.DataFrame
    about: About
    dealt_by: Collection[str]
    is_decoded: bool
    same: Sharing
    alike: Sharing
    groups: Sharing
    shares: Shares
    roots: Mapping[str, Path]


def write_analytics(of: Audited) -> None:
    """Write all that is known of the samples."""
    tabled = tables(sorted(of.roots), of.samples, of.is_decoded)
    listed = [*of.same.every(), *of.alike.every()]
    called = fold_names(tabled.samples, of.about)
    values = quantities(tabled.samples, of.dealt_by)
    drifted = drifts(tabled.samples, values)
    told = [*listed, *of.groups.across]
    found = findings(tabled, told, drifted.found, values, called)
    with new_folder(ANALYTICS) as folder:
        ids = [id_ for one in found for id_ in one.samples]
        captions = _captions(tabled.samples, called)
        pictures = write_pictures(folder / PICTURES_FILE, ids, of.roots, captions)
        summary = summarise(tabled, of.shares, called, drifted, found, pictures)
        write_json(folder / SUMMARY_FILE, summary)
        write_json(folder / SHARED_FILE, listed[:LISTED])
        _write_samples(folder / SAMPLES_FILE, tabled)


def dealt_by(split: Split, datasets: Mapping[str, Dataset]) -> set[str]:
    """Return the columns of the tables by which the scheme makes folds."""
    asked = {"time": split.time, "given": split.given}
    columns = [column for scheme, column in asked.items() if split.scheme == scheme]
    if split.scheme in GROUPED:
        groups = (split.group,) if isinstance(split.group, str) else split.group
        columns += groups or [datasets[name].group for name in split.from_]
    return {column for column in columns if column}


def _captions(samples: pd.DataFrame, called: Mapping[int, str]) -> dict[str, str]:
    """Return what stands below each sample's picture: its label, and its fold."""
    labels = samples["label"].where(samples["label"] != "", "no label")
    folds = samples["fold"].map(called).str.replace(" ", "\N{NO-BREAK SPACE}")
    return dict(zip(samples["id"], labels + " \N{MIDDLE DOT} " + folds, strict=True))


def _write_samples(path: Path, of: Tables) -> None:
    """Write the table that figures of one's own begin with; NaN where nothing was decoded."""
    columns = [*KEPT, "brightness", "contrast", "holes"]
    of.samples[columns].astype({"fold": "int32"}).to_parquet(path, index=False)
