"""The stage ``scale@<fold range>``: scalers fitted on copy 0 of each fold's training part.

The tensors stay as they are.
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType

import msgspec
import numpy as np

from Data_processing.scalers.table import SCALERS as TABLE
from Datasets import fold_range, parts, scaler, splits
from Datasets.errors import ParamsError, StoreError
from Datasets.files import new_folder
from Datasets.fold_range import FoldRange
from Datasets.params import checked, load
from Datasets.scaler import SCALERS, Map
from Datasets.splits import Folds
from Datasets.stage import require, running
from Datasets.tensors import TENSORS, Tensors
from Datasets.terminal import progress

BATCH = 256
Entry = dict[str, dict[str, object] | None]


class Scale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section ``scale`` of params.yaml: scalers in order, a name with its arguments each."""

    ops: tuple[Entry, ...] = ()


class Fitting(msgspec.Struct, frozen=True):
    """A scaler that is to be fitted: its module and its parameters."""

    module: ModuleType
    parameters: msgspec.Struct

    def fit(self, batches: Callable[[], Iterator[np.ndarray]]) -> Map:
        """Return the fitted map."""
        fitted: Map = self.module.fit(self.parameters, batches)
        return fitted


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take the fold range."""
    parser.add_argument(
        "folds",
        type=fold_range.parse,
        help="the folds that are tested, 3, 0-29 or all; a scaler sees its training part only",
    )


def run(arguments: argparse.Namespace) -> None:
    """Write the scaler of each fold."""
    asked: FoldRange = arguments.folds
    with running(f"scale@{asked.name}") as stage:
        scale = load().section("scale", Scale)
        counts = fit_range(asked, plan(scale), Tensors(require(TENSORS, "stack")), splits.read())
        names = ", ".join(next(iter(entry)) for entry in scale.ops) or "no scaler"
        stage.summary = f"{names} fitted on {_counted(asked, counts)}"


def fit_range(
    asked: FoldRange, fittings: tuple[Fitting, ...], tensors: Tensors, folds: Folds
) -> list[int]:
    """Write the scaler of each fold; return how many samples each was fitted on.

    Raises:
        StoreError: a fold does not exist, or its training part has no samples.
    """
    every, name = asked.folds(folds.about.every), asked.name
    counts = []
    with new_folder(SCALERS / name) as own:
        for fold in progress(every, len(every), f"scale@{name}"):
            with asked.naming(fold):
                rows = _training_rows(tensors, folds, fold)
                scaler.write(asked.folder(own, fold), fit(fittings, tensors, rows))
            counts.append(len(rows))
    return counts


def plan(scale: Scale, where: str = "params.yaml") -> tuple[Fitting, ...]:
    """Return the scalers to fit, in order.

    Raises:
        ParamsError: a scaler is unknown or an argument does not fit.
    """
    fittings = []
    for number, entry in enumerate(scale.ops):
        place = f"{where}: scale.ops.{number}"
        asked = parts.named(entry, "scaler", place)
        module = parts.find(TABLE, asked.name, "scaler", place)
        if not isinstance(module, ModuleType):
            raise ParamsError(f"{place}: '{asked.name}' names no module")
        inside = f"{place}.{asked.name}"
        fittings.append(Fitting(module, checked(asked.arguments, module.Parameters, inside)))
    return tuple(fittings)


def fit(fittings: tuple[Fitting, ...], tensors: Tensors, rows: np.ndarray) -> tuple[Map, ...]:
    """Return the fitted maps; each scaler sees what those before it made of the pixels."""
    maps: tuple[Map, ...] = ()
    for fitting in fittings:
        maps = (*maps, fitting.fit(partial(_batches, tensors, rows, maps)))
    return maps


def _training_rows(tensors: Tensors, folds: Folds, fold: int) -> np.ndarray:
    index = tensors.index
    chosen = folds.part(index["parent"], "train", fold) & (index["copy"] == 0).to_numpy()
    rows = np.flatnonzero(chosen)
    if not len(rows):
        raise StoreError(
            f"the training part of fold {fold} has no samples; look at what was rejected on "
            "the way, and at split"
        )
    return rows


def _counted(asked: FoldRange, counts: list[int]) -> str:
    least, most = min(counts), max(counts)
    if asked.is_single:
        return f"{least:,} samples"
    samples = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    return f"{samples} samples, for each of {len(counts)} folds"


def _batches(tensors: Tensors, rows: np.ndarray, maps: tuple[Map, ...]) -> Iterator[np.ndarray]:
    """Yield the images at ``rows`` in blocks, through ``maps`` where there are some."""
    for start in range(0, len(rows), BATCH):
        batch = tensors.gather(rows[start : start + BATCH])
        yield scaler.apply(maps, batch) if maps else batch
