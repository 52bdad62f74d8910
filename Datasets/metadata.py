"""The fixed metadata format: ``metadata.jsonl``, one image a line.

And ``samples.parquet`` beside it, same order.

Conventions, said once for the whole house: boxes are pixels, half-open (x1 <= x < x2), origin at
the upper left corner of the image as it is seen (EXIF orientation applied). A mask is an 8-bit
PNG: 0 nothing, i the class ``classes[i - 1]``, 255 ignore. Class names are sorted.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from Datasets.errors import StoreError
from Datasets.files import write_json

if TYPE_CHECKING:  # it takes a third of a second, and pyarrow imports it where it is asked for
    import pandas as pd

IMAGES_FILE = "metadata.jsonl"
SAMPLES_FILE = "samples.parquet"
CLASSES_FILE = "classes.json"
REJECTED_FILE = "rejected.jsonl"
CONVERSION_FILE = "conversion.json"
CHANGES_FILE = "changes.jsonl"
ABOUT_FILE = "about.json"
"""What the raw annotations say of the data set as a whole, kept for the way back."""
COLUMN = "column."
"""Prefix of a tabular column in samples.parquet.

So that a user's ``width`` cannot hide the image's.
"""
BATCH_ROWS = 8192

Scalar = str | int | float | bool | None


class Box(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A class name and a half-open rectangle in pixels: x1 < x2, y1 < y2, inside the image."""

    name: str
    x1: float
    x2: float
    y1: float
    y2: float


class ImageMetadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One line of metadata.jsonl.

    An image's path below the raw folder and exactly four facts about it.

    ``labels`` is one name, or a list of them, or ``[]``; ``counts`` likewise ``{name: n}``, a list
    of such, or ``[]``. ``segmentation_mask`` is a path below the metadata folder, or null. Whether
    ``[]`` means "nothing there" or "nobody looked" is told by ``has_labels`` and its sisters in
    samples.parquet.
    """

    image: str
    labels: str | tuple[str, ...] = ()
    counts: dict[str, int] | tuple[dict[str, int], ...] = ()
    bounding_boxes: tuple[Box, ...] = ()
    segmentation_mask: str | None = None

    def label_names(self) -> tuple[str, ...]:
        """Return the labels as a tuple, whichever way they are written."""
        return (self.labels,) if isinstance(self.labels, str) else self.labels

    def class_counts(self) -> dict[str, int]:
        """Return the counts as one mapping, whichever way they are written."""
        if isinstance(self.counts, dict):
            return self.counts
        return {name: n for one in self.counts for name, n in one.items()}


class SampleRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One row of samples.parquet: what else is known of a sample.

    ``annotation_ids``, ``iscrowd``, ``areas``, ``polygons``, ``rles``, ``keypoints`` and ``extras``
    run parallel to the boxes of metadata.jsonl. A polygon list holds flat x, y, x, y, ... lists in
    pixels; an RLE is a compressed COCO counts string; keypoints are flat x, y, v triples as in
    COCO; extras are JSON objects with what else the raw annotations say. ``width`` and ``height``
    are those of the image as it is seen; ``orientation`` is the EXIF value (1 to 8) that was
    applied.

    ``files`` is where the pixels come from, below the data set's root: one file, or one a band in
    the order of channels; below the metadata folder if ``is_embedded``. ``sha256`` is that of the
    file; of several, that of their hex digests end to end. A sample cut out of a raster has its
    ``window``, x1, y1, x2, y2 in whole pixels of the file, and the xxh3-128 of the window's pixels.
    ``instance_mask`` is a 16-bit PNG below the metadata folder: i where the i-th box's object is,
    0 elsewhere. ``nodata_mask`` is an 8-bit one: 255 where the raster has no data.
    """

    id: str
    image: str
    sha256: str
    width: int
    height: int
    channels: int
    dtype: str
    orientation: int
    group: str | None
    source: str
    has_labels: bool
    has_counts: bool
    has_boxes: bool
    has_mask: bool
    annotation_ids: tuple[int, ...] = ()
    iscrowd: tuple[bool, ...] = ()
    areas: tuple[float | None, ...] = ()
    polygons: tuple[tuple[tuple[float, ...], ...], ...] = ()
    rles: tuple[str | None, ...] = ()
    keypoints: tuple[tuple[float, ...], ...] = ()
    extras: tuple[str | None, ...] = ()
    image_extras: str | None = None
    files: tuple[str, ...] = ()
    is_embedded: bool = False
    window: tuple[int, ...] = ()
    window_hash: str = ""
    instance_mask: str | None = None
    nodata_mask: str | None = None
    columns: dict[str, Scalar] = {}


