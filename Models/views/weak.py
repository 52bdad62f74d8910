"""The weak view: an image flipped and moved a little. Pixels are moved, none is computed."""

import torch
from torch import Tensor

from Models.views.arguments import Weak
from Models.views.draws import uniforms


class WeakView:
    """Flips and moves each image by draws of its own."""

    def __init__(self, weak: Weak) -> None:
        """Take what is drawn."""
        self._weak = weak

    def __call__(self, images: Tensor, keys: Tensor, seed: int) -> Tensor:
        """Return the view of a batch.

        Args:
            images: (N, H, W, C) as stored.
            keys: (N,) int64, one a sample.
            seed: of the draws, for example ``Moment.seed_of("weak")``.

        Returns:
            (N, H, W, C) of the same dtype.
        """
        draws = uniforms(seed, keys, 4)
        count, height, width, channels = images.shape
        flip_y, flip_x = self._weak.flip == "both", self._weak.flip != "none"
        y = _places(height, self._weak.shift, draws[:, 0], draws[:, 1], flip_y)  # (N, H)
        x = _places(width, self._weak.shift, draws[:, 2], draws[:, 3], flip_x)  # (N, W)
        rows = torch.arange(count, device=images.device)[:, None] * height + y
        pixels = (rows[:, :, None] * width + x[:, None, :]).reshape(-1)  # (N * H * W)
        flat = _movable(images).reshape(-1, channels)
        return flat.index_select(0, pixels).view(images.dtype).reshape(images.shape)


def _places(side: int, shift: float, moved: Tensor, mirrored: Tensor, flips: bool) -> Tensor:
    """Return where each pixel of a side comes from, (N, side), by two draws (N,) a sample."""
    most = min(round(shift * side), side - 1)
    by = (moved * (2 * most + 1)).to(torch.int64) - most
    places = (torch.arange(side, device=moved.device) + by[:, None]).abs()
    places = (side - 1) - ((side - 1) - places).abs()
    return torch.where(mirrored[:, None] < 0.5, (side - 1) - places, places) if flips else places


def _movable(images: Tensor) -> Tensor:
    """Return images of a dtype that torch can gather: it moves int16 but not uint16."""
    return images.view(torch.int16) if images.dtype == torch.uint16 else images
