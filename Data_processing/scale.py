"""The stage ``scale@<fold>``: scalers fitted on copy 0 of the fold's training part.

The tensors stay as they are.
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType

import msgspec
import numpy as np

from Data_processing.scalers.table import SCALERS as TABLE
from Datasets import parts, scaler, splits
from Datasets.errors import ParamsError, StoreError
from Datasets.files import new_folder
from Datasets.params import checked, load
from Datasets.scaler import SCALERS, Map
from Datasets.stage import require, running
from Datasets.tensors import TENSORS, Tensors

BATCH = 256
Entry = dict[str, dict[str, object] | None]


class Scale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section ``scale`` of params.yaml: scalers in order, each ``{name: {argument.

    Value}}``.
    """

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
    """Take the fold."""
    parser.add_argument(
        "fold", type=int, help="the fold that is tested; the scaler sees its training part only"
    )


def run(arguments: argparse.Namespace) -> None:
    """Write the fold's scaler."""
    fold = arguments.fold
    with running(f"scale@{fold}") as stage:
        fittings = plan(load().section("scale", Scale))
        tensors = Tensors(require(TENSORS, "stack"))
        index = tensors.index
        chosen = splits.read().part(index["parent"], "train", fold)
        chosen &= (index["copy"] == 0).to_numpy()
        rows = np.flatnonzero(chosen)
        if not len(rows):
            raise StoreError(
                f"the training part of fold {fold} has no samples; look at what was rejected on "
                "the way, and at split"
            )
        with new_folder(SCALERS / str(fold)) as folder:
            scaler.write(folder, fit(fittings, tensors, rows))
        names = (
            ", ".join(next(iter(entry)) for entry in load().section("scale", Scale).ops)
            or "no scaler"
        )
        stage.summary = f"{names} fitted on {len(rows):,} samples"


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


def _batches(tensors: Tensors, rows: np.ndarray, maps: tuple[Map, ...]) -> Iterator[np.ndarray]:
    """Yield the images at ``rows`` in blocks, through ``maps`` where there are some."""
    for start in range(0, len(rows), BATCH):
        batch = tensors.gather(rows[start : start + BATCH])
        yield scaler.apply(maps, batch) if maps else batch
