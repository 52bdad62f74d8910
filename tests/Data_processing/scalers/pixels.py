"""Images whose neighbours and channels are alike, as in photographs, and passes over them."""

from collections.abc import Callable, Iterator

import numpy as np


def smooth(count: int, height: int, width: int, channels: int, dtype: str) -> np.ndarray:
    """Return (count, height, width, channels), the same for the same arguments."""
    rng = np.random.default_rng(channels)
    grain = rng.normal(size=(count, height + 2, width + 2, channels))
    summed = sum(grain[:, y : y + height, x : x + width] for y in range(3) for x in range(3))
    mixed = summed / 3 @ (np.eye(channels) + 0.5 / channels)
    scale = {"uint8": 30.0, "uint16": 8000.0, "float32": 0.1}[dtype]
    return np.clip(mixed * scale + 4 * scale, 0, 8 * scale).astype(dtype)


def passes(pixels: np.ndarray, block: int = 7) -> Callable[[], Iterator[np.ndarray]]:
    """Return what yields the pixels in blocks, as often as it is called."""
    return lambda: (pixels[i : i + block] for i in range(0, len(pixels), block))
