"""One shard of a step: its rows through the operations, those that are known taken over."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from Data_processing.steps.operation import Operation, applied
from Data_processing.steps.plan import SOURCE, operations
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


def copies_of(work: Work, ops: tuple[Operation, ...], sample: Sample) -> list[Sample]:
    """Return all copies that the step makes of ``sample``.

    Raises:
        SampleError: an operation cannot be done on it.
    """
    return [_run(work, ops, sample, copy) for copy in work.copies_of(sample.copy)]


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
        self._ops: tuple[Operation, ...] | None = None
        self._earlier: dict[Path, Store] = {}
        self.damaged = 0

    def made(self, units: list[Unit]) -> Iterator[_Made]:
        """Yield all that comes of one sample."""
        at_hand: Sample | None = None
        for unit in units:
            samples = self._known(unit)
            if samples is None:
                if at_hand is None or at_hand.copy != unit.row.copy:
                    at_hand = read(self._work, self._reads, unit.row)
                samples = [_run(self._work, self._operations(), at_hand, unit.copy)]
            for sample in samples:
                yield _Made(unit.number, unit.row, sample)

    def _known(self, unit: Unit) -> list[Sample] | None:
        if unit.known is None:
            return None
        folder = unit.known.folder
        try:
            if folder not in self._earlier:
                self._earlier[folder] = Store(folder)
            return [self._earlier[folder].sample(row) for row in unit.known.rows]
        except (StoreError, OSError, ValueError):  # not what it was; numpy says so by ValueError
            self.damaged += 1
            return None

    def _operations(self) -> tuple[Operation, ...]:
        if self._ops is None:
            import torch  # takes seconds: not where all is known

            torch.set_num_threads(1)  # parallel by shards
            self._ops = operations(self._work.name, self._work.step)
        return self._ops


def _run(work: Work, ops: tuple[Operation, ...], sample: Sample, copy: int) -> Sample:
    result = msgspec.structs.replace(sample, copy=copy)
    rng = rng_for(work.seed, work.name, sample.id, copy)
    for op in ops:
        if copy:
            result = op.apply(result, rng)
            continue
        form = op.fixed()
        if form is not None:
            result = applied(result, form)
    return result
