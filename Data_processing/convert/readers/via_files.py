"""VIA's files, versions 1 and 2: projects and annotations as JSON, annotations as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from Data_processing.convert.files import read_below
from Data_processing.convert.strict_json import BROKEN, Json
from Datasets.errors import AnnotationError

BROKEN_TABLE = "broken CSV"
_FIELD_LIMIT = 2**31 - 1
_NAMES = ("filename", "#filename")  # of version 2, of version 1
_COLUMNS = frozenset({"region_count", "region_shape_attributes", "region_attributes"})
_ENCODER = msgspec.json.Encoder(order="sorted")

Attributes = dict[str, object]


class ViaRegion(msgspec.Struct, frozen=True):
    """A region; ``problem`` says why it cannot be read, if so."""

    shape: Attributes = {}
    attributes: Attributes = {}
    problem: str = ""


class ViaImage(msgspec.Struct, frozen=True):
    """What is said of an image. ``attributes`` are those of the file as a whole."""

    attributes: Attributes = {}
    regions: tuple[ViaRegion, ...] = ()
    fileref: str = ""
    is_embedded: bool = False

    def in_short(self, filename: str) -> bytes:
        """Return the same bytes for the same regions, wherever they stand."""
        regions = [(one.shape, one.attributes, one.problem) for one in self.regions]
        return _ENCODER.encode((filename, self.attributes, regions))


class ViaEntry(Protocol):
    """One image of a file, read when its turn comes."""

    file: str
    filename: str

    def read(self) -> ViaImage:
        """Return what is said of it."""
        ...

    def places(self) -> list[str]:
        """Return file and line of each region."""
        ...


class _Region(msgspec.Struct, frozen=True):
    shape_attributes: Attributes
    region_attributes: Attributes = {}


class _Entry(msgspec.Struct, frozen=True):
    """What stands of an image in JSON. Version 1 numbers the regions by keys, 2 lists them."""

    filename: str
    regions: dict[str, msgspec.Raw] | list[msgspec.Raw] = []
    file_attributes: Attributes = {}
    fileref: str | None = None
    base64_img_data: str | None = None

    def in_order(self) -> list[msgspec.Raw]:
        """Return the regions as they are numbered."""
        return list(self.regions.values()) if isinstance(self.regions, dict) else self.regions


class JsonEntry:
    """An image of a JSON file.

    Raises:
        AnnotationError: it has no file name, or something of it has a wrong type.
    """

    def __init__(self, text: Json, raw: msgspec.Raw) -> None:
        self._text, self._raw = text, raw
        self.file = text.name
        self.filename = text.read(raw, _Entry).filename

    def read(self) -> ViaImage:
        """Return what is said of it."""
        entry = self._text.read(self._raw, _Entry)
        return ViaImage(
            entry.file_attributes,
            tuple(self._region(raw) for raw in entry.in_order()),
            entry.fileref or "",
            bool(entry.base64_img_data),
        )

    def places(self) -> list[str]:
        """Return file and line of each region."""
        return self._text.places(self._text.read(self._raw, _Entry).in_order(), self._raw)

    def _region(self, raw: msgspec.Raw) -> ViaRegion:
        try:
            region = msgspec.json.decode(raw, type=_Region)
        except msgspec.DecodeError as error:
            return ViaRegion(problem=str(error))
        return ViaRegion(region.shape_attributes, region.region_attributes)


class _Row(msgspec.Struct, frozen=True):
    line: int
    count: str
    shape: str
    attributes: str

    def is_region(self) -> bool:
        return self.count.strip() != "0" or self.shape.strip() not in ("", "{}")


class CsvEntry:
    """An image of a CSV file; its rows are kept as text."""

    def __init__(self, file: str, filename: str) -> None:
        self.file, self.filename = file, filename
        self._about: dict[str, int] = {}  # the line at which it stands first
        self._rows: list[_Row] = []

    def add(self, row: _Row, about: str) -> None:
        """Take over a row; ``about`` are the attributes that it gives to the file as a whole."""
        self._about.setdefault(about, row.line)
        if row.is_region():
            self._rows.append(row)

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
        return ViaImage(said, tuple(map(self._region, self._rows)))

    def places(self) -> list[str]:
        """Return file and line of each region."""
        return [f"{self.file}:{row.line}" for row in self._rows]

    def _region(self, row: _Row) -> ViaRegion:
        if row.count.strip() == "0":
            return ViaRegion(problem="region_count is 0, but a shape stands there; mend one")
        try:
            shape = _cell(row.shape, "region_shape_attributes")
            return ViaRegion(shape, _cell(row.attributes, "region_attributes"))
        except AnnotationError as error:
            return ViaRegion(problem=str(error))


def read_json(root: Path, file: str) -> Iterator[JsonEntry | AnnotationError] | None:
    """Return the images of a JSON file in its order, or None if it is not VIA's.

    An image that cannot be read comes as the error that it gives.

    Raises:
        AnnotationError: it is not JSON, a project of VIA 3, or one whose images are no object.
    """
    text = Json(read_below(root, file), file)
    fields = text.shaped(dict[str, msgspec.Raw])
    if fields is None:
        return None
    project = fields.get("_via_img_metadata")
    entries = fields if project is None else text.read(project, dict[str, msgspec.Raw])
    if {"project", "metadata", "attribute"} <= fields.keys():
        raise AnnotationError(
            f"{file}: is a project of VIA 3, which is not read; annotate or export in VIA 2",
            "not read",
        )
    if project is None and not any(map(_has_regions, entries.values())):
        return None
    return _entries(text, list(entries.values()))


def _has_regions(raw: msgspec.Raw) -> bool:
    try:
        return {"filename", "regions"} <= msgspec.json.decode(
            raw, type=dict[str, msgspec.Raw]
        ).keys()
    except msgspec.ValidationError:
        return False


def _entries(text: Json, raws: Sequence[msgspec.Raw]) -> Iterator[JsonEntry | AnnotationError]:
    for raw in raws:
        try:
            yield JsonEntry(text, raw)
        except AnnotationError as error:
            yield error


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
        entry.add(_Row(line, row["region_count"], shape, attributes), about)
    return list(entries.values())


def _cell(text: str, where: str) -> Attributes:
    try:
        return Json(text.encode() or b"{}", "cell").decode(Attributes)
    except AnnotationError as error:
        what = str(error).partition(": ")[2]
        raise AnnotationError(f"{where}: {what}", BROKEN) from None
