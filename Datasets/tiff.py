"""TIFF and GeoTIFF, read by tifffile: the header here, the pixels by ``segments``.

What a file may be is listed, not what it may not be: a raster that is read wrongly looks right.
"""

import logging
import math
from functools import cached_property
from typing import BinaryIO, Literal

import numpy as np
import tifffile

from Datasets import segments
from Datasets.errors import ImageError
from Datasets.header import (
    DTYPES,
    MAX_CHANNELS,
    Colour,
    Header,
    Window,
    check_pixels,
    damaged,
    upright,
    window_as_stored,
)
from Datasets.shown import in_colour

logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what it warns of is checked here

MAX_DIRECTORIES = 64
"""An image with its overviews and masks needs a dozen."""
COMPRESSIONS = {
    1: "none",
    2: "CCITT RLE",
    3: "CCITT T.4",
    4: "CCITT T.6",
    5: "LZW",
    7: "JPEG",
    8: "deflate",
    32773: "PackBits",
    32946: "deflate",
    34925: "LZMA",
    50000: "Zstandard",
    50001: "WebP",
}
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, YCBCR = 0, 1, 2, 3, 6
_UNREAD = {
    4: "a mask",
    5: "CMYK",
    6: "YCbCr without JPEG",
    8: "CIELAB",
    9: "ICCLAB",
    10: "ITULAB",
    32803: "raw sensor",
}
PREMULTIPLIED, STRAIGHT = 1, 2
ORIENTATION, PHOTOMETRIC, COLOUR_MAP, GEO_KEYS, NODATA = 274, 262, 320, 34735, 42113
OVERVIEW, MASK = 1, 4
"""Bits of the tag NewSubfileType."""


