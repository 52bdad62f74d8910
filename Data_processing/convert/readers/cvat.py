"""CVAT for images 1.1: one XML file, or several, with the images of a task and what is drawn."""

from collections.abc import Iterator

import msgspec

from Data_processing.convert.files import annotation_files
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
from Data_processing.convert.listing import printable
from Data_processing.convert.readers.cvat_files import (
    ROOT,
    TAG,
    Contents,
    Entry,
    OtherXmlError,
    check_places,
    element_of,
    shapes_of,
    survey,
)
from Data_processing.convert.readers.cvat_shapes import (
    REGIONS_OF,
    Frame,
    annotation,
    attributes_of,
    elements_of,
)
from Data_processing.convert.readers.nearby import Nearby
from Data_processing.convert.readers.xml import BROKEN, Element, check_printable, plain, whole
from Data_processing.convert.report import Report
from Data_processing.convert.strict_json import compact
from Datasets.errors import AnnotationError

_KNOWN = frozenset({"id", "name", "width", "height"})


class _Placed(msgspec.Struct):
    """The entry of each image by path; those of ``several`` are of one image."""

    entries: dict[str, Entry]
    several: dict[str, list[Entry]]
    refused: list[tuple[Entry, AnnotationError]]


def extract(source: Source, report: Report) -> Extraction:
    """Return the images that CVAT's files speak of.

    A first pass finds where each image stands in its file, and the names of classes; then they are
    read one by one, in the order of their paths. An image without a shape is one where nothing is.

    Raises:
        AnnotationError: there is no CVAT file, one is broken, or holds tracks of a video.
    """
    present = source.present(report)
    files = annotation_files(source, present, (".xml",))
    contents = _surveyed(source, files, report)
    placed = _placed(source, contents.entries, present.images)
    for path in present.images:
        if path not in placed.entries:
            report.leave_out(printable(path), UNNAMED)
    for one in contents.misplaced:
        report.reject(one.file, one.reason, BROKEN, whole=one.is_image, annotations=one.shapes)
    images = len(contents.entries) + sum(one.is_image for one in contents.misplaced)
    shapes = sum(entry.shapes for entry in contents.entries)
    shapes += sum(one.shapes for one in contents.misplaced)
    seen = Seen(images, shapes, contents.names)
    reader = _Reader(source, report, _looked(contents))
    return Extraction(reader.images(placed), seen, tuple(sorted(contents.names)))


def _surveyed(source: Source, files: list[str], report: Report) -> Contents:
    contents = Contents([], set(), set(), [])
    others = 0
    for file in files:
        try:
            survey(source, file, contents)
        except OtherXmlError as error:
            if source.dataset.annotations:
                raise AnnotationError(
                    f"{error}; correct {source.where}.annotations or {source.where}.format"
                ) from None
            report.leave_out(file, "a file that is not of CVAT")
            others += 1
    if others == len(files):
        raise AnnotationError(
            f"{source.where}: none of {others:,} XML files below {source.root} is a CVAT file, "
            f"which begins with <{ROOT}>; say what they are as {source.where}.format"
        )
    if not contents.entries and not contents.misplaced:
        count = len(files) - others
        raise AnnotationError(
            f"{source.where}: no image stands in {count:,} CVAT file{'s' * (count > 1)} below "
            f"{source.root}; export the task again"
        )
    return contents


def _looked(contents: Contents) -> Looked:
    if not contents.kinds and contents.names:  # tags alone
        return LABELLED
    return REGIONS if contents.kinds & REGIONS_OF else BOXES


