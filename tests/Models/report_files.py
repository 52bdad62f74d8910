"""The files of a finished walk, made up: what the report reads, written as its stages write it."""

import csv
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from Datasets import bundle
from Datasets.analytics import (
    ANALYTICS,
    PICTURES_FILE,
    SUMMARY_FILE,
    BoxKind,
    ClassCount,
    Drift,
    Finding,
    FoldCount,
    Histogram,
    Missing,
    Picture,
    PixelKind,
    Range,
    SizeCount,
    Summary,
    Together,
    Tone,
)
from Datasets.files import write_json
from Datasets.stage import STATE, Timing

PARAMS = """\
seed: 42
datasets: {{digits: {{format: coco, path: Datasets/raw/digits}}}}
demo: {{digits: {{images: 1200}}}}
split: {{from: [digits], scheme: stratified, n_folds: 5, holdout: 0.0}}
copies: 2
preprocess:
  crop: {{from: distort, ops: [{{letterbox: {{height: 64, width: 64}}}}]}}
  unused: {{from: source, ops: []}}
  distort: {{from: source, ops: [{{GaussNoise: {{p: 0.5}}}}, {{Affine: {{p: 1.0}}}}]}}
stack: {{from: crop}}
train: {{folds: [{folds}], framework: supervised, model: e001_small_cnn}}
export: {{fold: 0}}
"""
COLUMNS = ("before", "copy 0", "copy 1", "copy 2")
DIGITS = tuple("0123456789")
TESTED = 240
ACCURACY = {"value": 0.975, "low": 0.954, "high": 0.992}


def write_walk(
    folds: Sequence[int] = (0,), classes: Sequence[str] = DIGITS, dataset: str = "digits"
) -> None:
    """Write all inputs of the report into the working directory."""
    Path("params.yaml").write_text(PARAMS.format(folds=", ".join(map(str, folds))))
    write_analytics(classes, dataset)
    for step, before in (("distort", "source"), ("crop", "distort")):
        write_sheet(step, before, classes[-1])
    for fold in folds:
        write_evaluation(str(fold), classes)
        write_curve(fold)
    joined = {"folds": list(folds), "n": TESTED * len(folds), "accuracy": 0.975, "spread": 0.006}
    write_json(Path("Models/metrics/crossval.json"), {**joined, "out_of_fold": ACCURACY})
    write_bundle(classes)
    write_timing("split", 0.41, "1,200 samples in 5 folds")
    write_timing("train@0", 64.2, "30 epochs of 2,160 rows, best 28")


def write_timing(stage: str, seconds: float, summary: str) -> None:
    """Write how long a stage took."""
    write_json(STATE / "timings" / f"{stage}.json", Timing(stage, seconds, summary))


def write_analytics(classes: Sequence[str], dataset: str) -> None:
    """Write what ``audit`` leaves."""
    write_json(
        Path("Datasets/audit/passed.json"), {"inputs": {"Datasets/splits/folds.parquet": "0" * 64}}
    )
    write_json(ANALYTICS / SUMMARY_FILE, summary_of(classes, dataset))
    sheet = Image.new("RGB", (280, 144), (118, 116, 112))
    sheet.save(ANALYTICS / PICTURES_FILE)


def summary_of(classes: Sequence[str], dataset: str) -> Summary:
    """Return analytics with a bit of everything."""
    width, height, one = Range(48, 96.5, 160), Range(48, 97, 160), Range(1, 1, 1)
    counts = [114 + 3 * i for i in range(len(classes))]
    return Summary(
        samples=1200,
        datasets={dataset: 1200},
        folds=tuple(FoldCount(k, f"fold {k}", TESTED) for k in range(5)),
        groups=0,
        classes=tuple(ClassCount(name, n, n, n) for name, n in zip(classes, counts, strict=True)),
        together=(Together(classes[0], classes[-1], 7),),
        width=width,
        height=height,
        sizes=(SizeCount(64, 48, 17),),
        distinct_sizes=900,
        kinds=(PixelKind(3, "uint8", 1200),),
        tones=(Tone("uint8", (width,) * 3, Histogram((0.0, 0.5, 1.0), (3, 1197)), one),),
        boxes_per_sample=one,
        boxes=tuple(BoxKind(name, width, height, one) for name in classes),
        box_sides=Histogram((16.0, 32.0, 64.0), (400, 800)),
        box_places=((1, 2), (3, 1194)),
        missing=(Missing("age", 81),),
        drift=(Drift("brightness", 2, "KS", 0.31, 0.0004),),
        tests=50,
        untested=1,
        warnings=(),
        duplicates_within_folds=0,
        alike_within_folds=0,
        disputed=0,
        unlabelled=0,
        findings=(Finding("Nearly black images", "1 image", 1, (f"{dataset}/a <b>.png",)),),
        pictures=(Picture(f"{dataset}/a <b>.png", 8, 8, 128, 96, "7 <i>"),),
    )


