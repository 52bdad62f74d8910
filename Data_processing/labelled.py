"""Samples with their labels and groups, as ``split`` deals them out and ``audit`` looks at them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from Data_processing.sections import Split
from Data_processing.split import subset
from Datasets.dataset import METADATA
from Datasets.errors import ParamsError
from Datasets.metadata import ANNOTATED, COLUMN, own_columns, read_columns, read_samples
from Datasets.params import nearest
from Datasets.stage import require

GROUP = "group: "
DATASET = "dataset"
"""A group that is no column of a table: the data set itself."""


def read_labelled(split: Split) -> pd.DataFrame:
    """Return all samples of the split, sorted by id.

    Columns id, label (several joined by '+'), labels (a tuple), is_annotated (whether anybody
    looked for labels, counts, boxes or a mask), group (text or None), lacks_group (whether its data
    set is a pool without such a column); time and given where the scheme is that, and labelled
    where a column says it, as the columns of the data sets' tables have them.

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
    groups = (split.group,) if isinstance(split.group, str) else split.group or ()
    pools = _pools(split.from_)
    names = tuple(dict.fromkeys(groups))
    parts = [_of_set(name, names, more, name in pools) for name in split.from_]
    samples = pd.concat(parts).sort_values("id", ignore_index=True)
    columns = [GROUP + group for group in dict.fromkeys(groups)] or [GROUP]
    samples["group"] = joined(samples[columns].rename(columns=lambda name: name[len(GROUP) :]))
    return samples.drop(columns=columns)


def _pools(names: Sequence[str]) -> set[str]:
    """Return the data sets in which nothing is annotated, where another's samples are tested."""
    bare = set()
    for name in names:
        folder = require(METADATA / name, f"convert@{name}")
        if not read_samples(folder, list(ANNOTATED)).to_numpy().any():
            bare.add(name)
    return bare if len(bare) < len(set(names)) else set()


def _of_set(
    name: str, groups: tuple[str, ...], more: Mapping[str, str], is_pool: bool
) -> pd.DataFrame:
    """Return the samples of one data set, each column of ``groups`` by its name after ``GROUP``.

    A pool may lack columns of groups, and the one that says who keeps a label: it has none.
    """
    folder = METADATA / name
    own = own_columns(folder)
    asked = [group for group in groups if group != DATASET or DATASET in own]
    told = {key: COLUMN + column for key, column in more.items()}
    if is_pool:
        asked = [group for group in asked if group in own]
        told = {key: one for key, one in told.items() if key != "labelled" or more[key] in own}
    for key, column in [*(("group", one) for one in asked), *((key, more[key]) for key in told)]:
        _check(own, name, key, column)
    wanted = {group: COLUMN + group for group in asked} if groups else {"": "group"}
    columns = ["id", *ANNOTATED, *wanted.values(), *told.values()]
    read = read_columns(folder, list(dict.fromkeys(columns)))
    labels = [image.label_names() for image in read.images]
    part = pd.DataFrame({"id": read.table["id"].to_pylist()})
    part["label"] = ["+".join(one) for one in labels]
    part["labels"] = [tuple(one) for one in labels]
    part["is_annotated"] = read.table.select(ANNOTATED).to_pandas().any(axis=1)
    part["lacks_group"] = is_pool and any(one not in (*asked, DATASET) for one in groups)
    for group in groups or ("",):
        values = [name if group == DATASET else None] * len(part)
        if group in wanted:
            values = read.table[wanted[group]].to_pylist()
        part[GROUP + group] = [None if one is None else _text(one) for one in values]
    for key, column in told.items():
        part[key] = read.table[column].to_pandas()
    return part


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


def _text(value: object) -> str:
    """Return a group's name: a whole number is the same, stored as a whole one or as a float."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _check(own: list[str], dataset: str, key: str, column: str) -> None:
    if column not in own:
        forms = "all, a share (0.1), so many each (4 per class), or a column; "
        raise ParamsError(
            f"params.yaml: split.{key}: data set '{dataset}' has no column '{column}'; "
            f"{forms if key == 'labelled' else ''}{nearest(column, own)}"
        )
