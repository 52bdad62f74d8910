"""torchvision's classifiers without their head, for any number of channels; none is downloaded."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

from torch import Tensor, nn
from torchvision import models

from Datasets.errors import ParamsError
from Models.networks.families import FAMILY_OF, WINDOW, Family
from Models.networks.network import InputShape, Network, Optimiser
from Models.networks.pooling import MeanOfCells

Stem = Literal["small", "standard"]

DEVIATIONS = {"googlenet": 0.01, "inception_v3": 0.1}
"""Of the first convolution, in networks that have heads on the way, which are off."""


class TorchvisionClassifier(Network):
    """A classifier of ``torchvision.models``, without weights and without its last layer.

    All that precedes the last layer stays, a dropout of the head too: features are what
    torchvision's own last layer gets.
    """

    def __init__(
        self,
        shape: InputShape,
        name: str,
        stem: Stem = "standard",
        dropout: float | None = None,
    ) -> None:
        """Build it.

        Args:
            shape: of the images.
            name: as torchvision has it.
            stem: of a residual network. ``standard`` begins with a 7x7 convolution of stride 2 and
                a pooling; ``small`` with a 3x3 convolution of stride 1 and no pooling, for images
                of about 32 pixels: it sees finer things and costs about 16 times as much.
            dropout: share of values that a training step leaves out, wherever the network has a
                dropout; its own by default.

        Raises:
            ParamsError: it cannot take images of this shape; sides that it can take are named.
        """
        super().__init__()
        family = FAMILY_OF[name]
        require_sides(name, shape)
        body = models.get_model(name, weights=None, **_keywords(name, family, shape, dropout))
        _exchange_first(body, name, family, shape.channels, stem)
        if stem == "small":
            body.maxpool = nn.Identity()
        for layer_name, layer in list(body.named_modules()):
            if isinstance(layer, nn.Dropout) and dropout is not None:
                layer.p = dropout
            elif isinstance(layer, nn.AdaptiveAvgPool2d) and layer.output_size == (7, 7):
                body.set_submodule(
                    layer_name, MeanOfCells(7)
                )  # torch's forbids determinism on CUDA
        self.width = _behead(body)
        self.body = body
        self._rate = family.learning_rate

    @property
    def optimiser(self) -> Optimiser:
        """Return the settings of its family."""
        return Optimiser(self._rate, weight_decay=0.05)

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of ``images`` (N, C, H, W), (N, width)."""
        return self.body(images)


def require_sides(name: str, shape: InputShape) -> None:
    """Check that the network called ``name`` can take images of ``shape``.

    Raises:
        ParamsError: it cannot; sides that it can take are named.
    """
    family, sides = FAMILY_OF[name], (shape.height, shape.width)
    if family.sides == "patches":
        patch, most = _patch(name), max(sides)
        fits = sides[0] == sides[1] and most % patch == 0
        wanted = f"square images whose side is a multiple of {patch}"
        good = sorted({max(patch, most // patch * patch), -(-most // patch) * patch})
    elif family.sides == "windows":
        fits = all(side % WINDOW == 0 for side in sides)
        wanted = f"images whose sides are multiples of {WINDOW}"
        good = sorted({WINDOW, -(-max(sides) // WINDOW) * WINDOW})
    else:
        fits = min(sides) >= family.least
        wanted = f"images of {family.least} pixels a side or more"
        good = [family.least]
    if not fits:
        remedy = " or ".join(f"{{height: {side}, width: {side}}}" for side in good)
        raise ParamsError(
            f"{name} takes {wanted}, got {sides[0]} x {sides[1]} (height x width); "
            f"end the step that stack.from names with letterbox: {remedy}, or take another network"
        )


def _patch(name: str) -> int:
    return int(name.rpartition("_")[2])


def _keywords(
    name: str, family: Family, shape: InputShape, dropout: float | None
) -> Mapping[str, object]:
    """Return what torchvision's own maker of the network is told."""
    if name in DEVIATIONS:
        return {"aux_logits": False, "transform_input": False, "init_weights": True}
    if family.sides == "patches":
        return {"image_size": shape.height}
    if family.sides == "windows":
        return {"input_size": (shape.height, shape.width)}
    if name.startswith("densenet") and dropout is not None:
        return {"drop_rate": dropout}
    return {}


def _exchange_first(body: nn.Module, name: str, family: Family, channels: int, stem: Stem) -> None:
    """Put a convolution of ``channels`` in place of the first one, drawn as the family does."""
    place, old = next((n, m) for n, m in body.named_modules() if isinstance(m, nn.Conv2d))
    kernel, stride, padding = old.kernel_size[0], old.stride[0], int(old.padding[0])
    if stem == "small":
        kernel, stride, padding = 3, 1, 1
    bias = old.bias is not None
    new = nn.Conv2d(channels, old.out_channels, kernel, stride, padding, bias=bias)
    if family.first != "own":
        _DRAWS[family.first](new.weight, name)
        if new.bias is not None:
            nn.init.zeros_(new.bias)
    body.set_submodule(place, new)


def _behead(body: nn.Module) -> int:
    """Take the last layer out of ``body`` and return how many features it got.

    It is linear, but in SqueezeNet, whose 1x1 convolution is followed by the mean over all places.
    """
    layers = [
        (name, layer)
        for name, layer in body.named_modules()
        if isinstance(layer, nn.Linear | nn.Conv2d)
    ]
    name, head = layers[-1]
    body.set_submodule(name, nn.Identity())
    return head.in_features if isinstance(head, nn.Linear) else head.in_channels


def _like_patches(weight: Tensor, name: str) -> None:
    nn.init.trunc_normal_(weight, std=math.sqrt(1 / weight[0].numel()))


def _like_googlenet(weight: Tensor, name: str) -> None:
    nn.init.trunc_normal_(weight, std=DEVIATIONS[name], a=-2, b=2)


def _by(draw: Callable[[Tensor], object]) -> Callable[[Tensor, str], object]:
    return lambda weight, _: draw(weight)


_DRAWS: Mapping[str, Callable[[Tensor, str], object]] = {
    "fan_out": _by(partial(nn.init.kaiming_normal_, mode="fan_out", nonlinearity="relu")),
    "fan_in": _by(nn.init.kaiming_normal_),
    "uniform": _by(nn.init.kaiming_uniform_),
    "narrow": _by(partial(nn.init.trunc_normal_, std=0.02)),
    "normal": _by(partial(nn.init.normal_, std=0.02)),
    "patch": _like_patches,
    "googlenet": _like_googlenet,
}
"""The first convolution's weights, as the constructors of torchvision draw those of 3 channels."""
