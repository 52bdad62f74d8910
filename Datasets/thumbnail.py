"""A sample small enough for a sheet of many, with its boxes."""

import msgspec
import numpy as np
from PIL import Image

from Datasets.draw import for_the_eye, overlay
from Datasets.sample import Boxes


class Thumbnail(msgspec.Struct, frozen=True):
    """The picture, (h, w, 3) uint8, and the boxes that are drawn on it, in its own pixels."""

    picture: np.ndarray
    boxes: Boxes


def thumbnail(image: np.ndarray, boxes: Boxes, classes: tuple[str, ...], side: int) -> Thumbnail:
    """Return an image fitted into a square: made smaller, or whole times larger.

    Pixels of a small image stay squares, so that one sees what the network sees.

    Args:
        image: (H, W, C) of any channels and dtype.
        boxes: in pixels of the image.
        classes: all names, sorted.
        side: of the square, pixels.
    """
    height, width = image.shape[:2]
    longest = max(height, width)
    whole = side // longest * longest or side  # pixels, of the longest side
    tall, wide = (max(1, round(one * whole / longest)) for one in (height, width))
    method = Image.Resampling.NEAREST if tall > height else Image.Resampling.BILINEAR
    picture = Image.fromarray(for_the_eye(image)).resize((wide, tall), method)
    corners = boxes.corners * np.array([wide / width, tall / height] * 2)
    scaled = msgspec.structs.replace(boxes, corners=corners)
    return Thumbnail(overlay(np.array(picture), None, scaled, classes), scaled)
