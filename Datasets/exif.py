"""Which way up an image is, as its EXIF data say (EXIF 2.32, tag 274)."""

from collections.abc import Callable
from functools import partial
from typing import BinaryIO

from PIL import Image

ORIENTATION_TAG = 0x0112
MOST_CHUNKS = 100_000
"""Chunks of a PNG that are walked over; those of pixels usually have 8 kB or more."""
LONGEST = 1 << 20
"""Bytes of EXIF data in a PNG; cameras write a tenth of it."""


def orientation_in(exif: Callable[[], Image.Exif]) -> int:
    """Return the orientation, 1 to 8; 1 where EXIF data cannot be understood, as everyone does."""
    try:
        value = exif().get(ORIENTATION_TAG, 1)
    except Exception:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def orientation_behind_pixels(file: BinaryIO) -> int:
    """Return the orientation that a PNG states behind its pixels; 1 if it does not.

    Pillow would decode all of them to get there. PNG specification, third edition, 5.6: the chunk
    eXIf may stand anywhere before IEND.
    """
    at = 8
    for _ in range(MOST_CHUNKS):
        file.seek(at)
        head = file.read(8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind == b"eXIf" and length <= LONGEST:
            return orientation_in(partial(_loaded, file.read(length)))
        if len(head) < 8 or kind == b"IEND":
            break
        at += length + 12
    return 1


def _loaded(content: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.load(content)
    return exif
