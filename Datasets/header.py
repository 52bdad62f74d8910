"""What an image file says of itself, and the limits that it must keep before it is decoded."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, Protocol

import msgspec
import numpy as np

from Datasets.errors import ImageError

Colour = Literal["rgb", "gray", "unchanged"]
Window = tuple[int, int, int, int]
"""x1, y1, x2, y2: whole pixels of an image as it is seen, half-open."""
MAX_PIXELS = 100_000_000
"""More pixels at once are refused from the header, before a decompression bomb can unfold."""
MAX_CHANNELS = 16
DTYPES = ("uint8", "uint16", "float32")


class Header(msgspec.Struct, frozen=True, gc=False):
    """What an image says of itself before its pixels are decoded.

    Width and height as it is seen. ``nodata`` is the value of pixels that were never measured.
    ``alpha`` tells whether the last channel says how opaque the others are, and whether they are
    multiplied by it already. ``has_bands`` says that the channels are no gray or RGB that an eye
    would see, ``is_map`` that the image lies somewhere on the earth.
    """

    width: int
    height: int
    channels: int
    dtype: str
    orientation: int
    nodata: float | None = None
    alpha: Literal["none", "straight", "premultiplied"] = "none"
    has_bands: bool = False
    is_map: bool = False

    def whole(self) -> Window:
        """Return the window that is the image."""
        return 0, 0, self.width, self.height


class Opened(Protocol):
    """An image file whose header was read and found sound."""

    @property
    def header(self) -> Header:
        """What the file says of itself."""
        ...

    def read(self, window: Window, colour: Colour) -> np.ndarray:
        """Return the pixels of ``window``, (h, w, C), C-contiguous.

        Raises:
            ImageError: they are damaged, or cannot become ``colour``.
        """
        ...


def check_pixels(width: int, height: int, where: str) -> None:
    """Return nothing if so many pixels may be decoded at once.

    Raises:
        ImageError: there are none, or too many.
    """
    if width < 1 or height < 1:
        raise ImageError(
            f"{where}: an image of {width} x {height} pixels; replace the file or leave it out"
        )
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{where}: {width} x {height} pixels are more than {MAX_PIXELS}; cut it into tiles",
            "too many pixels",
        )


@contextmanager
def damaged(where: str, what: str) -> Iterator[None]:
    """Turn whatever a decoder raises on a damaged file into one kind of error.

    Args:
        where: the file, for messages.
        what: what was being done, as in "the header cannot be read".
    """
    try:
        yield
    except ImageError:
        raise
    except Exception as error:  # decoders raise what they like: struct.error, KeyError, ...
        why = " ".join(f"{error}".split()) or type(error).__name__
        raise ImageError(
            f"{where}: {what} ({why}); replace the file or leave it out", "damaged image"
        ) from None


def turned(header: Header, orientation: int) -> Header:
    """Return the header of an image as it is seen, of one whose orientation was taken to be 1.

    >>> turned(Header(10, 20, 1, "uint8", 1), 6).width
    20
    """
    width, height = header.width, header.height
    if orientation >= 5:
        width, height = height, width
    return msgspec.structs.replace(header, width=width, height=height, orientation=orientation)


def upright(stored: np.ndarray, orientation: int) -> np.ndarray:
    """Return an (H, W, ...) array as it is seen; EXIF 2.32, tag 274, values 1 to 8."""
    turned = stored.swapaxes(0, 1) if orientation >= 5 else stored
    flip_x, flip_y = orientation in (2, 3, 6, 7), orientation in (3, 4, 7, 8)
    return turned[:: -1 if flip_y else 1, :: -1 if flip_x else 1]


def window_as_stored(window: Window, header: Header) -> Window:
    """Return where ``window`` lies in the frame of the file, before it is turned.

    >>> window_as_stored((0, 0, 2, 3), Header(10, 20, 1, "uint8", 6))
    (0, 8, 3, 10)
    """
    x1, y1, x2, y2 = window
    if header.orientation in (2, 3, 6, 7):
        x1, x2 = header.width - x2, header.width - x1
    if header.orientation in (3, 4, 7, 8):
        y1, y2 = header.height - y2, header.height - y1
    return (y1, x1, y2, x2) if header.orientation >= 5 else (x1, y1, x2, y2)
