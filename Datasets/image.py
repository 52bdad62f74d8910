"""The one decoder that everyone uses: the header is checked first, then the pixels are decoded.

An image is (H, W, C), uint8, uint16 or float32, RGB order, as it is seen (EXIF orientation applied
once). Pillow reads photographs, tifffile rasters; both are told to fail rather than to guess.
"""

import io
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
from PIL import Image

from Datasets.errors import ImageError
from Datasets.header import MAX_CHANNELS, MAX_PIXELS, Colour, Header, Opened, Window
from Datasets.pillow import Picture
from Datasets.signatures import START, SUFFIXES, format_of

__all__ = [
    "MAX_CHANNELS",
    "MAX_PIXELS",
    "SUFFIXES",
    "Colour",
    "Header",
    "Window",
    "decode",
    "encode_png",
    "nodata_mask",
    "opened",
    "read_header",
    "stacked",
]


def read_header(content: bytes, where: str) -> Header:
    """Return the header of an image file's content.

    Args:
        content: the whole file.
        where: its name, for messages.

    Raises:
        ImageError: not an image of a known format, of several frames, of a kind that is not read,
        or of more than ``MAX_PIXELS``.
    """
    return opened(io.BytesIO(content), where).header


def decode(content: bytes, where: str, colour: Colour = "rgb") -> np.ndarray:
    """Return the pixels of an image file's content, (H, W, C), C-contiguous.

    Args:
        content: the whole file.
        where: its name, for messages.
        colour: ``rgb`` gives three channels, ``gray`` one (ITU-R 601 luma), ``unchanged`` what the
            file has. Transparent parts of a file with alpha are shown on white, unless unchanged.
            16 bits and floats stay as they are, and are refused where that is not what was asked.

    Raises:
        ImageError: as ``read_header``, and when the pixels are truncated or damaged, or cannot
        become ``colour``.
    """
    image = opened(io.BytesIO(content), where)
    return image.read(image.header.whole(), colour)


def opened(file: BinaryIO, where: str, in_windows: bool = False) -> Opened:
    """Return an image whose header was read; ``file`` must stay open while it is used.

    Args:
        file: the image file, from its start.
        where: its name, for messages.
        in_windows: whether the image is read by windows, so that the pixel limit holds for them.

    Raises:
        ImageError: as ``read_header``.
    """
    file.seek(0)
    if format_of(file.read(START), where) == "TIFF":
        from Datasets.tiff import Raster  # it takes a tenth of a second

        return Raster(file, where, in_windows)
    return Picture(file, where)


def stacked(bands: Sequence[np.ndarray], where: str) -> np.ndarray:
    """Return images of one channel each, (H, W, 1), as one of all their channels, (H, W, n).

    Raises:
        ImageError: they differ in height, width or dtype, or one has several channels.
    """
    kinds = {(band.shape, band.dtype.name) for band in bands}
    if len(kinds) > 1 or any(band.shape[2] != 1 for band in bands):
        raise ImageError(
            f"{where}: bands of {sorted(kinds)}; each must have one channel, all one height, width "
            "and dtype: resample them first",
            "bands that differ",
        )
    return np.concatenate(bands, axis=2)


def nodata_mask(pixels: np.ndarray, nodata: float | None) -> np.ndarray:
    """Return (H, W) bool, true where ``pixels`` (H, W, C) hold no data.

    That is where all channels are ``nodata``, as that number occurs as a value too (0 is black),
    or where any channel is NaN, which is no value ever.
    """
    shape = pixels.shape[:2]
    missing = np.zeros(shape, bool) if nodata is None else (pixels == nodata).all(axis=2)
    if pixels.dtype.kind == "f":
        missing |= np.isnan(pixels).any(axis=2)
    return missing


def encode_png(pixels: np.ndarray) -> bytes:
    """Return (H, W), (H, W, 1) or (H, W, 3 or 4) uint8 pixels as a PNG file; (H, W) uint16 too.

    The same bytes for the same pixels.
    """
    buffer = io.BytesIO()
    flat = pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    Image.fromarray(np.ascontiguousarray(flat)).save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()