def _placed(source: Source, entries: list[Entry], images: tuple[str, ...]) -> _Placed:
    """Return the images by path: beside the file, or in a folder named after their subset."""
    placed = _Placed({}, {}, [])
    sound, names = [], []
    for entry in entries:
        try:
            names.append(path_below("", entry.name.replace("\\", "/")))
            sound.append(entry)
        except AnnotationError as error:
            placed.refused.append((entry, error))
    files = [entry.file for entry in sound]
    plainly = Nearby(source, files, names, images)
    subsets = [
        f"{entry.subset}/{name}" if entry.subset else ""
        for entry, name in zip(sound, names, strict=True)
    ]
    by_subset = Nearby(source, files, subsets, images) if any(subsets) else None
    for i, entry in enumerate(sound):
        path = (by_subset.find(i) if by_subset else None) or plainly.find(i) or plainly.expected(i)
        try:
            check_printable(path)
        except AnnotationError as error:
            placed.refused.append((entry, error))
            continue
        if path in placed.entries:
            placed.several.setdefault(path, [placed.entries[path]]).append(entry)
        else:
            placed.entries[path] = entry
    return placed


class _Reader(msgspec.Struct, frozen=True):
    source: Source
    report: Report
    looked: Looked

    def images(self, placed: _Placed) -> Iterator[FoundImage]:
        for path in sorted(placed.entries):
            if path in placed.several:
                times = f"{path} is named {len(placed.several[path])} times; merge the entries"
                for entry in placed.several[path]:
                    self._refuse(path, entry, AnnotationError(times, "duplicate name"))
                continue
            entry = placed.entries[path]
            try:
                image = self._found(path, entry)
            except AnnotationError as error:
                self._refuse(path, entry, error)
            else:
                yield image
        for entry, reason in placed.refused:
            self._refuse(entry.file, entry, reason)

    def _refuse(self, sample: str, entry: Entry, error: AnnotationError) -> None:
        """Reject an image with all that is on it."""
        reason = str(error)
        if not reason.startswith(f"{entry.file}:"):
            reason = f"{entry.place()}: {reason}"
        self.report.reject(sample, reason, error.kind, annotations=entry.shapes)

    def _found(self, path: str, entry: Entry) -> FoundImage:
        """Return an image with its shapes. Those that cannot be read are rejected."""
        image = element_of(self.source.root, entry)
        width, height = (
            whole(image.attributes.get(side, ""), f"{entry.place()}: its {side}")
            for side in ("width", "height")
        )
        check_places(image, entry.file)
        tags = [_Tag.of(one, entry.file) for one in image.children if one.tag == TAG]
        taken: list[FoundAnnotation] = []
        for number, shape in enumerate(shapes_of(image), 1):
            try:
                taken.append(annotation(shape, number, entry.file, Frame(height, width)))
            except AnnotationError as error:
                self.report.reject(path, str(error), error.kind, whole=False, annotations=1)
        return FoundImage(
            path,
            entry.name,
            f"{entry.file}#{image.attributes.get('id', entry.line)}",
            self.looked,
            tuple(sorted({tag.label for tag in tags})),
            tuple(taken),
            width,
            height,
            lost=entry.shapes - len(taken),
            extras=_extras(image, tags),
        )


class _Tag(msgspec.Struct, frozen=True):
    """A label of an image, with what else is said of it."""

    label: str
    attributes: dict[str, str]
    elements: dict[str, object]

    @classmethod
    def of(cls, tag: Element, file: str) -> "_Tag":
        try:
            label = check_name(tag.attributes.get("label", ""))
            return cls(label, attributes_of(tag), elements_of(tag))
        except AnnotationError as error:
            raise AnnotationError(f"{file}:{tag.line}: {error}", error.kind) from None


def _extras(image: Element, tags: list[_Tag]) -> str | None:
    """Return what else is said of an image; of its tags, those of which something is."""
    told: dict[str, object] = {
        key: plain(value) for key, value in image.attributes.items() if key not in _KNOWN
    }
    told["tags"] = [
        {"label": tag.label}
        | ({"attributes": tag.attributes} if tag.attributes else {})
        | ({"elements": tag.elements} if tag.elements else {})
        for tag in tags
        if tag.attributes or tag.elements
    ]
    return compact(told)
