"""Headers of plain JPEGs and PNGs, read in a fifth of Pillow's time; all that is odd is left to it.

Plain is a file whose header has those parts only that most have, each as it should be. Pillow takes
all of these, and says the same of them [tests/Datasets/test_plain_header.py changes bytes at will].
"""

import struct
import zlib

from Datasets import header
from Datasets.header import Header

START = 4096
"""Bytes in which a plain header lies; one that is longer has more to say."""
JFIF, TABLES, SCAN, FRAMES = 0xE0, 0xDB, 0xDA, (0xC0, 0xC2)
SKIPPED = (0xC4, 0xDD, 0xFE)
"""Huffman tables, the restart interval, a comment; ITU-T T.81, table B.1."""
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"
PNG_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}


def plain_header(start: bytes) -> Header | None:
    """Return what a file says of itself, or None where that takes more than a look.

    Args:
        start: its first ``START`` bytes, or all if it has fewer.
    """
    if start.startswith(b"\xff\xd8\xff"):
        return _jpeg(start)
    return _png(start) if start.startswith(PNG) else None


def _jpeg(start: bytes) -> Header | None:
    """Walk from marker to marker; ITU-T T.81, B.1."""
    frame, at = b"", 2
    while len(start) >= at + 4 and start[at] == 0xFF:
        marker, length = start[at + 1], start[at + 2] << 8 | start[at + 3]
        part = start[at + 4 : at + 2 + length]
        if length < 2 or len(part) != length - 2:
            return None
        if marker == SCAN:
            return _of_frame(frame) if frame else None
        if marker in FRAMES and not frame:
            frame = part
        elif not _is_plain(marker, part):
            return None
        at += 2 + length
    return None


def _is_plain(marker: int, part: bytes) -> bool:
    if marker == JFIF:
        return part.startswith(b"JFIF\0") and len(part) >= 14
    if marker == TABLES:  # of 8 bits, each with its number
        return len(part) % 65 == 0 and all(number < 16 for number in part[::65])
    return marker in SKIPPED


def _of_frame(frame: bytes) -> Header | None:
    """Return the header of a JPEG; ITU-T T.81, B.2.2."""
    if len(frame) < 6:
        return None
    bits, height, width, channels = struct.unpack_from(">BHHB", frame)
    if bits != 8 or channels not in (1, 3) or len(frame) != 6 + 3 * channels:
        return None
    return _header(width, height, channels)


def _png(start: bytes) -> Header | None:
    """Return the header of a PNG whose pixels follow IHDR; PNG specification, 11.2.1."""
    if start[37:41] != b"IDAT" or start[29:33] != struct.pack(">I", zlib.crc32(start[12:29])):
        return None
    width, height, bits, colour, *methods, interlace = struct.unpack_from(">IIBBBBB", start, 16)
    if bits != 8 or colour not in PNG_CHANNELS or any(methods) or interlace > 1:
        return None
    return _header(width, height, PNG_CHANNELS[colour])


def _header(width: int, height: int, channels: int) -> Header | None:
    if not 0 < width * height <= header.MAX_PIXELS:
        return None
    return Header(
        width, height, channels, "uint8", 1, alpha="straight" if channels in (2, 4) else "none"
    )
