"""Train folds: ``python -m Models train 0``, or ``0-29``, or ``all``."""

import argparse
import time
from pathlib import Path

import msgspec
import pandas as pd
import torch
from lightning.pytorch import Callback

from Datasets import compute, fold_range, scaler, splits
from Datasets.files import new_folder, write_bytes, write_json
from Datasets.fold_range import FoldRange, Place
from Datasets.params import load
from Datasets.randomness import seed_for
from Datasets.scaler import SCALERS
from Datasets.splits import SPLITS, Folds
from Datasets.stage import require, running
from Datasets.tensors import TENSORS, Tensors
from Datasets.terminal import counted
from Models import checkpoint, log, scoring
from Models.batches import Batches
from Models.callbacks import Bar, BestWeights
from Models.checkpoint import WEIGHTS, Trained
from Models.course import Course
from Models.isolation import device_of, isolated
from Models.learner import Conditions, Learner
from Models.loading import Source, source_of
from Models.module import Module, Parts, build
from Models.neighbours import Neighbours
from Models.networks.network import InputShape, Optimiser
from Models.orders import Ordering
from Models.params import Train, read_train
from Models.part import NOBODY, ids_of, part_of, unlabelled_of
from Models.task import EpochFigures
from Models.trainable import trainable

CURVES = Path("Models/curves")
METRICS = Path("Models/metrics/folds")


class FoldMetrics(msgspec.Struct, frozen=True):
    """What is said of a fold's training. Rows count copies; ``left_out`` counts samples.

    ``unlabelled_rows`` are those that were learned from without a label; they are not left out.
    Models/metrics/folds/<fold range>.json holds those of its fold, or of each by its number.
    """

    fold: int
    train_rows: int
    validation_samples: int
    left_out: int
    epochs: int
    best_epoch: int
    train_loss: float
    validation_loss: float
    validation_accuracy: float
    unlabelled_rows: int = 0


class Outcome(msgspec.Struct, frozen=True):
    """What came of training one fold; ``weights`` is the sha256 of the best."""

    metrics: FoldMetrics
    history: tuple[EpochFigures, ...]
    weights: str


class Ground(msgspec.Struct, frozen=True):
    """What every fold of a fold range is trained with, loaded once."""

    train: Train
    conditions: Conditions
    tensors: Tensors
    folds: Folds
    source: Source


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
    with running(f"train@{asked.name}") as stage:
        params, settings = load(), compute.load()
        train, device = read_train(params), device_of(settings.device)
        conditions = Conditions(params.section("seed", int), train.threads, device)
        tensors = Tensors(require(TENSORS, "stack"))
        source = source_of(tensors, device, resident=settings.resident)
        folds = splits.read(require(SPLITS, "split"))
        outcomes = train_range(asked, Ground(train, conditions, tensors, folds, source))
        write_bytes(CURVES / f"{asked.name}.csv", _curves(asked, outcomes))
        write_json(METRICS / f"{asked.name}.json", _metrics(asked, outcomes))
        stage.summary = _summary(asked, [outcome.metrics for outcome in outcomes], train)


def train_range(asked: FoldRange, ground: Ground) -> list[Outcome]:
    """Train the folds, write their weights, log each run, and return what came of each.

    Raises:
        StoreError: a fold does not exist, or cannot be trained; then none is.
    """
    every = trainable(asked, ground.tensors, ground.folds)
    outcomes = []
    with new_folder(WEIGHTS / asked.name) as own:
        for number, fold in enumerate(every, 1):
            started = time.perf_counter()
            of = "" if asked.is_single else f", fold {fold} ({number} of {len(every)})"
            with asked.naming(fold):
                bar = Bar(f"train@{asked.name}{of}")
                outcome = train_fold(Place(asked, fold), ground, asked.folder(own, fold), bar)
            seconds = time.perf_counter() - started
            log.append(_logged(f"train@{asked.place(fold)}", outcome, ground, seconds))
            outcomes.append(outcome)
    return outcomes


def train_fold(place: Place, ground: Ground, folder: Path, bar: Bar) -> Outcome:
    """Train one fold, write its weights into an existing ``folder``, return what came of it."""
    tensors, train, conditions = ground.tensors, ground.train, ground.conditions
    batches = _batches(ground, place.fold)
    parts = Parts(
        train.model,
        train.network_arguments(),
        train.framework,
        train.framework_arguments(),
        tensors.store.about.classes,
        InputShape(*tensors.shape, tensors.dtype.name),
    )
    with isolated(seed_for(conditions.seed, "initialise"), train.threads):
        module = build(parts, scaler.read(SCALERS / str(place)))
    best = BestWeights()
    callbacks: list[Callback] = [best, bar]
    if module.framework.neighbours:
        callbacks.insert(0, Neighbours(batches, module.framework.neighbours))
    learner = Learner(batches, module, callbacks, conditions)
    history = learner.fit(course(train, module))
    chosen = best.figures or history[-1]
    trained = Trained(parts, place.fold, train.epochs, chosen.epoch, {})
    whole = checkpoint.write(folder, trained, best.weights, best.last)
    beside = batches.unlabelled if learner.batches.has_unlabelled else NOBODY
    left_out = batches.train.left_out + batches.validation.left_out
    metrics = FoldMetrics(
        fold=place.fold,
        train_rows=len(batches.train.rows),
        validation_samples=len(batches.validation.rows),
        left_out=left_out - ids_of(tensors, beside)["id"].nunique(),
        epochs=train.epochs,
        best_epoch=chosen.epoch,
        train_loss=chosen.train_loss,
        validation_loss=chosen.validation_loss,
        validation_accuracy=chosen.validation_accuracy,
        unlabelled_rows=len(beside),
    )
    return Outcome(metrics, tuple(history), whole.weights[checkpoint.file_name("best")])


def course(train: Train, module: Module) -> Course:
    """Return how training goes: as params.yaml says, else as framework and network like it."""
    framework = module.framework
    own = framework.optimiser or module.network.optimiser
    peak = Optimiser(
        own.learning_rate if train.learning_rate == "auto" else train.learning_rate,
        own.weight_decay if train.weight_decay == "auto" else train.weight_decay,
        own.algorithm if train.optimiser == "auto" else train.optimiser,
        own.momentum,
    )
    schedule = framework.schedule if train.schedule == "auto" else train.schedule
    ema = framework.ema if train.ema == "auto" else train.ema
    warmup = framework.warmup if train.warmup == "auto" else train.warmup
    return Course(train.epochs, peak, warmup, schedule, ema)


def _batches(ground: Ground, fold: int) -> Batches:
    train, tensors = ground.train, ground.tensors
    training = part_of(tensors, ground.folds, "train", fold)
    validation = part_of(tensors, ground.folds, "validation", fold)
    order = Ordering(train.order, train.block, train.sampling)
    seed = ground.conditions.seed
    beside = unlabelled_of(tensors, ground.folds, fold)
    return Batches(tensors, training, validation, train.batch, seed, order, ground.source, beside)


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
        *("epochs", "batch", "learning_rate", "weight_decay", "optimiser", "schedule", "ema"),
        *("warmup", "threads"),
    )
    parameters = {"seed": conditions.seed, **{name: getattr(train, name) for name in named}}
    parameters.update(
        {f"networks.{train.model}.{k}": v for k, v in train.network_arguments().items()}
    )
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
