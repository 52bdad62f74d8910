"""Pascal VOC: an XML file an image, with boxes whose corners are pixels.

The tools of today write corners as they stand (``origin: 0``). The development kit of the VOC
challenge counts pixels from 1 and takes both corners into the box (``origin: 1``).
"""

from collections.abc import Iterator, Sequence

import msgspec

from Data_processing.convert.files import annotation_files
from Data_processing.convert.found import (
    BOXES,
    REGIONS,
    UNNAMED,
    Extraction,
    FoundAnnotation,
    FoundImage,
    Seen,
    Source,
)
from Data_processing.convert.labels import check_name
from Data_processing.convert.listing import printable
from Data_processing.convert.readers.small_files import Files
from Data_processing.convert.readers.voc_files import ROOT, Paired, heads, paired
from Data_processing.convert.readers.voc_objects import annotation
from Data_processing.convert.readers.voc_plain import plain_file
from Data_processing.convert.readers.xml import (
    BROKEN,
    Element,
    check_printable,
    fields,
    inside,
    parsed,
    whole,
)
from Data_processing.convert.report import Report
from Data_processing.convert.strict_json import compact
from Datasets.errors import AnnotationError

OBJECT = "object"
_KNOWN = frozenset({"folder", "filename", "path", "size", OBJECT})
"""What is understood, or says where the image was on the computer of whoever annotated it."""


def extract(source: Source, report: Report) -> Extraction:
    """Return the images that Pascal VOC's files speak of.

    A first pass reads each file to the name of its image only; then they are parsed one by one, in
    the order of the images. Where polygons occur, a pass between collects the names of classes.

    Raises:
        AnnotationError: there is no Pascal VOC file, or it is unclear where the images are.
    """
    present = source.present(report)
    files = Files(source.root)
    found = heads(source, annotation_files(source, present, (".xml",)), files, report)
    pairs = paired(source, found, present.images, report)
    for path in present.images:
        if path not in pairs.file_of:
            report.leave_out(printable(path), UNNAMED)
    seen = Seen(names=set())
    names = _names(files, pairs) if found.has_polygons else None
    there = frozenset(present.images)
    reader = _Reader(source, files, report, seen, there, names is not None)
    return Extraction(reader.images(pairs), seen, names)


def _names(files: Files, pairs: Paired) -> tuple[str, ...]:
    names = set()
    for file in pairs.file_of.values():
        try:
            root = _root(files.read(file), file)
        except AnnotationError:
            continue  # rejected when its image's turn comes
        for one in _objects(root):
            try:
                names.add(check_name(one.text_of("name")))
            except AnnotationError:
                continue
    return tuple(sorted(names))


