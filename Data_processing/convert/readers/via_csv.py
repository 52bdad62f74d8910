"""VIA's tables, versions 1 and 2: a row a region, or a row an image that has none."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from Data_processing.convert.files import read_below
from Data_processing.convert.readers.table_values import as_whole, short
from Data_processing.convert.readers.via_files import Attributes, ViaImage, ViaRegion
from Data_processing.convert.strict_json import BROKEN, Json
from Datasets.errors import AnnotationError

BROKEN_TABLE = "broken CSV"
_FIELD_LIMIT = 2**31 - 1
_NAMES = ("filename", "#filename")  # of version 2, of version 1
_COLUMNS = frozenset({"region_count", "region_shape_attributes", "region_attributes"})


class _Row(msgspec.Struct, frozen=True):
    line: int
    count: str
    number: str
    shape: str
    attributes: str

    def is_counted(self) -> bool:
        return self.count.strip() != "0"

    def is_region(self) -> bool:
        return self.is_counted() or self.shape.strip() not in ("", "{}")

    def says(self) -> tuple[str, ...]:
        return self.number, self.shape, self.attributes


class CsvEntry:
    """An image of a CSV file; its rows are kept as text."""

    def __init__(self, file: str, filename: str) -> None:
        self.file, self.filename = file, filename
        self._about: dict[str, int] = {}  # the line at which it stands first
        self._rows: list[_Row] = []
        self._first: dict[tuple[str, ...], int] = {}  # the line that says something first

    def add(self, row: _Row, about: str) -> None:
        """Take over a row; ``about`` are the attributes that it gives to the file as a whole."""
        self._about.setdefault(about, row.line)
        if row.is_region():
            self._rows.append(row)
        if row.is_counted():
            self._first.setdefault(row.says(), row.line)

    def read(self) -> ViaImage:
        """Return what is said of it."""
        (said, first), *others = (
            (_cell(about, f"{self.file}:{line}: file_attributes"), line)
            for about, line in self._about.items()
        )
        for other, line in others:
            if other != said:
                raise AnnotationError(
                    f"{self.file}:{line}: file_attributes are others than in line {first}, of the "
                    "same image; make them the same",
                    BROKEN_TABLE,
                )
        counted = [row for row in self._rows if row.is_counted() and not self._repeats(row)]
        return ViaImage(
            said,
            tuple(map(self._region, self._rows)),
            problem=self._miscounted(counted),
            oddity=self._misnumbered(counted),
        )

    def places(self) -> list[str]:
        """Return file and line of each region."""
        return [f"{self.file}:{row.line}" for row in self._rows]

    def _region(self, row: _Row) -> ViaRegion:
        if not row.is_counted():
            return ViaRegion(problem="region_count is 0, but a shape stands there; mend one")
        if self._repeats(row):
            first = f"{self.file}:{self._first[row.says()]}"
            return ViaRegion(problem=f"says the same as {first}; remove one of them")
        try:
            shape = _cell(row.shape, "region_shape_attributes")
            return ViaRegion(shape, _cell(row.attributes, "region_attributes"))
        except AnnotationError as error:
            return ViaRegion(problem=str(error))

    def _repeats(self, row: _Row) -> bool:
        return bool(row.number) and self._first.get(row.says()) != row.line

    def _miscounted(self, counted: Sequence[_Row]) -> str:
        """Return why the rows are not as many as they say; a file may be cut off between two."""
        for row in counted:
            if row.count.strip() and as_whole(row.count) != len(counted):
                return (
                    f"{self.file}:{row.line}: region_count is {short(row.count)}, but the image "
                    f"has {len(counted)} region{'s' * (len(counted) != 1)}; get the file anew if "
                    "rows were lost, else correct region_count"
                )
        return ""

    def _misnumbered(self, counted: Sequence[_Row]) -> str:
        numbers = [as_whole(row.number) for row in counted if row.number]
        if not numbers or set(numbers) == set(range(len(counted))):
            return ""
        shown = short(", ".join(row.number for row in counted))
        return f"{self.file}:{counted[0].line}: region_id is {shown}"


def read_csv(root: Path, file: str) -> list[CsvEntry] | None:
    """Return the images of a CSV file in its order, or None if it is not VIA's.

    Raises:
        AnnotationError: it is not a table, or a row of it is broken; the line is named.
    """
    content = read_below(root, file).removeprefix(b"\xef\xbb\xbf")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise AnnotationError(
            f"{file}:{line}: the byte 0x{content[error.start]:02x} is not UTF-8; save the file as "
            "UTF-8",
            BROKEN_TABLE,
        ) from None
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        with _long_fields():
            header = rows.fieldnames or ()
            name = next((each for each in _NAMES if each in header), None)
            return _csv_entries(rows, name, file) if name and set(header) >= _COLUMNS else None
    except csv.Error as error:
        raise AnnotationError(
            f"{file}:{rows.reader.line_num}: not CSV: {error}; mend the line", BROKEN_TABLE
        ) from None


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let a field be as long as a polygon of many points, in here only: the limit is Python's."""
    before = csv.field_size_limit(_FIELD_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _csv_entries(rows: "csv.DictReader[str]", name: str, file: str) -> list[CsvEntry]:
    """Return one entry an image. A row is a region, or an image that has none."""
    entries: dict[tuple[str, str], CsvEntry] = {}
    for row in rows:
        line = rows.line_num
        if None in row or None in row.values():
            raise AnnotationError(
                f"{file}:{line}: the row has more or fewer fields than the header; mend it",
                BROKEN_TABLE,
            )
        about = row.get("file_attributes", "")
        key = (row[name], row.get("file_size", ""))
        entry = entries.setdefault(key, CsvEntry(file, row[name]))
        shape, attributes = row["region_shape_attributes"], row["region_attributes"]
        number = row.get("region_id", "").strip()
        entry.add(_Row(line, row["region_count"], number, shape, attributes), about)
    return list(entries.values())


def _cell(text: str, where: str) -> Attributes:
    try:
        return Json(text.encode() or b"{}", "cell").decode(Attributes)
    except AnnotationError as error:
        what = str(error).partition(": ")[2]
        raise AnnotationError(f"{where}: {what}", BROKEN) from None
