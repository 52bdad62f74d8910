"""Train folds: ``python -m Models train 0``, or ``0-29``, or ``all``."""

import argparse
import shutil
import time
from pathlib import Path

import msgspec
import pandas as pd
import torch

from Datasets import compute, fold_range, splits
from Datasets.files import new_folder, write_bytes, write_json
from Datasets.fold_range import FoldRange, Place
from Datasets.interruption import Interruption, interruptible
from Datasets.params import load
from Datasets.splits import SPLITS
from Datasets.stage import require, running
from Datasets.tensors import TENSORS, Tensors
from Datasets.terminal import counted
from Models import finished, log, scoring
from Models.checkpoint import WEIGHTS
from Models.figures import EpochFigures
from Models.fold import FoldMetrics, Ground, Outcome, Training
from Models.isolation import device_of
from Models.key import key_of_ground
from Models.learner import Conditions
from Models.loading import source_of
from Models.params import Train, read_train
from Models.resume import CHECKPOINTS
from Models.trainable import trainable

CURVES = Path("Models/curves")
METRICS = Path("Models/metrics/folds")
WAIT_S = 30.0
"""For a trainer whose DVC has died: it writes a checkpoint before it ends."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the fold range."""
    parser.add_argument(
        "folds",
        type=fold_range.parse,
        help="the folds whose parts are kept for testing: 3, 0-29 or all",
    )


def run(arguments: argparse.Namespace) -> None:
    """Train the folds, one after the other, and write their weights, metrics and curves."""
    asked: FoldRange = arguments.folds
    with running(f"train@{asked.name}", WAIT_S) as stage:
        ground = _ground()
        with interruptible() as asked_to_end:
            outcomes = train_range(asked, ground, asked_to_end)
        write_bytes(CURVES / f"{asked.name}.csv", _curves(asked, outcomes))
        write_json(METRICS / f"{asked.name}.json", _metrics(asked, outcomes))
        shutil.rmtree(CHECKPOINTS / asked.name, ignore_errors=True)
        stage.summary = _summary(asked, [outcome.metrics for outcome in outcomes], ground.train)


def train_range(asked: FoldRange, ground: Ground, asked_to_end: Interruption) -> list[Outcome]:
    """Train the folds, write their weights, log each run, and return what came of each.

    Raises:
        StoreError: a fold does not exist, or cannot be trained; then none is.
        StageError: it was asked to end, or cannot go on.
    """
    every = trainable(asked, ground.tensors, ground.folds)
    outcomes = []
    with new_folder(WEIGHTS / asked.name) as own:
        for number, fold in enumerate(every, 1):
            of = "" if asked.is_single else f", fold {fold} ({number} of {len(every)})"
            with asked.naming(fold):
                place, folder = Place(asked, fold), asked.folder(own, fold)
                outcome = _trained(place, ground, folder, f"train@{asked.name}{of}", asked_to_end)
            outcomes.append(outcome)
    return outcomes


def _trained(
    place: Place, ground: Ground, folder: Path, what: str, asked_to_end: Interruption
) -> Outcome:
    """Return what came of a fold: trained now, or before the stage was broken off."""
    started = time.perf_counter()
    training = Training(place, ground)
    beside = training.checkpoints.folder
    kept = finished.take(beside, folder)
    if kept is not None:
        return kept
    outcome = training.run(folder, what, asked_to_end)
    log.append(_logged(f"train@{place}", outcome, ground, time.perf_counter() - started))
    if not place.fold_range.is_single:
        finished.keep(outcome, folder, beside)
        training.checkpoints.remove()
    return outcome


def _ground() -> Ground:
    params, settings = load(), compute.load()
    train, device = read_train(params), device_of(settings.device)
    conditions = Conditions(params.section("seed", int), train.threads, device)
    tensors = Tensors(require(TENSORS, "stack"))
    source = source_of(tensors, device, resident=settings.resident)
    folds = splits.read(require(SPLITS, "split"))
    key = key_of_ground(train.model, train.framework, conditions, [TENSORS, SPLITS])
    return Ground(train, conditions, tensors, folds, source, key)


def _curves(asked: FoldRange, outcomes: list[Outcome]) -> bytes:
    """Return a row an epoch as CSV, of several folds with the fold before it."""
    rows = [
        ({} if asked.is_single else {"fold": outcome.metrics.fold}) | _row(figures)
        for outcome in outcomes
        for figures in outcome.history
    ]
    return pd.DataFrame(rows).to_csv(index=False).encode()


def _row(figures: EpochFigures) -> dict[str, float]:
    row = msgspec.structs.asdict(figures)
    parts, checks = row.pop("parts"), row.pop("checks")
    return row | {f"train_{name}": value for name, value in parts.items()} | checks


def _metrics(asked: FoldRange, outcomes: list[Outcome]) -> FoldMetrics | dict[str, FoldMetrics]:
    if asked.is_single:
        return outcomes[0].metrics
    return {str(outcome.metrics.fold): outcome.metrics for outcome in outcomes}


def _summary(asked: FoldRange, every: list[FoldMetrics], train: Train) -> str:
    left_out = max(metrics.left_out for metrics in every)
    note = f", {left_out} samples without a single label left out" if left_out else ""
    if asked.is_single:
        (metrics,) = every
        return (
            f"{train.model} on {metrics.train_rows:,} rows{_beside(metrics, train)} for "
            f"{counted(metrics.epochs, 'epoch')}{note}, "
            f"validation accuracy {metrics.validation_accuracy:.3f} in epoch {metrics.best_epoch}"
        )
    shares = {metrics.fold: metrics.validation_accuracy for metrics in every}
    return (
        f"{train.model} on {len(every)} folds for {counted(train.epochs, 'epoch')} each"
        f"{note.replace(', ', ', up to ')}, validation accuracy {scoring.over_folds(shares)}"
    )


def _beside(metrics: FoldMetrics, train: Train) -> str:
    if not metrics.unlabelled_rows:
        return ""
    return f" and {metrics.unlabelled_rows:,} without a label by {train.framework}"


def _logged(stage: str, outcome: Outcome, ground: Ground, seconds: float) -> log.Run:
    metrics, train, conditions = outcome.metrics, ground.train, ground.conditions
    named = (
        *(
            "pretrained",
            "epochs",
            "batch",
            "learning_rate",
            "weight_decay",
            "optimiser",
            "schedule",
            "ema",
        ),
        *("warmup", "threads"),
    )
    parameters = {"seed": conditions.seed, **{name: getattr(train, name) for name in named}}
    parameters.update({f"model_arguments.{k}": v for k, v in train.network_arguments().items()})
    parameters.update(
        {f"frameworks.{train.framework}.{k}": v for k, v in train.framework_arguments().items()}
    )
    device = conditions.device
    return log.Run(
        stage=stage,
        ended=log.now(),
        seconds=round(seconds, 1),
        commit=log.commit(),
        machine=f"{log.machine()}, torch {torch.__version__}",
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        network=train.model,
        framework=train.framework,
        parameters=parameters,
        epochs=metrics.epochs,
        best_epoch=metrics.best_epoch,
        validation_accuracy=metrics.validation_accuracy,
        validation_loss=metrics.validation_loss,
        weights=outcome.weights,
    )