class Raster:
    """A TIFF whose header was read.

    Attributes:
        header: what the file says of itself.
    """

    def __init__(self, file: BinaryIO, where: str, in_windows: bool = False) -> None:
        """Read the header.

        Args:
            file: the file; it stays open while the raster is used.
            where: its name, for messages.
            in_windows: whether the pixel limit holds for windows, not for the whole.

        Raises:
            ImageError: the header is damaged, or says what is not read.
        """
        self._file, self._where = file, where
        with damaged(where, "the header cannot be read"):
            file.seek(0)
            self._tiff = tifffile.TiffFile(file)
            self._page = self._first_page()
            self.header = self._read_header()
            if not in_windows:
                check_pixels(self.header.width, self.header.height, where)
            segments.check(self._page, where)
        self._last: tuple[Window, np.ndarray] | None = None

    def read(self, window: Window, colour: Colour) -> np.ndarray:
        """Return the pixels of ``window``, (h, w, C), C-contiguous; no more of them is decoded.

        Raises:
            ImageError: the window is too large, its pixels are damaged or cannot become ``colour``.
        """
        if self._last is None or self._last[0] != window:
            x1, y1, x2, y2 = window
            check_pixels(x2 - x1, y2 - y1, self._where)
            with damaged(self._where, "the pixels cannot be decoded"):
                box = window_as_stored(window, self.header)
                stored = segments.read(self._page, box, self._fill(), self._where)
                self._last = window, upright(self._as_seen(stored), self.header.orientation)
        pixels = in_colour(self._last[1], self.header, colour, self._where)
        return np.ascontiguousarray(pixels)

    def _first_page(self) -> tifffile.TiffPage:
        """Return the image, after looking that the other directories hold none."""
        pages = self._tiff.pages
        if not len(self._offsets):
            raise ImageError(
                f"{self._where}: the TIFF holds no image; replace the file or leave it out",
                "damaged image",
            )
        kinds = [_page(pages, number).subfiletype for number in range(1, len(self._offsets))]
        images = 1 + sum(not int(kind) & (OVERVIEW | MASK) for kind in kinds)
        if images > 1:
            raise ImageError(
                f"{self._where}: the file holds {images} frames; save each as an image of its own",
                "several frames",
            )
        return pages.first

    @cached_property
    def _offsets(self) -> list[int]:
        """Where the directories stand, each looked at once."""
        pages, offsets = self._tiff.pages, list[int]()
        while len(offsets) <= MAX_DIRECTORIES:
            try:
                page = _page(pages, len(offsets))
            except IndexError:
                return offsets
            if page.offset in offsets:
                raise ImageError(
                    f"{self._where}: the directories of the TIFF run in a circle; replace the file",
                    "damaged image",
                )
            offsets.append(page.offset)
        raise ImageError(
            f"{self._where}: the file holds more than {MAX_DIRECTORIES} frames; save each as an "
            "image of its own",
            "several frames",
        )

    def _read_header(self) -> Header:
        page = self._page
        self._check_kind()
        alpha = self._alpha()
        samples = int(page.samplesperpixel)
        seen = samples - (alpha != "none")
        is_picture = seen == {RGB: 3, YCBCR: 3}.get(self._photometric, 1)
        orientation = self._tag(ORIENTATION, 1)
        is_turned = isinstance(orientation, int) and 5 <= orientation <= 8
        width, height = int(page.imagewidth), int(page.imagelength)
        return Header(
            *((height, width) if is_turned else (width, height)),
            3 if self._photometric == PALETTE else samples,
            self._dtype(),
            orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1,
            self._nodata(),
            alpha if is_picture else "none",
            not is_picture,
            GEO_KEYS in page.tags,
        )

    def _check_kind(self) -> None:
        page, where = self._page, self._where
        if page.imagewidth < 1 or page.imagelength < 1:
            check_pixels(int(page.imagewidth), int(page.imagelength), where)
        if page.imagedepth > 1 or page.tiledepth > 1:
            raise _unread(where, "a volume", "save each slice as an image of its own")
        if int(page.compression) not in COMPRESSIONS:
            name = getattr(page.compression, "name", page.compression)
            raise _unread(where, f"a TIFF with the compression {name}", "save it with deflate")
        is_jpeg = int(page.compression) == 7
        if self._photometric not in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE) and not (
            self._photometric == YCBCR and is_jpeg
        ):
            name = _UNREAD.get(self._photometric, str(self._photometric))
            raise ImageError(
                f"{where}: colour mode {name} is not understood; convert it to RGB or gray",
                "unread colour mode",
            )
        if page.samplesperpixel > MAX_CHANNELS:
            raise ImageError(
                f"{where}: {page.samplesperpixel} channels are more than {MAX_CHANNELS}; leave "
                "some out",
                "too many channels",
            )
        if page.samplesperpixel < 1 or (self._photometric == PALETTE and page.samplesperpixel > 1):
            raise _unread(where, f"a TIFF of {page.samplesperpixel} samples", "save it as RGB")

    def _dtype(self) -> str:
        page, bits = self._page, self._page.bitspersample
        kind = page.dtype.name if page.dtype is not None else f"{bits}-bit"
        is_packed = (bits == 1 and page.samplesperpixel == 1) or self._photometric == PALETTE
        if is_packed and kind in ("bool", "uint8"):
            return "uint8"
        if kind not in DTYPES or bits not in (8, 16, 32):
            kind = f"{bits}-bit" if kind in DTYPES else kind
            raise ImageError(
                f"{self._where}: pixels of {kind} are not read; save them as {', '.join(DTYPES)}",
                "unread dtype",
            )
        if kind == "float32" and self._photometric == WHITE_IS_ZERO:
            raise _unread(self._where, "a TIFF of floats where white is 0", "save it as black is 0")
        return kind

    def _alpha(self) -> Literal["none", "straight", "premultiplied"]:
        """Return what the extra sample is, if it is the only one."""
        extra = tuple(int(kind) for kind in self._page.extrasamples)
        if extra == (STRAIGHT,):
            return "straight"
        return "premultiplied" if extra == (PREMULTIPLIED,) else "none"

    def _nodata(self) -> float | None:
        """Return GDAL's value for no data; None where no pixel can have it.

        A palette's values are seen as colours, of which none stands for no data.
        """
        text = self._tag(NODATA, None)
        if not isinstance(text, str | bytes) or self._photometric == PALETTE:
            return None
        try:
            value = float(text)
        except ValueError:
            return None
        if self._dtype() == "float32":
            with np.errstate(over="ignore"):
                near = float(np.float32(value))
            return near if math.isinf(value) or not math.isinf(near) else None
        highest = 1 if self._page.bitspersample == 1 else np.iinfo(self._dtype()).max
        if not (value.is_integer() and 0 <= value <= highest):
            return None
        value *= 255 if highest == 1 else 1
        top = 255 if highest == 1 else highest
        return float(top - value) if self._photometric == WHITE_IS_ZERO else value

    def _fill(self) -> float:
        """Return the stored value of tiles that were left out of the file."""
        value = self._nodata()
        if value is None or self._page.bitspersample == 1:
            return 0
        is_inverted = self._photometric == WHITE_IS_ZERO
        return np.iinfo(self._dtype()).max - value if is_inverted else value

    def _as_seen(self, stored: np.ndarray) -> np.ndarray:
        """Return stored samples (h, w, samples) as gray, RGB or bands of the header's dtype."""
        if self._photometric == PALETTE:
            seen: np.ndarray = self._palette[stored[:, :, 0]]
            return seen
        pixels = stored
        if self._page.bitspersample == 1:
            pixels = stored.astype(np.uint8) * 255
        if self._photometric == WHITE_IS_ZERO:
            colours = pixels.shape[2] - (self.header.alpha != "none")
            pixels = pixels.copy()
            pixels[:, :, :colours] = np.iinfo(pixels.dtype).max - pixels[:, :, :colours]
        return pixels

    @cached_property
    def _palette(self) -> np.ndarray:
        """Return the colours of a palette, (n, 3) uint8."""
        count = 2 ** int(self._page.bitspersample)
        colours = np.asarray(self._tag(COLOUR_MAP, ())).reshape(3, count).T
        if colours.max() > 255:  # 16 bits by the book; old programs wrote 8
            colours = colours >> 8
        return np.ascontiguousarray(colours, np.uint8)

    @property
    def _photometric(self) -> int:
        value = self._tag(PHOTOMETRIC, BLACK_IS_ZERO)
        return value if isinstance(value, int) else -1

    def _tag(self, code: int, default: object) -> object:
        value: object = self._page.tags.valueof(code)
        return default if value is None else value


def _page(pages: tifffile.TiffPages, number: int) -> tifffile.TiffPage:
    page = pages.get(number, aspage=True)
    return page if isinstance(page, tifffile.TiffPage) else page.aspage()


def _unread(where: str, what: str, remedy: str) -> ImageError:
    return ImageError(f"{where}: {what} is not read; {remedy}", "unread kind of image")
