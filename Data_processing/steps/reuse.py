"""What a step need not make again: its units of work set against what earlier runs left."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from Data_processing.steps.keys import unit_keys
from Data_processing.steps.known import Known, KnownRow
from Data_processing.steps.runner import ShardResult, Task, Unit
from Data_processing.steps.work import Work
from Datasets.arrow import taken
from Datasets.errors import StoreError
from Datasets.files import link_or_copy
from Datasets.index import INDEX_SCHEMA, MADE, rows_of
from Datasets.layout import KINDS, shard_name
from Datasets.row_cache import Generation

UNKNOWN = -1


class Plan:
    """The units of a step, which of them are known, and from where.

    Attributes:
        rows: (units,) which row of the store that is read each is made of.
        copies: (units,) for which copy.
        keys: their keys.
        work: the step.
        is_new: (units,) bool, which of them were never made before.
    """

    def __init__(self, work: Work, table: pa.Table, generations: Iterable[Generation]) -> None:
        """Look up every unit of ``table``, the index that the step reads.

        Generations are asked for until all units are known.
        """
        own = table["copy"].to_numpy()
        per_row = 1 + work.copies
        self.rows = np.repeat(np.arange(len(own)), per_row)
        self.copies = np.tile(np.arange(per_row), len(own)) if work.copies else own
        pairs = list(zip(self.rows.tolist(), self.copies.tolist(), strict=True))
        self.keys = unit_keys(work, table, pairs)
        self.work = work
        self._table = table
        self._shard_of = table["shard"].to_numpy()[self.rows]
        self._generations: list[Generation] = []
        self._from = np.full(len(self.keys), UNKNOWN)
        """(units,) the number of the generation that each is taken from: the first that has it."""
        self._there = np.full(len(self.keys), UNKNOWN)
        """(units,) the number of the unit there."""
        left = np.arange(len(self.keys))
        opened = iter(generations)
        while len(left) and (generation := next(opened, None)):
            there = np.array([generation.unit_of.get(self.keys[i], UNKNOWN) for i in left.tolist()])
            has = there != UNKNOWN
            self._from[left[has]], self._there[left[has]] = len(self._generations), there[has]
            left = left[~has]
            self._generations.append(generation)
        self.is_new: np.ndarray = self._from == UNKNOWN

    def shards(self) -> list[int]:
        """Return the numbers of all shards that the step writes, ascending."""
        return [int(number) for number in np.unique(self._shard_of)]

    def linked(self, shard: int) -> ShardResult | None:
        """Link a shard of which all units were made together before, and all their rows are sound.

        Return what became of it, or None where it has to be written.
        """
        span = self._units_of(shard)
        number = self._from[span.start]
        if number == UNKNOWN or (self._from[span] != number).any():
            return None
        generation = self._generations[number]
        rows, owners = generation.rows_of(self._there[span])
        there = generation.store.layout.span(shard)
        if not np.array_equal(np.sort(rows), np.arange(there.start, there.stop)):
            return None
        try:
            generation.store.check(shard)
            for kind in KINDS:
                name = shard_name(kind, shard)
                if name in generation.files:
                    link_or_copy(generation.folder / name, self.work.writes / name)
        except (StoreError, OSError):
            return None  # what is sound of it is copied
        done = np.arange(span.start, span.stop)
        return ShardResult(taken(generation.made, rows), done[owners], done, [], 0)

    def task(self, shard: int) -> Task:
        """Return a shard that has to be written, for the runner."""
        span = self._units_of(shard)
        made_of = np.unique(self.rows[span][self.is_new[span]])
        rows = rows_of(taken(self._table, made_of)) if len(made_of) else []
        row_of = dict(zip(made_of.tolist(), rows, strict=True))
        ids = taken(self._table.select(["id"]), self.rows[span])["id"].to_pylist()
        parts = [INDEX_SCHEMA.empty_table().select(MADE)]
        known: dict[int, Known] = {}
        for number, generation in enumerate(self._generations):
            mine = span.start + np.flatnonzero(self._from[span] == number)
            if len(mine):
                rows_there, owners = generation.rows_of(self._there[mine])
                first = sum(part.num_rows for part in parts)
                found = _known(generation, rows_there, owners, first)
                known.update(zip(mine.tolist(), found, strict=True))
                parts.append(taken(generation.made, rows_there))
        units = tuple(
            Unit(number, id_, read, copy, row_of.get(read), known.get(number))
            for number, id_, read, copy in zip(
                range(span.start, span.stop),
                ids,
                self.rows[span].tolist(),
                self.copies[span].tolist(),
                strict=True,
            )
        )
        return Task(shard, units, pa.concat_tables(parts).combine_chunks())

    def _units_of(self, shard: int) -> slice:
        first, last = np.searchsorted(self._shard_of, [shard, shard + 1])
        return slice(int(first), int(last))


def _known(generation: Generation, rows: np.ndarray, owners: np.ndarray, first: int) -> list[Known]:
    """Return units of a generation as the runner takes them over.

    Args:
        generation: where they lie.
        rows: (n,) their rows in its index, unit by unit.
        owners: (n,) which of the units each row belongs to, ascending.
        first: the position of the first row among those that are known of a shard.
    """
    layout = generation.store.layout
    frames = {kind: layout.frames(kind, rows) for kind in KINDS}
    of_unit: list[list[KnownRow]] = [[] for _ in range(int(owners[-1]) + 1)] if len(owners) else []
    for i, (owner, shard) in enumerate(
        zip(owners.tolist(), layout.shards[rows].tolist(), strict=True)
    ):
        parts = {kind: one[i] for kind, one in frames.items()}
        there = {kind: frame for kind, frame in parts.items() if frame is not None}
        of_unit[owner].append(KnownRow(first + i, shard, there))
    return [Known(generation.folder, tuple(one)) for one in of_unit]
