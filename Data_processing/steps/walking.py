"""Walking a store: every shard of it through a step, into the shard of the same number."""

import shutil
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from Data_processing.steps.entries import SOURCE
from Data_processing.steps.plan import operations, recipe_ops, tiling
from Data_processing.steps.reuse import Plan
from Data_processing.steps.runner import ShardResult, Task, run_shard
from Data_processing.steps.tiles import with_own_counts
from Data_processing.steps.work import Work
from Datasets import row_cache
from Datasets.compute import Compute
from Datasets.engines import HERE, engine_of, map_tasks
from Datasets.errors import SampleError, StageError
from Datasets.files import TEMPORARY
from Datasets.index import MADE, in_order
from Datasets.layout import NOWHERE
from Datasets.recipe import FixedOp
from Datasets.rejections import Rejection
from Datasets.terminal import counted, say

ONE_PROCESS_ROWS = 8000
ONE_PROCESS_PIXELS = 2e8
"""Up to so many rows and pixels one process is faster: a worker's imports cost seconds."""


class Walked(msgspec.Struct, frozen=True):
    """What became of a whole store: the index of the new one, in order, and where it came from.

    ``reads`` (rows,) says which row of the store that was read each came of, ``units`` (rows,)
    which unit. ``keys`` are those of the units, the rejected left out; ``known`` counts the units
    that were taken over.
    """

    table: pa.Table
    reads: np.ndarray
    units: np.ndarray
    keys: list[bytes]
    rejections: list[Rejection]
    known: int


def walk(work: Work, before: pa.Table, compute: Compute) -> Walked:
    """Return what became of the store that a step reads; its shards lie in ``work.writes`` then.

    Args:
        work: the step.
        before: the index of the store that it reads.
        compute: which processes do it, and whether rows of earlier runs are looked for.

    Raises:
        ParamsError, StageError: as ``refuse_unfit`` and ``refuse_full_disk`` say.
    """
    refuse_full_disk(work, before)
    generations = row_cache.generations(work.name) if compute.row_cache_gb else iter(())
    plan = Plan(work, before, generations)
    refuse_unfit(work, before, plan)
    done = {shard: plan.linked(shard) for shard in plan.shards()}
    todo = [shard for shard, result in done.items() if result is None]
    engine = HERE if _is_little(plan, before) else engine_of(compute)
    tasks = _Tasks(plan, todo)
    results = map_tasks(partial(run_shard, work), tasks, engine, f"process@{work.name}")
    done.update(zip(todo, results, strict=True))
    for left in work.writes.glob(f"{TEMPORARY}*"):  # of a worker that died, or seemed to
        left.unlink(missing_ok=True)
    return _joined([result for _, result in sorted(done.items()) if result], before, plan)


def refuse_full_disk(work: Work, rows: pa.Table) -> None:
    """Return nothing if the disk can hold what the step will write, estimated from headers.

    Raises:
        StageError: it cannot; the message says what to put first.
    """
    ops = recipe_ops(work.name, work.step)
    channels = "raw_channels" if work.step.from_ == SOURCE else "channels"
    masks = rows["has_mask"].to_numpy() + np.uint16().itemsize * _has_instances(rows)
    names = ("height", "width", channels, "dtype", "masks")
    kinds = (
        pa.table({**{name: rows[name] for name in names[:-1]}, "masks": masks})
        .group_by(list(names))
        .aggregate([([], "count_all")])
    )
    needed = sum(
        _bytes_after(ops, _Kind(height, width, depth, dtype), mask_depth) * count
        for height, width, depth, dtype, mask_depth, count in zip(
            *(kinds[name].to_pylist() for name in (*names, "count_all")), strict=True
        )
    ) * (1 + work.copies)
    free = shutil.disk_usage(work.writes.parent).free
    if needed > free:
        raise StageError(
            f"process@{work.name} would write {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free; "
            "put a resize or a letterbox first in the walk, or lower `copies`"
        )


def refuse_unfit(work: Work, rows: pa.Table, plan: Plan) -> None:
    """Return nothing if the step's transforms can work on the images that the store holds.

    Where nothing is to be made, nothing is tried: it costs seconds to import what transforms.

    Raises:
        ParamsError: one cannot; it is named, and others that can.
    """
    if not (plan.is_new & (plan.copies > 0)).any():
        return
    from Data_processing.steps.trial import Kind, check_all

    pixels = ("raw_channels", "raw_dtype") if work.step.from_ == SOURCE else ("channels", "dtype")
    found = (rows[name].to_pylist() for name in pixels)
    kinds = {Kind(*kind) for kind in zip(*found, _has_instances(rows).tolist(), strict=True)}
    check_all(operations(work.name, work.step), kinds, f"params.yaml: preprocess.{work.name}")


class _Tasks:
    """The shards that have to be written, each put together when its turn comes."""

    def __init__(self, plan: Plan, shards: list[int]) -> None:
        self._plan = plan
        self._shards = shards

    def __len__(self) -> int:
        return len(self._shards)

    def __iter__(self) -> Iterator[Task]:
        return (self._plan.task(shard) for shard in self._shards)


def _is_little(plan: Plan, before: pa.Table) -> bool:
    new = plan.rows[plan.is_new]
    pixels = (before["height"].to_numpy() * before["width"].to_numpy().astype(float))[new].sum()
    return bool(len(new) <= ONE_PROCESS_ROWS and pixels <= ONE_PROCESS_PIXELS)


def _joined(results: list[ShardResult], before: pa.Table, plan: Plan) -> Walked:
    units = np.concatenate([np.zeros(0, np.int64), *(result.units for result in results)])
    rejections = [one for result in results for one in result.rejections]
    damaged = sum(result.damaged for result in results)
    if damaged:
        entries = counted(damaged, "damaged entry", "damaged entries")
        say(f"{entries} of the row cache: made anew")
    made = pa.concat_tables([before.select(MADE).slice(0, 0), *(result.made for result in results)])
    table = before.take(pa.array(plan.rows[units]))
    for name in MADE:
        table = table.set_column(table.column_names.index(name), name, made[name])
    if tiling(plan.work.name, plan.work.step):
        table = with_own_counts(table, before.take(pa.array(plan.rows[units])))
    order = in_order(table)
    units = units[order.to_numpy()]
    done = np.concatenate([np.zeros(0, np.int64), *(result.done for result in results)])
    keys = [plan.keys[unit] for unit in done.tolist()]
    known = int(len(done) - plan.is_new[done].sum()) - damaged
    return Walked(
        table.take(order), plan.rows[units], np.searchsorted(done, units), keys, rejections, known
    )


class _Kind(NamedTuple):
    """Shape and dtype of images."""

    height: int
    width: int
    channels: int
    dtype: str


def _has_instances(rows: pa.Table) -> np.ndarray:
    """Return which rows of an index have an instance mask, (rows,) bool: raw, or in the store."""
    is_raw = rows["raw_instances"].is_valid().to_numpy()
    return is_raw | (rows["instances_offset"].to_numpy() != NOWHERE)


def _bytes_after(ops: tuple[FixedOp, ...], kind: _Kind, mask_depth: int) -> int:
    height, width, channels, dtype = kind
    for op in ops:
        place = op.place(height, width)
        height, width = place.canvas_height, place.canvas_width
        try:
            channels, dtype = op.channels_after(channels), op.dtype_after(dtype)
        except SampleError:  # it will be rejected, by name
            return 0
    return height * width * (channels * np.dtype(dtype).itemsize + mask_depth)
