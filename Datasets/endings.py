"""Whether an image file ends as its format says: a download that was cut short does not."""

import io
from typing import BinaryIO

JPEG_END = b"\xff\xd9"
"""EOI; ITU-T T.81, B.2.1."""
PNG_END = b"\0\0\0\0IEND\xae\x42\x60\x82"
"""An empty chunk with its checksum; PNG specification, 11.2.5."""


def ends_as_it_should(file: BinaryIO) -> bool:
    """Return whether the end of an image file is where its format puts it.

    A file that does not may still be whole: some programs leave the end out, others write more
    behind it. Only decoding tells.

    Args:
        file: an image file of one of ``signatures.FORMATS``. A BMP has no end to tell. Of WebP and
            TIFF, whoever reads the header looks whether what it names is there.
    """
    length = file.seek(0, io.SEEK_END)
    file.seek(max(0, length - len(PNG_END)))
    end = file.read(len(PNG_END))
    file.seek(0)
    start = file.read(4)
    if start.startswith(b"\xff\xd8"):
        return end.endswith(JPEG_END)
    if start.startswith(b"\x89PNG"):
        return end == PNG_END
    return not start.startswith(b"BM")
