"""Test the best weights of folds on their test parts: ``python -m Models evaluate 0``, or all."""

import argparse
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import torch

from Datasets import compute, fold_range, predictions, scaler, splits
from Datasets.files import new_folder, write_json
from Datasets.fold_range import FoldRange, stage_of
from Datasets.image import encode_png
from Datasets.params import load
from Datasets.predictions import PREDICTIONS
from Datasets.scaler import SCALERS
from Datasets.splits import SPLITS, Folds
from Datasets.stage import require, running
from Datasets.tensors import TENSORS, Tensors
from Datasets.terminal import progress
from Models import checkpoint, scoring
from Models.checkpoint import WEIGHTS
from Models.isolation import device_of, isolated
from Models.loaders import in_order
from Models.loading import Mapped
from Models.module import Module
from Models.params import read_train
from Models.part import Part, ids_of, part_of
from Models.scoring import Interval

EVALUATION = Path("Models/evaluation")
METRICS_FILE = "metrics.json"
PER_CLASS_FILE = "per_class.csv"
CONFUSION_FILE = "confusion.csv"
TOP_LOSSES_FILE = "top_losses.csv"
TOP_LOSSES = "top_losses"
SHOWN = 12
"""How many top losses are kept with their images."""


class TestMetrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """metrics.json: ``n`` samples tested, ``left_out`` without a single label, the mean loss."""

    __test__ = False  # a name that pytest would collect

    fold: int
    n: int
    left_out: int
    accuracy: Interval
    macro_f1: float
    loss: float


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the fold range."""
    parser.add_argument(
        "folds", type=fold_range.parse, help="the folds whose weights are tested: 3, 0-29 or all"
    )


def run(arguments: argparse.Namespace) -> None:
    """Test the folds and write their predictions, metrics and top losses."""
    asked: FoldRange = arguments.folds
    with running(f"evaluate@{asked.name}") as stage:
        params = load()
        seed, threads = params.section("seed", int), read_train(params).threads
        tensors = Tensors(require(TENSORS, "stack"))
        folds = splits.read(require(SPLITS, "split"))
        stage.summary = _summary(asked, evaluate(asked, tensors, folds, seed, threads))


def evaluate(
    asked: FoldRange, tensors: Tensors, folds: Folds, seed: int, threads: int
) -> list[TestMetrics]:
    """Write what the best weights say of each fold's test part; return the metrics.

    Raises:
        StoreError: a fold does not exist, was not trained, or has no labelled sample to test.
    """
    every, name = asked.folds(folds.about.every), asked.name
    device, metrics = device_of(compute.load().device), []
    with new_folder(PREDICTIONS / name) as said, new_folder(EVALUATION / name) as judged:
        for fold in progress(every, len(every), f"evaluate@{name}"):
            with asked.naming(fold):
                place = asked.place(fold)
                module = checkpoint.read(WEIGHTS / place, scaler.read(SCALERS / place))
                part = part_of(tensors, folds, "test", fold)
                with isolated(seed, threads):
                    table = predict(module, tensors, part, device)
                predictions.write(asked.folder(said, fold), table)
                own = asked.folder(judged, fold)
                classes = tensors.store.about.classes
                metrics.append(_metrics(fold, table, classes, part.left_out, seed))
                write_json(own / METRICS_FILE, metrics[-1])
                _write_tables(own, table, classes)
                _write_top_losses(own, table, tensors)
    return metrics


def predict(module: Module, tensors: Tensors, part: Part, device: torch.device) -> pd.DataFrame:
    """Return what ``module`` says of a part's rows, as the columns of ``Datasets.predictions``."""
    module = module.to(device).eval()
    logits, losses, probabilities = [], [], []
    with torch.inference_mode():
        for batch in in_order(tensors, part, Mapped(tensors, device)):
            said = module(batch.images)  # (N, classes)
            logits.append(said.cpu())
            losses.append(module.framework.losses(said, batch.labels).cpu())
            probabilities.append(module.framework.probabilities(said).cpu())
    classes = np.array(tensors.store.about.classes, object)
    shares = torch.cat(probabilities).numpy()
    return pd.DataFrame(
        {
            **ids_of(tensors, part.rows),
            "label": classes[part.labels],
            "predicted": classes[shares.argmax(axis=1)],
            "loss": torch.cat(losses).numpy(),
            "logits": list(torch.cat(logits).numpy()),
            "probabilities": list(shares),
        }
    )


