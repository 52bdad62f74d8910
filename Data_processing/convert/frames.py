"""Tables as they come, some rows at a time: CSV and Parquet files; ``sql`` gives the same.

A gap is None or an empty text. CSV has text throughout; the others have values of their own types,
of which ``plain`` makes text, numbers and truth values.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from Data_processing.convert.files import path_of
from Data_processing.convert.plain import plain
from Data_processing.convert.readers.table_values import no_header
from Datasets.errors import AnnotationError
from Datasets.metadata import Scalar

BATCH_ROWS = 8192
LONGEST_LINE = 2**24
"""Bytes of a line of CSV. A longer one comes of a file that is no CSV."""
SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}
PARQUET = (".parquet", ".pq")
_MENDING = {
    "unexpected end": "a quote is opened in this row and never closed; close it",
    "field larger": "a value is longer than 131,072 characters; look for a quote never closed",
    "expected after": "a value goes on after its closing quote; double the quotes within values",
    "new-line": "its lines end in CR alone; save it with LF or CR LF",
}


class Ragged(msgspec.Struct, frozen=True):
    """A row with more or fewer fields than the header: which is which cannot be told."""

    line: int
    fields: int


class Batch(msgspec.Struct, frozen=True):
    """Some rows, as columns in the header's order. ``lines`` tells where each row stands."""

    columns: tuple[Sequence[Scalar], ...]
    lines: Sequence[int]
    ragged: tuple[Ragged, ...] = ()


class Frame(msgspec.Struct, frozen=True):
    """A table under way, to be read once. ``name`` is what messages call it."""

    name: str
    header: tuple[str, ...]
    batches: Iterator[Batch]
    has_lines: bool = False
    notes: tuple[str, ...] = ()

    def place(self, line: int) -> str:
        """Return where a row stands: its line in a text file, else its number, from 1."""
        return f"{self.name}:{line}" if self.has_lines else f"{self.name}, row {line}"

    def complaint(self, ragged: Ragged) -> str:
        """Return a sentence about a row of the wrong length."""
        return (
            f"{self.place(ragged.line)}: the row has {ragged.fields} fields, the header has "
            f"{len(self.header)}; quote values that hold the separator"
        )


@contextmanager
def file_frame(root: Path, name: str) -> Iterator[Frame]:
    """Give the table in the file ``name`` below ``root``: Parquet by its suffix, else CSV.

    Raises:
        AnnotationError: a link leads out of the root, or the file cannot be read as a table.
    """
    try:
        file = path_of(root, name).open("rb")
    except OSError as error:
        raise _unreadable(name, error) from None
    with file:
        yield _parquet(file, name) if name.lower().endswith(PARQUET) else _csv(file, name)


def named_once(header: Sequence[str], place: str) -> tuple[str, ...]:
    """Return the names of the columns; those without one are called by their number.

    Raises:
        AnnotationError: two have the same name.
    """
    names = tuple(name.strip() or f"column {i}" for i, name in enumerate(header, 1))
    for name, count in sorted(Counter(names).items()):
        if count > 1:
            raise AnnotationError(
                f"{place}: the column '{name}' occurs {_times(count)}; rename one",
                "repeated column",
            )
    return names


def plain_batch(columns: Sequence[Sequence[object]], header: Sequence[str], where: str) -> Batch:
    """Return a batch without lines of columns that hold any types; ``where`` is for messages.

    Raises:
        AnnotationError: a column holds bytes that are no text; it is named.
    """
    done = []
    for name, column in zip(header, columns, strict=True):
        try:
            done.append(plain(column))
        except AnnotationError as error:
            raise AnnotationError(f"{where}: the column '{name}' {error}", error.kind) from None
    return Batch(tuple(done), ())


