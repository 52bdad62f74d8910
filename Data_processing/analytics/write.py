"""The folder ``Datasets/analytics``: numbers, what to look at, and pictures of it."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from Data_processing.analytics.drift import drifts
from Data_processing.analytics.findings import findings
from Data_processing.analytics.pictures import write_pictures
from Data_processing.analytics.summary import Shares, summarise
from Data_processing.analytics.tables import Tables, fold_names, tables
from Data_processing.sharing import Sharing
from Datasets.analytics import (
    ANALYTICS,
    PICTURES_FILE,
    SAMPLES_FILE,
    SHARED_FILE,
    SUMMARY_FILE,
)
from Datasets.files import new_folder, write_json
from Datasets.splits import About

LISTED = 10_000
"""Sets of samples that are listed in a file: in a set of stills all may look alike."""
KEPT = ("id", "dataset", "fold", "label", "group", "width", "height", "channels", "dtype", "boxes")
"""Columns of the table of samples; behind them brightness, contrast and holes."""


def write_analytics(
    samples: pd.DataFrame, about: About, same: Sharing, alike: Sharing, roots: Mapping[str, Path]
) -> None:
    """Write all that is known of the samples.

    Args:
        samples: a row a sample, with columns id, fold, label, labels, group and tone.
        about: how they were dealt out.
        same: sets of samples with the same pixels.
        alike: sets of samples that look alike.
        roots: the raw folder of each data set.
    """
    of = tables(sorted(roots), samples)
    listed = [*same.every(), *alike.every()]
    shares = Shares(len(same.inside), len(alike.inside), sum(one.disputed() for one in listed))
    names = fold_names(of.samples, about)
    found = drifts(of.samples, names)
    looked = findings(of, listed, found.found)
    with new_folder(ANALYTICS) as folder:
        named = [id_ for one in looked for id_ in one.samples]
        pictures = write_pictures(folder / PICTURES_FILE, named, roots)
        write_json(folder / SUMMARY_FILE, summarise(of, shares, names, found, looked, pictures))
        write_json(folder / SHARED_FILE, listed[:LISTED])
        _write_samples(folder / SAMPLES_FILE, of)


def _write_samples(path: Path, of: Tables) -> None:
    """Write the table that figures of one's own begin with; NaN where nothing was decoded."""
    columns = [*KEPT, "brightness", "contrast", "holes"]
    of.samples[columns].astype({"fold": "int32"}).to_parquet(path, index=False)
