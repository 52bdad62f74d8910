"""The text of a COCO file as it stands on the disk: what is no UTF-8, and what is no number."""

import codecs
import mmap
import re
from collections.abc import Iterator
from pathlib import Path

from Data_processing.convert.files import path_of
from Datasets.errors import AnnotationError

_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zX", b"\x28\xb5\x2f\xfd")
"""How files of gzip, ZIP, bzip2, xz and Zstandard begin."""
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Possessive, as what could be tried anew is remembered by the character.
_STRING_OR_NO_NUMBER = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+("?+)|NaN|-?Infinity')
_NO_NUMBER = re.compile(rb"NaN|-?Infinity")


def mapped(root: Path, name: str) -> mmap.mmap | bytes:
    """Return the bytes of the file ``name`` below ``root`` without reading them yet.

    Raises:
        AnnotationError: it leaves the root by a link, is empty, packed, or text in UTF-16.
    """
    path = path_of(root, name)
    if path.stat().st_size == 0:
        raise AnnotationError(f"{name}: the file is empty; replace it or take it out", "empty file")
    with path.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    start = content[:4]
    if start.startswith(_PACKED):
        raise AnnotationError(f"{name}: is a packed file; unpack it", "not JSON")
    # Without a mark every second byte is 0, as JSON begins with ASCII; all are where none arrived.
    if start.startswith(_UTF_16) or 0 < start.count(0) < len(start):
        raise AnnotationError(
            f"{name}: is not UTF-8 but UTF-16 or UTF-32; save the file as UTF-8", "not UTF-8"
        )
    return content


def with_text_for_no_numbers(content: mmap.mmap | bytes) -> bytes | None:
    """Return ``content`` with text of their length for NaN and Infinity, None where there are none.

    As text they are found wanting where they stand.
    """
    mended: bytearray | None = None
    for start, end in _no_numbers(content):
        if mended is None:
            mended = bytearray(content)
        mended[start:end] = b'"' + content[start : end - 2] + b'"'
    return None if mended is None else bytes(mended)


def _no_numbers(content: mmap.mmap | bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of each NaN and Infinity that no string holds."""
    for found in _STRING_OR_NO_NUMBER.finditer(content):
        if found[1] is None:
            yield found.span()
        elif not found[1]:  # no string: it has no end
            yield from (each.span() for each in _NO_NUMBER.finditer(content, *found.span()))
