"""The section ``datasets`` of params.yaml: what raw data there is, and in which format."""

from pathlib import Path
from typing import Literal

import msgspec

from Datasets.errors import ParamsError
from Datasets.params import NAME, Params, nearest

METADATA = Path("Datasets/metadata")
"""Where the stage ``convert`` puts one metadata folder a data set."""
CORRECTIONS = Path("Datasets/corrections")
"""Where corrections of what ``convert`` found are kept, one file a data set, in Git."""


class Sql(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A query to a database.

    ``url_env`` names the environment variable that holds the SQLAlchemy URL: it may hold a
    password, which has no place in a file.
    """

    url_env: str
    query: str


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table with a row an image: a CSV or Parquet file below the data set's path, or a query."""

    key: str  # the column that names the image
    file: str = ""
    sql: Sql | None = None


class LabelRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of class names: first strip, then case, then map, then ignore."""

    strip: bool = False  # take off blanks at both ends
    case: Literal["keep", "lower", "upper"] = "keep"
    map: dict[str, str] = {}  # old name: new name
    ignore: tuple[str, ...] = ()  # names that are left out, and counted


class Dataset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of ``datasets``.

    ``path`` may lie outside the repository. ``annotations`` is a file or glob below it, ``images``
    the sub-folder that image names are relative to; both are found where they are left out.
    ``group`` is a column of the table. What stands below ``bands`` is read by single formats only;
    the table of formats says which.
    """

    format: str
    path: str
    on_bad: Literal["strict", "skip"] = "strict"
    annotations: str = ""
    images: str = ""
    table: Table | None = None
    lists: dict[str, str] = {}  # name of a part (train, val, test): file that lists its images
    group: str | None = None
    labels: LabelRules = LabelRules()
    outside: Literal["error", "clip", "drop"] = "error"  # what leaves the frame by over a pixel
    orientation: Literal["auto", "seen", "stored"] = "auto"  # of the frame that was annotated
    masks: Literal["none", "semantic", "instances", "both"] = "semantic"  # drawn from regions
    samples: Literal["image", "box"] = "image"  # box: each annotation becomes a sample
    bands: dict[str, str] = {}  # band: pattern of its files; channels in the order of the names
    origin: Literal[0, 1] | None = None  # number of the first pixel
    classes: str = ""  # file with the class names
    columns: dict[str, str] = {}  # our word: their column
    sql: Sql | None = None  # the annotations themselves
    values: dict[str, int | str] = {}  # class: value in a mask, or its colour as "#rrggbb"


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
        if dataset.table is not None and bool(dataset.table.file) == bool(dataset.table.sql):
            raise ParamsError(f"{where}.table: needs a file or sql, one of them")
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
