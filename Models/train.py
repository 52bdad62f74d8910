"""Train one fold: ``python -m Models train 0``."""

import argparse
import time
from pathlib import Path

import msgspec
import pandas as pd
import torch

from Datasets import compute, scaler, splits
from Datasets.files import new_folder, write_bytes, write_json
from Datasets.params import load
from Datasets.randomness import seed_for
from Datasets.scaler import SCALERS
from Datasets.splits import SPLITS
from Datasets.stage import require, running
from Datasets.tensors import TENSORS, Tensors
from Models import checkpoint, log
from Models.batches import Batches, part_of, require_all_classes
from Models.callbacks import Bar, BestWeights
from Models.checkpoint import WEIGHTS, Trained
from Models.isolation import device_of, isolated
from Models.learner import Conditions, EpochFigures, Learner
from Models.loading import source_of
from Models.module import Parts, build
from Models.networks.network import InputShape, Network, Optimiser
from Models.orders import Ordering
from Models.params import Train, read_train

CURVES = Path("Models/curves")
METRICS = Path("Models/metrics/folds")


class FoldMetrics(msgspec.Struct, frozen=True):
    """Models/metrics/folds/<fold>.json. Rows count copies; ``left_out`` counts samples."""

    fold: int
    train_rows: int
    validation_samples: int
    left_out: int
    epochs: int
    best_epoch: int
    train_loss: float
    validation_loss: float
    validation_accuracy: float


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the fold."""
    parser.add_argument("fold", type=int, help="the fold whose part is kept for testing")


def run(arguments: argparse.Namespace) -> None:
    """Train the fold and write its weights, metrics and curves."""
    fold: int = arguments.fold
    with running(f"train@{fold}") as stage:
        params = load()
        train = read_train(params)
        device = device_of(compute.load().device)
        conditions = Conditions(params.section("seed", int), train.threads, device)
        started = time.perf_counter()
        metrics = train_fold(fold, train, conditions)
        weights = checkpoint.read_about(WEIGHTS / str(fold)).weights[checkpoint.file_name("best")]
        log.append(_logged(metrics, train, conditions, time.perf_counter() - started, weights))
        stage.summary = _summary(metrics, train)


def train_fold(fold: int, train: Train, conditions: Conditions) -> FoldMetrics:
    """Train the fold, write weights, curves and metrics, and return the metrics."""
    tensors = Tensors(require(TENSORS, "stack"))
    classes = tensors.store.about.classes
    batches = _batches(tensors, fold, train, conditions)
    require_all_classes(batches.train, classes, fold)
    parts = Parts(
        train.model,
        train.network_arguments(),
        train.framework,
        train.framework_arguments(),
        classes,
        InputShape(*tensors.shape, tensors.dtype.name),
    )
    with isolated(seed_for(conditions.seed, "initialise"), train.threads):
        module = build(parts, scaler.read(SCALERS / str(fold)))
    best = BestWeights()
    learner = Learner(batches, module, [best, Bar(f"train@{fold}")], conditions)
    history = learner.fit_one_cycle(train.epochs, peak(train, module.network), train.warmup)
    chosen = best.figures or history[-1]
    with new_folder(WEIGHTS / str(fold)) as folder:
        trained = Trained(parts, fold, train.epochs, chosen.epoch, {})
        checkpoint.write(folder, trained, best.weights, dict(module.learned()))
    _write_curves(CURVES / f"{fold}.csv", history)
    metrics = FoldMetrics(
        fold=fold,
        train_rows=len(batches.train.rows),
        validation_samples=len(batches.validation.rows),
        left_out=batches.train.left_out + batches.validation.left_out,
        epochs=train.epochs,
        best_epoch=chosen.epoch,
        train_loss=chosen.train_loss,
        validation_loss=chosen.validation_loss,
        validation_accuracy=chosen.validation_accuracy,
    )
    write_json(METRICS / f"{fold}.json", metrics)
    return metrics


def peak(train: Train, network: Network) -> Optimiser:
    """Return the optimiser's settings: what params.yaml says, else what the network likes."""
    own = network.optimiser
    return Optimiser(
        own.learning_rate if train.learning_rate == "auto" else train.learning_rate,
        own.weight_decay if train.weight_decay == "auto" else train.weight_decay,
    )


def _batches(tensors: Tensors, fold: int, train: Train, conditions: Conditions) -> Batches:
    folds = splits.read(require(SPLITS, "split"))
    training = part_of(tensors, folds, "train", fold)
    validation = part_of(tensors, folds, "validation", fold)
    source = source_of(tensors, conditions.device, resident=compute.load().resident)
    order = Ordering(train.order, train.block)
    return Batches(tensors, training, validation, train.batch, conditions.seed, order, source)


def _write_curves(path: Path, history: list[EpochFigures]) -> None:
    table = pd.DataFrame([msgspec.structs.asdict(figures) for figures in history])
    write_bytes(path, table.to_csv(index=False).encode())


def _summary(metrics: FoldMetrics, train: Train) -> str:
    left_out = (
        f", {metrics.left_out} samples without a single label left out" if metrics.left_out else ""
    )
    return (
        f"{train.model} on {metrics.train_rows:,} rows for {metrics.epochs} epochs{left_out}, "
        f"validation accuracy {metrics.validation_accuracy:.3f} in epoch {metrics.best_epoch}"
    )


def _logged(
    metrics: FoldMetrics, train: Train, conditions: Conditions, seconds: float, weights: str
) -> log.Run:
    named = ("epochs", "batch", "learning_rate", "weight_decay", "warmup", "threads")
    parameters = {"seed": conditions.seed, **{name: getattr(train, name) for name in named}}
    parameters.update(
        {f"networks.{train.model}.{k}": v for k, v in train.network_arguments().items()}
    )
    parameters.update(
        {f"frameworks.{train.framework}.{k}": v for k, v in train.framework_arguments().items()}
    )
    device = conditions.device
    return log.Run(
        stage=f"train@{metrics.fold}",
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
        weights=weights,
    )
