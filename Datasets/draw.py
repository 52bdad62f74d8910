"""Images with their boxes and masks, drawn for the eye."""

import colorsys

import numpy as np

from Datasets.metadata import ImageMetadata
from Datasets.sample import Boxes

PALETTE = np.array(
    [
        (86, 180, 233),
        (230, 159, 0),
        (0, 158, 115),
        (240, 228, 66),
        (204, 121, 167),
        (0, 114, 178),
        (187, 187, 187),
    ],
    np.uint8,
)
"""Okabe and Ito's colours, safe for the colour-blind, but their red: that marks what is wrong."""
IGNORE_COLOUR = np.array((128, 128, 128), np.uint8)
COLOURS = 253
"""How many colours objects of an image take turns in."""
OPACITY = 0.3
"""Of masks: what is below must stay what it looks like."""
GOLDEN = 0.61803398875


def colour_of(index: int) -> np.ndarray:
    """Return the colour of the class at ``index`` in the sorted names, (3,) uint8.

    The first ones are the palette's; for more, hues are spread evenly.
    """
    if index < len(PALETTE):
        return np.asarray(PALETTE[index])
    red, green, blue = colorsys.hls_to_rgb((index * GOLDEN) % 1.0, 0.62, 0.55)
    return np.array((red * 255, green * 255, blue * 255)).round().astype(np.uint8)


def boxes_of(line: ImageMetadata) -> Boxes:
    """Return the boxes of a line of the metadata as columns."""
    boxes = line.bounding_boxes
    corners = np.array([(box.x1, box.y1, box.x2, box.y2) for box in boxes]).reshape(-1, 4)
    names = tuple(box.name for box in boxes)
    return Boxes(names, corners, np.arange(len(boxes), dtype=np.int32))


def for_the_eye(image: np.ndarray) -> np.ndarray:
    """Return ``image`` (H, W, C) of any channels and dtype as (H, W, 3) uint8.

    One channel, or gray with alpha, becomes gray; of three and more the first three are red, green,
    blue. What is not uint8 is stretched so that its 1st and 99th percentile become black and white.
    """
    channels = image[:, :, :3] if image.shape[2] >= 3 else np.repeat(image[:, :, :1], 3, axis=2)
    if channels.dtype == np.uint8:
        return np.ascontiguousarray(channels)
    values = np.nan_to_num(channels.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = np.percentile(values, (1, 99)) if values.size else (0.0, 1.0)
    stretched = (values - low) / (high - low if high > low else 1.0)
    return (stretched.clip(0, 1) * 255).round().astype(np.uint8)


def overlay(
    image: np.ndarray,
    mask: np.ndarray | None,
    boxes: Boxes,
    classes: tuple[str, ...],
    instances: np.ndarray | None = None,
) -> np.ndarray:
    """Return ``image`` as (H, W, 3) uint8 under its masks, with each box one pixel wide.

    Args:
        image: (H, W, C) of any channels and dtype.
        mask: (H, W) uint8: 0 nothing, i the class ``classes[i - 1]``, 255 ignore, with a line
            inside the edge of each; or None.
        boxes: in pixels of the image; drawn in the colour of their class.
        classes: all names, sorted. A name that is not among them is drawn in the colour for ignore.
        instances: (H, W) uint16: 0 nothing, i the i-th object, each in a colour of its own with a
            line inside its edge; or None.
    """
    drawn = for_the_eye(image).copy()
    if mask is not None:
        _tint(drawn, mask, OPACITY)
        _tint(drawn, np.where(_edges(mask), mask, 0), 1.0)
    if instances is not None:
        colours = np.where(instances > 0, (instances - 1) % COLOURS + 1, 0).astype(np.uint8)
        _tint(drawn, colours, OPACITY)
        _tint(drawn, np.where(_edges(instances), colours, 0), 1.0)
    index_of = {name: i for i, name in enumerate(classes)}
    for name, corners in zip(boxes.names, boxes.corners, strict=True):
        index = index_of.get(name)
        _outline(drawn, corners, IGNORE_COLOUR if index is None else colour_of(index))
    return drawn


def _tint(drawn: np.ndarray, mask: np.ndarray, opacity: float) -> None:
    colours = np.array([colour_of(i) for i in range(254)] + [IGNORE_COLOUR])
    inside = mask > 0
    tint = colours[mask[inside].astype(np.intp) - 1]  # (n, 3)
    mixed = drawn[inside] * (1 - opacity) + tint * opacity
    drawn[inside] = mixed.round().astype(np.uint8)


def _edges(mask: np.ndarray) -> np.ndarray:
    """Return which pixels, (H, W), have a neighbour of another value, or none on a side."""
    around = np.pad(mask, 1)
    height, width = mask.shape
    is_edge = np.zeros((height, width), bool)
    for down, right in ((0, 1), (2, 1), (1, 0), (1, 2)):
        is_edge |= mask != around[down : down + height, right : right + width]
    return is_edge


def _outline(drawn: np.ndarray, corners: np.ndarray, colour: np.ndarray) -> None:
    """Colour the outermost pixels that lie in the half-open box."""
    height, width = drawn.shape[:2]
    left, top = (int(np.floor(corner)) for corner in corners[:2])
    right, bottom = (int(np.ceil(corner)) - 1 for corner in corners[2:])
    columns = slice(max(left, 0), max(min(right, width - 1) + 1, 0))
    rows = slice(max(top, 0), max(min(bottom, height - 1) + 1, 0))
    for y in (top, bottom):
        if 0 <= y < height:
            drawn[y, columns] = colour
    for x in (left, right):
        if 0 <= x < width:
            drawn[rows, x] = colour
