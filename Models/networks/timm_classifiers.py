"""timm's networks without their head, by ``timm/<name>``; an extra, and none is downloaded."""

from importlib.util import find_spec
from types import ModuleType

import torch
from torch import Tensor

from Datasets.errors import ParamsError
from Datasets.params import nearest
from Models.networks.families import ATTENDING
from Models.networks.network import InputShape, Network, Optimiser

PACKAGE = "timm>=1.0"


class TimmClassifier(Network):
    """A network of timm (https://github.com/huggingface/pytorch-image-models), without weights.

    What it takes and gives is found by asking it once: its sides are as many rules as networks.
    """

    def __init__(
        self, shape: InputShape, name: str, dropout: float = 0.0, drop_path: float | None = None
    ) -> None:
        """Build it.

        Args:
            shape: of the images.
            name: as timm has it.
            dropout: share of the features that a training step leaves out.
            drop_path: share of the residual branches that a training step leaves out; the
                network's own by default, and told only to networks that have such branches.

        Raises:
            ParamsError: timm is not installed or has no such network, or the network cannot take
                such images or arguments.
        """
        super().__init__()
        timm = require_timm(name)
        is_fixed = timm.get_pretrained_cfg(name).fixed_input_size
        told: dict[str, object] = {"img_size": (shape.height, shape.width)} if is_fixed else {}
        if drop_path is not None:
            told["drop_path_rate"] = drop_path
        sides = f"{shape.height} x {shape.width} x {shape.channels}"
        try:
            self.body = timm.create_model(
                name,
                pretrained=False,
                num_classes=0,
                in_chans=shape.channels,
                drop_rate=dropout,
                **told,
            )
            self.width = _width(self.body, shape)
        except (AssertionError, IndexError, RuntimeError, TypeError, ValueError) as error:
            raise ParamsError(
                f"timm/{name} cannot be made for images of {sides} (height x width x channels)"
                f"{' with ' + str(told) if told else ''}: {' '.join(str(error).split())}; "
                f"timm's own sides are {_usual(timm, name)}"
            ) from None
        self._rate = ATTENDING if is_fixed else 1e-3

    @property
    def optimiser(self) -> Optimiser:
        """Return settings by kind: what takes one frame only is a network of attention, mostly."""
        return Optimiser(self._rate, weight_decay=0.05)

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of ``images`` (N, C, H, W), (N, width)."""
        return self.body(images)


def require_timm(name: str) -> ModuleType:
    """Return timm, which has a network called ``name``.

    Raises:
        ParamsError: it is not installed, or has no such network; the nearest names are offered.
    """
    if find_spec("timm") is None:
        raise ParamsError(
            f"timm/{name} needs the package timm, which is not installed: "
            f"pip install '{PACKAGE}', or with uv: uv pip install '{PACKAGE}'"
        )
    import timm  # slow, and an extra

    names = timm.list_models()
    if name not in names:
        raise ParamsError(
            f"unknown network 'timm/{name}'; of timm's networks: {nearest(name, names)}"
        )
    return timm


def _width(body: torch.nn.Module, shape: InputShape) -> int:
    """Return how many features ``body`` gives of an image; nothing is learned or drawn."""
    body.eval()
    with torch.no_grad():
        features = body(torch.zeros(2, shape.channels, shape.height, shape.width))
    body.train()
    if not isinstance(features, Tensor) or features.ndim != 2:
        raise ValueError("it gives no features (N, width)")
    return int(features.shape[1])


def _usual(timm: ModuleType, name: str) -> str:
    _, height, width = timm.get_pretrained_cfg(name).input_size
    return f"{height} x {width}"
