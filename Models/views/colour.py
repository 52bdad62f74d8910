"""Colour operations, each image by its own strength in [-1, 1].

All take images (N, C, H, W) float32 in [0, white] and strengths (N,), and return images of the same
kind. Whether an operation was drawn for an image is not asked here.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

GRAY = (0.299, 0.587, 0.114)
"""How much red, green and blue weigh (ITU-R BT.601)."""
RANGE = 0.9
"""By which share brightness, contrast, saturation and sharpness change at full strength."""
BITS_LOST = 4
"""Of eight, by ``posterize`` at full strength."""


def autocontrast(images: Tensor, strength: Tensor, white: float) -> Tensor:
    """Let the least and the greatest value of each channel be 0 and white, at any strength."""
    low, high = images.amin(dim=(2, 3), keepdim=True), images.amax(dim=(2, 3), keepdim=True)
    gain = torch.where(high > low, white / (high - low), 1.0)
    return (images - torch.where(high > low, low, 0.0)).mul_(gain).clamp_(0, white)


def brightness(images: Tensor, strength: Tensor, white: float) -> Tensor:
    """Multiply by 1 + 0.9 strength."""
    return (images * (1 + RANGE * _each(strength))).clamp_(0, white)


def contrast(images: Tensor, strength: Tensor, white: float) -> Tensor:
    """Move values away from the mean of the image, or towards it."""
    mean = images.flatten(1).mean(dim=1)
    return _away_from(_each(mean), images, strength, white)


def saturation(images: Tensor, strength: Tensor, white: float) -> Tensor:
    """Move colours away from their gray, or towards it. Three channels: red, green, blue."""
    red, green, blue = images.unbind(1)
    gray = red * GRAY[0] + green * GRAY[1] + blue * GRAY[2]
    return _away_from(gray[:, None], images, strength, white)


def sharpness(images: Tensor, strength: Tensor, white: float) -> Tensor:
    """Move values away from those of the smoothed image, or towards them; not at the border.

    Smoothed by (1 1 1, 1 5 1, 1 1 1) / 13, as PIL does.
    """
    sharp = images.clone()
    if min(images.shape[2:]) < 3:
        return sharp
    inner = images[:, :, 1:-1, 1:-1]
    across = images[..., :-2] + images[..., 1:-1] + images[..., 2:]
    smooth = across[:, :, :-2] + across[:, :, 1:-1] + across[:, :, 2:]
    smooth.add_(inner * 4).div_(13)
    sharp[:, :, 1:-1, 1:-1] = _away_from(smooth, inner, strength, white)
    return sharp


def posterize(images: Tensor, strength: Tensor, white: float) -> Tensor:
    """Keep the upper 7 to 4 of eight bits: values go down to a multiple of a step."""
    lost = (strength.abs() * BITS_LOST).floor().clamp(max=BITS_LOST - 1) + 1
    step = _each(torch.exp2(lost)) * ((white + 1) / 256 if white > 1 else white / 256)
    return (images / step).floor_().mul_(step)


def solarize(images: Tensor, strength: Tensor, white: float) -> Tensor:
    """Turn values from a threshold on into white minus themselves; at full strength all."""
    threshold = (1 - strength.abs()) * white
    return torch.where(images >= _each(threshold), white - images, images)


class Colour(NamedTuple):
    """A colour operation: what it does, and whether the channels must be red, green, blue."""

    apply: Callable[[Tensor, Tensor, float], Tensor]
    needs_rgb: bool = False


COLOURS = {
    "autocontrast": Colour(autocontrast),
    "brightness": Colour(brightness),
    "contrast": Colour(contrast),
    "saturation": Colour(saturation, needs_rgb=True),
    "sharpness": Colour(sharpness),
    "posterize": Colour(posterize),
    "solarize": Colour(solarize),
}
"""The operations in the order in which a view applies those that it drew."""


def _away_from(base: Tensor, images: Tensor, strength: Tensor, white: float) -> Tensor:
    """Return x + 0.9 strength (x - base). Not lerp: it rounds by the place in memory."""
    return (images - base).mul_(RANGE * _each(strength)).add_(images).clamp_(0, white)


def _each(values: Tensor) -> Tensor:
    """Return a value a sample, (N,), as (N, 1, 1, 1)."""
    return values[:, None, None, None]
