"""The section ``datasets`` of params.yaml: what raw data there is, and in which format."""

from pathlib import Path
from typing import Literal

import msgspec

from Datasets.errors import ParamsError
from Datasets.params import NAME, Params, nearest

METADATA = Path("Datasets/metadata")
"""Where the stage ``convert`` puts one metadata folder a data set."""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A CSV table with a row an image."""

    file: str  # below the data set's path
    key: str  # the column that names the image


class Dataset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of ``datasets``.

    ``path`` may lie outside the repository. ``annotations`` is a file or glob below it, ``images``
    the sub-folder that image names are relative to; both are found where they are left out.
    ``group`` is a column of the table.
    """

    format: str
    path: str
    on_bad: Literal["strict", "skip"] = "strict"
    annotations: str = ""
    images: str = ""
    table: Table | None = None
    group: str | None = None


def datasets_of(params: Params) -> dict[str, Dataset]:
    """Return the data sets by name.

    Raises:
        ParamsError: the section is missing, empty, or has an entry that does not fit.
    """
    datasets = params.section("datasets", dict[str, Dataset])
    if not datasets:
        raise ParamsError(f"{params.path}: datasets: at least one data set is needed")
    for name, dataset in datasets.items():
        where = f"{params.path}: datasets.{name}"
        if not NAME.fullmatch(name):
            raise ParamsError(f"{where}: a name is made of letters, digits, _ and -; rename it")
        if not dataset.path:
            raise ParamsError(f"{where}.path: must name a folder, got ''")
        if dataset.group is not None and dataset.table is None:
            raise ParamsError(f"{where}.group: is a column of the table; name it in {where}.table")
    return datasets


def dataset_called(params: Params, name: str) -> Dataset:
    """Return the data set ``name``.

    Raises:
        ParamsError: there is none of that name; the nearest ones are offered.
    """
    datasets = datasets_of(params)
    if name not in datasets:
        raise ParamsError(
            f"{params.path}: datasets: unknown data set '{name}'; {nearest(name, datasets)}"
        )
    return datasets[name]
