"""The images of a CVAT file and where each stands in it, found without keeping what they say."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from Data_processing.convert.files import path_of
from Data_processing.convert.found import Source
from Data_processing.convert.labels import check_name
from Data_processing.convert.readers.xml import BROKEN, Element, Guarded, check_printable, parsed
from Datasets.errors import AnnotationError

ROOT = "annotations"
"""The outermost element of a CVAT file."""
TAG = "tag"
"""An element that labels the image as a whole; all others beside it are shapes."""
_IMAGE = "image"
_CHUNK = 1 << 20
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
"""How a file in UTF-16 begins."""
_UTF8 = frozenset({"utf-8", "utf8", "ascii", "us-ascii"})


class Entry(msgspec.Struct, frozen=True, gc=False):
    """An image of a file: its bytes from ``start``, ``size`` of them, without the closing tag.

    ``line`` is where it stands, ``shapes`` how many it has. ``is_bare`` says that it holds nothing.
    """

    file: str
    start: int
    size: int
    line: int
    name: str
    subset: str
    shapes: int
    is_bare: bool

    def place(self) -> str:
        """Return file and line."""
        return f"{self.file}:{self.line}"


class Contents(msgspec.Struct):
    """What all files hold: images in the order of the files, names of classes, kinds of shapes."""

    entries: list[Entry] = []
    names: set[str] = set()
    kinds: set[str] = set()


class OtherXmlError(AnnotationError):
    """An XML file that is not CVAT's."""


def survey(source: Source, file: str, contents: Contents) -> None:
    """Add what ``file`` holds to ``contents``.

    Raises:
        OtherXmlError: it is an XML file of something else.
        AnnotationError: it is broken, holds tracks of a video, or is not in UTF-8.
    """
    check_printable(file)
    with path_of(source.root, file).open("rb") as lines:
        survey_of = _Survey(file, contents)
        if not os.fstat(lines.fileno()).st_size:
            raise AnnotationError(f"{file}: the file is empty; replace it or take it out")
        while chunk := lines.read(_CHUNK):
            if lines.tell() <= _CHUNK and chunk.startswith(_UTF16):
                raise _foreign(file, "UTF-16")
            survey_of.parser.feed(chunk, False)
        survey_of.parser.feed(b"", True)


def element_of(root: Path, entry: Entry) -> Element:
    """Return an image with all that stands in it.

    Raises:
        AnnotationError: it is nested too deeply, or changed since it was found.
    """
    with (root / entry.file).open("rb") as content:
        content.seek(entry.start)
        text = content.read(entry.size)
    if not (entry.is_bare and text.endswith(b"/>")):
        text += b"</image>"
    return parsed(text, entry.file, entry.line)


def shapes_of(image: Element) -> Iterator[Element]:
    """Yield what is drawn on an image."""
    return (one for one in image.children if one.tag != TAG)


def _foreign(file: str, encoding: str) -> AnnotationError:
    # Places of images are counted in bytes of the file, and found again by them.
    return AnnotationError(f"{file}: is in {encoding}; save the file as UTF-8", BROKEN)


class _Survey:
    """Handlers of a parser that take note of images."""

    def __init__(self, file: str, contents: Contents) -> None:
        self.parser = Guarded(file)
        self._contents = contents
        self._depth = 0
        self._open: dict[str, str] | None = None  # attributes of the image that is open
        self._start = self._line = self._shapes = self._inside = 0
        expat = self.parser.expat
        expat.StartElementHandler, expat.EndElementHandler = self._begin, self._end
        expat.XmlDeclHandler = self._declared

    def _declared(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _UTF8:
            raise _foreign(self.parser.name, encoding)

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        depth = self._depth
        self._depth = depth + 1
        if depth == 0 and tag != ROOT:
            raise OtherXmlError(f"{self.parser.name}: begins with <{tag}>, not with <{ROOT}>")
        if depth == 1:
            self._open = None
            if tag == "track":
                raise AnnotationError(
                    f"{self.parser.place()}: holds tracks of a video; export the task as "
                    '"CVAT for images 1.1"',
                    "video",
                )
            if tag == _IMAGE:
                self._open = attributes
                self._start, self._line = self.parser.expat.CurrentByteIndex, self.parser.line()
                self._shapes = self._inside = 0
        elif depth == 2 and self._open is not None:
            self._note(tag, attributes)

    def _note(self, tag: str, attributes: dict[str, str]) -> None:
        self._inside += 1
        if tag != TAG:
            self._shapes += 1
            is_turned = tag == "box" and attributes.get("rotation", "0") not in ("0", "0.0", "0.00")
            self._contents.kinds.add("turned box" if is_turned else tag)
        name = attributes.get("label", "")
        if name not in self._contents.names:
            try:
                self._contents.names.add(check_name(name))
            except AnnotationError:
                pass  # rejected when its image's turn comes

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if self._depth == 1 and self._open is not None:
            entry = Entry(
                self.parser.name,
                self._start,
                self.parser.expat.CurrentByteIndex - self._start,
                self._line,
                self._open.get("name", ""),
                self._open.get("subset", ""),
                self._shapes,
                not self._inside,
            )
            self._contents.entries.append(entry)
            self._open = None