class _Reader(msgspec.Struct, frozen=True):
    """Parses the files. ``there`` are the images that exist."""

    source: Source
    files: Files
    report: Report
    seen: Seen
    there: frozenset[str]
    has_regions: bool

    def images(self, pairs: Paired) -> Iterator[FoundImage]:
        for path in sorted(pairs.file_of):
            if path in pairs.several:
                files = pairs.several[path]
                times = f"{path} is named {len(files)} times; merge the entries"
                for file in files:
                    self._refuse(path, file, AnnotationError(times, "duplicate name"))
                continue
            file = pairs.file_of[path]
            try:
                image = self._image(path, file)
            except AnnotationError as error:
                self._refuse(path if path in self.there else file, file, error)
            else:
                self.seen.images += 1
                yield image
        for file in sorted(pairs.refused):
            self._refuse(file, file, pairs.refused[file])

    def _refuse(self, sample: str, file: str, error: AnnotationError) -> None:
        """Reject the image of a file with all that is on it."""
        lost = 0
        try:
            check_printable(file)
            lost = len(_objects(parsed(self.files.read(file), file)))
        except AnnotationError as broken:
            error = broken
        self.seen.images += 1
        self.seen.annotations += lost
        reason = str(error).removeprefix(f"{file}: ")
        if sample != file and not reason.startswith(f"{file}:"):
            reason = f"{file}: {reason}"
        self.report.reject(printable(sample), reason, error.kind, annotations=lost)

    def _image(self, path: str, file: str) -> FoundImage:
        """Return an image with its objects. Those that cannot be read are rejected."""
        content = self.files.read(file)
        plain = plain_file(content, file, self.source.dataset.origin or 0)
        root = plain.root if plain else _root(content, file)
        name = _name(root, file)
        width, height = (_side(root, side, file) for side in ("width", "height"))
        objects = () if plain else _objects(root)
        taken = plain.objects if plain else self._taken(path, file, objects)
        count = len(plain.objects if plain else objects)
        self.seen.annotations += count
        self.seen.names.update(one.name for one in taken)
        all_regions = all(one.polygons for one in taken) if taken else self.has_regions
        return FoundImage(
            path,
            name or path.rpartition("/")[2],
            file,
            REGIONS if all_regions else BOXES,
            annotations=taken,
            stated_width=width,
            stated_height=height,
            lost=count - len(taken),
            extras=_extras(root),
        )

    def _taken(
        self, path: str, file: str, objects: Sequence[Element]
    ) -> tuple[FoundAnnotation, ...]:
        """Return objects as annotations. Those that cannot be read are rejected."""
        taken, origin = [], self.source.dataset.origin or 0
        for number, one in enumerate(objects, 1):
            try:
                taken.append(annotation(one, number, f"{file}:{one.line}", origin))
            except AnnotationError as error:
                self.report.reject(path, str(error), error.kind, whole=False, annotations=1)
        return tuple(taken)


def _root(content: bytes, file: str) -> Element:
    root = parsed(content, file)
    if root.tag != ROOT:
        raise AnnotationError(f"{file}: begins with <{root.tag}>, not with <{ROOT}>", BROKEN)
    _check_objects(root, file)
    return root


def _check_objects(root: Element, file: str) -> None:
    """Return nothing if all objects stand where they are looked for, and are called so.

    Raises:
        AnnotationError: one does not: without it the image would look emptier than it is.
    """
    for parent in (root, *inside(root)):
        for one in parent.children:
            is_found = parent is root and one.tag == OBJECT
            if one.tag.lower() == OBJECT and not is_found:
                raise AnnotationError(
                    f"{file}:{one.line}: a <{one.tag}> in <{parent.tag}> is not found; write it as "
                    f"<{OBJECT}>, right below <{ROOT}>",
                    BROKEN,
                )


def _name(root: Element, file: str) -> str:
    """Return what the file calls its image, or nothing."""
    named = [one for one in root.children if one.tag == "filename" and one.text.strip()]
    for one in named[1:]:
        if one.text != named[0].text:
            raise _contradiction("filename", named[0].text, one.text, f"{file}:{one.line}")
    return named[0].text if named else ""


def _side(root: Element, side: str, file: str) -> int | None:
    """Return a side of the image in pixels, or None."""
    sizes = [one for one in root.children if one.tag == "size"]
    known = None
    for one in (one for size in sizes for one in size.children if one.tag == side):
        place = f"{file}:{one.line}"
        pixels = whole(one.text, f"{place}: <{side}>")
        if known and pixels and pixels != known:
            raise _contradiction(side, str(known), str(pixels), place)
        known = known or pixels
    return known


def _contradiction(tag: str, first: str, second: str, place: str) -> AnnotationError:
    return AnnotationError(
        f"{place}: a second <{tag}> says {second}, the first says {first}; take out the wrong one",
        "contradiction",
    )


def _objects(root: Element) -> list[Element]:
    return [one for one in root.children if one.tag == OBJECT]


def _extras(root: Element) -> str | None:
    rest = [one for one in root.children if one.tag not in _KNOWN and not _is_unsaid(one)]
    return compact(fields(root.attributes, rest)) if rest or root.attributes else None


def _is_unsaid(element: Element) -> bool:
    """Return whether tools write it where nobody said anything."""
    if element.tag == "segmented":
        return element.text in ("0", "")
    return element.tag == "source" and all(
        one.text in ("Unknown", "") and not one.children for one in element.children
    )
