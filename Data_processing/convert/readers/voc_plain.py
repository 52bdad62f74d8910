"""Plain Pascal VOC files, read in a fraction of a parser's time; all that is odd is left to it.

Plain is a file whose objects are of ASCII and as most tools write them: a name, a box, and around
the box what holds text only. The parser finds the same in it [test_voc_plain.py compares them].
"""

import re
from functools import lru_cache
from typing import Literal

import msgspec

from Data_processing.convert.found import FoundAnnotation
from Data_processing.convert.geometry import half_open
from Data_processing.convert.readers.voc_objects import CORNERS, extras_of
from Data_processing.convert.readers.xml import Element, inside, parsed
from Datasets.errors import AnnotationError

_SIDES = ("width", "height")
_TEXT = rb"[ -%'-;=?-~]"
_NAME = rb"(?!name>|bndbox>|polygon>|(?i:object)>)[A-Za-z_][A-Za-z0-9_]*"
_NUMBER = rb"(-?[0-9]{1,15}(?:\.[0-9]{1,15})?)"


def _leaves(group: int) -> bytes:
    """Return a pattern of elements that hold text only; ``group`` is that of their names."""
    return b"((?:<(%b)>%b*</\\%d>[ \t\r\n]*+)*+)" % (_NAME, _TEXT, group)


def _gone(tag: bytes, text: bytes) -> bytes:
    """Return a pattern of an element that need not be there, and has no use."""
    return b"(?:<%b>%b</%b>)?" % (tag, text, tag)


_START = re.compile(
    rb'(?:<\?xml version="1\.0"(?: encoding="(?:utf|UTF)-8")?\?>[ \t\r\n]*)?<annotation[ >]'
)
_OBJECT = re.compile(
    b"[ \t\r\n]*+".join(
        (
            b"<object>",
            b"<name>( *[!-%'-;=?-~]" + _TEXT + b"*)</name>",
            _leaves(3) + b"<bndbox>",
            *(b"<%b>%b</%b>" % (tag.encode(), _NUMBER, tag.encode()) for tag in CORNERS),
            b"</bndbox>",
            _leaves(9) + b"</object>",
            b"",
        )
    )
)
_HEAD = re.compile(
    b"[ \t\r\n]*+".join(
        (
            b"<annotation>",
            _gone(b"folder", _TEXT + b"*"),
            b"<filename>( *[!-%'-;=?-~]" + _TEXT + b"*)</filename>",
            _gone(b"path", _TEXT + b"*"),
            b"(?:<source>[ \t\r\n]*+<database>Unknown</database>[ \t\r\n]*+</source>)?",
            b"<size>",
            b"<width>([0-9]{1,9})</width>",
            b"<height>([0-9]{1,9})</height>",
            _gone(b"depth", b"[0-9]*"),
            b"</size>",
            _gone(b"segmented", b"0?"),
            b"",
        )
    )
)
"""What tools write before the objects where nobody said anything else."""
_END = re.compile(b"</annotation>[ \t\r\n]*+")


class Plain(msgspec.Struct, frozen=True):
    """What a plain file holds: its outermost element with what has a use but objects, and these."""

    root: Element
    objects: tuple[FoundAnnotation, ...]


def plain_file(content: bytes, file: str, origin: Literal[0, 1]) -> Plain | None:
    """Return what a file says, or None where that takes more than a look.

    Args:
        content: the whole file.
        file: its name, for messages.
        origin: number of the first pixel.
    """
    start = at = content.find(b"<object>")
    if start < 0 or not _START.match(content) or content.count(b"\r") != content.count(b"\r\n"):
        return None
    objects: list[FoundAnnotation] = []
    line, counted = 1, 0
    while match := _OBJECT.match(content, at):
        line += content.count(b"\n", counted, at)
        counted = at
        name, before, _, x1, y1, x2, y2, after, _ = match.groups()
        corners = half_open(float(x1), float(y1), float(x2), float(y2), origin)
        extras = _extras(before + after) if before or after else None
        place = f"{file}:{line}"
        objects.append(
            FoundAnnotation(len(objects) + 1, name.decode(), corners, extras=extras, place=place)
        )
        at = match.end()
    if not _END.fullmatch(content, at):
        return None
    root = _root(content[:start], file)
    return Plain(root, tuple(objects)) if root else None


def _root(head: bytes, file: str) -> Element | None:
    """Return the outermost element of a file that begins with ``head``, or None if it is odd."""
    if match := _HEAD.fullmatch(head):
        name, *sides = (text.decode() for text in match.groups())
        size = [Element(tag, 1, {}, [], text) for tag, text in zip(_SIDES, sides, strict=True)]
        parts = [Element("filename", 1, {}, [], name), Element("size", 1, {}, size)]
        return Element("annotation", 1, {}, parts)
    try:
        # Were the objects not right below the outermost element, this would not be XML.
        root = parsed(head + b"</annotation>", file)
    except AnnotationError:
        return None  # said anew of the whole
    # An object in another spelling, <object > say, is no less one.
    return None if any(one.tag.lower() == "object" for one in inside(root)) else root


@lru_cache(maxsize=4096)
def _extras(leaves: bytes) -> str | None:
    """Return what elements beside name and box say; it is the same again and again."""
    return extras_of(parsed(b"<object>" + leaves + b"</object>", ""), None)
