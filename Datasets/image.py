"""The one decoder that everyone uses: the header is checked first, then the pixels are decoded.

An image is (H, W, C), uint8 or uint16, RGB order, as it is seen (EXIF orientation applied once).
"""

import io
import warnings
from typing import Literal

import msgspec
import numpy as np
from PIL import Image, UnidentifiedImageError

from Datasets.errors import ImageError

Colour = Literal["rgb", "gray", "unchanged"]
FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
MAX_PIXELS = 100_000_000
"""An image of more pixels is refused from its header, before a decompression bomb can unfold."""
CHANNELS = {"1": 1, "L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "P": 3, "I;16": 1}
"""Modes of the decoder that are understood, and the channels that come out of them."""
ORIENTATION_TAG = 0x0112
PNG_DEPTH = 24
"""Where a PNG's header says how many bits a channel has."""
UPRIGHT = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_270,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_90,),
}
_COLOUR_MODES: dict[str, str] = {"rgb": "RGB", "gray": "L"}


class Header(msgspec.Struct, frozen=True):
    """What an image says of itself before its pixels are decoded.

    Width and height as it is seen.
    """

    width: int
    height: int
    channels: int
    dtype: str
    orientation: int


def read_header(content: bytes, where: str) -> Header:
    """Return the header of an image file's content.

    Args:
        content: the whole file.
        where: its name, for messages.

    Raises:
        ImageError: not an image of a known format, animated, of an unknown mode, or of more than
        ``MAX_PIXELS``.
    """
    with _open(content, where) as image:
        orientation = _orientation(image)
        width, height = image.size[::-1] if orientation >= 5 else image.size
        dtype = "uint16" if image.mode == "I;16" else "uint8"
        return Header(width, height, CHANNELS[image.mode], dtype, orientation)


def decode(content: bytes, where: str, colour: Colour = "rgb") -> np.ndarray:
    """Return the pixels of an image file's content, (H, W, C), C-contiguous.

    Args:
        content: the whole file.
        where: its name, for messages.
        colour: ``rgb`` gives three channels, ``gray`` one (ITU-R 601 luma), ``unchanged`` what the
            file has. Transparent parts of a file with alpha are shown on white, unless unchanged.
            Files of 16 bits stay so, and gray.

    Raises:
        ImageError: as ``read_header``, and when the pixels are truncated or damaged.
    """
    with _open(content, where) as image:
        orientation = _orientation(image)
        try:
            image.load()
        except (OSError, SyntaxError, ValueError, MemoryError) as error:
            raise ImageError(
                f"{where}: the pixels cannot be decoded ({error}); replace the file or leave it out"
            ) from None
        seen: Image.Image = image
        for transpose in UPRIGHT.get(orientation, ()):
            seen = seen.transpose(transpose)
        pixels = np.array(_in_colour(seen, colour, where))
    return np.ascontiguousarray(pixels if pixels.ndim == 3 else pixels[:, :, None])


def encode_png(pixels: np.ndarray) -> bytes:
    """Return (H, W), (H, W, 1) or (H, W, 3 or 4) uint8 pixels as a PNG file.

    The same bytes for the same pixels.
    """
    buffer = io.BytesIO()
    flat = pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    Image.fromarray(np.ascontiguousarray(flat)).save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()


def _open(content: bytes, where: str) -> Image.Image:
    if not content:
        raise ImageError(f"{where}: the file is empty; replace it or leave it out")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit follows
            image = Image.open(io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError:
        raise ImageError(
            f"{where}: not an image of a known format ({', '.join(FORMATS)}); convert it"
        ) from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ImageError(
            f"{where}: the header cannot be read ({error}); replace the file or leave it out"
        ) from None
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{where}: {width} x {height} pixels are more than {MAX_PIXELS}; cut it into tiles"
        )
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        raise ImageError(
            f"{where}: the file holds {frames} frames; save each as an image of its own"
        )
    if image.format == "PNG" and image.mode != "I;16" and content[PNG_DEPTH] == 16:
        raise ImageError(
            f"{where}: a PNG of 16 bits in {image.mode} cannot be read without loss; save it as "
            "gray, or at 8 bits"
        )
    if image.mode not in CHANNELS:
        raise ImageError(
            f"{where}: colour mode {image.mode} is not understood; convert it to RGB or gray"
        )
    return image


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8.

    A PNG's is read from its info: ``getexif`` would decode it whole.
    """
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    value = image.getexif().get(ORIENTATION_TAG, 1)
    return value if value in UPRIGHT else 1


def _in_colour(image: Image.Image, colour: Colour, where: str) -> Image.Image:
    if image.mode == "I;16":
        if colour == "rgb":
            raise ImageError(
                f"{where}: 16 bits a pixel cannot become rgb; set decode.colour to unchanged"
            )
        return image
    transparent = image.mode in ("LA", "RGBA") or "transparency" in image.info
    if colour == "unchanged":
        return (
            image.convert("RGB")
            if image.mode == "P"
            else image.convert("L")
            if image.mode == "1"
            else image
        )
    if transparent:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return image.convert(_COLOUR_MODES[colour])
