"""The recipe as an ``nn.Module``, and as what the steps call.

``export`` turns the module into a graph. The steps call ``apply_fixed``, which does the same with
NumPy, faster and equal bit for bit.
"""

from typing import cast

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from Datasets.errors import SampleError
from Datasets.recipe import Bands, CentreCrop, Choose, FixedOp, Letterbox, Placement, Resize
from Datasets.resampling import nearest, resized, resized_array
from Datasets.sample import Sample, clipped

LOW, HIGH = cast(Choose, torch.sym_min), cast(Choose, torch.sym_max)
"""Minimum and maximum that a graph keeps as such when the sides of the image are free."""
KEEP_AREA = 0.0
"""Share of its area that a box must keep where an operation does not say: anything that is left."""


class Preprocess(nn.Module):
    """One image of any height and width through the operations of a recipe.

    Called with (H, W, C) uint8, uint16 or float32. Whole numbers stay whole: they are resized
    exactly and rounded half to even after each resize, so that both sides of an export round
    alike. Only ratios of bands turn them into float32.
    """

    def __init__(self, ops: tuple[FixedOp, ...]) -> None:
        """Store the operations."""
        super().__init__()
        self.ops = ops

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return the processed image (h, w, C) in the recipe's dtype, and the map (4,) float32.

        The map is (scale_x, scale_y, offset_x, offset_y): x on the result = x on the raw image *
        scale_x + offset_x.
        """
        # Nearly nothing is implemented for uint16.
        pixels = image.to(torch.int32) if image.dtype == torch.uint16 else image
        scale_x = scale_y = torch.ones(())
        offset_x = offset_y = torch.zeros(())
        for op in self.ops:
            if isinstance(op, Bands):
                pixels = _combined(pixels, op)
                continue
            height, width = pixels.shape[0], pixels.shape[1]
            place = op.place(height, width, LOW, HIGH)
            pixels = _placed(_scaled(pixels, op, place), place)
            ratio_x = torch.full((), place.width) / torch.full((), width)
            ratio_y = torch.full((), place.height) / torch.full((), height)
            scale_x, offset_x = scale_x * ratio_x, offset_x * ratio_x + place.left
            scale_y, offset_y = scale_y * ratio_y, offset_y * ratio_y + place.top
        result = pixels if pixels.is_floating_point() else pixels.to(image.dtype)
        return result, torch.stack([scale_x, scale_y, offset_x, offset_y])


def _scaled(pixels: Tensor, op: FixedOp, place: Placement) -> Tensor:
    """Return (H, W, C) pixels scaled as ``op`` says, in their own dtype."""
    if not isinstance(op, Resize | Letterbox):
        return pixels
    scaled = resized(pixels, place.height, place.width, op.antialias, op.kernel)
    return (scaled if pixels.is_floating_point() else torch.round(scaled)).to(pixels.dtype)


def _placed(pixels: Tensor, place: Placement) -> Tensor:
    """Return (H, W, C) pixels cut or filled to the canvas."""
    below = place.canvas_height - place.height - place.top
    right = place.canvas_width - place.width - place.left
    return F.pad(pixels, (0, 0, place.left, right, place.top, below), value=place.fill)


def _combined(pixels: Tensor, bands: Bands) -> Tensor:
    """Return (H, W, C) pixels with the channels and ratios of ``bands``."""
    if bands.take is not None:
        taken = pixels.index_select(2, torch.tensor(bands.take, dtype=torch.int64))
    else:
        taken = pixels
    if not bands.ratios:
        return taken
    floats = pixels.to(torch.float32)
    ratios = [_ratio(floats[:, :, a], floats[:, :, b]) for a, b in bands.ratios]
    return torch.cat([taken.to(torch.float32), torch.stack(ratios, dim=2)], dim=2)


def _ratio(a: Tensor, b: Tensor) -> Tensor:
    """Return (a - b) / (a + b), 0 where a + b is 0; one NaN, whose bits do not differ."""
    total = a + b
    ratio = torch.where(total == 0, torch.zeros_like(total), (a - b) / total)
    return torch.where(ratio.isnan(), torch.full_like(ratio, torch.nan), ratio)


def apply_fixed(sample: Sample, op: FixedOp) -> Sample:
    """Return ``sample`` after one deterministic operation: pixels, masks and boxes alike.

    The pixels are those that ``Preprocess`` gives, bit for bit. Masks, of classes and of instances,
    are scaled by the kernel ``nearest`` and filled with 0; boxes are mapped, clipped, and dropped
    when less than the operation's ``keep_area`` of them is left, each with its instance.

    Raises:
        SampleError: the image is smaller than the window to be cut out of it, cannot hold the fill,
        or lacks a band.
    """
    height, width, channels = sample.image.shape
    op.channels_after(channels)
    if isinstance(op, Bands):
        return sample.with_frame(_combined_array(sample.image, op), sample.mask, sample.boxes)
    if isinstance(op, CentreCrop):
        refuse_small(sample, op.height, op.width, "crop")
    place = op.place(height, width)
    keep_area = op.keep_area if isinstance(op, CentreCrop) else KEEP_AREA
    if not isinstance(op, Resize | Letterbox):
        return framed(sample, place, keep_area)
    image = resized_array(sample.image, place.height, place.width, op.antialias, op.kernel)
    corners = sample.boxes.corners * np.array([place.width / width, place.height / height] * 2)
    boxes = msgspec.structs.replace(sample.boxes, corners=corners)
    scaled = sample.moved(image, boxes, lambda mask: nearest(mask, place.height, place.width))
    return framed(scaled, place, keep_area)


def framed(sample: Sample, place: Placement, keep_area: float) -> Sample:
    """Return ``sample``, which is of ``place``'s height and width already, on the canvas.

    Args:
        sample: image (place.height, place.width, C).
        place: where its corner goes, and what it is filled with; masks are filled with 0.
        keep_area: share of its area, 0 to 1, that a box must keep, or it is dropped.

    Returns:
        A new sample. Where nothing is filled, its pixels are a view of those that came in.

    Raises:
        SampleError: the image cannot hold the fill.
    """
    dtype = sample.image.dtype
    if dtype.kind == "u" and place.fill > np.iinfo(dtype).max:
        raise SampleError(
            f"fill {place.fill} does not fit into {dtype}; at most {np.iinfo(dtype).max}"
        )
    corners = sample.boxes.corners + np.array([place.left, place.top] * 2)
    shifted = msgspec.structs.replace(sample.boxes, corners=corners)
    return sample.moved(
        _placed_array(sample.image, place, place.fill),
        clipped(shifted, place.canvas_width, place.canvas_height, keep_area),
        lambda mask: _placed_array(mask, place, 0),
    )


def refuse_small(sample: Sample, height: int, width: int, what: str) -> None:
    """Return nothing if a window of height x width lies within the image.

    Raises:
        SampleError: it does not; ``what`` is what the window is called.
    """
    tall, wide = sample.image.shape[:2]
    if tall < height or wide < width:
        raise SampleError(
            f"{tall} x {wide} pixels are smaller than the {what} of {height} x {width}; "
            "put a resize or a pad before it"
        )


def _placed_array(pixels: np.ndarray, place: Placement, fill: int) -> np.ndarray:
    """Return (H, W) or (H, W, C) pixels cut or filled to the canvas."""
    top, left = max(0, place.top), max(0, place.left)
    bottom = min(place.canvas_height, place.top + place.height)
    right = min(place.canvas_width, place.left + place.width)
    seen = pixels[top - place.top : bottom - place.top, left - place.left : right - place.left]
    if seen.shape[:2] == (place.canvas_height, place.canvas_width):
        return seen
    shape = (place.canvas_height, place.canvas_width, *pixels.shape[2:])
    canvas = np.full(shape, fill, pixels.dtype)
    canvas[top:bottom, left:right] = seen
    return canvas


def _combined_array(image: np.ndarray, bands: Bands) -> np.ndarray:
    """Return an image (H, W, C) with the channels and ratios of ``bands``."""
    taken: np.ndarray = image.take(bands.taken(image.shape[2]), axis=2)
    if not bands.ratios:
        return taken
    floats = image.astype(np.float32)
    ratios = [_ratio_array(floats[:, :, a], floats[:, :, b]) for a, b in bands.ratios]
    return np.concatenate([taken.astype(np.float32), np.stack(ratios, axis=2)], axis=2)


def _ratio_array(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):  # 0 / 0, and what floats of any size may do
        total = a + b
        ratio: np.ndarray = (a - b) / total
    ratio[total == 0] = 0.0
    ratio[np.isnan(ratio)] = np.nan
    return ratio