ROW_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("id", "image", "sha256")),
        *((name, pa.int32()) for name in ("width", "height", "channels")),
        ("dtype", pa.string()),
        ("orientation", pa.int8()),
        *((name, pa.string()) for name in ("group", "source")),
        *((name, pa.bool_()) for name in ("has_labels", "has_counts", "has_boxes", "has_mask")),
        ("annotation_ids", pa.list_(pa.int64())),
        ("iscrowd", pa.list_(pa.bool_())),
        ("areas", pa.list_(pa.float64())),
        ("polygons", pa.list_(pa.list_(pa.list_(pa.float64())))),
        ("rles", pa.list_(pa.string())),
        ("keypoints", pa.list_(pa.list_(pa.float64()))),
        ("extras", pa.list_(pa.string())),
        ("image_extras", pa.string()),
        ("files", pa.list_(pa.string())),
        ("is_embedded", pa.bool_()),
        ("window", pa.list_(pa.int32())),
        *((name, pa.string()) for name in ("window_hash", "instance_mask", "nodata_mask")),
    ]
)


GROUP = ROW_SCHEMA.get_field_index("group")


class Encoded(msgspec.Struct, frozen=True):
    """Some images as they stand in the files: lines of metadata.jsonl, rows of samples.parquet."""

    lines: bytes
    rows: pa.RecordBatch


def encoded(samples: Sequence["Annotated"]) -> Encoded:
    """Return ``samples`` ready to be written, without tabular columns."""
    encoder = msgspec.json.Encoder()
    lines = b"".join(encoder.encode(one.image) + b"\n" for one in samples)
    columns = [
        pa.array([getattr(one.row, field.name) for one in samples], field.type)
        for field in ROW_SCHEMA
    ]
    return Encoded(lines, pa.RecordBatch.from_arrays(columns, schema=ROW_SCHEMA))


