"""How bright a picture is, how much its values differ, how many are no numbers."""

import cv2
import msgspec
import numpy as np

DIGITS = 5
"""Significant ones that are kept of figures: processors sum floats in different orders."""
SEEN = 3
"""Channels that an eye sees."""
FEW_CHANNELS = 4
"""Up to so many OpenCV knows."""


class Tone(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How bright a picture is, to the eye, and in each of its channels.

    ``brightness`` is the mean of all values, ``contrast`` their standard deviation, of the first
    three of three channels and more, else of the first: a fourth may be transparency, or infrared.
    ``channels`` are the means of all. Of whole numbers these are shares of the type's range, 0 to
    1; of floats they are in their own unit, and of what is a number. ``holes`` is the share of
    values, in all channels, that are none.
    """

    brightness: float
    contrast: float
    channels: tuple[float, ...]
    holes: float


def tone_of(pixels: np.ndarray) -> Tone:
    """Return the tone of a picture.

    Args:
        pixels: (H, W, C) of whole numbers or floats.
    """
    seen = pixels[:, :, : SEEN if pixels.shape[2] >= SEEN else 1]
    if pixels.dtype.kind == "f":
        return _of_floats(pixels.astype(np.float64), seen.astype(np.float64))
    scale = 1 / float(np.iinfo(pixels.dtype).max)
    flat = np.ascontiguousarray(seen).reshape(len(seen), -1)
    mean, deviation = (float(one[0, 0]) for one in cv2.meanStdDev(flat))
    if pixels.shape[2] <= FEW_CHANNELS:
        means = cv2.mean(np.ascontiguousarray(pixels))[: pixels.shape[2]]
    else:
        means = tuple(pixels.mean(axis=(0, 1), dtype=np.float64).tolist())
    channels = tuple(kept(one * scale) for one in means)
    return Tone(kept(mean * scale), kept(deviation * scale), channels, 0.0)


def _of_floats(pixels: np.ndarray, seen: np.ndarray) -> Tone:
    is_number = np.isfinite(pixels)
    counts = is_number.sum(axis=(0, 1))  # (C,)
    means = np.where(is_number, pixels, 0.0).sum(axis=(0, 1)) / np.maximum(counts, 1)
    values = seen[np.isfinite(seen)]
    mean, deviation = (float(values.mean()), float(values.std())) if len(values) else (0.0, 0.0)
    holes = 1 - int(counts.sum()) / pixels.size
    return Tone(kept(mean), kept(deviation), tuple(map(kept, means.tolist())), kept(holes))


def kept(value: float) -> float:
    """Return the figure with as many digits as are the same everywhere."""
    return float(f"{value:.{DIGITS}g}")
