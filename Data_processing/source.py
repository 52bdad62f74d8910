"""The first store of the walk.

An index into the raw files with what is annotated on them, and no pixels.
"""

import argparse
import math
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from Data_processing.interim import folder_of
from Data_processing.sections import Decode, Split
from Datasets import metadata
from Datasets.arrow import column
from Datasets.dataset import METADATA
from Datasets.errors import StoreError
from Datasets.files import content_hash, new_folder
from Datasets.image import Colour
from Datasets.index import INDEX_SCHEMA, with_columns
from Datasets.layout import NOWHERE
from Datasets.metadata import COLUMN, ImageMetadata
from Datasets.params import load
from Datasets.randomness import place_of
from Datasets.recipe import Recipe
from Datasets.stage import require, running
from Datasets.store import About, write_index
from Datasets.terminal import counted

SHARD_BYTES = 16 << 20
SHARD_ROWS = 64
MAX_BITS = 10
"""A shard holds about 64 rows or 16 MB, whichever is more; a store has at most 2**10 shards."""

SHARD = INDEX_SCHEMA.get_field_index("shard")
TAKEN = [
    *("id", "height", "width", "channels", "dtype", "files", "is_embedded", "sha256", "window"),
    *("window_hash", "group", "has_labels", "has_counts", "has_boxes", "has_mask"),
]
"""Columns of samples.parquet that stand in an index as they are."""


DECODED = {"rgb": 3, "gray": 1}
"""Channels of an image decoded in a colour of our choice."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take none."""


def run(arguments: argparse.Namespace) -> None:
    """Write the source store of all data sets that ``split.from`` names."""
    with running("source") as stage:
        params = load()
        names = params.section("split", Split).from_
        copies = params.section("copies", int)
        colour = params.section("decode", Decode).colour
        folders = {name: require(METADATA / name, f"convert@{name}") for name in sorted(names)}
        classes = tuple(
            sorted({c for folder in folders.values() for c in metadata.read_classes(folder)})
        )
        parts = [_index(name, folder, colour) for name, folder in folders.items()]
        table = pa.concat_tables([INDEX_SCHEMA.empty_table(), *parts])
        bits = shard_bits(table, copies)
        shards = [place_of(id_) % (1 << bits) for id_ in table["id"].to_pylist()]
        table = table.set_column(SHARD, INDEX_SCHEMA.field(SHARD), [pa.array(shards, pa.int32())])
        with new_folder(folder_of("source")) as folder:
            whole = with_columns(table, _tabular(folders))
            write_index(folder, whole, About(bits, 0, classes), Recipe(colour))
        stage.summary = (
            f"{counted(table.num_rows, 'sample')} of "
            f"{counted(len(classes), 'class', 'classes')} in {counted(1 << bits, 'shard')}"
        )


def shard_bits(table: pa.Table, copies: int) -> int:
    """Return k for a store of 2**k shards.

    It is a function of the raw images' headers and of ``copies``, decided once and kept for the
    whole walk, so that a step maps shard to shard.
    """
    if not table.num_rows:
        return 0
    area = table["height"].to_numpy().astype(np.int64) * table["width"].to_numpy()
    mean_bytes = int((area * table["channels"].to_numpy()).sum()) / table.num_rows
    rows_a_shard = max(SHARD_ROWS, math.ceil(SHARD_BYTES / mean_bytes))
    shards = table.num_rows * (1 + copies) / rows_a_shard
    return min(MAX_BITS, max(0, math.ceil(math.log2(max(shards, 1)))))


def _index(dataset: str, folder: Path, colour: Colour) -> pa.Table:
    """Return the index of one data set.

    Raises:
        StoreError: its two files do not run parallel.
    """
    images = metadata.read_images(folder)
    parts = []
    rows = pq.ParquetFile(folder / metadata.SAMPLES_FILE)
    columns = [*TAKEN, "image", "nodata_mask", "instance_mask"]
    for batch in rows.iter_batches(metadata.BATCH_ROWS, columns=columns):
        lines = list(islice(images, batch.num_rows))
        if [line.image for line in lines] != batch["image"].to_pylist():
            raise StoreError(f"{folder}: its files part ways; run the stage convert again")
        parts.append(_part(_Place(dataset, folder, colour), batch, lines))
    if next(images, None) is not None:
        raise StoreError(f"{folder}: its files part ways; run the stage convert again")
    return pa.Table.from_batches(parts, INDEX_SCHEMA)


class _Place(NamedTuple):
    """A data set, where its metadata lie, and how its raw files are decoded."""

    dataset: str
    folder: Path
    colour: Colour


def _part(place: _Place, batch: pa.RecordBatch, lines: list[ImageMetadata]) -> pa.RecordBatch:
    dataset, folder, colour = place
    n = len(lines)
    files = zip(batch["files"].to_pylist(), lines, strict=True)
    masks = [line.segmentation_mask for line in lines]
    instances = batch["instance_mask"].to_pylist()
    counts = [line.class_counts() for line in lines]
    boxes = [line.bounding_boxes for line in lines]
    values: dict[str, Sequence[object]] = {
        "tile": [()] * n,
        "copy": [0] * n,
        "shard": [0] * n,
        "image_offset": [NOWHERE] * n,
        "image_hash": [""] * n,
        "mask_offset": [NOWHERE] * n,
        "mask_hash": [""] * n,
        "dataset": [dataset] * n,
        "files": [found or (line.image,) for found, line in files],
        "raw_mask": masks,
        "raw_channels": (
            batch["channels"].to_pylist() if colour == "unchanged" else [DECODED[colour]] * n
        ),
        "raw_mask_hash": _hashes(folder, masks),
        "raw_instances": instances,
        "raw_instances_hash": _hashes(folder, instances),
        "instances_offset": [NOWHERE] * n,
        "instances_hash": [""] * n,
        "labels": [line.label_names() for line in lines],
        "count_names": [tuple(count) for count in counts],
        "count_values": [tuple(count.values()) for count in counts],
        "box_names": [tuple(box.name for box in found) for found in boxes],
        "box_corners": [
            tuple(side for box in found for side in (box.x1, box.y1, box.x2, box.y2))
            for found in boxes
        ],
        "box_annotations": [range(len(found)) for found in boxes],
    }
    columns = {name: batch[name] for name in TAKEN if name != "files"}
    columns |= {"parent": batch["id"], "raw_nodata": batch["nodata_mask"]}
    columns |= {"raw_dtype": batch["dtype"]}
    columns |= {
        name: column(given, INDEX_SCHEMA.field(name).type) for name, given in values.items()
    }
    return pa.RecordBatch.from_arrays(
        [columns[field.name] for field in INDEX_SCHEMA], schema=INDEX_SCHEMA
    )


def _hashes(folder: Path, files: Sequence[str | None]) -> list[str]:
    """Return the hash of each file below ``folder``; nothing where there is none."""
    return [content_hash((folder / file).read_bytes()) if file else "" for file in files]


def _tabular(folders: dict[str, Path]) -> pa.Table:
    """Return id and the users' own columns of all data sets.

    A column that a data set lacks is null there; where types clash, all columns are text.
    """
    tables = []
    for folder in folders.values():
        own = [COLUMN + name for name in metadata.own_columns(folder)]
        tables.append(pq.read_table(folder / metadata.SAMPLES_FILE, columns=["id", *own]))
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowTypeError:
        return pa.concat_tables([_as_text(table) for table in tables], promote_options="default")


def _as_text(table: pa.Table) -> pa.Table:
    return table.cast(pa.schema([(name, pa.string()) for name in table.column_names]))
