"""The first store of the walk.

An index into the raw files with what is annotated on them, and no pixels.
"""

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from Data_processing.interim import folder_of
from Data_processing.sections import Decode, Split
from Datasets import metadata
from Datasets.dataset import METADATA
from Datasets.files import content_hash, new_folder
from Datasets.index import NOWHERE, Row, table_of, with_columns
from Datasets.metadata import COLUMN
from Datasets.params import load
from Datasets.randomness import place_of
from Datasets.recipe import Recipe
from Datasets.stage import require, running
from Datasets.store import About, write_index

SHARD_BYTES = 16 << 20
SHARD_ROWS = 64
MAX_BITS = 10
"""A shard holds about 64 rows or 16 MB, whichever is more; a store has at most 2**10 shards."""


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
        rows = [row for name, folder in folders.items() for row in _rows(name, folder)]
        bits = shard_bits(rows, copies)
        rows = [msgspec.structs.replace(row, shard=place_of(row.id) % (1 << bits)) for row in rows]
        with new_folder(folder_of("source")) as folder:
            table = with_columns(table_of(rows), _tabular(folders))
            write_index(folder, table, About(bits, 0, classes), Recipe(colour))
        stage.summary = f"{len(rows):,} samples of {len(classes)} classes in {1 << bits} shards"


def shard_bits(rows: list[Row], copies: int) -> int:
    """Return k for a store of 2**k shards.

    It is a function of the raw images' headers and of ``copies``, decided once and kept for the
    whole walk, so that a step maps shard to shard.
    """
    if not rows:
        return 0
    mean_bytes = sum(row.height * row.width * row.channels for row in rows) / len(rows)
    rows_a_shard = max(SHARD_ROWS, math.ceil(SHARD_BYTES / mean_bytes))
    shards = len(rows) * (1 + copies) / rows_a_shard
    return min(MAX_BITS, max(0, math.ceil(math.log2(max(shards, 1)))))


def _rows(dataset: str, folder: Path) -> Iterator[Row]:
    for annotated in metadata.read(folder):
        image, row = annotated.image, annotated.row
        counts = image.class_counts()
        boxes = image.bounding_boxes
        mask = image.segmentation_mask
        yield Row(
            id=row.id,
            parent=row.id,
            tile=(),
            copy=0,
            shard=0,
            image_offset=NOWHERE,
            height=row.height,
            width=row.width,
            channels=row.channels,
            dtype=row.dtype,
            image_hash="",
            mask_offset=NOWHERE,
            mask_hash="",
            dataset=dataset,
            files=row.files or (row.image,),
            is_embedded=row.is_embedded,
            sha256=row.sha256,
            window=row.window,
            window_hash=row.window_hash,
            raw_mask=mask,
            raw_mask_hash=content_hash((folder / mask).read_bytes()) if mask else "",
            raw_nodata=row.nodata_mask,
            group=row.group,
            labels=image.label_names(),
            count_names=tuple(counts),
            count_values=tuple(counts.values()),
            box_names=tuple(box.name for box in boxes),
            box_corners=tuple(side for box in boxes for side in (box.x1, box.y1, box.x2, box.y2)),
            box_annotations=tuple(np.arange(len(boxes)).tolist()),
            has_labels=row.has_labels,
            has_counts=row.has_counts,
            has_boxes=row.has_boxes,
            has_mask=row.has_mask,
        )


def _tabular(folders: dict[str, Path]) -> pa.Table:
    """Return id and the users' own columns of all data sets.

    A column that a data set lacks is null there; where types clash, all columns are text.
    """
    tables = []
    for folder in folders.values():
        names = pq.read_schema(folder / metadata.SAMPLES_FILE).names
        own = [name for name in names if name.startswith(COLUMN)]
        tables.append(pq.read_table(folder / metadata.SAMPLES_FILE, columns=["id", *own]))
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowTypeError:
        return pa.concat_tables([_as_text(table) for table in tables], promote_options="default")


def _as_text(table: pa.Table) -> pa.Table:
    return table.cast(pa.schema([(name, pa.string()) for name in table.column_names]))
