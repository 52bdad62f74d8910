"""A store: a folder of a few raw ``.npy`` shards.

An ``index.parquet`` and the recipe that led to it.

Where a sample lies depends on its id alone: shard = place_of(id) mod 2**bits, rows sorted by (id,
copy). A shard whose samples have one shape is an (n, H, W, C) array; else it is their bytes end to
end. Masks have shards of their own. The index holds content only: offsets, shapes, hashes
(xxh3-128), annotations and columns; nothing of how it came about.
"""

from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from Datasets import recipe
from Datasets.errors import StoreError
from Datasets.files import content_hash
from Datasets.metadata import COLUMN
from Datasets.recipe import Recipe
from Datasets.sample import Boxes, Sample

FORMAT = 2
"""Raised by hand when the layout changes, so that old rows are not taken for new ones."""
INDEX_FILE = "index.parquet"
STORE_FILE = "store.json"
NOWHERE = -1
"""Offset of pixels that are not in this store: the source's, and masks that do not exist."""


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """store.json: what holds for the whole store."""

    bits: int
    copies: int
    classes: tuple[str, ...]
    format: int = FORMAT


class Frame(msgspec.Struct, frozen=True):
    """Where the pixels of one row lie.

    A byte offset into the shard's data, their shape, dtype and hash.
    """

    offset: int
    shape: tuple[int, ...]
    dtype: str
    hash: str


class Row(msgspec.Struct, frozen=True):
    """One row of the index: one copy of one sample.

    ``files`` is where the raw pixels lie, one file or one a band, below the data set's raw folder,
    or below its metadata folder if ``is_embedded``; ``sha256``, ``window`` and ``window_hash`` are
    as in samples.parquet. ``raw_mask`` is the mask below the metadata folder and ``raw_mask_hash``
    the xxh3-128 of that file; ``raw_nodata`` is the mask of where there is no data. ``box_corners``
    is flat: x1, y1, x2, y2, x1, ...
    """

    id: str
    copy: int
    shard: int
    image_offset: int
    height: int
    width: int
    channels: int
    dtype: str
    image_hash: str
    mask_offset: int
    mask_hash: str
    dataset: str
    files: tuple[str, ...]
    is_embedded: bool
    sha256: str
    window: tuple[int, ...]
    window_hash: str
    raw_mask: str | None
    raw_mask_hash: str
    raw_nodata: str | None
    group: str | None
    labels: tuple[str, ...]
    count_names: tuple[str, ...]
    count_values: tuple[int, ...]
    box_names: tuple[str, ...]
    box_corners: tuple[float, ...]
    box_annotations: tuple[int, ...]
    has_labels: bool
    has_counts: bool
    has_boxes: bool
    has_mask: bool

    def boxes(self) -> Boxes:
        """Return the boxes of this row."""
        corners = np.array(self.box_corners, np.float64).reshape(-1, 4)
        return Boxes(self.box_names, corners, np.array(self.box_annotations, np.int32))

    def holding(self, sample: Sample, image: Frame, mask: Frame | None) -> "Row":
        """Return this row for what a step made of it and where the store's writer put that."""
        height, width, channels = image.shape
        return msgspec.structs.replace(
            self,
            copy=sample.copy,
            image_offset=image.offset,
            height=height,
            width=width,
            channels=channels,
            dtype=image.dtype,
            image_hash=image.hash,
            mask_offset=mask.offset if mask else NOWHERE,
            mask_hash=mask.hash if mask else "",
            box_names=sample.boxes.names,
            box_corners=tuple(sample.boxes.corners.reshape(-1).tolist()),
            box_annotations=tuple(sample.boxes.annotations.tolist()),
        )


