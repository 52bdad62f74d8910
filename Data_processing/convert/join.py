"""Columns and groups that come from a table, joined by the image's name.

The table is a CSV or Parquet file, or what a database answers with. A column of CSV is whole
numbers, numbers or truth values if it is that throughout, else text; the others have types.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import msgspec
import pandas as pd
import pyarrow as pa

from Data_processing.convert.frames import Frame, file_frame
from Data_processing.convert.report import Report
from Data_processing.convert.sql import sql_frame
from Datasets.dataset import Dataset, Table
from Datasets.errors import AnnotationError, ParamsError
from Datasets.metadata import Scalar
from Datasets.params import nearest

GAPS = frozenset({"NA", "NaN", "nan", "N/A", "null", "None"})
"""Words for a missing number. In a column of text they are text: a country may be called NA."""
UNUSED = "a row of the table without an image"
_ARROW = {"Int64": pa.int64(), "Float64": pa.float64(), "boolean": pa.bool_()}
_INT64 = range(-(2**63), 2**63)


class Columns(msgspec.Struct, frozen=True):
    """A value a sample for each column of the table, and for its group if a column is that."""

    values: dict[str, list[Scalar]]
    groups: list[str | None] | None


class Beside(Protocol):
    """What knows more of images than their annotations do."""

    @property
    def columns(self) -> pa.Schema:
        """Names and types of the columns that every image gets."""
        ...

    def check(self, name: str, image: str) -> None:
        """Make sure that it is clear what is said of an image; AnnotationError if it is not."""
        ...

    def columns_of(self, names: Sequence[str], images: Sequence[str]) -> Columns:
        """Return the columns of some samples, by their images' names and paths."""
        ...

    def notes(self) -> list[str]:
        """Return a clause for each way in which images were not matched."""
        ...

    def name_unused(self, report: Report) -> None:
        """Tell ``report`` of what no image asked for."""
        ...


class Both(msgspec.Struct, frozen=True):
    """Two of them as one; the second knows no groups."""

    first: "Joined"
    second: Beside

    @property
    def columns(self) -> pa.Schema:
        """Names and types of all columns."""
        return pa.schema([*self.first.columns, *self.second.columns])

    def check(self, name: str, image: str) -> None:
        """Ask both."""
        self.first.check(name, image)
        self.second.check(name, image)

    def columns_of(self, names: Sequence[str], images: Sequence[str]) -> Columns:
        """Return the columns of both."""
        one, other = self.first.columns_of(names, images), self.second.columns_of(names, images)
        return Columns({**one.values, **other.values}, one.groups)

    def notes(self) -> list[str]:
        """Return what both say."""
        return [*self.first.notes(), *self.second.notes()]

    def name_unused(self, report: Report) -> None:
        """Let both tell."""
        self.first.name_unused(report)
        self.second.name_unused(report)


class Joined(msgspec.Struct):
    """A table by key. Counts, while images are joined, which rows were asked for.

    ``keys`` are those of all rows, empty where a row has none, and ``lines`` where each stands.
    ``row_of`` gives the (first) row of a key, ``twice`` how many rows a key has, if several.
    """

    table: pa.Table
    keys: Sequence[str] = ()
    lines: Sequence[int] = ()
    place: Callable[[int], str] = str
    row_of: dict[str, int] = {}
    twice: dict[str, int] = {}
    group: str | None = None
    used: set[str] = msgspec.field(default_factory=set)
    without_row: int = 0

    @property
    def columns(self) -> pa.Schema:
        """Names and types of the columns that every image gets."""
        return self.table.schema

    def check(self, name: str, image: str) -> None:
        """Make sure that one row at most is of the image, by ``name`` or the path ``image``.

        Raises:
            AnnotationError: the table has several rows for this image.
        """
        key = self._key(name, image)
        if key in self.twice:
            self.used.add(key)  # its rows have their image, so the notes do not speak of them
            raise AnnotationError(
                f"the table has {self.twice[key]} rows for {key}; keep one of them"
            )

    def columns_of(self, names: Sequence[str], images: Sequence[str]) -> "Columns":
        """Return the columns of some samples, each found by ``names`` or its path in ``images``.

        A sample without a row has gaps.
        """
        if not self.columns.names and not self.keys:
            return Columns({}, None)
        keys = [self._key(name, image) for name, image in zip(names, images, strict=True)]
        missing = {image for image, key in zip(images, keys, strict=True) if key is None}
        self.without_row += len(missing)
        self.used.update(key for key in keys if key is not None)
        rows = pa.array([None if key is None else self.row_of[key] for key in keys], pa.int64())
        values = {name: self.table[name].take(rows).to_pylist() for name in self.columns.names}
        groups = values[self.group] if self.group else None
        return Columns(
            values, groups and [None if value is None else str(value) for value in groups]
        )

    def notes(self) -> list[str]:
        """Return what images did not match; rows without an image are named in the report."""
        count = self.without_row
        return [f"{count:,} images without a row in the table"] if count else []

    def name_unused(self, report: Report) -> None:
        """Tell ``report`` of every row that no image asked for, once all images were joined."""
        for key, line in zip(self.keys, self.lines, strict=True):
            if key not in self.used:
                report.leave_out(key or "(no key)", UNUSED, self.place(line))

    def _key(self, name: str, image: str) -> str | None:
        return next((key for key in (name, image) if key in self.row_of), None)