def write_sheet(step: str, before: str, name: str) -> None:
    """Write a contact sheet of two samples, a box on each thumbnail."""
    sheet = Image.new("RGB", (8 + 4 * 136, 8 + 2 * 136), (118, 116, 112))
    cells = []
    for row in range(2):
        for column in range(len(COLUMNS)):
            x, y = 8 + 136 * column, 8 + 136 * row
            sheet.paste(
                Image.new("RGB", (128, 96), (230 - 30 * column, 220, 190 + 20 * row)), (x, y + 16)
            )
            box = {"name": name, "x": x + 32, "y": y + 40, "width": 40, "height": 48}
            place = {"sample": f"digits/images/{row:04}.png", "column": column, "x": x, "y": y + 16}
            cells.append({**place, "width": 128, "height": 96, "boxes": [box]})
    Path("Datasets/sheets").mkdir(parents=True, exist_ok=True)
    sheet.save(f"Datasets/sheets/{step}.png")
    content = {"step": step, "before": before, "columns": COLUMNS, "cells": cells}
    write_json(Path(f"Datasets/sheets/{step}.json"), content)


def write_range(entry: str, folds: Sequence[int], epochs: int = 3) -> None:
    """Let a fold range of several, ``entry``, stand in place of the folds that were written."""
    text = PARAMS.format(folds=entry).replace("fold: 0", f"fold: {entry}/{folds[0]}")
    Path("params.yaml").write_text(text)
    curves: list[str] = []
    for fold in folds:
        write_evaluation(f"{entry}/{fold}", DIGITS, 0.5 + fold / 100)
        write_curve(fold, epochs)
        lines = Path(f"Models/curves/{fold}.csv").read_text().splitlines()
        curves += [f"fold,{lines[0]}"] * (not curves) + [f"{fold},{line}" for line in lines[1:]]
    Path(f"Models/curves/{entry}.csv").write_text("\n".join(curves) + "\n")
    joined = {"folds": list(folds), "n": TESTED * len(folds), "accuracy": 0.975, "spread": 0.006}
    write_json(Path("Models/metrics/crossval.json"), {**joined, "out_of_fold": ACCURACY})


def write_evaluation(place: str, classes: Sequence[str], share: float = 0.975) -> None:
    """Write what ``evaluate`` leaves of a fold; six images of class 1 were taken for class 2."""
    folder = Path(f"Models/evaluation/{place}")
    fold = int(place.rpartition("/")[2])
    (folder / "top_losses").mkdir(parents=True, exist_ok=True)
    metrics = {"fold": fold, "n": TESTED, "left_out": 0, "macro_f1": 0.974, "loss": 0.08}
    write_json(folder / "metrics.json", {**metrics, "accuracy": {**ACCURACY, "value": share}})
    counts = np.diag(np.full(len(classes), TESTED // len(classes)))
    counts[1, 1], counts[1, 2] = counts[1, 1] - 6, 6
    write_csv(
        folder / "confusion.csv",
        ["label", *classes],
        [[c, *row] for c, row in zip(classes, counts.tolist(), strict=True)],
    )
    hits, predicted, true = counts.diagonal(), counts.sum(0), counts.sum(1)
    scores = zip(
        classes, hits / predicted, hits / true, 2 * hits / (predicted + true), true, strict=True
    )
    write_csv(
        folder / "per_class.csv",
        ["label", "precision", "recall", "f1", "support"],
        [list(s) for s in scores],
    )
    rows = []
    for i in range(12):
        picture = Image.new("RGB", (64, 64), (40 + 15 * i, 90, 200 - 12 * i))
        picture.save(folder / "top_losses" / f"{i:02}.png")
        label, answer = classes[1], classes[2] if i < 6 else classes[1]
        rows.append(
            [
                f"digits/images/{i:04}.png",
                label,
                answer,
                0.9 - 0.04 * i,
                4 / (i + 1),
                f"top_losses/{i:02}.png",
            ]
        )
    write_csv(
        folder / "top_losses.csv", ["id", "label", "predicted", "probability", "loss", "file"], rows
    )


def write_curve(fold: int, epochs: int = 30) -> None:
    """Write the training curves of a fold."""
    names = ["epoch", "train_loss", "validation_loss", "validation_accuracy", "learning_rate"]
    rows = [
        [
            e,
            0.05 + 2.2 * 0.8**e,
            0.09 + 2.3 * 0.82**e,
            0.98 - 0.85 * 0.75**e,
            0.01 * (1 - e / epochs),
        ]
        for e in range(epochs)
    ]
    write_csv(Path(f"Models/curves/{fold}.csv"), names, rows)


def write_bundle(classes: Sequence[str]) -> None:
    """Write a bundle of one small file, and what ``verify`` says of it."""
    folder = bundle.BUNDLE
    folder.mkdir(parents=True, exist_ok=True)
    (folder / bundle.MODEL_FILE).write_bytes(b"graph")
    manifest = bundle.Manifest(
        classes=tuple(classes),
        input=bundle.Input("rgb", "uint8", 64, 64, 3, 3, "uint8"),
        network="e001_small_cnn",
        framework="supervised",
        fold=0,
        parameters={
            "copies": "2",
            "scale": msgspec.json.encode({"ops": [{"standard": {"per": "image"}}]}).decode(),
        },
        data={"Datasets/tensors/index.parquet": "a" * 64},
        files={},
    )
    bundle.write(folder, manifest)
    write_json(
        Path("Datasets/verified.json"),
        {"pixels": {"samples": TESTED, "worst_share": 0.00016}, "answers": 240},
    )


def write_csv(path: Path, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows])
