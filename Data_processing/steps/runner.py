"""One shard of a step: its rows through the operations, those that are known taken over."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from Data_processing.steps.entries import SOURCE, Step
from Data_processing.steps.known import Known, KnownRows, TakenRow
from Data_processing.steps.operation import (
    Operation,
    Piece,
    Tiling,
    applied,
    refuse_unsound,
)
from Data_processing.steps.plan import operations, tiling
from Data_processing.steps.work import Work
from Datasets.arrow import column, taken
from Datasets.errors import ImageError, SampleError
from Datasets.index import MADE, Row, rows_of, table_of
from Datasets.layout import KINDS
from Datasets.randomness import rng_for
from Datasets.rejections import Rejection
from Datasets.sample import Sample
from Datasets.shards import ShardWriter
from Datasets.store import Store

NEW = -1


class Unit(msgspec.Struct, frozen=True):
    """One row that the step reads, for one copy.

    ``number`` counts the units of the step, ``read`` the rows of the index that it reads; ``row``
    is that row, which is not sent along where the unit is ``known``.
    """

    number: int
    id: str
    read: int
    copy: int
    row: Row | None
    known: Known | None


class Task(msgspec.Struct, frozen=True):
    """A shard to write: its units sorted by (id, copy), and the index of the rows known of it.

    ``table`` has the columns ``MADE``.
    """

    shard: int
    units: tuple[Unit, ...]
    table: pa.Table


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


def run_shard(work: Work, task: Task) -> ShardResult:
    """Write one shard of a step. Depends on ``work`` and ``task`` alone.

    Whatever process runs it, whatever is known.
    """
    writer = _Writer(work, task)
    known = KnownRows()
    maker = _Maker(work)
    done: list[int] = []
    rejections: list[Rejection] = []
    damaged = 0
    for id_, group in groupby(task.units, key=lambda unit: unit.id):
        units = list(group)
        found = known.read([unit.known for unit in units])
        damaged += sum(
            rows is None and bool(unit.known) for rows, unit in zip(found, units, strict=True)
        )
        try:  # a sample is rejected whole: a copy must not outlive its copy 0
            made = maker.made(unit for unit, rows in zip(units, found, strict=True) if rows is None)
        except (ImageError, SampleError) as error:
            rejections.append(Rejection(id_, str(error)))
            continue
        for unit, rows in zip(units, found, strict=True):
            done.append(unit.number)
            if rows is None:
                writer.add(unit, made[unit.number])
            else:
                writer.copy(unit, rows)
    known.close()
    table, numbers = writer.close()
    return ShardResult(table, numbers, np.array(done, np.int64), rejections, damaged)


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
    """A sample, and the row that it came of."""

    row: Row
    sample: Sample


class _Writer:
    """Writes the rows of a shard, made now or known, and puts the index of them together."""

    def __init__(self, work: Work, task: Task) -> None:
        self._shard = ShardWriter(work.writes, task.shard)
        self._table = task.table
        self._units: list[int] = []
        self._positions: list[int] = []
        """Of each row its position among what is known, or ``NEW``."""
        self._offsets: list[dict[str, int]] = []

    def add(self, unit: Unit, made: list[_Made]) -> None:
        for one in made:
            self._shard.add(one.row, one.sample)
            self._units.append(unit.number)
            self._positions.append(NEW)

    def copy(self, unit: Unit, rows: list[TakenRow]) -> None:
        for row in rows:
            self._offsets.append(self._shard.copy(row.parts))
            self._units.append(unit.number)
            self._positions.append(row.position)

    def close(self) -> tuple[pa.Table, np.ndarray]:
        """Return the columns ``MADE`` of all rows, and the number of the unit of each."""
        made = table_of(self._shard.close(), MADE)
        positions = np.array(self._positions, np.int64)
        known = taken(self._table, positions[positions != NEW])
        for kind, name in KINDS.items():
            field = known.schema.field(f"{name}_offset")
            offsets = column([one[kind] for one in self._offsets], field.type)
            known = known.set_column(known.column_names.index(field.name), field, offsets)
        # Both parts are in their order: the first of a kind is the first of its part.
        places = np.empty(len(positions), np.int64)
        places[positions != NEW] = np.arange(known.num_rows)
        places[positions == NEW] = known.num_rows + np.arange(made.num_rows)
        return taken(pa.concat_tables([known, made]), places), np.array(self._units, np.int64)


class _Maker:
    """Makes what the units of a shard ask for; the store is opened once."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._reads = Store(work.reads)
        self._ops: _Operations | None = None

    def made(self, units: Iterable[Unit]) -> dict[int, list[_Made]]:
        """Return all that comes of units of one sample, by their numbers.

        Raises:
            ImageError, SampleError: it cannot be read, or an operation cannot be done on it.
        """
        at_hand: Sample | None = None
        made = {}
        for unit in units:
            row = unit.row or self._row(unit.read)
            if at_hand is None or at_hand.copy != row.copy:
                at_hand = read(self._work, self._reads, row)
            made[unit.number] = [
                _Made(msgspec.structs.replace(row, tile=one.tile), one.sample)
                for one in self._pieces(at_hand, row, unit.copy)
            ]
        return made

    def _row(self, number: int) -> Row:
        """Return a row of the index that the step reads: of a unit that was taken to be known."""
        (row,) = rows_of(self._reads.table.slice(number, 1))
        return row

    def _pieces(self, sample: Sample, row: Row, copy: int) -> list[Piece]:
        """Return what a step makes of a sample for one copy: itself, or its tiles."""
        ops, tiles = self._operations()
        whole = [Piece(row.tile, sample)] if tiles is None else tiles.pieces(sample)
        return [Piece(one.tile, _run(self._work, ops, one.sample, copy)) for one in whole]

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
