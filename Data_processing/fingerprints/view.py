"""A picture as a network takes it: whole, mirrored, and its middle alone.

Who looks for a copy that was turned or cropped compares whole pictures with these.
"""

import numpy as np

from Data_processing.fingerprints.network import Network, Takes
from Data_processing.fingerprints.perceptual import FLAT
from Datasets.errors import ImageError
from Datasets.header import Colour
from Datasets.raw_image import RawImage
from Datasets.resampling import resized_array

VIEWS = 3
"""Whole, mirrored, the middle."""
MIDDLE = 0.85
"""Share of each side that the middle keeps."""


def pixels_for(raw: RawImage, takes: Takes) -> np.ndarray | None:
    """Return a picture's pixels in the channels that a network takes, (H, W, C), or None.

    They are decoded as for the walk: alpha is shown on white, gray becomes three equal channels. Of
    what is no photograph the first channels count; of too few there is nothing to give.

    Raises:
        ImageError: the file cannot be decoded.
        SampleError: it changed, or is gone.
    """
    colours: dict[int, Colour] = {1: "gray", 3: "rgb"}
    try:
        pixels = raw.pixels(colours.get(takes.channels, "unchanged"))
    except ImageError:  # bands, or a depth that is not that of a photograph
        pixels = raw.pixels("unchanged")
    if pixels.shape[2] == 1:
        return pixels.repeat(takes.channels, axis=2)
    if pixels.shape[2] < takes.channels:
        return None
    return np.ascontiguousarray(pixels[:, :, : takes.channels])


def views_of(pixels: np.ndarray, network: Network) -> np.ndarray | None:
    """Return the views of a picture, (VIEWS, height, width, C) in the network's dtype.

    None where the picture is flat: all flat ones look alike; or is of floats where the network
    takes whole numbers.

    Args:
        pixels: (H, W, C), of the network's channels.
        network: says size, dtype, and what is taken from pixels and what they are divided by.
    """
    takes = network.takes
    if pixels.dtype.kind == "f":
        if takes.dtype != "float32":
            return None
        pixels = np.nan_to_num(pixels, posinf=0.0, neginf=0.0)
    whole = _resized(pixels, takes)
    top = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 0
    if float(whole.max()) - float(whole.min()) <= FLAT * top / 256:
        return None
    mirrored = np.ascontiguousarray(pixels[:, ::-1])
    parts = [whole, *(_resized(one, takes) for one in (mirrored, _middle(pixels)))]
    return _given(np.stack(parts), network)


def _resized(pixels: np.ndarray, takes: Takes) -> np.ndarray:
    return resized_array(pixels, takes.height, takes.width, antialias=True)


def _middle(pixels: np.ndarray) -> np.ndarray:
    """Return what is left after as much was cut off at either end of both sides."""
    cut = [round(side * (1 - MIDDLE) / 2) for side in pixels.shape[:2]]
    rows, columns = (
        slice(off, side - off) for off, side in zip(cut, pixels.shape[:2], strict=True)
    )
    return np.ascontiguousarray(pixels[rows, columns])


def _given(pixels: np.ndarray, network: Network) -> np.ndarray:
    """Return pixels in the dtype that a network takes.

    Whole numbers of another range are stretched to it. For floats they are scaled to 0..1, floats
    stay as they are, and ``mean`` and ``std`` are applied.
    """
    dtype, wanted = pixels.dtype, np.dtype(network.takes.dtype)
    if wanted.kind == "f":
        scale = np.iinfo(dtype).max if dtype.kind == "u" else 1
        mean, std = (np.array(one, np.float32) for one in (network.named.mean, network.named.std))
        return ((pixels.astype(np.float32) / np.float32(scale) - mean) / std).astype(np.float32)
    if dtype == wanted:
        return pixels
    factor = np.iinfo(wanted).max / np.iinfo(dtype).max
    return np.rint(pixels * factor).astype(wanted)
