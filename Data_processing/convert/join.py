"""Columns and groups that come from a CSV table, joined by the image's name."""

import csv
from collections import Counter
from pathlib import Path

import msgspec
import pandas as pd
import pyarrow as pa

from Datasets.dataset import Dataset, Table
from Datasets.errors import AnnotationError, ParamsError
from Datasets.metadata import Annotated, Scalar
from Datasets.params import nearest

GAPS = frozenset({"NA", "NaN", "nan", "N/A", "null", "None"})
"""Words for a missing number. In a column of text they are text: a country may be called NA."""
_ARROW = {"Int64": pa.int64(), "Float64": pa.float64(), "boolean": pa.bool_()}


class Joined(msgspec.Struct):
    """A table by key. Counts, while images are joined, which rows were asked for.

    ``twice`` holds the keys of several rows, and how many they are.
    """

    columns: pa.Schema
    rows: dict[str, dict[str, Scalar]]
    n_rows: int = 0
    twice: dict[str, int] = {}
    group: str | None = None
    used: set[str] = msgspec.field(default_factory=set)
    without_row: int = 0

    def check(self, name: str, image: str) -> None:
        """Make sure that one row at most is of the image, by ``name`` or the path ``image``.

        Raises:
            AnnotationError: the table has several rows for this image.
        """
        key = self._key(name, image)
        if self.columns.names and key in self.twice:
            self.used.add(key)  # its rows have their image, so the notes do not speak of them
            raise AnnotationError(
                f"the table has {self.twice[key]} rows for {key}; keep one of them"
            )

    def __call__(self, sample: Annotated, name: str) -> Annotated:
        """Return ``sample`` with its columns, found by ``name`` or by the path below the root.

        Raises:
            AnnotationError: the table has several rows for this image.
        """
        if not self.columns.names:
            return sample
        self.check(name, sample.row.image)
        key = self._key(name, sample.row.image)
        if key is None:
            self.without_row += 1
        else:
            self.used.add(key)
        columns = self.rows[key] if key is not None else dict.fromkeys(self.columns.names)
        value = columns[self.group] if self.group else None
        group = None if value is None else str(value)
        return Annotated(
            sample.image, msgspec.structs.replace(sample.row, columns=columns, group=group)
        )

    def notes(self) -> list[str]:
        """Return what did not match, both ways."""
        unused = self.n_rows - sum(self.twice.get(key, 1) for key in self.used)
        notes = (
            [f"{self.without_row:,} images without a row in the table"] if self.without_row else []
        )
        return notes + ([f"{unused:,} rows of the table without an image"] if unused else [])

    def _key(self, name: str, image: str) -> str | None:
        return next((key for key in (name, image) if key in self.rows), None)


def read_table(root: Path, dataset: Dataset, where: str) -> Joined:
    """Return the data set's table, or an empty one where it has none.

    Raises:
        ParamsError: file, key or group do not exist.
        AnnotationError: the table repeats a column, or cannot be read.
    """
    if dataset.table is None:
        return Joined(pa.schema([]), {})
    path = root / dataset.table.file
    if not path.is_file() or not path.resolve().is_relative_to(root.resolve()):
        raise ParamsError(f"{where}.table.file: there is no file {dataset.table.file} below {root}")
    frame = _frame(path, dataset.table, where)
    if dataset.group is not None and dataset.group not in frame:
        names = [str(name) for name in frame.columns]
        raise ParamsError(
            f"{where}.group: unknown column '{dataset.group}'; {nearest(dataset.group, names)}"
        )
    types = [
        pa.field(str(name), _ARROW.get(str(kind), pa.string()))
        for name, kind in frame.dtypes.items()
    ]
    rows = pa.Table.from_pandas(frame, preserve_index=False).to_pylist()
    return Joined(
        pa.schema(types),
        dict(zip(frame.index, rows, strict=True)),
        n_rows=len(frame),
        twice={key: n for key, n in Counter(frame.index).items() if n > 1},
        group=dataset.group,
    )


def _frame(path: Path, table: Table, where: str) -> pd.DataFrame:
    """Return the table indexed by its key, each column int, float, bool or text, with gaps."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
        text = pd.read_csv(
            path, dtype="string", keep_default_na=False, na_values=[""], encoding="utf-8-sig"
        )
    except (ValueError, csv.Error) as error:
        raise AnnotationError(f"{path}: not readable as CSV in UTF-8: {error}") from None
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise AnnotationError(f"{path}:1: the column '{twice[0]}' occurs twice; rename one")
    if table.key not in header:
        raise ParamsError(
            f"{where}.table.key: unknown column '{table.key}'; {nearest(table.key, header)}"
        )
    keys = text.pop(table.key)
    frame = text.apply(_typed)
    frame.index = pd.Index(keys.fillna(""))  # a row without a key matches no image
    return frame


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
