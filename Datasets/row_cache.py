"""Rows of earlier runs, kept beside DVC's cache so that a step need not make them again.

A generation is one run's store of one step, its shards linked, with the key of each unit of work
and the unit that each row came of. It lives under ``.darkroom/rows`` and is in no output. Nothing
in it is believed: its tables are sealed by a hash that is its name, and every row's pixels are
checked by the hash in the index when they are taken over.
"""

import io
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from Datasets.errors import StoreError
from Datasets.files import TEMPORARY, content_hash, link_or_copy, new_folder
from Datasets.index import MADE
from Datasets.recipe import RECIPE_FILE
from Datasets.stage import STATE
from Datasets.store import INDEX_FILE, STORE_FILE, Store

ROWS = STATE / "rows"
KEPT = 8
"""Generations of a step that are kept at most: all their keys are read before the step runs."""
KEYS_FILE = "keys.npy"
UNITS_FILE = "unit_of_row.npy"
TABLES = (KEYS_FILE, UNITS_FILE, INDEX_FILE, STORE_FILE, RECIPE_FILE)
KEY_BYTES = 16
GB = 1e9


class Generation:
    """What one run of a step left.

    Attributes:
        folder: where it lies.
        store: its rows and pixels.
    """

    def __init__(self, folder: Path) -> None:
        """Open it.

        Raises:
            StoreError: its tables are not those that were written.
        """
        try:
            if _seal(folder) != folder.name:
                raise StoreError(f"{folder} is damaged")
            self.folder = folder
            self.store = Store(folder)
            self._units = np.load(folder / UNITS_FILE, allow_pickle=False)
            keys = np.load(folder / KEYS_FILE, allow_pickle=False).tobytes()
        except (OSError, ValueError) as error:
            raise StoreError(f"{folder} cannot be read: {error}") from error
        starts = range(0, len(keys), KEY_BYTES)
        self.unit_of = {keys[start : start + KEY_BYTES]: i for i, start in enumerate(starts)}

    @cached_property
    def files(self) -> frozenset[str]:
        """The names of its files."""
        return frozenset(name for name, _ in _stats(self.folder))

    @cached_property
    def made(self) -> pa.Table:
        """The columns of the index that the step made."""
        return self.store.table.select(MADE)

    def rows_of(self, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows that came of ``units``, unit by unit.

        Their positions in the index, (n,), and which of ``units`` each came of, (n,).
        """
        starts = self._bounds[units]
        counts = self._bounds[units + 1] - starts
        owners = np.repeat(np.arange(len(units)), counts)
        within = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self._by_unit[starts[owners] + within], owners

    @cached_property
    def _by_unit(self) -> np.ndarray:
        return np.argsort(self._units, kind="stable")

    @cached_property
    def _bounds(self) -> np.ndarray:
        ordered = self._units[self._by_unit]
        return np.searchsorted(ordered, np.arange(len(self.unit_of) + 1))


class Kept(msgspec.Struct, frozen=True):
    """A generation as it is listed."""

    step: str
    folder: Path
    used: float
    """Seconds since the epoch, when it was last written or taken from."""
    rows: int


def generations(step: str) -> Iterator[Generation]:
    """Yield the generations of a step that are sound, the last used first, opened when asked for.

    Those that are not are removed: what they held is made anew.
    """
    for kept in sorted(listed(), key=lambda one: -one.used):
        if kept.step != step:
            continue
        try:
            yield Generation(kept.folder)
        except StoreError:
            shutil.rmtree(kept.folder, ignore_errors=True)


def keep(step: str, store: Path, keys: Sequence[bytes], units: np.ndarray, limit_gb: float) -> None:
    """Keep a store that a run of ``step`` wrote, and drop what is older than the limit allows.

    Args:
        step: its name.
        store: the folder of the store.
        keys: the key of each unit of work.
        units: (rows,) which unit each row of the index came of.
        limit_gb: gigabytes that all generations may take.

    Raises:
        OSError: the cache cannot be written.
    """
    tables = {name: (store / name).read_bytes() for name in (INDEX_FILE, STORE_FILE, RECIPE_FILE)}
    tables[KEYS_FILE] = _npy(np.frombuffer(b"".join(keys), np.uint8).reshape(-1, KEY_BYTES))
    tables[UNITS_FILE] = _npy(units)
    target = ROWS / step / _sealed(tables)
    if _is_linked(store, target):  # the same rows of the same units, in the same files
        os.utime(target)
    else:
        with new_folder(target) as folder:
            for name in sorted(_shards(store)):
                link_or_copy(store / name, folder / name)
            for name, content in tables.items():
                (folder / name).write_bytes(content)
    mine = sorted((one for one in listed() if one.step == step), key=lambda one: -one.used)
    for old in mine[KEPT:]:
        shutil.rmtree(old.folder)
    prune(limit_gb)


def listed() -> list[Kept]:
    """Return all generations of all steps, sorted by step and name, unopened."""
    found = []
    for folder in sorted(ROWS.glob("*/*")):
        if folder.is_dir() and not folder.name.startswith(TEMPORARY):
            found.append(Kept(folder.parent.name, folder, folder.stat().st_mtime, _rows(folder)))
    return found


def _rows(folder: Path) -> int:
    """Return how many rows a generation has; 0 where it is damaged, which who opens it notices."""
    try:
        return int(np.load(folder / UNITS_FILE, mmap_mode="r", allow_pickle=False).size)
    except (OSError, ValueError):
        return 0


def prune(limit_gb: float) -> list[Kept]:
    """Remove generations, the one not used for longest first, until the rest fit; return them."""
    removed = []
    oldest_first = sorted(listed(), key=lambda one: one.used)
    while oldest_first and taken([one.folder for one in oldest_first]) > limit_gb * GB:
        removed.append(oldest_first.pop(0))
        shutil.rmtree(removed[-1].folder)
    return removed


def taken(folders: Sequence[Path]) -> int:
    """Return the bytes of all files in ``folders``, each inode counted once."""
    return sum({(one.st_dev, one.st_ino): one.st_size for one in _files(folders)}.values())


def freed(folders: Sequence[Path]) -> int:
    """Return the bytes that only ``folders`` hold: what removing them would give back."""
    files = list(_files(folders))
    links: dict[tuple[int, int], int] = {}
    for one in files:
        links[one.st_dev, one.st_ino] = links.get((one.st_dev, one.st_ino), 0) + 1
    alone = {
        (one.st_dev, one.st_ino): one.st_size
        for one in files
        if links[one.st_dev, one.st_ino] == one.st_nlink
    }
    return sum(alone.values())


def _files(folders: Sequence[Path]) -> Iterator[os.stat_result]:
    for folder in folders:
        yield from (one for name, one in _stats(folder))


def _stats(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry.name, entry.stat()


def _shards(folder: Path) -> dict[str, tuple[int, int]]:
    """Return device and inode of each shard in ``folder``, by name."""
    every = ((name, one) for name, one in _stats(folder) if name.endswith(".npy"))
    return {name: (one.st_dev, one.st_ino) for name, one in every if name not in TABLES}


def _is_linked(store: Path, generation: Path) -> bool:
    """Return whether a generation's shards are those of ``store``, file by file."""
    return generation.is_dir() and _shards(store) == _shards(generation)


def _seal(folder: Path) -> str:
    """Return the hash of a generation's tables."""
    return _sealed({name: (folder / name).read_bytes() for name in TABLES})


def _sealed(tables: Mapping[str, bytes]) -> str:
    return content_hash(" ".join(content_hash(tables[name]) for name in TABLES).encode())


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
