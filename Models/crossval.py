"""Join the folds that were trained: ``python -m Models crossval``."""

import argparse
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd

from Datasets import fold_range, predictions, splits
from Datasets.errors import StoreError
from Datasets.files import write_json
from Datasets.params import load
from Datasets.predictions import PREDICTIONS
from Datasets.splits import SPLITS, Folds
from Datasets.stage import require, running
from Models import scoring
from Models.params import read_train
from Models.scoring import Interval

CROSSVAL = Path("Models/metrics/crossval.json")


class FoldScore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fold's test part: how many samples, and the share that is right."""

    fold: int
    n: int
    accuracy: float


class Crossval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Models/metrics/crossval.json.

    ``accuracy`` is the mean of the folds' and ``spread`` their sample standard deviation (0 of
    one fold); ``out_of_fold`` is the share of all ``n`` samples that is right, each judged by the
    model that did not see it, or by several where the folds are of several repetitions.
    """

    folds: tuple[int, ...]
    n: int
    accuracy: float
    spread: float
    out_of_fold: Interval
    per_fold: tuple[FoldScore, ...]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: the folds are those of ``train.folds``."""


def run(arguments: argparse.Namespace) -> None:
    """Join the folds' predictions and write Models/metrics/crossval.json."""
    with running("crossval") as stage:
        params = load()
        ranges = read_train(params).ranges()
        folds = splits.read(require(SPLITS, "split"))
        trained = [fold for one in ranges for fold in one.folds(folds.about.every)]
        lying = fold_range.places(ranges, trained)
        tables = {fold: predictions.read(PREDICTIONS / lying[fold]) for fold in sorted(trained)}
        joined = join(tables, folds, params.section("seed", int))
        write_json(CROSSVAL, joined)
        sure = joined.out_of_fold
        count = len(joined.folds)
        named = "1 fold" if count == 1 else f"{count} folds"
        stage.summary = f"out-of-fold accuracy {sure} over {joined.n:,} samples of {named}"


def join(tables: dict[int, pd.DataFrame], folds: Folds, seed: int) -> Crossval:
    """Return the joint figures of the folds' predictions.

    Raises:
        StoreError: a prediction is of a sample that is not in that fold's test part now.
    """
    for fold, table in tables.items():
        foreign = table["id"][~folds.part(table["parent"], "test", fold)]
        if len(foreign) or table["id"].duplicated().any():
            raise StoreError(
                f"the predictions of fold {fold} are of other folds than Datasets/splits holds now "
                f"({len(foreign)} samples, first {foreign.min()}); run `dvc repro evaluate`"
            )
    scores = tuple(
        FoldScore(fold, len(table), float((table["label"] == table["predicted"]).mean()))
        for fold, table in tables.items()
    )
    every = pd.concat(tables.values(), ignore_index=True)
    right = (every["label"] == every["predicted"]).astype(float)
    of_sample = right.groupby(every["id"], sort=False).mean().to_numpy()
    shares = [score.accuracy for score in scores]
    return Crossval(
        folds=tuple(tables),
        n=len(of_sample),
        accuracy=float(np.mean(shares)),
        spread=float(np.std(shares, ddof=1)) if len(shares) > 1 else 0.0,
        out_of_fold=scoring.mean(of_sample, seed),
        per_fold=scores,
    )


def read(path: Path = CROSSVAL) -> Crossval:
    """Return the joint figures.

    Raises:
        StoreError: there are none.
    """
    return msgspec.json.decode(require(path, "crossval").read_bytes(), type=Crossval)
