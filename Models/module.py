"""A module joins a scaler, a network and a framework. It knows nothing of what trains it."""

from collections.abc import Mapping
from typing import Protocol

import msgspec
from torch import Tensor, nn

from Datasets.parts import find
from Datasets.scaler import Map
from Models.batches import Batch
from Models.frameworks.supervised import Supervised
from Models.frameworks.table import FRAMEWORKS
from Models.networks.arguments import Argument
from Models.networks.named import network
from Models.networks.network import InputShape, Network
from Models.scaling import Scaling

WHERE = "params.yaml: train"


class Parts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a module is made of, by name: enough to build it again."""

    network: str
    network_arguments: dict[str, Argument]
    framework: str
    framework_arguments: dict[str, Argument]
    classes: tuple[str, ...]
    input: InputShape


class Module(nn.Module):
    """Tensors as stored (N, H, W, C) in, what the framework makes of them out."""

    def __init__(self, scaling: Scaling, network: Network, framework: Supervised) -> None:
        """Join the parts."""
        super().__init__()
        self.scaling = scaling
        self.network = network
        self.framework = framework

    def forward(self, tensors: Tensor) -> Tensor:
        """Return logits (N, classes)."""
        return self.framework(self.network(self.scaling(tensors)))

    def training_loss(self, batch: Batch) -> Tensor:
        """Return the loss of a training step, a scalar."""
        return self.framework.training_loss(self.network, self.scaling(batch.images), batch.labels)

    def learned(self) -> Mapping[str, Tensor]:
        """Return what training changes, by name: all but the scaler, which is fitted."""
        return {n: t for n, t in self.state_dict().items() if not n.startswith("scaling.")}


class _MakesFramework(Protocol):
    def __call__(self, width: int, classes: int, **arguments: Argument) -> Supervised: ...


def build(parts: Parts, maps: tuple[Map, ...]) -> Module:
    """Return the module of ``parts`` behind ``maps``, initialised from torch's generator.

    Raises:
        ParamsError: no network or framework has that name, and the nearest are offered; or the
            network cannot take such images.
    """
    makes_framework: _MakesFramework = find(  # type: ignore[assignment]
        FRAMEWORKS, parts.framework, "framework", f"{WHERE}.framework"
    )
    made = network(parts.network, parts.input, parts.network_arguments, f"{WHERE}.model")
    framework = makes_framework(made.width, len(parts.classes), **parts.framework_arguments)
    return Module(Scaling(maps), made, framework)
