"""What an image file is: its hash and its header, read once.

Pixels are decoded only where the end of the file looks as if more had to follow.
"""

import hashlib
import io
import os
import stat
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import msgspec

from Data_processing.convert.files import is_inside, leads_inside
from Datasets.endings import ends_as_it_should
from Datasets.errors import ImageError
from Datasets.files import sha256_of
from Datasets.image import Header, opened
from Datasets.raster import header_of_bands
from Datasets.signatures import START, check_suffix, format_of

SMALL = 1 << 20
"""Bytes of a file that is read at once; a larger one is hashed as a stream."""
MISSING = "missing image"
LINK_OUT = "link out of the folder"


class Inspected(msgspec.Struct, frozen=True, gc=False):
    """An image's sha256 and what its header says.

    Of several files it is the sha256 of their hex digests, end to end.
    """

    sha256: str
    header: Header


def inspect(root: Path, file: str, in_windows: bool = False) -> Inspected:
    """Return hash and header of the image ``file`` below ``root``.

    Args:
        root: the data set's raw folder.
        file: path below it.
        in_windows: whether the image is only read by windows, so that it may be larger than memory.

    Raises:
        ImageError: it is missing, leaves the root by a link, is called what it is not, or is not an
        image that can be used.
    """
    try:
        stat_of(root, file)
        with io.FileIO(f"{root}/{file}") as content:  # buffers would be filled and copied
            return _inspected(content, file, in_windows)
    except FileNotFoundError:
        raise ImageError(_missing(root, file), MISSING) from None
    except OSError as error:
        raise ImageError(f"{file}: cannot be read: {error.strerror}", "unreadable file") from None


def stat_of(root: Path, file: str) -> os.stat_result:
    """Return what the file system says of ``file`` below ``root``, which may be opened.

    Raises:
        ImageError: it leaves the root by a link, or is no file.
        FileNotFoundError: it is missing.
    """
    path = f"{root}/{file}"
    try:
        said = os.lstat(path)  # with a Path it takes three times as long
        is_plain = not stat.S_ISLNK(said.st_mode)
    except FileNotFoundError:
        is_plain = False
    if not (is_inside(root, file) if is_plain else leads_inside(root, root / file)):
        raise ImageError(
            f"{file}: a link leads out of the data set's folder; copy the file into it", LINK_OUT
        )
    if not is_plain:
        said = (root / file).stat()
    if not stat.S_ISREG(said.st_mode):
        raise ImageError(f"{file}: is no file but a folder or a device; name an image", MISSING)
    return said


def inspect_files(root: Path, files: Sequence[str], in_windows: bool = False) -> Inspected:
    """Return hash and header of an image whose channels stand in files of their own, in order.

    Raises:
        ImageError: as ``inspect``, or the files do not go together.
    """
    each = [inspect(root, file, in_windows) for file in files]
    digests = "".join(one.sha256 for one in each)
    return Inspected(
        sha256_of(digests.encode()), header_of_bands([one.header for one in each], files)
    )


def inspect_content(content: bytes, where: str) -> Inspected:
    """Return hash and header of an image that is no file; ``where`` is for messages.

    Raises:
        ImageError: it is not an image that can be used.
    """
    return Inspected(sha256_of(content), _header(io.BytesIO(content), where, in_windows=False))


def _inspected(raw: io.FileIO, file: str, in_windows: bool) -> Inspected:
    """Return hash and header of an open file, in that order: what is hashed is in memory then."""
    size = os.fstat(raw.fileno()).st_size
    # One byte more tells whether it grows; many more would be allocated for each anew.
    start = raw.read(size + 1) if size <= SMALL else b""
    if len(start) == size:
        return _said(io.BytesIO(start), sha256_of(start), file, in_windows)
    raw.seek(0)
    digest = hashlib.file_digest(raw, "sha256").hexdigest()
    raw.seek(0)
    with io.BufferedReader(raw) as content:
        return _said(content, digest, file, in_windows)


def _said(content: BinaryIO, digest: str, file: str, in_windows: bool) -> Inspected:
    check_suffix(file, format_of(content.read(START), file))
    return Inspected(digest, _header(content, file, in_windows))


def _header(content: BinaryIO, where: str, in_windows: bool) -> Header:
    image = opened(content, where, in_windows)
    if not ends_as_it_should(content):
        image.read(image.header.whole(), "unchanged")
    return image.header


def _missing(root: Path, file: str) -> str:
    """Return a sentence on a file that is not there, perhaps because of how it is written."""
    there = ""
    for part in Path(file).parts:
        folder = root / there
        names = _names(folder.absolute(), folder.stat().st_mtime_ns) if folder.is_dir() else {}
        there = f"{there}/{names.get(_folded(part), '')}".lstrip("/")
        if there.endswith("/") or not there:
            says = "the annotations name it, but there is no such file"
            return f"{file}: {says}; add it, or correct the name"
    if there == file:
        return f"{file}: is a link that leads nowhere; put the file there"
    return _alike(file, there)


@lru_cache(maxsize=64)
def _names(folder: Path, changed: int) -> dict[str, str]:
    """Return the names in a folder by what they look like; ``changed`` says until when."""
    return {_folded(name): name for name in sorted(os.listdir(folder))}  # noqa: PTH208  (names only)


def _alike(file: str, there: str) -> str:
    same_case = unicodedata.normalize("NFC", file) == unicodedata.normalize("NFC", there)
    how = "in how their accents are encoded" if same_case else "by case"
    return f"there is no file {file}, but {there}: names differ {how}; rename one"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
