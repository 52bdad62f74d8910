"""The sections of params.yaml that belong to this room: ``train`` and ``export``."""

from typing import Annotated, Literal

import msgspec

from Datasets.errors import ParamsError
from Datasets.params import Params, nearest
from Models.frameworks.table import FRAMEWORKS
from Models.networks.table import NETWORKS

Argument = str | int | float | bool
"""What a network or framework can be told: a plain value."""

Fold = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Rate = Annotated[float, msgspec.Meta(gt=0, le=1000)]
Decay = Annotated[float, msgspec.Meta(ge=0, le=1000)]


class SmallCNN(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of the network ``e001_small_cnn``."""

    base: Positive | msgspec.UnsetType = msgspec.UNSET
    dropout: Share | msgspec.UnsetType = msgspec.UNSET


class ResNet18(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of the network ``resnet18``."""

    stem: Literal["small", "standard"] | msgspec.UnsetType = msgspec.UNSET


class WideResNet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of the network ``wrn_28_2``."""

    slope: Share | msgspec.UnsetType = msgspec.UNSET
    dropout: Share | msgspec.UnsetType = msgspec.UNSET


class Supervised(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of the framework ``supervised``."""

    label_smoothing: Share | msgspec.UnsetType = msgspec.UNSET


class Networks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments by network; what is not said is the network's own default."""

    e001_small_cnn: SmallCNN = SmallCNN()
    resnet18: ResNet18 = ResNet18()
    wrn_28_2: WideResNet = WideResNet()


class Frameworks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments by framework."""

    supervised: Supervised = Supervised()


class Train(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section ``train``.

    ``learning_rate`` and ``weight_decay`` are the network's own where they are ``auto``.
    ``order`` and ``block`` are those of ``Models.orders.Ordering``. ``warmup`` is the share of all
    steps in which the learning rate rises. ``threads`` is torch's number of CPU threads: it changes
    the order of sums, so it is a parameter and not taken from the machine. Two threads of a small
    network wait for each other at every layer: 1.5 times as fast on idle processors, many times
    slower than one where anything else runs.
    """

    folds: tuple[Fold, ...]
    model: str
    epochs: Positive
    batch: Positive
    order: Literal["samples", "blocks"] = "samples"
    block: Positive = 256
    framework: str = "supervised"
    learning_rate: Rate | Literal["auto"] = "auto"
    weight_decay: Decay | Literal["auto"] = "auto"
    warmup: Share = 0.2
    threads: Positive = 1
    networks: Networks = Networks()
    frameworks: Frameworks = Frameworks()

    def network_arguments(self) -> dict[str, Argument]:
        """Return what params.yaml says to the network that is trained."""
        return _arguments(self.networks, self.model)

    def framework_arguments(self) -> dict[str, Argument]:
        """Return what params.yaml says to the framework that trains."""
        return _arguments(self.frameworks, self.framework)


class Export(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section ``export``: which fold's best weights are served."""

    fold: Fold


class _Split(msgspec.Struct, frozen=True):
    """What this room needs of the section ``split``, which belongs to another."""

    n_folds: int
    scheme: str = "stratified"
    repeats: int = 1

    def folds(self) -> int | None:
        """Return how many folds there will be; None where only the samples can tell."""
        told = self.scheme not in ("leave_one_out", "leave_one_group_out", "given")
        return self.n_folds * self.repeats if told else None


def read_train(params: Params) -> Train:
    """Return the section ``train``.

    Raises:
        ParamsError: an unknown key or name, a wrong value, a fold asked for twice or missing.
    """
    train = params.section("train", Train)
    split = params.section("split", _Split)
    where = f"{params.path}: train"
    _known(train.model, NETWORKS, "network", f"{where}.model")
    _known(train.framework, FRAMEWORKS, "framework", f"{where}.framework")
    if not train.folds:
        raise ParamsError(f"{where}.folds: at least one fold must be trained, for example [0]")
    if len(set(train.folds)) < len(train.folds):
        raise ParamsError(f"{where}.folds: each fold once, got {list(train.folds)}")
    folds = split.folds()
    beyond = [fold for fold in train.folds if folds is not None and fold >= folds]
    if beyond and folds is not None:
        times = f", split.repeats {split.repeats}" if split.repeats > 1 else ""
        raise ParamsError(
            f"{where}.folds: fold {beyond[0]} was asked for, but split.n_folds is {split.n_folds}"
            f"{times} (0 to {folds - 1}); raise split.n_folds or take it out"
        )
    return train


def read_export(params: Params) -> Export:
    """Return the section ``export``.

    Raises:
        ParamsError: an unknown key, or a fold that is not trained.
    """
    export = params.section("export", Export)
    folds = read_train(params).folds
    if export.fold not in folds:
        raise ParamsError(
            f"{params.path}: export.fold: fold {export.fold} is not trained "
            f"(train.folds is {list(folds)}); export one of these, or add it"
        )
    return export


def _known(name: str, table: dict[str, str], what: str, where: str) -> None:
    if name not in table:
        raise ParamsError(f"{where}: unknown {what} '{name}'; {nearest(name, table)}")


def _arguments(section: Networks | Frameworks, name: str) -> dict[str, Argument]:
    arguments: object = getattr(section, name, None)
    if not isinstance(arguments, msgspec.Struct):
        return {}
    return {k: v for k, v in msgspec.structs.asdict(arguments).items() if v is not msgspec.UNSET}