def numbered(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield ``batches`` with the numbers of their rows, from 1."""
    start = 1
    for batch in batches:
        count = len(batch.columns[0])
        yield Batch(batch.columns, range(start, start + count))
        start += count


def _csv(file: BinaryIO, name: str) -> Frame:
    lines = _decoded(file, name)
    head = []
    for line in lines:
        head.append(line)
        if line.strip("\r\n"):
            break
    else:
        raise AnnotationError(f"{name}: the file is empty; replace it or take it out", "empty file")
    separator = _separator(head[-1])
    reader = csv.reader(chain(head, lines), delimiter=separator, strict=True)
    rows = _rows(reader, name)
    first = next(rows)
    repeated = [value for value, count in Counter(first.fields).items() if count > 1]
    if no_header(repeated):
        raise AnnotationError(f"{name}:{first.line}: {no_header(first.fields)}", "no header")
    header = named_once(first.fields, f"{name}:{first.line}")
    notes = () if separator == "," else (f"{name} is separated by {SEPARATORS[separator]}",)
    return Frame(name, header, _csv_batches(rows, len(header)), True, notes)


class _Row(msgspec.Struct, frozen=True):
    line: int
    fields: list[str]


def _decoded(file: BinaryIO, name: str) -> Iterator[str]:
    """Yield lines of text without the mark that some tools put before the first."""
    for number, raw in enumerate(_raw_lines(file, name), 1):
        if len(raw) == LONGEST_LINE:
            raise AnnotationError(
                f"{name}:{number}: the line is longer than {LONGEST_LINE:,} bytes; "
                "is this a table in CSV?",
                "not CSV",
            )
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            raise AnnotationError(
                f"{name}:{number}: byte {error.start + 1} of the line (0x{raw[error.start]:02x}) "
                "is not UTF-8; save the file as UTF-8",
                "not UTF-8",
            ) from None
        if "\0" in text:
            raise AnnotationError(
                f"{name}:{number}: the line holds a NUL byte; is this a table in CSV, in UTF-8?",
                "not CSV",
            )
        yield text.removeprefix("\ufeff") if number == 1 else text


def _raw_lines(file: BinaryIO, name: str) -> Iterator[bytes]:
    try:
        yield from iter(partial(file.readline, LONGEST_LINE), b"")
    except OSError as error:
        raise _unreadable(name, error) from None


def _separator(header: str) -> str:
    """Return which of the separators occurs most often in ``header`` outside of quotes."""
    bare = "".join(header.split('"')[::2])
    return max(SEPARATORS, key=bare.count)


def _rows(reader: Iterator[list[str]], name: str) -> Iterator[_Row]:
    """Yield the rows but the blank ones, each with the line on which it begins."""
    while True:
        line = reader.line_num + 1  # type: ignore[attr-defined]  # csv.reader has no public type
        try:
            fields = next(reader, None)
        except csv.Error as error:
            says = next((text for key, text in _MENDING.items() if key in str(error)), str(error))
            raise AnnotationError(f"{name}:{line}: {says}", "broken CSV") from None
        if fields is None:
            return
        if fields:
            yield _Row(line, fields)


def _csv_batches(rows: Iterator[_Row], width: int) -> Iterator[Batch]:
    whole: list[list[str]] = []
    lines: list[int] = []
    ragged: list[Ragged] = []
    for row in rows:
        if len(row.fields) == width:
            whole.append(row.fields)
            lines.append(row.line)
        else:
            ragged.append(Ragged(row.line, len(row.fields)))
        if len(whole) + len(ragged) >= BATCH_ROWS:
            yield Batch(_columns(whole, width), lines, tuple(ragged))
            whole, lines, ragged = [], [], []
    if whole or ragged:
        yield Batch(_columns(whole, width), lines, tuple(ragged))


def _columns(rows: list[list[str]], width: int) -> tuple[Sequence[str], ...]:
    return tuple(zip(*rows, strict=True)) if rows else ((),) * width


def _parquet(file: BinaryIO, name: str) -> Frame:
    try:
        parquet = pq.ParquetFile(file)
    except (pa.ArrowException, OSError) as error:
        raise AnnotationError(
            f"{name}: not readable as Parquet: {_first_line(error)}", "broken Parquet"
        ) from None
    header = named_once(parquet.schema_arrow.names, name)
    return Frame(name, header, numbered(_parquet_batches(parquet, header, name)))


def _parquet_batches(parquet: pq.ParquetFile, header: Sequence[str], name: str) -> Iterator[Batch]:
    batches = parquet.iter_batches(BATCH_ROWS, use_threads=False)
    while True:
        try:
            batch = next(batches, None)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise AnnotationError(
                f"{name}: not readable as Parquet: {_first_line(error)}", "broken Parquet"
            ) from None
        if batch is None:
            return
        columns = [
            _values(column, f"{name}: the column '{word}'")
            for word, column in zip(header, batch.columns, strict=True)
        ]
        yield plain_batch(columns, header, name)


def _values(column: pa.Array, where: str) -> list[object]:
    """Return the values as Python has them: its dates and times reach less far than Arrow's."""
    try:
        values: list[object] = column.to_pylist()
    except (pa.ArrowException, ArithmeticError, ValueError) as error:
        raise AnnotationError(
            f"{where} of {column.type} holds what cannot be read: {_first_line(error)}; mend it or "
            "save it as text",
            "broken Parquet",
        ) from None
    return values


def _unreadable(name: str, error: OSError) -> AnnotationError:
    return AnnotationError(f"{name}: cannot be read: {error.strerror}", "unreadable")


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"
