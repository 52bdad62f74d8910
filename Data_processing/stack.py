"""The stage ``stack``: the one door from jagged to stackable. Shards are linked, not copied."""

import argparse
from pathlib import Path

import pandas as pd

from Data_processing.interim import folder_of
from Data_processing.sections import Stack
from Datasets.errors import StackError
from Datasets.files import link_or_copy, new_folder
from Datasets.params import load
from Datasets.recipe import RECIPE_FILE
from Datasets.stage import require, running
from Datasets.store import INDEX_FILE, STORE_FILE, Store
from Datasets.tensors import TENSORS

HELP = {
    "channels": "set decode.colour to rgb or gray, so that all have the same channels",
    "dtype": "convert the files to one depth",
    "frame": "end the walk with a letterbox, a resize to height and width, or a crop",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take none."""


def run(arguments: argparse.Namespace) -> None:
    """Write the tensors.

    Raises:
        StackError: two samples differ in shape or dtype.
    """
    with running("stack") as stage:
        step = load().section("stack", Stack).from_
        reads = require(folder_of(step), f"process@{step}")
        index = Store(reads).index(["id", "copy", "height", "width", "channels", "dtype"])
        refuse_jagged(index, step)
        with new_folder(TENSORS) as folder:
            _link(reads, folder)
        height, width, channels, dtype = index.iloc[0][["height", "width", "channels", "dtype"]]
        stage.summary = f"{len(index):,} rows of {height} x {width} x {channels} {dtype}"


def refuse_jagged(index: pd.DataFrame, step: str) -> None:
    """Return nothing if all rows have one shape and dtype.

    Raises:
        StackError: they have not; two samples, their shapes and the operation that would help are
        named.
    """
    if index.empty:
        raise StackError(f"the store of '{step}' holds no samples; look at what its steps rejected")
    first = index.iloc[0]
    for kind, columns in (
        ("channels", ["channels"]),
        ("dtype", ["dtype"]),
        ("frame", ["height", "width"]),
    ):
        other = index[(index[columns] != first[columns]).any(axis=1)]
        if len(other):
            raise StackError(
                f"the samples of '{step}' cannot be stacked: {_shape(first)}, but "
                f"{_shape(other.iloc[0])}; "
                f"{len(other):,} of {len(index):,} rows differ from the first; {HELP[kind]}"
            )


def _shape(row: pd.Series) -> str:
    copy = f", copy {row['copy']}," if row["copy"] else ""
    return (
        f"{row['id']}{copy} is {row['height']} x {row['width']} x {row['channels']} {row['dtype']}"
    )


def _link(reads: Path, folder: Path) -> None:
    for path in sorted(reads.glob("*.npy")):
        link_or_copy(path, folder / path.name)
    for name in (INDEX_FILE, STORE_FILE, RECIPE_FILE):
        (folder / name).write_bytes((reads / name).read_bytes())
