"""A tiny walk up to a bundle: raw files of many sizes, tensors, weights, predictions, bundle.

The weights are drawn, not trained: what is served must equal them all the same.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from Datasets import predictions, scaler, splits, store
from Datasets.files import sha256_of
from Datasets.image import encode_png
from Datasets.index import Row, table_of
from Datasets.layout import NOWHERE
from Datasets.params import load
from Datasets.predictions import PREDICTIONS
from Datasets.preprocess import Preprocess
from Datasets.recipe import FixedOp, Letterbox, Recipe
from Datasets.sample import NO_BOXES, Sample
from Datasets.scaler import SCALERS, Affine, ChannelMatrix, StandardImage
from Datasets.shards import ShardWriter
from Datasets.splits import SPLITS
from Datasets.tensors import TENSORS, Tensors
from Models import checkpoint
from Models.checkpoint import WEIGHTS, Trained
from Models.evaluate import predict
from Models.export import export
from Models.module import Parts, build
from Models.networks.network import InputShape
from Models.part import part_of

CLASSES = ("cross", "disc", "ring")
SIDE = 24
SAMPLES = 36
RAW = Path("raw/shapes")
PARAMS = """\
seed: 7
datasets: {shapes: {format: coco, path: raw/shapes}}
decode: {colour: rgb}
split: {from: [shapes], scheme: samples, n_folds: 3}
copies: 0
preprocess: {crop: {from: source, ops: [{letterbox: {height: 24, width: 24}}]}}
stack: {from: crop}
scale: {ops: [{standard: {per: image}}]}
train:
  folds: [1, 2]
  model: e001_small_cnn
  epochs: 3
  batch: 8
  threads: 1
  model_arguments: {base: 8}
export: {fold: 1}
"""
FOLD = 1


def write(ops: tuple[FixedOp, ...] = (Letterbox(height=SIDE, width=SIDE, fill=9),)) -> None:
    """Write the whole walk into the working folder."""
    Path("params.yaml").write_text(PARAMS)
    _write_tensors(ops)
    _write_folds()
    tensors = Tensors()
    _write_weights(InputShape(*tensors.shape, tensors.dtype.name))
    write_predictions()
    export(load(), str(FOLD))


def name_of(number: int) -> str:
    """Return the path of a raw file below its data set."""
    return f"images/{number:02d}.png"


def draw(number: int) -> np.ndarray:
    """Return an image (H, W, 3) uint8 of a size of its own: a shape on a grainy ground."""
    rng = np.random.default_rng(number)
    height, width = (int(side) for side in rng.integers(20, 90, 2))
    y, x = np.mgrid[:height, :width]
    far = np.hypot(y - height / 2, x - width / 2) / min(height, width)
    shape = (np.abs(y - height / 2) < 4, far < 0.3, np.abs(far - 0.3) < 0.1)[number % 3]
    grain = rng.normal(120, 30, (height, width, 3)) + 70 * shape[:, :, None]
    return np.clip(grain, 0, 255).astype(np.uint8)


def write_predictions() -> None:
    """Write what the weights say of the test part, as ``evaluate`` does."""
    folder = PREDICTIONS / str(FOLD)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = Tensors()
    module = checkpoint.read(WEIGHTS / str(FOLD), scaler.read(SCALERS / str(FOLD)))
    part = part_of(tensors, splits.read(), "test", FOLD)
    predictions.write(folder, predict(module, tensors, part, torch.device("cpu")))


def _write_tensors(ops: tuple[FixedOp, ...]) -> None:
    TENSORS.mkdir(parents=True)
    (RAW / "images").mkdir(parents=True)
    shard, preprocess = ShardWriter(TENSORS, 0), Preprocess(ops)
    for number in range(SAMPLES):
        pixels = draw(number)
        content = encode_png(pixels)
        (RAW / name_of(number)).write_bytes(content)
        row = _row(number, sha256_of(content))
        tensor = preprocess(torch.from_numpy(pixels))[0].numpy()
        shard.add(row, Sample(row.id, 0, tensor, None, NO_BOXES))
    store.write_index(
        TENSORS, table_of(shard.close()), store.About(0, 0, CLASSES), Recipe("rgb", ops)
    )


def _row(number: int, sha256: str) -> Row:
    return Row(
        id=f"shapes/{name_of(number)}",
        parent=f"shapes/{name_of(number)}",
        tile=(),
        copy=0,
        shard=0,
        image_offset=NOWHERE,
        height=0,
        width=0,
        channels=3,
        dtype="uint8",
        image_hash="",
        mask_offset=NOWHERE,
        mask_hash="",
        dataset="shapes",
        files=(name_of(number),),
        is_embedded=False,
        sha256=sha256,
        window=(),
        window_hash="",
        raw_mask=None,
        raw_mask_hash="",
        raw_nodata=None,
        raw_channels=3,
        raw_dtype="uint8",
        group=None,
        labels=(CLASSES[number % 3],),
        count_names=(),
        count_values=(),
        box_names=(),
        box_corners=(),
        box_annotations=(),
        has_labels=True,
        has_counts=False,
        has_boxes=False,
        has_mask=False,
    )


def _write_folds() -> None:
    SPLITS.mkdir(parents=True)
    ids = [f"shapes/{name_of(number)}" for number in range(SAMPLES)]
    folds = [number // 3 % 3 for number in range(SAMPLES)]
    about = splits.About(3, "samples")
    splits.write(SPLITS, about, pd.DataFrame({"id": ids, "fold": folds}))


def _write_weights(shape: InputShape) -> None:
    rng = np.random.default_rng(0)
    maps = (
        ChannelMatrix(rng.random(3, np.float32), np.eye(3, dtype=np.float32) + 0.1),
        Affine(rng.random(3, np.float32), 1 + rng.random(3, np.float32)),
        StandardImage(),
    )
    (SCALERS / str(FOLD)).mkdir(parents=True)
    scaler.write(SCALERS / str(FOLD), maps)
    parts = Parts("e001_small_cnn", {"base": 8}, "supervised", {}, CLASSES, shape)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        module = build(parts, maps)
        module.framework.head.weight.data *= 8  # answers that are sure enough to be told apart
    (WEIGHTS / str(FOLD)).mkdir(parents=True)
    learned = dict(module.learned())
    checkpoint.write(WEIGHTS / str(FOLD), Trained(parts, FOLD, 3, 2, {}), learned, learned)
