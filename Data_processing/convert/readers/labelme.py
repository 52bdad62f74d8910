"""LabelMe: one JSON file an image, with shapes of many kinds; the image may stand in it too."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

import msgspec

from Data_processing.convert import embedded
from Data_processing.convert.files import annotation_files, path_of, read_below
from Data_processing.convert.found import (
    BOXES,
    LABELLED,
    REGIONS,
    UNNAMED,
    Extraction,
    FoundAnnotation,
    FoundImage,
    Looked,
    Seen,
    Source,
    path_below,
)
from Data_processing.convert.labels import check_name
from Data_processing.convert.listing import Listing
from Data_processing.convert.readers.labelme_shapes import REGIONS_OF, Frame, annotation
from Data_processing.convert.report import Report
from Data_processing.convert.strict_json import Json, compact
from Datasets.errors import AnnotationError, ImageError
from Datasets.image import SUFFIXES, opened, read_header

_DRIVE = re.compile(r"[A-Za-z]:")
_SIGNATURES = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png", b"RIFF": ".webp", b"BM": ".bmp"}


class Document(msgspec.Struct, frozen=True, rename="camel"):
    """What of a file is understood; the rest goes to the image's extras."""

    shapes: list[msgspec.Raw]
    image_path: str
    image_height: int | None = None
    image_width: int | None = None
    image_data: msgspec.Raw = msgspec.Raw(b"null")
    flags: dict[str, bool] | None = None

    def holds_image(self) -> bool:
        """Return whether the image stands in the file."""
        return bytes(self.image_data) not in (b"null", b'""')

    def labels(self) -> tuple[str, ...]:
        """Return the flags that are set, where nothing is drawn: then they classify the image."""
        return () if self.shapes else tuple(sorted(key for key, on in self.flag_items() if on))

    def flag_items(self) -> list[tuple[str, bool]]:
        """Return the flags with their values."""
        return list((self.flags or {}).items())


KNOWN = frozenset({*Document.__struct_encode_fields__, "version"})


class _Glance(msgspec.Struct, frozen=True):
    """What of a shape must be known before the images can be walked through."""

    label: str
    shape_type: str | None = "polygon"


class _Index(msgspec.Struct):
    """What the first pass finds: names, kinds of shapes, and which file speaks of which image.

    ``there`` are the images that have files of their own.
    """

    there: frozenset[str]
    names: set[str] = set()
    kinds: set[str] = set()
    versions: set[str] = set()
    files: dict[str, list[str]] = {}

    def look_at(self, document: Document) -> None:
        """Take note of the names and kinds of a file's shapes."""
        for raw in document.shapes:
            try:
                glance = msgspec.json.decode(raw, type=_Glance)
                if glance.label not in self.names:
                    self.names.add(check_name(glance.label))
            except (msgspec.DecodeError, AnnotationError):
                continue  # rejected when its image's turn comes
            self.kinds.add(glance.shape_type or "polygon")


def extract(source: Source, report: Report) -> Extraction:
    """Return the images that LabelMe's files speak of.

    JSON files of other tools are left out by name, unless ``annotations`` names them. Where nothing
    is drawn, flags that are set are labels of the image.

    Raises:
        AnnotationError: there is no LabelMe file.
    """
    present = source.present(report)
    files = annotation_files(source, present, (".json",))
    seen = Seen()
    index = _indexed(source, files, present, seen, report)
    if not seen.images:
        raise AnnotationError(
            f"{source.where}: none of {len(files)} JSON files below {source.root} is a LabelMe "
            f"file, which has the key shapes; say what they are as {source.where}.format"
        )
    for path in present.images:
        if path not in index.files:
            report.leave_out(path, UNNAMED)
    looked = REGIONS if index.kinds & REGIONS_OF else BOXES
    about = compact({"versions": sorted(index.versions)})
    return Extraction(
        _images(source, index, looked, seen, report), seen, tuple(sorted(index.names)), about
    )


def _indexed(
    source: Source, files: list[str], present: Listing, seen: Seen, report: Report
) -> _Index:
    """Return what the files speak of. One that is broken as a whole is rejected as an image."""
    by_image: dict[str, list[str]] = defaultdict(list)
    index = _Index(frozenset(present.images), set(), set(), set(), by_image)
    for file in files:
        try:
            text = Json(read_below(source.root, file), file)
            fields = text.shaped(dict[str, msgspec.Raw]) or {}
            if "shapes" not in fields:
                if not source.dataset.annotations:
                    report.leave_out(file, "a file that is not of LabelMe")
                    continue
                raise AnnotationError(f"{file}: has no key shapes: not a LabelMe file", "no shapes")
            document = text.decode(Document)
            path = _image_of(source, file, document, index.there)
            if not _names_image(document):
                report.notice(path, "imagePath names no image; the embedded one is it", file)
            names = [check_name(name) for name in document.labels()]
        except AnnotationError as error:
            seen.images += 1
            lost = _count(source, file)
            seen.annotations += lost
            reason = str(error).removeprefix(f"{file}: ")
            report.reject(file, reason, error.kind, annotations=lost)
            continue
        by_image[path].append(file)
        seen.images += 1
        seen.annotations += len(document.shapes)
        index.names.update(names)
        index.versions.update(_version(fields))
        index.look_at(document)
    return index


