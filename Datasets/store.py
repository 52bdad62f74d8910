"""A store: a folder of a few raw ``.npy`` shards.

An ``index.parquet`` and the recipe that led to it.

Where a sample lies depends on its id alone: shard = place_of(id) mod 2**bits, rows sorted by (id,
copy). A shard whose samples have one shape is an (n, H, W, C) array; else it is their bytes end to
end. Masks have shards of their own, and instance masks too. The index holds content only: offsets,
shapes, hashes (xxh3-128), annotations and columns; nothing of how it came about.
"""

import math
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.lib.format import read_array_header_1_0, read_magic

from Datasets import recipe
from Datasets.errors import StoreError
from Datasets.files import content_hash
from Datasets.index import NOWHERE, Row, in_order, rows_of
from Datasets.recipe import Recipe
from Datasets.sample import Sample

FORMAT = 4
"""Raised by hand when the layout changes, so that old rows are not taken for new ones."""
INDEX_FILE = "index.parquet"
STORE_FILE = "store.json"
KINDS = {"images": "image", "masks": "mask", "instances": "instances"}
"""What there are shards of, and how the columns of the index that say where and what begin."""


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """store.json: what holds for the whole store."""

    bits: int
    copies: int
    classes: tuple[str, ...]
    format: int = FORMAT


