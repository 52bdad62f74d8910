"""A module joins a scaler, a network and a framework. It knows nothing of what trains it."""

from collections.abc import Mapping
from typing import Protocol

import msgspec
from torch import Tensor, nn

from Datasets.parts import find
from Datasets.scaler import Map
from Models import freezing
from Models.arguments import Nested, typed
from Models.batch import Batch, Joined, Triplets
from Models.frameworks.framework import Encoder, Framework, Loss, Moment, Problem
from Models.frameworks.table import FRAMEWORKS
from Models.networks.arguments import Argument
from Models.networks.named import network
from Models.networks.network import InputShape, Network
from Models.scaling import Scaling

WHERE = "params.yaml: train"

AnyFramework = Framework[Batch] | Framework[Joined] | Framework[Triplets]


class Parts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a module is made of, by name: enough to build it again."""

    network: str
    network_arguments: dict[str, Argument]
    framework: str
    framework_arguments: dict[str, Nested]
    classes: tuple[str, ...]
    input: InputShape


class Module(nn.Module):
    """Tensors as stored (N, H, W, C) in, what the framework makes of them out."""

    def __init__(self, scaling: Scaling, network: Network, framework: AnyFramework) -> None:
        """Join the parts."""
        super().__init__()
        self.scaling = scaling
        self.network = network
        self.framework = framework
        self.frozen: frozenset[str] = frozenset()

    def freeze(self, frozen: str | tuple[str, ...], where: str = "freeze") -> None:
        """Let parts of the network stay as they are in training, and all others learn.

        Args:
            frozen: ``network`` for all of it, or how the names of its tensors begin; () for none.
            where: the key that says it, for messages.

        Raises:
            ParamsError: the network has no such part.
        """
        self.frozen = freezing.names_of(self.network, frozen, where)
        freezing.freeze(self.network, self.frozen)
        self.train(self.training)  # a trainer may take each layer as it finds it

    def train(self, mode: bool = True) -> "Module":
        """Begin or end training; what is frozen stays as it is in use."""
        super().train(mode)
        freezing.hold(self.network, self.frozen)
        return self

    @property
    def encoder(self) -> Encoder:
        """Return what gives the features of tensors as stored: scaler and network."""
        return Encoder(self.scaling, self.network)

    def forward(self, tensors: Tensor) -> Tensor:
        """Return logits (N, classes)."""
        return self.framework(self.encoder(tensors))

    def training_loss(self, batch: Batch | Joined | Triplets, moment: Moment) -> Loss:
        """Return the loss of a training step on a batch as the framework wants it."""
        return self.framework.training_loss(self.encoder, batch, moment)  # type: ignore[arg-type]

    def learned(self) -> Mapping[str, Tensor]:
        """Return what can be learned, by name: all but the scaler, which is fitted."""
        return {n: t for n, t in self.state_dict().items() if not n.startswith("scaling.")}

    def rest(self) -> Mapping[str, Tensor]:
        """Return what of that is frozen."""
        every = self.state_dict()
        return {f"network.{name}": every[f"network.{name}"] for name in sorted(self.frozen)}


class _MakesFramework(Protocol):
    def __call__(self, problem: Problem, **arguments: object) -> AnyFramework: ...


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
    problem = Problem(made.width, len(parts.classes), parts.input, parts.classes)
    where = f"{WHERE}.frameworks.{parts.framework}"
    framework = makes_framework(problem, **typed(makes_framework, parts.framework_arguments, where))
    return Module(Scaling(maps), made, framework)
