"""What params.yaml may say to each framework: ``train.frameworks``.

Whoever only reads it needs no torch. What is not said is the default of the framework itself.
"""

from typing import Annotated, Literal

import msgspec

from Models.views.arguments import Share, Strong, Weak

Positive = Annotated[int, msgspec.Meta(ge=1)]
Weight = Annotated[float, msgspec.Meta(ge=0)]
Above = Annotated[float, msgspec.Meta(gt=0)]


class Supervised(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of the framework ``supervised``."""

    label_smoothing: Share | msgspec.UnsetType = msgspec.UNSET
    class_weights: Literal["none", "balanced"] | dict[str, Weight] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    mixup: Weight | msgspec.UnsetType = msgspec.UNSET
    cutmix: Weight | msgspec.UnsetType = msgspec.UNSET
    weak: Weak | msgspec.UnsetType | None = msgspec.UNSET
    strong: Strong | msgspec.UnsetType | None = msgspec.UNSET


class FixMatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of the framework ``fixmatch``."""

    threshold: Share | msgspec.UnsetType = msgspec.UNSET
    weight: Weight | msgspec.UnsetType = msgspec.UNSET
    ratio: Positive | msgspec.UnsetType = msgspec.UNSET
    weak: Weak | msgspec.UnsetType = msgspec.UNSET
    strong: Strong | msgspec.UnsetType = msgspec.UNSET


class MixMatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of the framework ``mixmatch``."""

    guesses: Positive | msgspec.UnsetType = msgspec.UNSET
    temperature: Above | msgspec.UnsetType = msgspec.UNSET
    alpha: Above | msgspec.UnsetType = msgspec.UNSET
    weight: Weight | msgspec.UnsetType = msgspec.UNSET
    ramp: Share | msgspec.UnsetType = msgspec.UNSET
    ratio: Positive | msgspec.UnsetType = msgspec.UNSET
    weak: Weak | msgspec.UnsetType = msgspec.UNSET


class SimCLR(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of the framework ``simclr``."""

    temperature: Above | msgspec.UnsetType = msgspec.UNSET
    dimensions: Positive | msgspec.UnsetType = msgspec.UNSET
    ratio: Positive | msgspec.UnsetType = msgspec.UNSET
    strong: Strong | msgspec.UnsetType = msgspec.UNSET


class SupCon(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of the framework ``supcon``."""

    temperature: Above | msgspec.UnsetType = msgspec.UNSET
    dimensions: Positive | msgspec.UnsetType = msgspec.UNSET
    strong: Strong | msgspec.UnsetType = msgspec.UNSET


class Triplet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of the framework ``triplet``."""

    margin: Weight | msgspec.UnsetType = msgspec.UNSET
    strong: Strong | msgspec.UnsetType | None = msgspec.UNSET


class Frameworks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments by framework."""

    supervised: Supervised = Supervised()
    fixmatch: FixMatch = FixMatch()
    mixmatch: MixMatch = MixMatch()
    simclr: SimCLR = SimCLR()
    supcon: SupCon = SupCon()
    triplet: Triplet = Triplet()
