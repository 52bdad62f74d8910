"""The images of a CVAT file and where each stands in it, found without keeping what they say."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from Data_processing.convert.files import path_of
from Data_processing.convert.found import Source
from Data_processing.convert.labels import check_name
from Data_processing.convert.readers.cvat_shapes import SHAPES
from Data_processing.convert.readers.xml import (
    BROKEN,
    UTF16,
    Element,
    Guarded,
    check_printable,
    inside,
    parsed,
)
from Datasets.errors import AnnotationError

ROOT = "annotations"
"""The outermost element of a CVAT file."""
TAG = "tag"
"""An element that labels the image as a whole; all others beside it are shapes."""
_IMAGE = "image"
_META = "meta"
_PLACED = frozenset({*SHAPES, TAG, _IMAGE})
"""Elements without which an image looks emptier than it is."""
_CHUNK = 1 << 20
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


class Misplaced(msgspec.Struct, frozen=True):
    """An image, or a shape without an image, that stands where none belongs."""

    file: str
    reason: str
    is_image: bool
    shapes: int


class Contents(msgspec.Struct):
    """What all files hold: images in the order of the files, names of classes, kinds of shapes."""

    entries: list[Entry]
    names: set[str]
    kinds: set[str]
    misplaced: list[Misplaced]


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
            if lines.tell() <= _CHUNK and chunk.startswith(UTF16):
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


def check_places(image: Element, file: str) -> None:
    """Return nothing if all that is drawn on an image stands where it is looked for.

    Raises:
        AnnotationError: something does not: without it the image would look emptier than it is.
    """
    for shape in image.children:
        for parent in (shape, *inside(shape)) if shape.children else ():
            for one in parent.children:
                is_found = parent is shape and _is_joint(shape.tag, one.tag)
                if one.tag.lower() in _PLACED and not is_found:
                    reason = _not_found(one.tag, parent.tag, f"{file}:{one.line}")
                    raise AnnotationError(reason, BROKEN)


def _is_joint(parent: str, tag: str) -> bool:
    return (parent, tag) == ("skeleton", "points")


def _not_found(tag: str, parent: str, place: str) -> str:
    as_known = tag.lower()
    below = parent if _is_joint(parent, as_known) else ROOT if as_known == _IMAGE else _IMAGE
    what = f"a <{tag}> in <{parent}> is not found"
    return f"{place}: {what}; write it as <{as_known}>, right below <{below}>"


def _foreign(file: str, encoding: str) -> AnnotationError:
    # Places of images are counted in bytes of the file, and found again by them.
    return AnnotationError(f"{file}: is in {encoding}; save the file as UTF-8", BROKEN)


class _Survey:
    """Handlers of a parser that take note of images."""

    def __init__(self, file: str, contents: Contents) -> None:
        self.parser = Guarded(file)
        self._contents = contents
        self._parents: list[str] = []  # elements that are open
        self._open: dict[str, str] | None = None  # attributes of the image that is open
        self._problem = ""  # why it will not be read
        self._depth = self._start = self._line = self._shapes = self._inside = 0  # of that image
        expat = self.parser.expat
        expat.StartElementHandler, expat.EndElementHandler = self._begin, self._end
        expat.XmlDeclHandler = self._declared

    def _declared(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _UTF8:
            raise _foreign(self.parser.name, encoding)

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        depth = len(self._parents)
        self._parents.append(tag)
        if self._open is not None:
            if depth == self._depth + 1:
                self._note(tag, attributes)
        elif depth:
            self._outside(tag, attributes)
        elif tag != ROOT:
            raise OtherXmlError(f"{self.parser.name}: begins with <{tag}>, not with <{ROOT}>")

    def _outside(self, tag: str, attributes: dict[str, str]) -> None:
        """Take note of an element that stands in no image."""
        *_, parent, _ = self._parents
        depth, as_known = len(self._parents) - 1, tag.lower()
        is_said = _META in self._parents  # there, a drawing tells what a skeleton looks like
        if as_known == "track" and not is_said:
            raise AnnotationError(
                f"{self.parser.place()}: holds tracks of a video; export the task as "
                '"CVAT for images 1.1"',
                "video",
            )
        if as_known == _IMAGE:
            is_found = depth == 1 and tag == _IMAGE
            self._problem = "" if is_found else _not_found(tag, parent, self.parser.place())
            self._open, self._depth = attributes, depth
            self._start, self._line = self.parser.expat.CurrentByteIndex, self.parser.line()
            self._shapes = self._inside = 0
        elif as_known in _PLACED and not is_said:
            reason = _not_found(tag, parent, self.parser.place())
            lost = Misplaced(self.parser.name, reason, False, int(as_known != TAG))
            self._contents.misplaced.append(lost)

    def _note(self, tag: str, attributes: dict[str, str]) -> None:
        self._inside += 1
        if tag != TAG:
            self._shapes += 1
        if self._problem:
            return
        if tag != TAG:
            is_turned = tag == "box" and attributes.get("rotation", "0") not in ("0", "0.0", "0.00")
            self._contents.kinds.add("turned box" if is_turned else tag)
        name = attributes.get("label", "")
        if name not in self._contents.names:
            try:
                self._contents.names.add(check_name(name))
            except AnnotationError:
                pass  # rejected when its image's turn comes

    def _end(self, tag: str) -> None:
        self._parents.pop()
        if self._open is None or len(self._parents) != self._depth:
            return
        if self._problem:
            lost = Misplaced(self.parser.name, self._problem, True, self._shapes)
            self._contents.misplaced.append(lost)
        else:
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