class Store:
    """A store opened for reading: its index as a table, its pixels memory-mapped."""

    def __init__(self, folder: Path) -> None:
        """Open the store in ``folder``.

        Raises:
            StoreError: there is none, or one of another format.
        """
        if not (folder / STORE_FILE).exists():
            raise StoreError(f"{folder} holds no store; `dvc repro` makes it")
        about = msgspec.json.decode((folder / STORE_FILE).read_bytes())
        if about.get("format") != FORMAT:
            raise StoreError(
                f"{folder}: store of format {about.get('format')}, this code reads "
                f"{FORMAT}; remove it and run again"
            )
        self.folder = folder
        self.about = msgspec.convert(about, About)
        self._shards: dict[str, np.ndarray] = {}

    @property
    def recipe(self) -> Recipe:
        """The recipe that leads from raw files to copy 0 in this store."""
        return recipe.read(self.folder)

    def index(self, columns: list[str] | None = None) -> pd.DataFrame:
        """Return the index, or the named columns of it, sorted by (shard, id, copy)."""
        table: pd.DataFrame = pq.read_table(self.folder / INDEX_FILE, columns=columns).to_pandas()
        return table

    @cached_property
    def table(self) -> pa.Table:
        """The index as it lies on disk, with the user's own columns."""
        return pq.read_table(self.folder / INDEX_FILE)

    def span(self, shard: int) -> slice:
        """Return which rows of ``table`` a shard has."""
        first, last = np.searchsorted(self._shard_of, [shard, shard + 1])
        return slice(int(first), int(last))

    def rows(self, shard: int | None = None) -> list[Row]:
        """Return the rows of one shard, or of all."""
        if shard is None:
            return rows_of(self.table)
        span = self.span(shard)
        return rows_of(self.table.slice(span.start, span.stop - span.start))

    @cached_property
    def _shard_of(self) -> np.ndarray:
        shards: np.ndarray = self.table["shard"].to_numpy()
        return shards

    def image(self, row: Row) -> np.ndarray:
        """Return the image of ``row``, (H, W, C), read-only.

        Raises:
            StoreError: its bytes are not those that were written.
        """
        shape = (row.height, row.width, row.channels)
        return self._pixels(
            "images", row, row.image_offset, shape, np.dtype(row.dtype), row.image_hash
        )

    def mask(self, row: Row) -> np.ndarray | None:
        """Return the mask of ``row``, (H, W) uint8, read-only, or None where it has none.

        Raises:
            StoreError: its bytes are not those that were written.
        """
        if row.mask_offset == NOWHERE:
            return None
        shape = (row.height, row.width)
        return self._pixels("masks", row, row.mask_offset, shape, np.dtype(np.uint8), row.mask_hash)

    def instances(self, row: Row) -> np.ndarray | None:
        """Return the instances of ``row``, (H, W) uint16, read-only, or None where it has none.

        Raises:
            StoreError: its bytes are not those that were written.
        """
        if row.instances_offset == NOWHERE:
            return None
        shape, dtype = (row.height, row.width), np.dtype(np.uint16)
        return self._pixels(
            "instances", row, row.instances_offset, shape, dtype, row.instances_hash
        )

    def sample(self, row: Row) -> Sample:
        """Return ``row`` with its pixels."""
        image, mask, instances = self.image(row), self.mask(row), self.instances(row)
        return Sample(row.id, row.copy, image, mask, row.boxes(), instances)

    def check(self, shard: int) -> None:
        """Return nothing if all pixels of a shard are those that were written.

        Raises:
            StoreError: they are not; the sample is named.
        """
        span = self.span(shard)
        part = self.table.slice(span.start, span.stop - span.start)
        area = part["height"].to_numpy().astype(np.int64) * part["width"].to_numpy()
        depth = [np.dtype(one).itemsize for one in part["dtype"].to_pylist()]
        counts = {
            "images": area * part["channels"].to_numpy() * depth,
            "masks": area,
            "instances": area * np.dtype(np.uint16).itemsize,
        }
        for kind, column in KINDS.items():
            there = np.flatnonzero(part[f"{column}_offset"].to_numpy() != NOWHERE)
            names = ("id", "copy", f"{column}_offset", f"{column}_hash")
            marks = (part[name].take(there).to_pylist() for name in names)
            pieces = [
                Piece(id_, copy, offset, count, digest)
                for (id_, copy, offset, digest), count in zip(
                    zip(*marks, strict=True), counts[kind][there].tolist(), strict=True
                )
            ]
            if pieces:
                self._check(self.folder / shard_name(kind, shard), pieces)

    def _check(self, path: Path, pieces: list["Piece"]) -> None:
        """Read a shard's pieces one after the other: mapped pages would cost more than the hash."""
        buffer = memoryview(bytearray(max(piece.count for piece in pieces)))
        with path.open("rb", buffering=0) as file:
            read_magic(file)
            read_array_header_1_0(file)
            start = file.tell()
            for piece in pieces:
                file.seek(start + piece.offset)
                part = buffer[: piece.count]
                if file.readinto(part) != piece.count or content_hash(part) != piece.hash:
                    raise self._damaged(path.name, piece)

    def _pixels(
        self, kind: str, row: Row, offset: int, shape: tuple[int, ...], dtype: np.dtype, digest: str
    ) -> np.ndarray:
        count = math.prod(shape) * dtype.itemsize
        raw = self._bytes(kind, row.shard, Piece(row.id, row.copy, offset, count, digest))
        return raw.view(dtype).reshape(shape)

    def _bytes(self, kind: str, shard: int, piece: "Piece") -> np.ndarray:
        name = shard_name(kind, shard)
        if name not in self._shards:
            mapped = np.load(self.folder / name, mmap_mode="r", allow_pickle=False)
            self._shards[name] = np.asarray(mapped).reshape(-1).view(np.uint8)  # slices faster
        raw = self._shards[name][piece.offset : piece.offset + piece.count]
        if raw.nbytes != piece.count or content_hash(raw.data) != piece.hash:
            raise self._damaged(name, piece)
        return raw

    def _damaged(self, name: str, piece: "Piece") -> StoreError:
        return StoreError(
            f"{self.folder / name}: the pixels of {piece.id}, copy {piece.copy}, are not those "
            f"that were written; remove {self.folder} and run `dvc repro` again"
        )


class Piece(msgspec.Struct, frozen=True):
    """Bytes of a shard that belong to one row, and their hash."""

    id: str
    copy: int
    offset: int
    count: int
    hash: str


def shard_name(kind: str, shard: int) -> str:
    """Return the file name of a shard of ``kind``, one of ``KINDS``."""
    return f"{kind}-{shard:04d}.npy"


def write_index(folder: Path, table: pa.Table, about: About, recipe_: Recipe) -> None:
    """Write what a store needs beside its shards.

    Args:
        folder: the store.
        table: the index, its rows in any order.
        about: what holds for the whole store.
        recipe_: how copy 0 came about.
    """
    pq.write_table(table.take(in_order(table)).combine_chunks(), folder / INDEX_FILE)
    (folder / STORE_FILE).write_bytes(msgspec.json.encode(about) + b"\n")
    (folder / recipe.RECIPE_FILE).write_bytes(
        msgspec.json.format(msgspec.json.encode(recipe_), indent=2) + b"\n"
    )
