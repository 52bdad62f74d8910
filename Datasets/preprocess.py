"""The recipe as an ``nn.Module``.

The steps call it when they process, and ``export`` turns the same module into a graph.
"""

from typing import cast

import msgspec
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from Datasets.errors import SampleError
from Datasets.recipe import CentreCrop, Choose, FixedOp, Letterbox, Placement, Resize
from Datasets.resampling import resized
from Datasets.sample import Sample, clipped

LOW, HIGH = cast(Choose, torch.sym_min), cast(Choose, torch.sym_max)
"""Minimum and maximum that a graph keeps as such when the sides of the image are free."""
KEEP_AREA = 0.0
"""Share of its area that a box must keep where an operation does not say: anything that is left."""


class Preprocess(nn.Module):
    """One image of any height and width through the operations of a recipe.

    Called with (H, W, C) uint8, uint16 or float32. Whole numbers stay whole: they are resized
    exactly and rounded half to even after each resize, so that both sides of an export round
    alike.
    """

    def __init__(self, ops: tuple[FixedOp, ...]) -> None:
        """Store the operations."""
        super().__init__()
        self.ops = ops

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return the processed image (h, w, C) in the input's dtype, and the map (4,) float32.

        The map is (scale_x, scale_y, offset_x, offset_y): x on the result = x on the raw image *
        scale_x + offset_x.
        """
        # Nearly nothing is implemented for uint16.
        pixels = image.to(torch.int32) if image.dtype == torch.uint16 else image
        scale_x = scale_y = torch.ones(())
        offset_x = offset_y = torch.zeros(())
        for op in self.ops:
            height, width = pixels.shape[0], pixels.shape[1]
            place = op.place(height, width, LOW, HIGH)
            pixels = _placed(_scaled(pixels, op, place), place)
            ratio_x = torch.full((), place.width) / torch.full((), width)
            ratio_y = torch.full((), place.height) / torch.full((), height)
            scale_x, offset_x = scale_x * ratio_x, offset_x * ratio_x + place.left
            scale_y, offset_y = scale_y * ratio_y, offset_y * ratio_y + place.top
        return pixels.to(image.dtype), torch.stack([scale_x, scale_y, offset_x, offset_y])


def _scaled(pixels: Tensor, op: FixedOp, place: Placement) -> Tensor:
    """Return (H, W, C) pixels scaled as ``op`` says, in their own dtype."""
    if not isinstance(op, Resize | Letterbox):
        return pixels
    scaled = resized(pixels, place.height, place.width, op.antialias)
    return (scaled if pixels.is_floating_point() else torch.round(scaled)).to(pixels.dtype)


def _placed(pixels: Tensor, place: Placement) -> Tensor:
    """Return (H, W, C) pixels cut or filled to the canvas."""
    below = place.canvas_height - place.height - place.top
    right = place.canvas_width - place.width - place.left
    return F.pad(pixels, (0, 0, place.left, right, place.top, below), value=place.fill)


def apply_fixed(sample: Sample, op: FixedOp) -> Sample:
    """Return ``sample`` after one deterministic operation: pixels, mask and boxes alike.

    Masks are scaled by nearest neighbour with half-pixel centres and filled with 0; boxes are
    mapped, clipped, and dropped when less than the operation's ``keep_area`` of them is left.

    Raises:
        SampleError: the image is smaller than the window to be cut out of it, or cannot hold the
        fill.
    """
    height, width = sample.image.shape[:2]
    if isinstance(op, CentreCrop) and (height < op.height or width < op.width):
        raise SampleError(
            f"{height} x {width} pixels are smaller than the crop of {op.height} x {op.width}; "
            "put a resize or a pad before it"
        )
    place = op.place(height, width)
    dtype = sample.image.dtype
    if dtype.kind == "u" and place.fill > np.iinfo(dtype).max:
        raise SampleError(
            f"fill {place.fill} does not fit into {dtype}; at most {np.iinfo(dtype).max}"
        )
    with torch.inference_mode():
        image, _ = Preprocess((op,))(_tensor(sample.image))
        mask = None if sample.mask is None else _mask(sample.mask, place)
    scale = np.array([place.width / width, place.height / height] * 2)
    corners = sample.boxes.corners * scale + np.array([place.left, place.top] * 2)
    moved = type(sample.boxes)(sample.boxes.names, corners, sample.boxes.annotations)
    keep_area = op.keep_area if isinstance(op, CentreCrop) else KEEP_AREA
    boxes = clipped(moved, place.canvas_width, place.canvas_height, keep_area)
    return sample.with_frame(image.numpy(), mask, boxes)


def _tensor(image: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(image))  # a copy: memory-mapped pages are read-only


def _mask(mask: np.ndarray, place: Placement) -> np.ndarray:
    ids = _tensor(mask)[None, None].to(torch.float32)  # (1, 1, H, W); ids up to 255 are exact
    scaled = F.interpolate(ids, (place.height, place.width), mode="nearest-exact")
    unfilled = msgspec.structs.replace(place, fill=0)
    return _placed(scaled[0, 0].unsqueeze(2), unfilled)[:, :, 0].to(torch.uint8).numpy()
