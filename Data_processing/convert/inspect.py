"""What an image file is: its hash and its header, read once."""

import os
from pathlib import Path

import msgspec

from Datasets.errors import ImageError
from Datasets.files import sha256_of
from Datasets.image import Header, read_header


class Inspected(msgspec.Struct, frozen=True):
    """An image file's sha256 and what its header says."""

    sha256: str
    header: Header


def inspect(root: Path, file: str) -> Inspected:
    """Return hash and header of the image ``file`` below ``root``.

    Raises:
        ImageError: it is missing, leaves the root by a link, or is not an image that can be used.
    """
    path = root / file
    try:
        real = os.path.realpath(path)
        inside = real.startswith(os.path.realpath(root).rstrip(os.sep) + os.sep)
        if not inside:
            raise ImageError("a link leads out of the data set's folder; copy the file into it")
        content = path.read_bytes()
    except FileNotFoundError:
        raise ImageError("the annotations name it, but there is no such file") from None
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror}") from None
    return Inspected(sha256_of(content), read_header(content, file))
