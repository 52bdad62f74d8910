"""A tiny data set: stripes of three directions on noise, written as the earlier stages write."""

from pathlib import Path

import msgspec
import numpy as np
import pandas as pd

from Datasets import scaler, splits, store
from Datasets.index import Row, table_of
from Datasets.layout import NOWHERE
from Datasets.recipe import Recipe
from Datasets.sample import NO_BOXES, Sample
from Datasets.scaler import SCALERS, StandardImage
from Datasets.shards import ShardWriter
from Datasets.splits import SPLITS
from Datasets.tensors import TENSORS

PARAMS = """\
seed: 7
datasets: {tiny: {format: folders, path: raw}}
demo: {}
preprocess: {}
stack: {from: source}
split: {n_folds: 3}
train:
  folds: [0, 1]
  framework: supervised
  model: e001_small_cnn
  epochs: 3
  batch: 8
  threads: 1
  model_arguments: {base: 4}
export: {fold: 0}
"""


class Tiny(msgspec.Struct, frozen=True):
    """What the data set is like; a test replaces what it is about."""

    samples: int = 36
    side: int = 16
    channels: int = 3
    dtype: str = "uint8"
    copies: int = 1
    classes: tuple[str, ...] = ("across", "along", "aslant")
    unlabelled: int = 0  # this many samples lose their label
    doubled: int = 0  # this many, from the other end, get two
    params: str = PARAMS


def write(tiny: Tiny) -> None:
    """Write params.yaml, tensors, folds and scalers into the working folder."""
    Path("params.yaml").write_text(tiny.params)
    TENSORS.mkdir(parents=True, exist_ok=True)
    rows = []
    shards = {number: ShardWriter(TENSORS, number) for number in (0, 1)}
    for number in range(tiny.samples):
        for copy in range(1 + tiny.copies):
            row = _row(tiny, number)
            image = draw(tiny, number, copy)
            shards[row.shard].add(row, Sample(row.id, copy, image, None, NO_BOXES))
    for shard in shards.values():
        rows += shard.close()
    store.write_index(
        TENSORS, table_of(rows), store.About(1, tiny.copies, tiny.classes), Recipe("rgb", ())
    )
    _write_folds(tiny)


def name_of(number: int) -> str:
    """Return the id of a sample."""
    return f"stripes/{number:03d}.png"


def label_of(tiny: Tiny, number: int) -> str:
    """Return what a sample shows."""
    return tiny.classes[number % len(tiny.classes)]


def draw(tiny: Tiny, number: int, copy: int) -> np.ndarray:
    """Return an image (side, side, channels): stripes whose direction is its class, on noise."""
    rng = np.random.default_rng([number, copy])
    y, x = np.mgrid[: tiny.side, : tiny.side]
    along = {0: y, 1: x, 2: x + y}[number % len(tiny.classes) % 3]
    wave = np.sin(along * 1.6 + rng.uniform(0, 6)) * 60 + 128
    pixels = wave[:, :, None] + rng.normal(0, 15, (tiny.side, tiny.side, tiny.channels))
    whole = np.clip(pixels, 0, 255)
    return whole.astype(tiny.dtype) if tiny.dtype == "uint8" else (whole * 100).astype(tiny.dtype)


def _row(tiny: Tiny, number: int) -> Row:
    labels: tuple[str, ...] = (label_of(tiny, number),)
    if number < tiny.unlabelled:
        labels = ()
    elif number >= tiny.samples - tiny.doubled:
        labels = tiny.classes[:2]
    return Row(
        id=name_of(number),
        parent=name_of(number),
        tile=(),
        copy=0,
        shard=number % 2,
        image_offset=NOWHERE,
        height=tiny.side,
        width=tiny.side,
        channels=tiny.channels,
        dtype=tiny.dtype,
        image_hash="",
        mask_offset=NOWHERE,
        mask_hash="",
        dataset="stripes",
        files=(f"{number:03d}.png",),
        is_embedded=False,
        sha256="",
        window=(),
        window_hash="",
        raw_mask=None,
        raw_mask_hash="",
        raw_nodata=None,
        raw_channels=tiny.channels,
        raw_dtype=tiny.dtype,
        group=None,
        labels=labels,
        count_names=(),
        count_values=(),
        box_names=(),
        box_corners=(),
        box_annotations=(),
        has_labels=number >= tiny.unlabelled,
        has_counts=False,
        has_boxes=False,
        has_mask=False,
    )


def _write_folds(tiny: Tiny) -> None:
    SPLITS.mkdir(parents=True, exist_ok=True)
    per_class = len(tiny.classes)
    table = pd.DataFrame(
        {
            "id": [name_of(number) for number in range(tiny.samples)],
            "fold": [number // per_class % 3 for number in range(tiny.samples)],
        }
    )
    splits.write(SPLITS, splits.About(3, "stratified"), table)
    for fold in range(3):
        (SCALERS / str(fold)).mkdir(parents=True, exist_ok=True)
        scaler.write(SCALERS / str(fold), (StandardImage(),))
