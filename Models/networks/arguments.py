"""What networks are told, by their name: ``train.model_arguments`` of params.yaml.

Read before anything runs, so neither torch nor torchvision is imported here. What is not said is
the network's own default.
"""

from typing import Annotated, Literal

import msgspec

Argument = str | int | float | bool
"""What a network or framework can be told: a plain value."""

Count = Annotated[int, msgspec.Meta(ge=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class NoArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of a network that takes none."""


class SmallCNN(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of the network ``e001_small_cnn``."""

    base: Count | msgspec.UnsetType = msgspec.UNSET
    dropout: Share | msgspec.UnsetType = msgspec.UNSET


class WideResNet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of the network ``wrn_28_2``."""

    slope: Share | msgspec.UnsetType = msgspec.UNSET
    dropout: Share | msgspec.UnsetType = msgspec.UNSET


class Stem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of torchvision's residual networks."""

    stem: Literal["small", "standard"] | msgspec.UnsetType = msgspec.UNSET


class Dropout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of torchvision's networks that have a dropout."""

    dropout: Share | msgspec.UnsetType = msgspec.UNSET


class Timm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of timm's networks; those that have no such place leave them unused."""

    dropout: Share | msgspec.UnsetType = msgspec.UNSET
    drop_path: Share | msgspec.UnsetType = msgspec.UNSET


def said(arguments: msgspec.Struct) -> dict[str, Argument]:
    """Return those of ``arguments`` that were said."""
    every = msgspec.structs.asdict(arguments).items()
    return {name: value for name, value in every if value is not msgspec.UNSET}
