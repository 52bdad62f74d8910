"""A store: a folder of a few raw ``.npy`` shards.

An ``index.parquet`` and the recipe that led to it.

Where a sample lies depends on its id alone: shard = place_of(id) mod 2**bits, rows sorted by (id,
copy). A shard whose samples have one shape is an (n, H, W, C) array; else it is their bytes end to
end. Masks have shards of their own, and instance masks too. The index holds content only: offsets,
shapes, hashes (xxh3-128), annotations and columns; nothing of how it came about.
"""

from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from Datasets import recipe
from Datasets.errors import StoreError
from Datasets.files import content_hash
from Datasets.frame import Frame, FrameReader, header
from Datasets.index import Row, in_order, rows_of
from Datasets.layout import KINDS, NOWHERE, Layout, form_of, shard_name
from Datasets.recipe import Recipe
from Datasets.sample import Sample

FORMAT = 4
"""Raised by hand when the layout changes, so that old rows are not taken for new ones."""
INDEX_FILE = "index.parquet"
STORE_FILE = "store.json"


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

    def rows(self, shard: int | None = None) -> list[Row]:
        """Return the rows of one shard, or of all."""
        if shard is None:
            return rows_of(self.table)
        span = self.layout.span(shard)
        return rows_of(self.table.slice(span.start, span.stop - span.start))

    def image(self, row: Row) -> np.ndarray:
        """Return the image of ``row``, (H, W, C), read-only.

        Raises:
            StoreError: its bytes are not those that were written, or it has none here.
        """
        image = self._pixels("images", row)
        if image is None:
            raise StoreError(f"{self.folder}: {row.id}, copy {row.copy}, has no pixels here")
        return image

    def mask(self, row: Row) -> np.ndarray | None:
        """Return the mask of ``row``, (H, W) uint8, read-only, or None where it has none.

        Raises:
            StoreError: its bytes are not those that were written.
        """
        return self._pixels("masks", row)

    def instances(self, row: Row) -> np.ndarray | None:
        """Return the instances of ``row``, (H, W) uint16, read-only, or None where it has none.

        Raises:
            StoreError: its bytes are not those that were written.
        """
        return self._pixels("instances", row)

    def sample(self, row: Row) -> Sample:
        """Return ``row`` with its pixels."""
        image, mask, instances = self.image(row), self.mask(row), self.instances(row)
        return Sample(row.id, row.copy, image, mask, row.boxes(), instances)

    @cached_property
    def layout(self) -> Layout:
        """Where the pixels of all rows lie."""
        return Layout(self.table)

    def check(self, shard: int) -> None:
        """Return nothing if all pixels of a shard are those that were written.

        Raises:
            StoreError: they are not; the sample is named.
        """
        span = self.layout.span(shard)
        rows = np.arange(span.start, span.stop)
        for kind in KINDS:
            frames = self.layout.frames(kind, rows)
            there = [(row, one) for row, one in zip(rows.tolist(), frames, strict=True) if one]
            if there:
                self._check(self.folder / shard_name(kind, shard), there)

    def _check(self, path: Path, there: list[tuple[int, Frame]]) -> None:
        frames = [frame for _, frame in there]
        room = memoryview(bytearray(max(frame.form.nbytes for frame in frames)))
        whole = sum(frame.form.nbytes for frame in frames)
        with FrameReader(path) as reader:
            if reader.header() != header({frame.form for frame in frames}, len(frames), whole):
                raise StoreError(
                    f"{path}: its header is not the one that was written; {self._remedy}"
                )
            for row, frame in there:
                if not reader.read(frame, room[: frame.form.nbytes]):
                    id_, copy = (self.table[name][row].as_py() for name in ("id", "copy"))
                    raise self._damaged(path.name, id_, copy)

    def _pixels(self, kind: str, row: Row) -> np.ndarray | None:
        """Return what ``row`` has of ``kind``, read-only, or None where it has none."""
        name = KINDS[kind]
        offset = getattr(row, f"{name}_offset")
        if offset == NOWHERE:
            return None
        form = form_of(kind, (row.height, row.width, row.channels), row.dtype)
        shard, nbytes = shard_name(kind, row.shard), form.nbytes
        if shard not in self._shards:
            mapped = np.load(self.folder / shard, mmap_mode="r", allow_pickle=False)
            self._shards[shard] = np.asarray(mapped).reshape(-1).view(np.uint8)  # slices faster
        raw = self._shards[shard][offset : offset + nbytes]
        if raw.nbytes != nbytes or content_hash(raw.data) != getattr(row, f"{name}_hash"):
            raise self._damaged(shard, row.id, row.copy)
        return raw.view(form.dtype).reshape(form.shape)

    def _damaged(self, name: str, id_: str, copy: int) -> StoreError:
        return StoreError(
            f"{self.folder / name}: the pixels of {id_}, copy {copy}, are not those "
            f"that were written; {self._remedy}"
        )

    @property
    def _remedy(self) -> str:
        return f"remove {self.folder} and run `dvc repro` again"


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