_ARROW = {
    **dict.fromkeys(("id", "image_hash", "mask_hash", "raw_mask_hash", "dtype"), pa.string()),
    **dict.fromkeys(("dataset", "sha256", "window_hash", "raw_mask", "group"), pa.string()),
    "raw_nodata": pa.string(),
    **dict.fromkeys(("copy", "shard", "height", "width", "channels"), pa.int32()),
    **dict.fromkeys(("image_offset", "mask_offset"), pa.int64()),
    **dict.fromkeys(("files", "labels", "count_names", "box_names"), pa.list_(pa.string())),
    **dict.fromkeys(("window", "count_values", "box_annotations"), pa.list_(pa.int32())),
    "box_corners": pa.list_(pa.float64()),
    **dict.fromkeys(("has_labels", "has_counts", "has_boxes", "has_mask"), pa.bool_()),
    "is_embedded": pa.bool_(),
}
INDEX_SCHEMA = pa.schema([(name, _ARROW[name]) for name in Row.__struct_fields__])


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

    def rows(self, shard: int | None = None) -> list[Row]:
        """Return the rows of one shard, or of all."""
        only = None if shard is None else [("shard", "=", shard)]
        table = pq.read_table(
            self.folder / INDEX_FILE, columns=list(Row.__struct_fields__), filters=only
        )
        return [msgspec.convert(flat, Row) for flat in table.to_pylist()]

    def tabular(self) -> pa.Table:
        """Return id and the user's own columns, one row a sample."""
        names = [
            name
            for name in pq.read_schema(self.folder / INDEX_FILE).names
            if name.startswith(COLUMN)
        ]
        return pq.read_table(
            self.folder / INDEX_FILE, columns=["id", *names], filters=[("copy", "=", 0)]
        )

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

    def sample(self, row: Row) -> Sample:
        """Return ``row`` with its pixels."""
        return Sample(row.id, row.copy, self.image(row), self.mask(row), row.boxes())

    def _pixels(
        self, kind: str, row: Row, offset: int, shape: tuple[int, ...], dtype: np.dtype, digest: str
    ) -> np.ndarray:
        name = shard_name(kind, row.shard)
        if name not in self._shards:
            mapped = np.load(self.folder / name, mmap_mode="r", allow_pickle=False)
            self._shards[name] = mapped.reshape(-1).view(np.uint8)
        count = int(np.prod(shape)) * dtype.itemsize
        raw = self._shards[name][offset : offset + count]
        if raw.nbytes != count or content_hash(raw.data) != digest:
            raise StoreError(
                f"{self.folder / name}: the pixels of {row.id}, copy {row.copy}, are not "
                "those that were written; "
                f"remove {self.folder} and run `dvc repro` again"
            )
        return raw.view(dtype).reshape(shape)


def shard_name(kind: str, shard: int) -> str:
    """Return the file name of a shard of ``kind`` ("images" or "masks")."""
    return f"{kind}-{shard:04d}.npy"


def write_index(
    folder: Path, rows: list[Row], about: About, recipe_: Recipe, tabular: pa.Table | None = None
) -> None:
    """Write what a store needs beside its shards.

    Args:
        folder: the store.
        rows: all rows, in any order.
        about: what holds for the whole store.
        recipe_: how copy 0 came about.
        tabular: the user's own columns by ``id``; absent ids get nulls.
    """
    ordered = sorted(rows, key=lambda row: (row.shard, row.id, row.copy))
    table = pa.Table.from_pylist(
        [msgspec.structs.asdict(row) for row in ordered], schema=INDEX_SCHEMA
    )
    if tabular is not None and len(tabular.column_names) > 1:
        where = {sample: i for i, sample in enumerate(tabular["id"].to_pylist())}
        take = pa.array([where.get(row.id) for row in ordered], pa.int64())
        for name in tabular.column_names[1:]:
            table = table.append_column(name, tabular[name].take(take).combine_chunks())
    pq.write_table(table, folder / INDEX_FILE)
    (folder / STORE_FILE).write_bytes(msgspec.json.encode(about) + b"\n")
    (folder / recipe.RECIPE_FILE).write_bytes(
        msgspec.json.format(msgspec.json.encode(recipe_), indent=2) + b"\n"
    )
