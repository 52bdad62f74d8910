"""Walking a store: every row of a shard through a step's operations.

Into the shard of the same number.
"""

import shutil
from functools import partial
from itertools import groupby
from pathlib import Path

import msgspec
import torch

from Data_processing.raw import RawFiles
from Data_processing.steps.operation import Operation
from Data_processing.steps.plan import SOURCE, Step, operations, recipe_ops
from Datasets.errors import ImageError, SampleError, StageError
from Datasets.preprocess import apply_fixed
from Datasets.randomness import rng_for
from Datasets.recipe import FixedOp
from Datasets.rejections import Rejection
from Datasets.sample import Sample
from Datasets.shards import ShardWriter
from Datasets.stage import map_tasks
from Datasets.store import Row, Store

ONE_PROCESS_ROWS = 8000
ONE_PROCESS_PIXELS = 2e8
"""Up to so many rows and pixels one process is faster: a worker's imports cost seconds."""


class Work(msgspec.Struct, frozen=True):
    """What a worker needs to know of a step; the same for every shard."""

    name: str
    step: Step
    reads: Path
    writes: Path
    raw: RawFiles
    seed: int
    copies: int
    """How many copies this step adds to copy 0: 0 unless the rows fan out here."""


class ShardResult(msgspec.Struct, frozen=True):
    """What became of one shard."""

    rows: list[Row]
    rejections: list[Rejection]
    boxes_dropped: int


def walk(work: Work, workers: int) -> list[ShardResult]:
    """Return what became of each shard, in order.

    The shards themselves are written into ``work.writes``.
    """
    index = Store(work.reads).index(["shard", "height", "width"])
    shards = sorted(int(shard) for shard in index["shard"].unique())
    rows = len(index) * (1 + work.copies)
    pixels = (index["height"] * index["width"].astype(float)).sum() * (1 + work.copies)
    if rows <= ONE_PROCESS_ROWS and pixels <= ONE_PROCESS_PIXELS:
        workers = 1
    return list(map_tasks(partial(run_shard, work), shards, workers, f"process@{work.name}"))


def run_shard(work: Work, shard: int) -> ShardResult:
    """Write one shard of a step. Depends on the shard's rows and on ``work`` alone.

    Whatever process runs it.
    """
    torch.set_num_threads(1)  # parallel by shards
    store = Store(work.reads)
    ops = operations(work.name, work.step)
    writer = ShardWriter(work.writes, shard)
    rejections: list[Rejection] = []
    dropped = 0
    for id_, rows in groupby(store.rows(shard), key=lambda row: row.id):
        try:  # a sample is rejected whole: a copy must not outlive its copy 0
            made = [
                _Made(row, sample)
                for row in rows
                for sample in copies_of(work, ops, read(work, store, row))
            ]
        except (ImageError, SampleError) as error:
            rejections.append(Rejection(id_, str(error)))
            continue
        for one in made:
            writer.add(one.row, one.sample)
            dropped += len(one.row.box_names) - len(one.sample.boxes)
    return ShardResult(writer.close(), rejections, dropped)


def read(work: Work, store: Store, row: Row) -> Sample:
    """Return ``row`` of the store that the step reads, with its pixels.

    Raises:
        ImageError, SampleError, StoreError: its pixels cannot be read, or are not those they were.
    """
    return work.raw.sample(row) if work.step.from_ == SOURCE else store.sample(row)


def copies_of(work: Work, ops: tuple[Operation, ...], sample: Sample) -> list[Sample]:
    """Return all copies that the step makes of ``sample``.

    Raises:
        SampleError: an operation cannot be done on it.
    """
    return [_run(work, ops, sample, copy) for copy in _copies(sample.copy, work.copies)]


class _Made(msgspec.Struct, frozen=True):
    """A sample and the row that it came of."""

    row: Row
    sample: Sample


def refuse_full_disk(work: Work, rows: list[Row]) -> None:
    """Return nothing if the disk can hold what the step will write, estimated from headers.

    Raises:
        StageError: it cannot; the message says what to put first.
    """
    ops = recipe_ops(operations(work.name, work.step))
    needed = sum(_bytes_after(row, ops) * len(_copies(row.copy, work.copies)) for row in rows)
    free = shutil.disk_usage(work.writes.parent).free
    if needed > free:
        raise StageError(
            f"process@{work.name} would write {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free; "
            "put a resize or a letterbox first in the walk, or lower `copies`"
        )


def _copies(copy: int, copies: int) -> range:
    """Return the copies that come of ``copy``: itself, or 0 to n where the step fans out."""
    return range(1 + copies) if copies else range(copy, copy + 1)


def _run(work: Work, ops: tuple[Operation, ...], sample: Sample, copy: int) -> Sample:
    result = msgspec.structs.replace(sample, copy=copy)
    rng = rng_for(work.seed, work.name, sample.id, copy)
    for op in ops:
        if copy:
            result = op.apply(result, rng)
            continue
        form = op.fixed()
        if form is not None:
            result = apply_fixed(result, form)
    return result


def _bytes_after(row: Row, ops: tuple[FixedOp, ...]) -> int:
    height, width = row.height, row.width
    for op in ops:
        place = op.place(height, width)
        height, width = place.canvas_height, place.canvas_width
    return (
        height * width * (row.channels * (2 if row.dtype == "uint16" else 1) + bool(row.has_mask))
    )