class MetadataWriter:
    """Writes a metadata folder as a stream: memory does not grow with the number of images.

    Args:
        folder: an existing, empty folder.
        columns: names and types of the tabular columns that every row brings.
    """

    def __init__(self, folder: Path, columns: pa.Schema | None = None) -> None:
        self._columns = columns if columns is not None else pa.schema([])
        own = [pa.field(COLUMN + field.name, field.type) for field in self._columns]
        self._folder = folder
        self._schema = pa.schema([*ROW_SCHEMA, *own])
        self._lines = (folder / IMAGES_FILE).open("wb")
        self._rows = pq.ParquetWriter(folder / SAMPLES_FILE, self._schema)
        self._batch: list[Annotated] = []
        self._parts: list[pa.RecordBatch] = []

    def add(self, image: ImageMetadata, row: SampleRow) -> None:
        """Append one image.

        Raises:
            StoreError: the line and the row are not of one image.
        """
        if image.image != row.image:
            raise StoreError(
                f"line and row must be of one image, got {image.image} and {row.image}"
            )
        self._batch.append(Annotated(image, row))
        if len(self._batch) >= BATCH_ROWS:
            self._flush()

    def write(
        self,
        part: Encoded,
        columns: Mapping[str, Sequence[Scalar]],
        groups: Sequence[str | None] | None = None,
    ) -> None:
        """Append images that are encoded already.

        Args:
            part: the images.
            columns: a value an image for each tabular column.
            groups: a group an image, if they come from a table too.
        """
        rows = part.rows
        if groups is not None:
            rows = rows.set_column(GROUP, ROW_SCHEMA.field(GROUP), pa.array(groups, pa.string()))
        arrays = [pa.array(columns[field.name], field.type) for field in self._columns]
        batch = pa.RecordBatch.from_arrays([*rows.columns, *arrays], schema=self._schema)
        self._lines.write(part.lines)
        self._parts.append(batch)
        self._store()

    def close(self, classes: tuple[str, ...]) -> None:
        """Finish the folder. ``classes`` are all names that occur, sorted."""
        self._flush()
        self._store(all_of_it=True)
        write_json(self._folder / CLASSES_FILE, classes)
        self._abandon()

    def __enter__(self) -> "MetadataWriter":
        """Return the writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the files; a folder that ``close`` did not finish is to be thrown away."""
        self._abandon()

    def _abandon(self) -> None:
        self._lines.close()
        self._rows.close()

    def _store(self, all_of_it: bool = False) -> None:
        """Write whole groups of rows: equal rows give equal bytes, however they came in parts."""
        while (count := sum(part.num_rows for part in self._parts)) >= BATCH_ROWS or (
            all_of_it and count
        ):
            whole = pa.Table.from_batches(self._parts, self._schema)
            group, rest = whole.slice(0, BATCH_ROWS), whole.slice(BATCH_ROWS)
            self._rows.write_table(group.combine_chunks())
            self._parts = rest.to_batches()

    def _flush(self) -> None:
        if self._batch:
            names = [field.name for field in self._columns]
            columns = {name: [one.row.columns[name] for one in self._batch] for name in names}
            self.write(encoded(self._batch), columns)
            self._batch.clear()


def read_classes(folder: Path) -> tuple[str, ...]:
    """Return the class names of a metadata folder, sorted."""
    return msgspec.json.decode((folder / CLASSES_FILE).read_bytes(), type=tuple[str, ...])


def read_samples(folder: Path, columns: list[str] | None = None) -> "pd.DataFrame":
    """Return samples.parquet, or the named columns of it, one row an image."""
    table: pd.DataFrame = pq.read_table(folder / SAMPLES_FILE, columns=columns).to_pandas()
    return table


def read_images(folder: Path) -> Iterator[ImageMetadata]:
    """Yield the lines of metadata.jsonl.

    Raises:
        StoreError: a line is not of the format; file and line are named.
    """
    decoder = msgspec.json.Decoder(ImageMetadata)
    path = folder / IMAGES_FILE
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield decoder.decode(line)
            except msgspec.DecodeError as error:
                raise StoreError(f"{path}:{number}: {error}; run the stage convert again") from None


def read_rows(folder: Path) -> Iterator[SampleRow]:
    """Yield the rows of samples.parquet, batch by batch."""
    for batch in pq.ParquetFile(folder / SAMPLES_FILE).iter_batches(BATCH_ROWS):
        for flat in batch.to_pylist():
            own = {
                name[len(COLUMN) :]: flat.pop(name)
                for name in list(flat)
                if name.startswith(COLUMN)
            }
            yield msgspec.convert({**flat, "columns": own}, SampleRow)


def read(folder: Path) -> Iterator["Annotated"]:
    """Yield images with their rows.

    Raises:
        StoreError: the two files do not run parallel.
    """
    for number, (image, row) in enumerate(zip_longest(read_images(folder), read_rows(folder)), 1):
        if image is None or row is None or image.image != row.image:
            raise StoreError(
                f"{folder}: {IMAGES_FILE} and {SAMPLES_FILE} part ways at image {number}; "
                "run the stage convert again"
            )
        yield Annotated(image, row)


class Annotated(msgspec.Struct, frozen=True, gc=False):
    """One image: its line and its row."""

    image: ImageMetadata
    row: SampleRow
