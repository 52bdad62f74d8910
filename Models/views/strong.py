"""The strong view: a few of many operations, drawn for each sample, then a square cut out.

As RandAugment (Cubuk et al., arXiv:1909.13719), with strengths drawn as in FixMatch (Sohn et al.,
arXiv:2001.07685), but that the operations drawn are applied in a fixed order: colours, then one
interpolation for all that moves pixels. What was not drawn has strength 0, which changes nothing.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from Datasets.errors import ParamsError
from Datasets.params import nearest
from Models.networks.network import InputShape
from Models.views.arguments import Strong
from Models.views.colour import COLOURS
from Models.views.draws import uniforms
from Models.views.geometry import GEOMETRY, cut_out, warp

OPERATIONS = (*COLOURS, *GEOMETRY)
WHITES = {"uint8": 255.0, "uint16": 65535.0}
CHUNK_BYTES = 2**22
"""Of floats at a time on the CPU, where what leaves the cache is slow. It changes no bit."""


class StrongView:
    """Changes each image by draws of its own."""

    def __init__(
        self,
        strong: Strong,
        shape: InputShape,
        where: str = "params.yaml: train",
    ) -> None:
        """Check that the operations can be done on images of ``shape``.

        Args:
            strong: what may be drawn.
            shape: of the images that will come.
            where: the place of ``strong`` in params.yaml, for errors.

        Raises:
            ParamsError: an unknown operation, one that these channels do not allow, fewer
                operations than are drawn, or floats whose white is not said.
        """
        self._ops = _allowed(strong, shape.channels, where)
        if strong.count > len(self._ops):
            raise ParamsError(
                f"{where}.count: {strong.count} operations are drawn for each sample, but only "
                f"{len(self._ops)} can be: {', '.join(self._ops)}"
            )
        white = WHITES.get(shape.dtype, strong.white)
        if white is None:
            raise ParamsError(
                f"{where}.white: the images are {shape.dtype}, of which nobody knows the greatest "
                "value; say it, for example 1.0"
            )
        self._white = white
        self._strong = strong

    def __call__(self, images: Tensor, keys: Tensor, seed: int) -> Tensor:
        """Return the view of a batch.

        Args:
            images: (N, H, W, C) as stored; floats in [0, white], what lies beyond is cut.
            keys: (N,) int64, one a sample.
            seed: of the draws, for example ``Moment.seed_of("strong")``.

        Returns:
            (N, H, W, C) float32 in the unit of what is stored, not rounded.
        """
        draws = uniforms(seed, keys, 3 + 2 * len(self._ops))
        count, height, width, channels = images.shape
        planes = torch.empty((count, channels, height, width), device=images.device)
        at_once = max(1, count)
        if images.device.type == "cpu":
            at_once = max(1, CHUNK_BYTES // (4 * height * width * channels))
        for start in range(0, count, at_once):
            some = slice(start, start + at_once)
            planes[some] = images[some].permute(0, 3, 1, 2)
            self._change(planes[some], draws[some])
        return planes.permute(0, 2, 3, 1)

    def _change(self, planes: Tensor, draws: Tensor) -> None:
        """Change images (N, C, H, W) in place by draws (N, 3 + 2 operations)."""
        strengths = self._strengths(draws[:, 3:])  # (N, operations)
        planes.clamp_(0, self._white)
        for place, name in enumerate(self._ops):
            if name in COLOURS:
                of_drawn(planes, strengths[:, [place]], partial(self._colour, name))
        moving = [place for place, name in enumerate(self._ops) if name in GEOMETRY]
        if moving:
            of_drawn(planes, strengths[:, moving], self._warp)
        cut_out(planes, draws[:, :3], self._strong.cutout, self._white / 2)

    def _colour(self, name: str, planes: Tensor, strengths: Tensor) -> Tensor:
        return COLOURS[name].apply(planes, strengths[:, 0], self._white)

    def _warp(self, planes: Tensor, strengths: Tensor) -> Tensor:
        names = [name for name in self._ops if name in GEOMETRY]
        of_each = dict(zip(names, strengths.unbind(1), strict=True))
        return warp(planes, of_each, self._white / 2)

    def _strengths(self, draws: Tensor) -> Tensor:
        """Return strengths in [-1, 1), (N, operations), 0 where an operation was not drawn."""
        lots, sizes = draws.chunk(2, dim=1)  # (N, operations) each
        # Those with the lowest lots are drawn: none twice.
        ranks = lots.argsort(dim=1, stable=True).argsort(dim=1)
        signed = (2 * sizes - 1) * self._strong.magnitude
        return torch.where(ranks < self._strong.count, signed, 0.0)


def of_drawn(planes: Tensor, strengths: Tensor, change: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Change those of ``planes`` (N, C, H, W) that have a strength (N, k) other than 0, in place.

    On the CPU only those are computed. A device is not asked which they are, as it would have to
    be waited for: there all are computed, and those that were drawn are kept.
    """
    drawn = strengths.ne(0).any(dim=1)
    if planes.device.type != "cpu":
        planes.copy_(torch.where(drawn[:, None, None, None], change(planes, strengths), planes))
        return
    which = drawn.nonzero()[:, 0]
    if len(which):
        changed = change(planes.index_select(0, which), strengths.index_select(0, which))
        planes.index_copy_(0, which, changed)


def _allowed(strong: Strong, channels: int, where: str) -> tuple[str, ...]:
    """Return the operations that may be drawn, in the order of ``OPERATIONS``."""
    coloured = [name for name, colour in COLOURS.items() if colour.needs_rgb]
    fitting = [name for name in OPERATIONS if channels == 3 or name not in coloured]
    if strong.ops == "auto":
        return tuple(fitting)
    for name in strong.ops:
        if name not in OPERATIONS:
            raise ParamsError(
                f"{where}.ops: unknown operation '{name}'; {nearest(name, OPERATIONS)}"
            )
        if name not in fitting:
            raise ParamsError(
                f"{where}.ops: {name} needs red, green and blue, and the images have {channels} "
                f"channels; others work: {', '.join(fitting)}"
            )
    return tuple(name for name in OPERATIONS if name in strong.ops)
