"""JPEG, PNG, WebP and BMP, read by Pillow.

PNGs of 16 bits in colour are read by libpng, without loss; plain JPEGs by libjpeg-turbo, sooner.
"""

import io
import re
import warnings
from functools import cached_property, partial
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from Datasets import header, jpeg
from Datasets.errors import ImageError
from Datasets.exif import orientation_behind_pixels, orientation_in
from Datasets.header import (
    Colour,
    Header,
    Window,
    check_pixels,
    damaged,
    turned,
    upright,
    window_as_stored,
)
from Datasets.plain_header import START, plain_header
from Datasets.shown import as_colour, in_colour

FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
CHANNELS = {"1": 1, "L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "P": 3, "I;16": 1}
"""Modes of the decoder that are understood, and the channels that come out of them."""
LONGEST_JPEG = 1 << 25
"""Bytes of a JPEG that is read whole to be decoded sooner; Pillow reads a longer one in parts."""
PNG_DEPTH = 24
"""Where a PNG's header says how many bits a channel has; the next byte says which channels."""
PNG_CHANNELS = {2: 3, 4: 2, 6: 4}


class Picture:
    """An image file that Pillow has opened: its header was read, its pixels were not.

    Attributes:
        header: what the file says of itself.
    """

    def __init__(self, file: BinaryIO, where: str) -> None:
        """Read the header.

        Raises:
            ImageError: it is damaged, or says that the image is animated, too large, or of a mode
            that is not understood.
        """
        self._file, self._where = file, where
        file.seek(0)
        start = file.read(START)
        plain = plain_header(start)
        self._is_jpeg = start.startswith(b"\xff\xd8")
        with damaged(where, "the header cannot be read"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged EXIF
            if plain is not None:
                self._is_deep, self.header = False, plain
            else:
                check_pixels(*self._image.size, where)
                _check_frames(self._image, where)
                self._is_deep = self._image.mode != "I;16" and _depth(file, self._image) == 16
                self.header = self._read_header()
            if start.startswith(b"\x89PNG") and self.header.orientation == 1:
                self.header = turned(self.header, orientation_behind_pixels(file))

    def read(self, window: Window, colour: Colour) -> np.ndarray:
        """Return the pixels of ``window``, (h, w, C), C-contiguous.

        Raises:
            ImageError: they are truncated or damaged, or cannot become ``colour``.
        """
        box = x1, y1, x2, y2 = window_as_stored(window, self.header)
        if self._is_deep:
            pixels = in_colour(self._deep[y1:y2, x1:x2], self.header, colour, self._where)
        elif self._plain is not None:
            pixels = in_colour(self._plain[y1:y2, x1:x2], self.header, colour, self._where)
        else:
            with damaged(self._where, "the pixels cannot be decoded"):
                self._image.load()
            whole = box == (0, 0, *self._image.size)
            pixels = self._in_colour(self._image if whole else self._image.crop(box), colour)
        return np.ascontiguousarray(upright(pixels, self.header.orientation))

    @cached_property
    def _image(self) -> Image.Image:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow's own pixel limit
            self._file.seek(0)
            return _opened(self._file, self._where)

    @cached_property
    def _plain(self) -> np.ndarray | None:
        """The pixels of a plain JPEG, (H, W, 1 or 3), which need no Pillow."""
        if not self._is_jpeg:
            return None
        if self._file.seek(0, io.SEEK_END) > LONGEST_JPEG:
            return None
        self._file.seek(0)
        return jpeg.decoded(self._file.read())

    @cached_property
    def _deep(self) -> np.ndarray:
        import imagecodecs  # it takes a tenth of a second

        with damaged(self._where, "the pixels cannot be decoded"):
            self._file.seek(0)
            pixels: np.ndarray = imagecodecs.png_decode(self._file.read())
            width, height = self._image.size
            pixels = pixels.reshape(height, width, -1)[:, :, : self.header.channels]
        return pixels  # what a chunk tRNS says is left out: alpha is a channel, or is not there

    def _read_header(self) -> Header:
        image = self._image
        # A PNG's own getexif would decode it whole, to look for EXIF data behind the pixels.
        orientation = orientation_in(partial(Image.Image.getexif, image))
        if image.mode not in CHANNELS:
            raise ImageError(
                f"{self._where}: colour mode {image.mode} is not understood; convert it to RGB or "
                "gray"
            )
        channels, is_16_bit = CHANNELS[image.mode], image.mode == "I;16" or self._is_deep
        if self._is_deep:
            self._file.seek(PNG_DEPTH + 1)
            channels = PNG_CHANNELS[self._file.read(1)[0]]
        width, height = image.size[::-1] if orientation >= 5 else image.size
        return Header(
            width,
            height,
            channels,
            "uint16" if is_16_bit else "uint8",
            orientation,
            alpha="straight" if channels in (2, 4) else "none",
        )

    def _in_colour(self, image: Image.Image, colour: Colour) -> np.ndarray:
        if image.mode == "I;16":
            return in_colour(np.array(image)[:, :, None], self.header, colour, self._where)
        if colour == "unchanged":
            mode = {"P": "RGB", "1": "L"}.get(image.mode, image.mode)
            pixels = np.array(image.convert(mode) if mode != image.mode else image)
            return pixels if pixels.ndim == 3 else pixels[:, :, None]
        return as_colour(image, colour)


def _opened(file: BinaryIO, where: str) -> Image.Image:
    try:
        return Image.open(file, formats=FORMATS)
    except UnidentifiedImageError:  # its words hold an address in memory
        raise ImageError(
            f"{where}: the header cannot be read; replace the file or leave it out", "damaged image"
        ) from None
    except Image.DecompressionBombError as error:  # Pillow's limit is higher, and comes before ours
        pixels = next(iter(re.findall(r"\d+", str(error))), "its")
        raise ImageError(
            f"{where}: {pixels} pixels are more than {header.MAX_PIXELS}; cut it into tiles",
            "too many pixels",
        ) from None


def _check_frames(image: Image.Image, where: str) -> None:
    """Refuse what is animated.

    A JPEG of several pictures (MPO) is none: the first is the photo, the others serve it.
    """
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":
        raise ImageError(
            f"{where}: the file holds {frames} frames; save each as an image of its own",
            "several frames",
        )


def _depth(file: BinaryIO, image: Image.Image) -> int:
    if image.format != "PNG":
        return 8
    at = file.tell()
    file.seek(PNG_DEPTH)
    depth = file.read(1)[0]
    file.seek(at)
    return depth
