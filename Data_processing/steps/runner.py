"""One shard of a step: its rows through the operations, those that are known taken over."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from Data_processing.steps.entries import SOURCE, Step
from Data_processing.steps.operation import (
    Operation,
    Piece,
    Tiling,
    applied,
    refuse_unsound,
)
from Data_processing.steps.plan import operations, tiling
from Data_processing.steps.work import Work
from Datasets.errors import ImageError, SampleError, StoreError
from Datasets.index import MADE, Row, table_of
from Datasets.randomness import rng_for
from Datasets.rejections import Rejection
from Datasets.sample import Sample
from Datasets.shards import ShardWriter
from Datasets.store import Store


class Known(msgspec.Struct, frozen=True):
    """What an earlier run made of a unit: its rows in the store in ``folder``."""

    folder: Path
    rows: tuple[Row, ...]


class Unit(msgspec.Struct, frozen=True):
    """One row that the step reads, for one copy. ``number`` counts the units of the step."""

    number: int
    row: Row
    copy: int
    known: Known | None


class ShardResult(msgspec.Struct, frozen=True):
    """What became of one shard.

    ``made`` has the columns ``MADE`` of its rows, ``units`` the number of the unit of each.
    ``done`` has the numbers of all units that were not rejected: no row may come of one.
    ``damaged`` counts units that were known, but not as they had been written.
    """

    made: pa.Table
    units: np.ndarray
    done: np.ndarray
    rejections: list[Rejection]
    damaged: int


def run_shard(work: Work, units: list[Unit]) -> ShardResult:
    """Write one shard of a step. Depends on ``work`` and the rows of ``units`` alone.

    Whatever process runs it, whatever is known.

    Args:
        work: the step.
        units: all of one shard, sorted by (id, copy).
    """
    maker = _Maker(work)
    writer = ShardWriter(work.writes, units[0].row.shard)
    numbers: list[int] = []
    done: list[int] = []
    rejections: list[Rejection] = []
    for id_, group in groupby(units, key=lambda unit: unit.row.id):
        asked = list(group)
        try:  # a sample is rejected whole: a copy must not outlive its copy 0
            results = list(maker.made(asked))
        except (ImageError, SampleError) as error:
            rejections.append(Rejection(id_, str(error)))
            continue
        done += [unit.number for unit in asked]
        for one in results:
            writer.add(one.row, one.sample)
            numbers.append(one.unit)
    made = table_of(writer.close()).select(MADE)
    units_of_rows, all_done = np.array(numbers, np.int64), np.array(done, np.int64)
    return ShardResult(made, units_of_rows, all_done, rejections, maker.damaged)


def read(work: Work, store: Store, row: Row) -> Sample:
    """Return ``row`` of the store that the step reads, with its pixels.

    Raises:
        ImageError, SampleError, StoreError: its pixels cannot be read, or are not those they were.
    """
    return work.raw.sample(row) if work.step.from_ == SOURCE else store.sample(row)


def copies_of(work: Work, sample: Sample) -> list[Sample]:
    """Return all copies that the step makes of ``sample``, of each of its tiles if it is cut.

    Raises:
        SampleError: an operation cannot be done on it.
    """
    ops, tiles = operations(work.name, work.step), tiling(work.name, work.step)
    whole = [sample] if tiles is None else [piece.sample for piece in tiles.pieces(sample)]
    return [_run(work, ops, one, copy) for one in whole for copy in work.copies_of(sample.copy)]


class _Made(msgspec.Struct, frozen=True):
    """A sample, the row that it came of, and the number of its unit."""

    unit: int
    row: Row
    sample: Sample


class _Maker:
    """Makes what the units of a shard ask for; stores are opened once."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._reads = Store(work.reads)
        self._ops: _Operations | None = None
        self._earlier: dict[Path, Store] = {}
        self.damaged = 0

    def made(self, units: list[Unit]) -> Iterator[_Made]:
        """Yield all that comes of one sample."""
        at_hand: Sample | None = None
        for unit in units:
            found = self._known(unit)
            if found is None:
                if at_hand is None or at_hand.copy != unit.row.copy:
                    at_hand = read(self._work, self._reads, unit.row)
                found = self._pieces(at_hand, unit)
            for one in found:
                row = msgspec.structs.replace(unit.row, tile=one.tile)
                yield _Made(unit.number, row, one.sample)

    def _pieces(self, sample: Sample, unit: Unit) -> list[Piece]:
        """Return what a step makes of a sample for one copy: itself, or its tiles."""
        ops, tiles = self._operations()
        whole = [Piece(unit.row.tile, sample)] if tiles is None else tiles.pieces(sample)
        return [Piece(one.tile, _run(self._work, ops, one.sample, unit.copy)) for one in whole]

    def _known(self, unit: Unit) -> list[Piece] | None:
        if unit.known is None:
            return None
        folder = unit.known.folder
        try:
            if folder not in self._earlier:
                self._earlier[folder] = Store(folder)
            store = self._earlier[folder]
            return [Piece(row.tile, store.sample(row)) for row in unit.known.rows]
        except (StoreError, OSError, ValueError):  # not what it was; numpy says so by ValueError
            self.damaged += 1
            return None

    def _operations(self) -> "_Operations":
        if self._ops is None:
            self._ops = _built(self._work.name, msgspec.json.encode(self._work.step))
        return self._ops


class _Operations(NamedTuple):
    ops: tuple[Operation, ...]
    tiles: Tiling | None


@lru_cache(maxsize=1)
def _built(name: str, step: bytes) -> _Operations:
    """Return the operations of a step, built once a process: shards are many."""
    import torch  # takes seconds: not where all is known

    torch.set_num_threads(1)  # parallel by shards
    entry = msgspec.json.decode(step, type=Step)
    return _Operations(operations(name, entry), tiling(name, entry))


def _run(work: Work, ops: tuple[Operation, ...], sample: Sample, copy: int) -> Sample:
    result = msgspec.structs.replace(sample, copy=copy)
    rng = rng_for(work.seed, work.name, sample.id, copy)
    for op in ops:
        form = None if copy else op.fixed()
        if copy:
            result = refuse_unsound(result, op.apply(result, rng), str(op))
        elif form is not None:
            result = refuse_unsound(result, applied(result, form), str(op))
    return result
