"""Read what the other stages wrote. Figures are taken as they stand, none is computed twice."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
import pandas as pd

from Datasets import bundle, fold_range
from Datasets.analytics import ANALYTICS, PICTURES_FILE, SUMMARY_FILE, Summary
from Datasets.errors import StoreError
from Datasets.fold_range import FoldRange
from Datasets.params import load
from Datasets.stage import require, timings
from Models.report.evidence import (
    ClassScore,
    Confusion,
    Epoch,
    Evidence,
    Figure,
    Fold,
    Layout,
    Loss,
    Sheet,
    Walked,
)
from Models.report.pictures import cut, embed
from Models.report.walk import Plan, Step, plan
from Models.scoring import Interval

EVALUATION = Path("Models/evaluation")
CURVES = Path("Models/curves")
CROSSVAL = Path("Models/metrics/crossval.json")
SHEETS = Path("Datasets/sheets")
PASSED = Path("Datasets/audit/passed.json")
VERIFIED = Path("Datasets/verified.json")

T = TypeVar("T")
Row = TypeVar("Row", bound=msgspec.Struct)


class FoldMetrics(msgspec.Struct, frozen=True):
    """What the page takes from Models/evaluation/<fold>/metrics.json."""

    n: int
    left_out: int
    accuracy: Interval
    macro_f1: float
    loss: float


class OutOfFold(msgspec.Struct, frozen=True):
    """What the page takes from Models/metrics/crossval.json."""

    folds: tuple[int, ...]
    n: int
    spread: float
    out_of_fold: Interval


class FoldEpoch(Epoch, frozen=True):
    """One row of the curves of a fold range of several."""

    fold: int


class TopLoss(msgspec.Struct, frozen=True):
    """One row of Models/evaluation/<fold>/top_losses.csv; ``file`` is a path beside it."""

    id: str
    label: str
    predicted: str
    probability: float
    loss: float
    file: str


def gather() -> Evidence:
    """Return all that the page tells, from the files in the working directory.

    Raises:
        ParamsError: params.yaml does not describe a walk.
        StoreError: a file is missing or is not what its stage writes.
    """
    walk = plan(load())
    crossval = _json(CROSSVAL, OutOfFold, "crossval")
    timed = timings()
    require(PASSED, "audit")
    analytics = _json(ANALYTICS / SUMMARY_FILE, Summary, "audit")
    # A group that is left out has a name; a part is told as the fold it is.
    named = {one.fold: one.name for one in analytics.folds if one.name.startswith("fold ")}
    return Evidence(
        out_of_fold=crossval.out_of_fold,
        n=crossval.n,
        spread=crossval.spread if len(crossval.folds) > 1 else None,
        folds=tuple(
            msgspec.structs.replace(fold, name=named.get(fold.number, fold.name))
            for one in walk.ranges
            for fold in _folds(one, crossval.folds)
        ),
        analytics=analytics,
        pictures=cut(ANALYTICS / PICTURES_FILE, analytics.pictures, "audit"),
        sheets=_sheets(walk),
        walk=tuple(Walked(stage, timed.get(stage)) for stage in walk.stages()),
        manifest=bundle.read(),
        verified=_figures(_json(VERIFIED, dict[str, object], "verify")),
    )


def _folds(asked: FoldRange, trained: Sequence[int]) -> Iterator[Fold]:
    """Yield what is told of each of the ``trained`` folds that a fold range asks for."""
    path, stage = CURVES / f"{asked.name}.csv", f"train@{asked.name}"
    if asked.is_single:
        curves: dict[int, tuple[Epoch, ...]] = {asked.first: _rows(path, Epoch, stage)}
    else:
        rows = _rows(path, FoldEpoch, stage)
        curves = {
            fold: tuple(of_fold)
            for fold, of_fold in itertools.groupby(rows, key=lambda row: row.fold)
        }
    for fold in trained:
        if fold in asked:
            yield _fold(fold, EVALUATION / asked.place(fold), curves.get(fold, ()))


def _fold(number: int, folder: Path, epochs: tuple[Epoch, ...]) -> Fold:
    stage = fold_range.stage_of("evaluate", folder, EVALUATION)
    metrics = _json(folder / "metrics.json", FoldMetrics, stage)
    return Fold(
        number=number,
        name=f"fold {number}",
        n=metrics.n,
        left_out=metrics.left_out,
        accuracy=metrics.accuracy,
        macro_f1=metrics.macro_f1,
        loss=metrics.loss,
        classes=_rows(folder / "per_class.csv", ClassScore, stage),
        confusion=_confusion(folder / "confusion.csv", stage),
        losses=_losses(folder, stage),
        epochs=epochs,
    )


def _losses(folder: Path, stage: str) -> tuple[Loss, ...]:
    rows = _rows(folder / "top_losses.csv", TopLoss, stage)
    return tuple(
        Loss(
            row.id,
            row.label,
            row.predicted,
            row.probability,
            row.loss,
            embed(folder / row.file, stage).uri,
        )
        for row in rows
    )


def _confusion(path: Path, stage: str) -> Confusion:
    table = _table(path, stage)
    classes = tuple(table.columns[1:])
    if tuple(table.iloc[:, 0]) != classes:
        raise StoreError(
            f"{path}: its rows and columns are different classes; run `dvc repro -f {stage}`"
        )
    try:
        counts = table.iloc[:, 1:].to_numpy(str).astype(np.int64)
    except ValueError as error:
        raise StoreError(
            f"{path}: whole numbers were expected ({error}); run `dvc repro -f {stage}`"
        ) from None
    return Confusion(classes, counts)


def _sheets(walk: Plan) -> tuple[Sheet, ...]:
    return tuple(_sheet(name, step) for name, step in walk.steps.items())


def _sheet(name: str, step: Step) -> Sheet:
    stage = f"process@{name}"
    layout = _json(SHEETS / f"{name}.json", Layout, stage)
    picture = embed(SHEETS / f"{name}.png", stage)
    return Sheet(layout, picture.uri, picture.width, picture.height, step.operations)


def _json(path: Path, kind: type[T], stage: str) -> T:
    """Return the file as ``kind``, or say which stage makes it anew."""
    try:
        return msgspec.json.decode(require(path, stage).read_bytes(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreError(
            f"{path}: not what the stage writes ({error}); run `dvc repro -f {stage}`"
        ) from None


def _table(path: Path, stage: str) -> pd.DataFrame:
    """Return a CSV as text: a class called ``007`` or ``NA`` keeps its name."""
    try:
        return pd.read_csv(require(path, stage), dtype=str, keep_default_na=False)
    except (ValueError, UnicodeDecodeError) as error:
        raise StoreError(
            f"{path}: not readable as CSV ({error}); run `dvc repro -f {stage}`"
        ) from None


def _rows(path: Path, kind: type[Row], stage: str) -> tuple[Row, ...]:
    """Return the rows of a CSV as ``kind``; columns that it does not know are passed over."""
    table = _table(path, stage).replace("", "nan")
    lacking = [name for name in kind.__struct_fields__ if name not in table]
    if lacking:
        raise StoreError(f"{path}: no column '{lacking[0]}'; run `dvc repro -f {stage}`")
    try:
        return tuple(msgspec.convert(row, kind, strict=False) for row in table.to_dict("records"))
    except msgspec.ValidationError as error:
        raise StoreError(f"{path}: {error}; run `dvc repro -f {stage}`") from None


def _figures(values: dict[str, object], trail: str = "") -> tuple[Figure, ...]:
    """Return nested JSON as a flat list: ``pixels.worst_share``, ``0.00016``."""
    found: list[Figure] = []
    for key, value in values.items():
        if isinstance(value, dict):
            found += _figures(value, f"{trail}{key}.")
        else:
            shown = (
                f"{value:,}"
                if isinstance(value, int)
                else f"{value:.2g}"
                if isinstance(value, float)
                else str(value)
            )
            found.append(Figure(f"{trail}{key}", shown))
    return tuple(found)
