"""Which kind of file it is, by its first bytes: what it is called proves nothing."""

import re
from pathlib import PurePosixPath

from Datasets.errors import ImageError

FORMATS = ("JPEG", "PNG", "WebP", "BMP", "TIFF")
START = 512
"""Bytes that are enough to tell."""
_SUFFIXES = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".webp": "WebP",
    ".bmp": "BMP",
    ".dib": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
SUFFIXES = frozenset(_SUFFIXES)
OTHER_SUFFIXES = frozenset(
    {
        ".avif", ".cr2", ".dcm", ".dng", ".exr", ".gif", ".heic", ".heif", ".ico", ".j2k", ".jp2",
        ".jxl", ".nef", ".pbm", ".pgm", ".pnm", ".ppm", ".psd", ".svg", ".tga",
    }
)  # fmt: skip
"""Of images that are not read. They are named, so that nobody thinks that they were."""
_READ = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "WebP": rb"RIFF....WEBP",
    "BMP": rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0",
    "TIFF": rb"II[\x2a\x2b]\0|MM\0[\x2a\x2b]",
}
_OTHERS = {
    "a GIF image": rb"GIF8[79]a",
    "a HEIC image": rb"....ftyp(hei[cxms]|hev[cmsx]|mif1|msf1)",
    "an AVIF image": rb"....ftypavi[fs]",
    "a JPEG 2000 image": rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
    "a JPEG XL image": rb"\xff\x0a|\0\0\0\x0cJXL ",
    "a film": rb"....ftyp|RIFF....AVI |\x1aE\xdf\xa3",
    "a Photoshop document": rb"8BPS",
    "an OpenEXR image": rb"v/1\x01",
    "a netpbm image": rb"P[1-7]\s",
    "an icon": rb"\0\0[\x01\x02]\0",
    "a PDF document": rb"%PDF-",
    "a DICOM image": rb".{128}DICM",
    "a ZIP archive": rb"PK\x03\x04",
    "a gzip archive": rb"\x1f\x8b",
    "a NumPy array": rb"\x93NUMPY",
    "an HDF5 file": rb"\x89HDF\r\n\x1a\n",
}
_TEXTS = (
    (r"version https://git-lfs", "a Git LFS pointer, not the image itself; run `git lfs pull`"),
    (r"(<\?xml[^>]*>\s*)?(<!--.*?-->\s*|<!doctype svg[^>]*>\s*)*<svg", "an SVG drawing"),
    (r"<!doctype html|<html|<head|<body", "a web page; download the image itself"),
    (r"", "text"),
)


def format_of(start: bytes, where: str) -> str:
    """Return which of ``FORMATS`` a file is of.

    Args:
        start: its first ``START`` bytes, or all if it has fewer.
        where: its name, for messages.

    Raises:
        ImageError: it is of none of them; what it is instead is named if it is known.
    """
    for name, pattern in _READ.items():
        if re.match(pattern, start, re.DOTALL):
            return name
    raise ImageError(f"{where}: {_complaint(start)}", "no image that is read")


def check_suffix(name: str, found: str) -> None:
    """Return nothing if a file may be called ``name`` and be of the format ``found``.

    Raises:
        ImageError: its suffix promises another format.
    """
    last = name.rpartition(".")[2].lower()
    if _SUFFIXES.get(f".{last}", found) == found:
        return  # as most do; PurePosixPath takes ten times as long
    suffix = PurePosixPath(name).suffix
    promised = _SUFFIXES.get(suffix.lower(), found)
    if promised != found:
        raise ImageError(
            f"{name}: {suffix} promises {promised}, but the content is {found}; rename the file "
            "and what names it, or save it anew",
            "mislabelled image",
        )


def _complaint(start: bytes) -> str:
    if not start:
        return "the file is empty; replace it or leave it out"
    if not start.strip(b"\0"):
        return "the file begins with zeros, as if its download never ended; replace it"
    kind = next((k for k, p in _OTHERS.items() if re.match(p, start, re.DOTALL)), _text(start))
    save = f"save it as one of {', '.join(FORMATS)}"
    if kind is None:
        return f"not an image of a known format; {save}"
    return f"not an image of a known format but {kind}" + ("" if ";" in kind else f"; {save}")


def _text(start: bytes) -> str | None:
    """Return what kind of text it is, or None where it is none; the end may cut a character."""
    try:
        text = start.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3:
            return None
        text = start[: error.start].decode("utf-8-sig")
    if not all(sign.isprintable() or sign.isspace() for sign in text):
        return None
    return next(k for p, k in _TEXTS if re.match(p, text.lstrip(), re.IGNORECASE | re.DOTALL))
