"""Which image each Pascal VOC file is of, told from its first lines."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import msgspec

from Data_processing.convert.found import Source, path_below
from Data_processing.convert.readers.nearby import Nearby
from Data_processing.convert.readers.small_files import Files
from Data_processing.convert.readers.xml import UTF16, Guarded, check_printable, tidy
from Data_processing.convert.report import Report
from Datasets.errors import AnnotationError

ROOT = "annotation"
"""The outermost element of a Pascal VOC file."""
_TEXT = rb"[ -%'-;=?-~]"
_PLAIN = re.compile(
    rb'(?:<\?xml version="1\.0"(?: encoding="(?:utf|UTF)-8")?\?>[ \t\r\n]*)?'
    rb"<annotation>[ \t\r\n]*(?:<folder>" + _TEXT + rb"*</folder>[ \t\r\n]*)?"
    rb"<filename>( *[!-%'-;=?-~]" + _TEXT + rb"*)</filename>"
)
"""The head that nearly all files have, in ASCII; a parser takes four times as long to read it."""


class Head(msgspec.Struct, frozen=True):
    """What a file says first: its outermost element, and what it calls its image, if it does."""

    root: str
    name: str


class Heads(msgspec.Struct):
    """Files with what they call their images, side by side, both as they are listed.

    An empty name is none. ``refused`` are files that cannot be read, or whose names no path can be.
    """

    files: list[str] = []
    names: list[str] = []
    refused: dict[str, AnnotationError] = {}
    has_polygons: bool = False


class Paired(msgspec.Struct):
    """The file of each image, by the image's path, and what is odd.

    ``several`` are images that more than one file names, ``refused`` files without an image.
    """

    file_of: dict[str, str]
    several: dict[str, list[str]]
    refused: dict[str, AnnotationError]


def head_of(content: bytes, file: str) -> Head:
    """Return the head of a file, read no further than to the name of its image.

    Where <filename> is empty it is the last part of <path>, which is absolute and of another
    computer. A broken file has what stands before the break: it is named when its turn comes.
    """
    plain = _PLAIN.match(content)
    return Head(ROOT, _with_slashes(plain[1].decode())) if plain else parsed_head(content, file)


def parsed_head(content: bytes, file: str) -> Head:
    """Return what ``head_of`` does, of any file."""
    open_tags: list[str] = []
    text: list[str] = []
    said = {"root": "", "filename": "", "path": ""}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if not open_tags:
            said["root"] = tag
            if tag != ROOT:
                raise _Done
        open_tags.append(tag)
        text.clear()

    def end(tag: str) -> None:
        open_tags.pop()
        if len(open_tags) == 1 and tag in ("filename", "path") and not said[tag]:
            said[tag] = tidy("".join(text)) if text else ""
            if tag == "filename" and said[tag].strip():
                raise _Done

    parser = Guarded(file)
    parser.expat.StartElementHandler, parser.expat.EndElementHandler = start, end
    parser.expat.CharacterDataHandler = text.append
    try:
        parser.feed(content, True)
    except (_Done, AnnotationError):
        pass
    name = _with_slashes(said["filename"])
    return Head(said["root"], name if name.strip() else _last(said["path"]))


def heads(source: Source, files: Sequence[str], reader: Files, report: Report) -> Heads:
    """Return what the files call their images. XML files of other kinds are left out.

    Args:
        source: the data set.
        files: their paths below the root.
        reader: reads them.
        report: is told of what is left out.

    Raises:
        AnnotationError: none is a Pascal VOC file, or one that ``annotations`` names is not.
    """
    found = Heads([], [], {})
    for file in files:
        try:
            check_printable(file)
            content = reader.read(file)
        except AnnotationError as error:
            found.refused[file] = error
            continue
        head = head_of(content, file)
        if head.root not in (ROOT, ""):
            _leave_out(source, file, head.root, report)
            continue
        found.has_polygons = found.has_polygons or _has_polygons(content)
        try:
            name = path_below("", head.name) if head.name else ""
        except AnnotationError as error:
            found.refused[file] = error
            continue
        found.files.append(file)
        found.names.append(name)
    if not found.files and not found.refused:
        raise AnnotationError(
            f"{source.where}: none of {len(files):,} XML files below {source.root} is a Pascal VOC "
            f"file, which begins with <{ROOT}>; say what they are as {source.where}.format"
        )
    return found


def paired(source: Source, found: Heads, images: Sequence[str], report: Report) -> Paired:
    """Return which file is of which image.

    An image is found by the name in the file, or by that without its suffix, or by the file's own
    name, in that order: tools leave the name as it was when an image is renamed or converted.

    Args:
        source: the data set.
        found: the files.
        images: paths of all images below the root, sorted.
        report: is told of images whose names are others than their files say.

    Raises:
        AnnotationError: two folders hold as many of the images.
    """
    pairs = Paired({}, {}, found.refused)
    find = _Finder(source, found, images)
    for i, file in enumerate(found.files):
        path = find.image(i)
        name = found.names[i]
        if path is not None and not path.endswith(name) and not _stem(path).endswith(name):
            report.notice(path, "its XML file calls it otherwise", f"{file} says {name}")
        try:
            path = path or find.expected(i)
            check_printable(path)
        except AnnotationError as error:
            pairs.refused[file] = error
            continue
        if path in pairs.file_of:
            pairs.several.setdefault(path, [pairs.file_of[path]]).append(file)
        else:
            pairs.file_of[path] = file
    return pairs


class _Done(Exception):
    """The name of the image is known."""


class _Finder:
    """Finds images by name, or by name without suffix; the latter is rare, and made when asked."""

    def __init__(self, source: Source, found: Heads, images: Sequence[str]) -> None:
        self._source, self._found, self._images = source, found, images
        self._by_name = Nearby(source, found.files, found.names, images)
        self._by_stem: list[Nearby] = []
        self._path_of: dict[str, str] = {}

    def image(self, index: int) -> str | None:
        return self._by_name.find(index) or self._like(index)

    def expected(self, index: int) -> str:
        if self._found.names[index]:
            return self._by_name.expected(index)
        raise AnnotationError(
            "names no image: its <filename> is empty, and no image is called as the file is; "
            "fill it in",
            "no image",
        )

    def _like(self, index: int) -> str | None:
        if not self._by_stem:
            self._prepare()
        # Beside a folder of images there may be one of masks, whose names differ by suffix alone.
        places = self._by_name.places(index)
        for finder in self._by_stem:
            try:
                found = self._path_of.get(finder.find(index, places) or "")
            except AnnotationError:
                continue  # as good in two folders
            if found:
                return found
        return None

    def _prepare(self) -> None:
        for path in self._images:
            stem = _stem(path)
            self._path_of[stem] = "" if stem in self._path_of else path
        stems = sorted(self._path_of)
        files = self._found.files
        for names in (self._found.names, [_last(file) for file in files]):
            each = [_stem(name) for name in names]
            self._by_stem.append(Nearby(self._source, files, each, stems))


def _leave_out(source: Source, file: str, root: str, report: Report) -> None:
    if source.dataset.annotations:
        raise AnnotationError(
            f"{file}: begins with <{root}>, a Pascal VOC file with <{ROOT}>; correct "
            f"{source.where}.annotations or {source.where}.format"
        )
    report.leave_out(file, "a file that is not Pascal VOC")


def _has_polygons(content: bytes) -> bool:
    if content.startswith(UTF16):
        return any("<polygon".encode(codec) in content for codec in ("utf-16-le", "utf-16-be"))
    return b"<polygon" in content


def _last(path: str) -> str:
    return _with_slashes(path).rpartition("/")[2].strip()


def _with_slashes(path: str) -> str:
    return path.replace("\\", "/")


def _stem(path: str) -> str:
    return PurePosixPath(path).with_suffix("").as_posix() if path else ""
