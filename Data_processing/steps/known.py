"""Rows of a shard that earlier runs made: read where they lie, to be copied into another."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from Datasets.frame import Frame, FrameReader
from Datasets.layout import shard_name
from Datasets.shards import Stored


class KnownRow(msgspec.Struct, frozen=True):
    """A row that an earlier run made: its shard there, its frames by kind.

    ``position`` is its place among all that is known of the shard that is written.
    """

    position: int
    shard: int
    frames: dict[str, Frame]


class Known(msgspec.Struct, frozen=True):
    """What an earlier run made of a unit: rows of the store in ``folder``."""

    folder: Path
    rows: tuple[KnownRow, ...]

    @property
    def nbytes(self) -> int:
        """How many bytes all of them are."""
        return sum(frame.form.nbytes for row in self.rows for frame in row.frames.values())


class TakenRow(msgspec.Struct, frozen=True):
    """A known row that was found sound: its position as above, and its pixels by kind."""

    position: int
    parts: dict[str, Stored]


class KnownRows:
    """Reads known rows, each checked by its hash, into memory that is used again."""

    def __init__(self) -> None:
        self._readers: dict[Path, FrameReader] = {}
        self._room = bytearray()

    def read(self, units: Sequence[Known | None]) -> list[list[TakenRow] | None]:
        """Return the rows of each unit; None where it is not known, or not what it was.

        What is returned is good until the next call.
        """
        needed = sum(one.nbytes for one in units if one)
        if needed > len(self._room):
            self._room = bytearray(needed)  # a new one: the old may be looked at still
        left = memoryview(self._room)
        found: list[list[TakenRow] | None] = []
        for one in units:
            found.append(self._rows(one, left) if one else None)
            left = left[one.nbytes if one else 0 :]
        return found

    def close(self) -> None:
        """Close all files."""
        for reader in self._readers.values():
            reader.close()

    def _rows(self, unit: Known, room: memoryview) -> list[TakenRow] | None:
        rows = []
        for row in unit.rows:
            parts = {}
            for kind, frame in row.frames.items():
                into, room = room[: frame.form.nbytes], room[frame.form.nbytes :]
                try:
                    reader = self._reader(unit.folder / shard_name(kind, row.shard))
                    if not reader.read(frame, into):
                        return None
                except OSError:
                    return None
                parts[kind] = Stored(into, frame.form, frame.hash)
            rows.append(TakenRow(row.position, parts))
        return rows

    def _reader(self, path: Path) -> FrameReader:
        if path not in self._readers:
            self._readers[path] = FrameReader(path)
        return self._readers[path]
