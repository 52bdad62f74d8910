"""What a step need not make again: its units of work set against what earlier runs left."""

import msgspec
import numpy as np
import pyarrow as pa

from Data_processing.steps.keys import unit_keys
from Data_processing.steps.runner import Known, ShardResult, Unit
from Data_processing.steps.work import Work
from Datasets.errors import StoreError
from Datasets.files import link_or_copy
from Datasets.index import rows_of
from Datasets.row_cache import Generation
from Datasets.store import KINDS, shard_name


class Found(msgspec.Struct, frozen=True):
    """Where a unit was made before: a generation, by its number, and the unit's number there."""

    generation: int
    unit: int


class Plan:
    """The units of a step, which of them are known, and from where.

    Attributes:
        rows: (units,) which row of the store that is read each is made of.
        copies: (units,) for which copy.
        keys: their keys.
        work: the step.
    """

    def __init__(self, work: Work, table: pa.Table, generations: list[Generation]) -> None:
        """Look up every unit of ``table``, the index that the step reads."""
        own = table["copy"].to_numpy()
        per_row = 1 + work.copies
        self.rows = np.repeat(np.arange(len(own)), per_row)
        self.copies = np.tile(np.arange(per_row), len(own)) if work.copies else own
        pairs = list(zip(self.rows.tolist(), self.copies.tolist(), strict=True))
        self.keys = unit_keys(work, table, pairs)
        self.work = work
        self._table = table
        self._shard_of = table["shard"].to_numpy()[self.rows]
        self._generations = generations
        self._found = [self._find(key) for key in self.keys]

    @property
    def is_new(self) -> np.ndarray:
        """Which units were never made before, (units,) bool."""
        return np.array([found is None for found in self._found], bool)

    def shards(self) -> list[int]:
        """Return the numbers of all shards that the step writes, ascending."""
        return [int(number) for number in np.unique(self._shard_of)]

    def linked(self, shard: int) -> ShardResult | None:
        """Link a shard of which all units were made together before, and all their rows are sound.

        Return what became of it, or None where it has to be written.
        """
        span = self._units_of(shard)
        found = self._found[span]
        generations = {one.generation if one else None for one in found}
        if len(generations) != 1 or None in generations:
            return None
        generation = self._generations[generations.pop() or 0]
        store = generation.store
        where = [generation.rows_of(one.unit) for one in found if one]
        units = np.repeat(np.arange(span.start, span.stop), [len(one) for one in where])
        rows = np.concatenate(where)
        there = store.span(shard)
        if not np.array_equal(np.sort(rows), np.arange(there.start, there.stop)):
            return None
        try:
            store.check(shard)
            for kind in KINDS:
                path = store.folder / shard_name(kind, shard)
                if path.exists():
                    link_or_copy(path, self.work.writes / path.name)
        except (StoreError, OSError, ValueError):
            return None  # what is sound of it is copied
        done = np.arange(span.start, span.stop)
        return ShardResult(_taken(generation.made, rows), units, done, [], 0)

    def units(self, shard: int) -> list[Unit]:
        """Return the units of a shard, for the runner."""
        span = self._units_of(shard)
        first = int(self.rows[span.start])
        last = int(self.rows[span.stop - 1])
        rows = rows_of(self._table.slice(first, last + 1 - first))
        known = self._known(span)
        return [
            Unit(number, rows[int(self.rows[number]) - first], int(self.copies[number]), one)
            for number, one in zip(range(span.start, span.stop), known, strict=True)
        ]

    def _find(self, key: bytes) -> Found | None:
        for number, generation in enumerate(self._generations):
            unit = generation.unit_of.get(key)
            if unit is not None:
                return Found(number, unit)
        return None

    def _known(self, span: slice) -> list[Known | None]:
        """Return what is known of each unit of a shard, the rows of a generation read together."""
        known: list[Known | None] = [None] * (span.stop - span.start)
        for number, generation in enumerate(self._generations):
            mine = [
                (i, generation.rows_of(one.unit))
                for i, one in enumerate(self._found[span])
                if one and one.generation == number
            ]
            if mine:
                rows = rows_of(generation.store.table.take(np.concatenate([w for _, w in mine])))
                for i, where in mine:
                    known[i] = Known(generation.folder, tuple(rows[: len(where)]))
                    rows = rows[len(where) :]
        return known

    def _units_of(self, shard: int) -> slice:
        first, last = np.searchsorted(self._shard_of, [shard, shard + 1])
        return slice(int(first), int(last))


def _taken(table: pa.Table, rows: np.ndarray) -> pa.Table:
    """Return the rows of a table at ``rows``, without a copy where they stand together."""
    first = int(rows[0]) if len(rows) else 0
    if np.array_equal(rows, np.arange(first, first + len(rows))):
        return table.slice(first, len(rows))
    return table.take(rows)