def _count(source: Source, file: str) -> int:
    """Return how many shapes a file has that cannot be taken over, 0 where it cannot be told."""
    try:
        fields = Json(read_below(source.root, file), file).shaped(dict[str, object])
    except AnnotationError:
        return 0
    shapes = (fields or {}).get("shapes")
    return len(shapes) if isinstance(shapes, list) else 0


def _version(fields: dict[str, msgspec.Raw]) -> set[str]:
    value = msgspec.json.decode(fields["version"]) if "version" in fields else None
    return {value} if isinstance(value, str) else set()


def _image_of(source: Source, file: str, document: Document, there: frozenset[str]) -> str:
    """Return the path of the image that a file speaks of, below the root.

    A file whose imagePath names no image and that holds the image itself is of the image of its
    own name.

    Raises:
        AnnotationError: imagePath leads out of the root, or names no image.
    """
    folder = source.dataset.images or PurePosixPath(file).parent.as_posix()
    path = _resolved(folder, document.image_path)
    if _names_image(document):
        return path
    if not document.holds_image():
        raise AnnotationError(
            f"{file}: its imagePath {document.image_path!r} is not the name of an image; correct "
            "it",
            "bad path",
        )
    content = embedded.content(source.root, file)
    suffix = next((each for start, each in _SIGNATURES.items() if content.startswith(start)), "")
    if not suffix:
        raise AnnotationError(
            f"{file}: imageData holds no image of a known format; save the file anew",
            embedded.BROKEN_EMBEDDED,
        )
    path = PurePosixPath(file).with_suffix(suffix).as_posix()
    if path in there and read_below(source.root, path) != content:
        raise AnnotationError(
            f"{file}: its imagePath {document.image_path!r} is not the name of an image, and the "
            f"image that it holds is not {path}; correct imagePath",
            "bad path",
        )
    return path


def _names_image(document: Document) -> bool:
    return PurePosixPath(document.image_path).suffix.lower() in SUFFIXES


def _resolved(folder: str, name: str) -> str:
    # Written on Windows, and often from a folder beside that of the images: ..\images\a.jpg
    name = name.replace("\\", "/")
    if _DRIVE.match(name) or name.startswith("/"):
        raise AnnotationError(
            f"its imagePath {name!r} is absolute; make it relative to the file", "bad path"
        )
    return path_below("", posixpath.normpath(posixpath.join(folder, name)))


def _images(
    source: Source, index: _Index, looked: Looked, seen: Seen, report: Report
) -> Iterator[FoundImage]:
    for path in sorted(index.files):
        files = index.files[path]
        if len(files) == 1:
            yield _found(source, path, index, looked, report)
            continue
        for file in files:
            times = f"{path} is named {len(files)} times; merge the entries"
            lost = _count(source, file)
            report.reject(path, f"{file}: {times}", "duplicate name", annotations=lost)


def _found(source: Source, path: str, index: _Index, looked: Looked, report: Report) -> FoundImage:
    """Return an image with its shapes. Those that cannot be read are rejected."""
    file = index.files[path][0]
    text = Json((source.root / file).read_bytes(), file, is_sound=True)
    document = text.decode(Document)
    holder = file if document.holds_image() and path not in index.there else None
    is_drawn = "mask" not in index.kinds or _can_be_of(source, path, document, holder)
    frame = Frame(document.image_height, document.image_width, is_drawn)
    annotations: list[FoundAnnotation] = []
    for number, raw in enumerate(document.shapes, 1):
        try:
            annotations.append(annotation(text, raw, number, frame))
        except AnnotationError as error:
            report.reject(path, str(error), error.kind, whole=False, annotations=1)
    labels = document.labels()
    return FoundImage(
        path,
        document.image_path,
        file,
        LABELLED if document.flags and not document.shapes else looked,
        labels,
        tuple(annotations),
        document.image_width,
        document.image_height,
        lost=len(document.shapes) - len(annotations),
        embedded=holder,
        extras=_extras(text, document, labels),
    )


def _can_be_of(source: Source, path: str, document: Document, holder: str | None) -> bool:
    """Return whether the sides that a file states are those of its image, turned or not.

    ``holder`` is the file that holds the image, if one does.
    """
    try:
        if holder is not None:
            header = read_header(embedded.content(source.root, holder), path)
        else:
            with path_of(source.root, path).open("rb") as file:
                header = opened(file, path, in_windows=True).header
    except (AnnotationError, ImageError, OSError):
        return False
    sides = {document.image_height, document.image_width}
    return sides == {header.height, header.width}


def _extras(text: Json, document: Document, labels: tuple[str, ...]) -> str | None:
    fields = text.decode(dict[str, msgspec.Raw]).items()
    rest = {key: msgspec.json.decode(raw) for key, raw in fields if key not in KNOWN}
    flags = {} if labels else dict(document.flag_items())
    return compact({**rest, "flags": flags})
