"""VIA's files in JSON, versions 1 and 2: projects and annotations. ``via_csv`` has its tables."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from Data_processing.convert.files import read_below
from Data_processing.convert.strict_json import Json
from Datasets.errors import AnnotationError

_ENCODER = msgspec.json.Encoder(order="sorted")

Attributes = dict[str, object]


class ViaRegion(msgspec.Struct, frozen=True):
    """A region; ``problem`` says why it cannot be read, if so."""

    shape: Attributes = {}
    attributes: Attributes = {}
    problem: str = ""


class ViaImage(msgspec.Struct, frozen=True):
    """What is said of an image. ``attributes`` are those of the file as a whole.

    ``problem`` says why its regions may not be all that there were, ``oddity`` how they are
    numbered where that is not 0, 1, 2 and so on.
    """

    attributes: Attributes = {}
    regions: tuple[ViaRegion, ...] = ()
    fileref: str = ""
    is_embedded: bool = False
    problem: str = ""
    oddity: str = ""

    def in_short(self, filename: str) -> bytes:
        """Return the same bytes for the same regions, wherever they stand."""
        regions = [(one.shape, one.attributes, one.problem) for one in self.regions]
        return _ENCODER.encode((filename, self.attributes, regions, self.problem))


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
        return list(map(self._text.place, self._text.read(self._raw, _Entry).in_order()))

    def _region(self, raw: msgspec.Raw) -> ViaRegion:
        try:
            region = msgspec.json.decode(raw, type=_Region)
        except msgspec.DecodeError as error:
            return ViaRegion(problem=str(error))
        return ViaRegion(region.shape_attributes, region.region_attributes)


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