def read_table(root: Path, dataset: Dataset, where: str) -> Joined:
    """Return the data set's table, or an empty one where it has none.

    Raises:
        ParamsError: file, key or group do not exist, or the database is not known.
        AnnotationError: the table repeats a column, or cannot be read.
    """
    table = dataset.table
    if table is None:
        return Joined(pa.table({}))
    with _opened(root, table, f"{where}.table") as frame:
        header = list(frame.header)
        if table.key not in header:
            raise ParamsError(
                f"{where}.table.key: unknown column '{table.key}'; {nearest(table.key, header)}"
            )
        key = header.index(table.key)
        header.remove(table.key)
        if dataset.group is not None and dataset.group not in header:
            raise ParamsError(
                f"{where}.group: unknown column '{dataset.group}'; {nearest(dataset.group, header)}"
            )
        columns, lines = _all(frame)
        typed = _text_column if frame.has_lines else _column
    keys = ["" if value is None else str(value) for value in columns.pop(key)]
    counts = Counter(keys)
    return Joined(
        pa.table([typed(column) for column in columns], names=header),
        keys,
        lines,
        frame.place,
        {one: row for row, one in reversed(list(enumerate(keys))) if one},
        {one: n for one, n in counts.items() if n > 1},
        dataset.group,
    )


def _opened(root: Path, table: Table, where: str) -> AbstractContextManager[Frame]:
    if table.sql is not None:
        return sql_frame(table.sql, f"{where}.sql")
    path = root / table.file
    if not path.is_file() or not path.resolve().is_relative_to(root.resolve()):
        raise ParamsError(f"{where}.file: there is no file {table.file} below {root}")
    return file_frame(root, table.file)


def _all(frame: Frame) -> tuple[list[list[Scalar]], array]:
    """Return all columns, and where each row stands.

    Raises:
        AnnotationError: a row has more or fewer fields than the header.
    """
    columns: list[list[Scalar]] = [[] for _ in frame.header]
    lines = array("q")
    for batch in frame.batches:
        if batch.ragged:
            raise AnnotationError(frame.complaint(batch.ragged[0]), "wrong number of fields")
        for column, values in zip(columns, batch.columns, strict=True):
            column += values
        lines.extend(batch.lines)
    return columns, lines


def _text_column(values: list[Scalar]) -> pa.Array:
    """Return a column of CSV as whole numbers, numbers or truth values if it is that throughout."""
    text = pd.Series([value or None for value in values], dtype="string")
    column = _typed(text)
    if str(column.dtype) not in _ARROW:
        column = text  # whole numbers beyond 64 bits: they are names
    return pa.array(column, _ARROW.get(str(column.dtype), pa.string()))


def _column(values: list[Scalar]) -> pa.Array:
    """Return a column of a typed table; one of several types is text, but for numbers."""
    types = set(map(type, values)) - {type(None)}
    if types == {bool}:
        return pa.array(values, pa.bool_())
    if types == {int} and all(value is None or value in _INT64 for value in values):
        return pa.array(values, pa.int64())
    if types and types <= {int, float}:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _typed(column: pd.Series) -> pd.Series:
    """Return ``column`` as whole numbers, numbers or truth values if it is that throughout."""
    values = column.mask(column.isin(GAPS))
    if values.isna().all():
        return column
    if values.dropna().isin(["True", "False", "true", "false"]).all():
        return values.str.lower().map({"true": True, "false": False}).astype("boolean")
    if values.str.contains(r"^-?0\d", regex=True).any():
        return column  # 007 is a name
    try:
        return pd.to_numeric(values, dtype_backend="numpy_nullable")
    except (ValueError, TypeError):
        return column
