"""Pixels in the colours that were asked for, as an eye would see them."""

from typing import Literal

import numpy as np
from PIL import Image

from Datasets.errors import ImageError
from Datasets.header import Colour, Header

_MODES = {"rgb": "RGB", "gray": "L"}
_CHANNELS = {"rgb": 3, "gray": 1}


def in_colour(pixels: np.ndarray, header: Header, colour: Colour, where: str) -> np.ndarray:
    """Return (H, W, C) pixels in ``colour``; 16 bits and floats are never converted.

    Raises:
        ImageError: there is no way to see them so.
    """
    if colour == "unchanged":
        return pixels
    has_these = pixels.shape[2] == _CHANNELS[colour] and not header.has_bands
    if has_these and header.alpha == "none":
        return pixels
    is_gray = header.channels == 1 and header.alpha == "none" and not header.has_bands
    if is_gray and header.dtype == "uint8":
        return _thrice(pixels)
    if header.dtype == "uint8" and not header.has_bands:
        _check_alpha(pixels, header, where)
        return as_colour(Image.fromarray(_on_white(pixels, header)), colour)
    if has_these:
        return pixels
    kind = "band" if header.has_bands else "channel"
    raise ImageError(
        f"{where}: {header.dtype} pixels of {header.channels} {kind}{'s' * (header.channels > 1)} "
        f"cannot become {colour}; set decode.colour to unchanged",
        "colours that cannot be shown",
    )


def as_colour(image: Image.Image, colour: Literal["rgb", "gray"]) -> np.ndarray:
    """Return a picture's pixels, (H, W, 1 or 3) uint8, what is transparent on white."""
    if image.mode in ("LA", "RGBA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    mode = _MODES[colour]
    pixels = np.array(image if image.mode == mode else image.convert(mode))
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _thrice(gray: np.ndarray) -> np.ndarray:
    """Return (H, W, 1) as (H, W, 3), in two thirds of the time that ``np.repeat`` takes."""
    seen = np.empty((*gray.shape[:2], 3), gray.dtype)
    for channel in range(3):
        seen[:, :, channel] = gray[:, :, 0]
    return seen


def _check_alpha(pixels: np.ndarray, header: Header, where: str) -> None:
    """Refuse a fourth band that is called alpha and is none.

    Aerial images of the US and others have near infrared there. A map's true alpha says where it
    ends: it is 0 or 255.
    """
    if header.alpha != "none" and header.is_map:
        alpha = pixels[:, :, -1]
        if ((alpha != 0) & (alpha != 255)).any():
            raise ImageError(
                f"{where}: the last band is called alpha but looks like another, say near "
                "infrared; set decode.colour to unchanged, or write the file without it",
                "colours that cannot be shown",
            )


def _on_white(pixels: np.ndarray, header: Header) -> np.ndarray:
    """Return pixels that Pillow understands: those multiplied by alpha are laid on white here."""
    if header.alpha == "premultiplied":
        colours, alpha = pixels[:, :, :-1].astype(np.uint16), pixels[:, :, -1:]
        pixels = np.minimum(colours + (255 - alpha), 255).astype(np.uint8)
    return np.ascontiguousarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
