"""Samples with their labels and groups, as ``split`` deals them out and ``audit`` looks at them."""

from pathlib import Path

import numpy as np
import pandas as pd

from Data_processing.sections import Split
from Data_processing.split import subset
from Datasets.dataset import METADATA
from Datasets.errors import ParamsError
from Datasets.metadata import COLUMN, own_columns, read_columns
from Datasets.params import nearest
from Datasets.stage import require


def read_labelled(split: Split) -> pd.DataFrame:
    """Return all samples of the split, sorted by id.

    Columns id, label (several joined by '+'), labels (a tuple), group (text or None); time and
    given where the scheme is that, and labelled where a column says it, as the columns of the data
    sets' tables have them.

    Raises:
        ParamsError: a column that is asked for is not in a data set's table.
    """
    asked = {"time": split.time, "given": split.given}
    more: dict[str, str] = {
        name: column for name, column in asked.items() if column and split.scheme == name
    }
    told = subset.column_of(split)
    if told:
        more["labelled"] = told
    groups = (
        (split.group,) if isinstance(split.group, str) else tuple(dict.fromkeys(split.group or ()))
    )
    found = []
    for name in split.from_:
        folder = require(METADATA / name, f"convert@{name}")
        for key, column in [*(("group", one) for one in groups), *more.items()]:
            _check(folder, name, key, column)
        wanted = [COLUMN + column for column in groups] or ["group"]
        own = {key: COLUMN + column for key, column in more.items()}
        read = read_columns(folder, list(dict.fromkeys(["id", *wanted, *own.values()])))
        labels = [image.label_names() for image in read.images]
        part = pd.DataFrame({"id": read.table["id"].to_pylist()})
        part["label"] = ["+".join(one) for one in labels]
        part["labels"] = [tuple(one) for one in labels]
        for i, column in enumerate(wanted):
            values = read.table[column].to_pylist()  # data sets may differ in type
            part[f"group {i}"] = [None if one is None else str(one) for one in values]
        for key, column in own.items():
            part[key] = read.table[column].to_pandas()
        found.append(part)
    samples = pd.concat(found).sort_values("id", ignore_index=True)
    names = [f"group {i}" for i in range(len(groups) or 1)]
    samples["group"] = joined(samples[names].set_axis(groups or ("group",), axis=1))
    return samples.drop(columns=names)


def joined(columns: pd.DataFrame) -> list[str | None]:
    """Return one group for each row: rows that share a value in any column have the same.

    Of one column it is the column. Of several it is the values of the group's first row, by name:
    whoever shares a patient, or a site, directly or over others, belongs together.
    """
    if columns.shape[1] == 1:
        return columns.iloc[:, 0].astype(object).where(columns.iloc[:, 0].notna(), None).tolist()
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(columns)
    ends, first = [], count
    for name in columns:
        codes, values = pd.factorize(columns[name])
        there = np.flatnonzero(codes >= 0)
        ends.append((there, codes[there] + first))
        first += len(values)
    rows, nodes = (np.concatenate(side) for side in zip(*ends, strict=True))
    edges = coo_array((np.ones(len(rows), np.int8), (rows, nodes)), shape=(first, first))
    group_of = connected_components(edges, directed=False)[1][:count]
    keys = columns.columns
    words = [
        ", ".join(f"{key} {one}" for key, one in zip(keys, row, strict=True) if pd.notna(one))
        for row in columns.itertuples(index=False)
    ]
    named = pd.Series(words).groupby(group_of).transform("first")
    return [name if word else None for name, word in zip(named, words, strict=True)]


def _check(folder: Path, dataset: str, key: str, column: str) -> None:
    own = own_columns(folder)
    if column not in own:
        raise ParamsError(
            f"params.yaml: split.{key}: data set '{dataset}' has no column '{column}'; "
            f"{nearest(column, own)}"
        )