def codes(names: pd.Series, classes: tuple[str, ...]) -> np.ndarray:
    """Return the places of ``names`` among ``classes``, (n,) int64."""
    return pd.Categorical(names, categories=list(classes)).codes.astype(np.int64)


def read_metrics(folder: Path) -> TestMetrics:
    """Return the metrics in ``folder``.

    Raises:
        StoreError: there are none.
    """
    path = require(folder / METRICS_FILE, stage_of("evaluate", folder, EVALUATION))
    return msgspec.json.decode(path.read_bytes(), type=TestMetrics)


def displayed(pixels: np.ndarray) -> np.ndarray:
    """Return an image (H, W, C) of any dtype as uint8 with 1 or 3 channels, for the eye.

    Values beyond uint8 are stretched from their least to their greatest; of 2 channels the first
    is shown, of more than 3 the first three.
    """
    channels = 3 if pixels.shape[2] >= 3 else 1
    visible = pixels[:, :, :channels]
    if visible.dtype == np.uint8:
        return np.ascontiguousarray(visible)
    spread = float(visible.max()) - float(visible.min())
    scaled = (visible.astype(np.float64) - float(visible.min())) * (255.0 / (spread or 1.0))
    return np.rint(scaled).astype(np.uint8)


def _metrics(
    fold: int, table: pd.DataFrame, classes: tuple[str, ...], left_out: int, seed: int
) -> TestMetrics:
    labels, predicted = codes(table["label"], classes), codes(table["predicted"], classes)
    scores = scoring.by_class(scoring.confusion(labels, predicted, len(classes)))
    return TestMetrics(
        fold=fold,
        n=len(table),
        left_out=left_out,
        accuracy=scoring.accuracy(labels, predicted, seed),
        macro_f1=scoring.macro_f1(scores),
        loss=float(table["loss"].astype(np.float64).mean()),
    )


def _write_tables(folder: Path, table: pd.DataFrame, classes: tuple[str, ...]) -> None:
    labels, predicted = codes(table["label"], classes), codes(table["predicted"], classes)
    matrix = scoring.confusion(labels, predicted, len(classes))
    names = pd.Index(classes, name="label")
    scores = pd.DataFrame(msgspec.structs.asdict(scoring.by_class(matrix)), index=names)
    scores.to_csv(folder / PER_CLASS_FILE)
    pd.DataFrame(matrix, index=names, columns=list(classes)).to_csv(folder / CONFUSION_FILE)


def _write_top_losses(folder: Path, table: pd.DataFrame, tensors: Tensors) -> None:
    """Write the samples of the greatest losses, the probability of what was said, their images."""
    top = table.sort_values(["loss", "id"], ascending=[False, True]).head(SHOWN)
    top = top[["id", "label", "predicted", "probabilities", "loss"]].reset_index(drop=True)
    top.insert(3, "probability", [float(np.max(one)) for one in top.pop("probabilities")])
    top["file"] = [f"{TOP_LOSSES}/{number:02d}.png" for number in range(1, len(top) + 1)]
    top.to_csv(folder / TOP_LOSSES_FILE, index=False)
    unchanged = tensors.index[tensors.index["copy"] == 0]
    row_of = pd.Series(unchanged.index, index=unchanged["id"])
    images = tensors.gather(row_of.loc[top["id"]].to_numpy())
    (folder / TOP_LOSSES).mkdir()
    for file, pixels in zip(top["file"], images, strict=True):
        (folder / file).write_bytes(encode_png(displayed(pixels)))


def _summary(asked: FoldRange, every: list[TestMetrics]) -> str:
    n, without = sum(one.n for one in every), sum(one.left_out for one in every)
    left_out = f", {without} without a single label left out" if without else ""
    if asked.is_single:
        return f"accuracy {every[0].accuracy} on {n:,} test samples{left_out}"
    shares = {one.fold: one.accuracy.value for one in every}
    told = scoring.over_folds(shares)
    return f"accuracy {told}, on {n:,} test samples of {len(every)} folds{left_out}"
