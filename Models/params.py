"""The sections of params.yaml that belong to this room: ``train`` and ``export``."""

from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

import msgspec

from Datasets import fold_range
from Datasets.errors import ParamsError
from Datasets.fold_range import FoldRange, Place
from Datasets.params import Params, checked, nearest
from Models.arguments import Nested
from Models.frameworks.arguments import Frameworks
from Models.frameworks.table import FRAMEWORKS
from Models.networks.arguments import Argument, said
from Models.networks.table import arguments_of, check_name
from Models.ordering import OrderName, Sampling
from Models.pretrained import shelf
from Models.schedule import ScheduleName

Fold = Annotated[int, msgspec.Meta(ge=0, le=fold_range.MOST)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Rate = Annotated[float, msgspec.Meta(gt=0, le=1000)]
Decay = Annotated[float, msgspec.Meta(ge=0, le=1000)]
Spread = Annotated[float, msgspec.Meta(gt=0, le=1)]
Averaged = Annotated[float, msgspec.Meta(ge=0, lt=1)]

T = TypeVar("T")


class Train(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section ``train``.

    An entry of ``folds`` is a fold range (``Datasets.fold_range``), a stage of its own.
    ``learning_rate``, ``weight_decay`` and ``optimiser`` are the framework's own where they are
    ``auto``, or else the network's; ``schedule``, ``warmup`` and ``ema`` the framework's.
    ``pretrained`` are the weights that the network begins with, by the name in Datasets/weights.
    ``frozen``: the network, or parts of it by the beginnings of their names, that training leaves
    as they are. ``spread``: the learning rate of the first layers over that of the head.
    ``model_arguments`` is what ``model`` is told (``Models.networks.arguments``).
    ``order``, ``block`` and ``sampling`` are those of ``Models.ordering.Ordering``. ``warmup`` is
    the share of all steps in which the learning rate rises. ``threads`` is torch's number of CPU
    threads: it changes the order of sums, so it is a parameter and not taken from the machine. Two
    threads of a small network wait for each other at every layer: 1.5 times as fast on idle
    processors, many times slower than one where anything else runs.
    """

    folds: tuple[Fold | str, ...]
    model: str
    epochs: Positive
    batch: Positive
    order: OrderName = "samples"
    block: Positive = 256
    sampling: Sampling = Sampling()
    framework: str = "supervised"
    pretrained: str = shelf.NONE
    frozen: Literal["none", "network"] | tuple[str, ...] = "none"
    spread: Spread = 1.0
    learning_rate: Rate | Literal["auto"] = "auto"
    weight_decay: Decay | Literal["auto"] = "auto"
    optimiser: Literal["auto", "adamw", "sgd"] = "auto"
    schedule: ScheduleName | Literal["auto"] = "auto"
    ema: Averaged | Literal["auto"] = "auto"
    warmup: Share | Literal["auto"] = "auto"
    threads: Positive = 1
    model_arguments: dict[str, object] = {}
    frameworks: Frameworks = Frameworks()

    def ranges(self) -> tuple[FoldRange, ...]:
        """Return the fold ranges, in their order."""
        return tuple(fold_range.parse(entry) for entry in self.folds)

    def network_arguments(self) -> dict[str, Argument]:
        """Return what params.yaml says to the network that is trained."""
        return said(msgspec.convert(self.model_arguments, arguments_of(self.model)))

    def framework_arguments(self) -> dict[str, Nested]:
        """Return what params.yaml says to the framework that trains."""
        told: object = getattr(self.frameworks, self.framework, None)
        return {} if told is None else msgspec.to_builtins(told)


class Export(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section ``export``: which fold's best weights are served; ``all/7`` inside a range."""

    fold: Fold | str

    def place(self) -> Place:
        """Return the fold, with the fold range that trains it."""
        return fold_range.parse_place(self.fold)


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
    where = f"{params.path}: train"
    _refuse_networks(params.sections.get("train"), where)
    train = params.section("train", Train)
    check_name(train.model, f"{where}.model")
    _check_arguments(train, f"{where}.model_arguments")
    _known(train.framework, FRAMEWORKS, "framework", f"{where}.framework")
    if train.pretrained != shelf.NONE:
        shelf.read_about(train.pretrained, f"{where}.pretrained")
    elif train.frozen != "none":
        raise ParamsError(
            f"{where}.frozen: a network that has learned nothing would stay as it is drawn; name "
            f"weights in train.pretrained, or write `frozen: none`"
        )
    if not train.folds:
        raise ParamsError(f"{where}.folds: at least one fold must be trained, for example [0]")
    _refuse_folds(train, params.section("split", _Split), f"{where}.folds")
    return train


def read_export(params: Params) -> Export:
    """Return the section ``export``.

    Raises:
        ParamsError: an unknown key, no fold, or one that is not trained, or by another fold range.
    """
    export = params.section("export", Export)
    where = f"{params.path}: export.fold"
    require_trained(_said(where, fold_range.parse_place, export.fold), params, where)
    return export


def require_trained(place: Place, params: Params, where: str) -> None:
    """Check that params.yaml trains the fold at ``place``, and there.

    Args:
        place: the fold, and the fold range that it was said to be trained by.
        params: says which folds are trained.
        where: who asks, for messages.

    Raises:
        ParamsError: it is not trained, or by another fold range; ``train`` is wrong.
    """
    train, split = read_train(params), params.section("split", _Split)
    trained = next((one for one in train.ranges() if place.fold in one), None)
    if trained is None or _is_beyond(place.fold, split):
        raise ParamsError(
            f"{where}: fold {place.fold} is not trained "
            f"(train.folds is {list(train.folds)}); export one of these, or add it"
        )
    if trained.name != place.fold_range.name:
        raise ParamsError(
            f"{where}: fold {place.fold} is trained by the entry '{trained.name}' of train.folds: "
            f"write {trained.place(place.fold)}, got {place}"
        )


def _refuse_networks(train: object, where: str) -> None:
    """Check that ``train`` is not written as in earlier versions."""
    if not isinstance(train, dict) or "networks" not in train:
        return
    told = train["networks"].get(train.get("model")) if isinstance(train["networks"], dict) else {}
    pairs = ", ".join(f"{key}: {value}" for key, value in (told or {}).items())
    raise ParamsError(
        f"{where}.networks: what a network is told now stands in train.model_arguments, for the "
        f"one that train.model names; write `model_arguments: {{{pairs}}}` in place of `networks:` "
        "and all below it"
    )


def _check_arguments(train: Train, where: str) -> None:
    """Check what the network is told against what it can be told."""
    kind = arguments_of(train.model)
    try:
        checked(train.model_arguments, kind, where)
    except ParamsError as error:
        known = ", ".join(kind.__struct_fields__) or "nothing"
        raise ParamsError(f"{error} ({train.model} can be told: {known})") from None


def _refuse_folds(train: Train, split: _Split, where: str) -> None:
    """Check that each entry is a fold range, and each fold exists and is asked for once."""
    if len(set(train.folds)) < len(train.folds):
        raise ParamsError(f"{where}: each fold once, got {list(train.folds)}")
    ranges = [_said(where, fold_range.parse, entry) for entry in train.folds]
    twice = fold_range.overlap(ranges)
    if twice:
        raise ParamsError(
            f"{where}: each fold once, but fold {twice[1].first} stands in '{twice[0].name}' and "
            f"in '{twice[1].name}'; take one of them out"
        )
    lasts = [one.last for one in ranges if one.last is not None]
    beyond = [last for last in lasts if _is_beyond(last, split)]
    if beyond:
        times = f", split.repeats {split.repeats}" if split.repeats > 1 else ""
        raise ParamsError(
            f"{where}: fold {beyond[0]} was asked for, but split.n_folds is {split.n_folds}"
            f"{times} (0 to {split.n_folds * split.repeats - 1}); raise split.n_folds or take it "
            "out"
        )


def _is_beyond(fold: int, split: _Split) -> bool:
    folds = split.folds()
    return folds is not None and fold >= folds


def _said(where: str, parse: Callable[[int | str], T], text: int | str) -> T:
    """Return what ``text`` is, or say where it stands."""
    try:
        return parse(text)
    except ParamsError as error:
        raise ParamsError(f"{where}: {error}") from None


def _known(name: str, table: dict[str, str], what: str, where: str) -> None:
    if name not in table:
        raise ParamsError(f"{where}: unknown {what} '{name}'; {nearest(name, table)}")
