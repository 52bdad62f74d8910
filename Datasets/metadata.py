"""The fixed metadata format: ``metadata.jsonl``, one image a line.

And ``samples.parquet`` beside it, same order.

Conventions, said once for the whole house: boxes are pixels, half-open (x1 <= x < x2), origin at
the upper left corner of the image as it is seen (EXIF orientation applied). A mask is an 8-bit
PNG: 0 nothing, i the class ``classes[i - 1]``, 255 ignore. Class names are sorted.
"""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from Datasets.errors import StoreError

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
ANNOTATED = ("has_labels", "has_counts", "has_boxes", "has_mask")
"""Columns of samples.parquet that tell "nothing there" from "nobody looked"."""
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
        *((name, pa.bool_()) for name in ANNOTATED),
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


def read_columns(folder: Path, columns: list[str]) -> "Columns":
    """Return all images with the named columns of samples.parquet: all of a set at once.

    Raises:
        StoreError: the two files do not run parallel.
    """
    table = pq.read_table(folder / SAMPLES_FILE, columns=["image", *columns])
    images = list(read_images(folder))
    if [image.image for image in images] != table["image"].to_pylist():
        raise StoreError(
            f"{folder}: {IMAGES_FILE} and {SAMPLES_FILE} part ways; run the stage convert again"
        )
    return Columns(images, table)


def own_columns(folder: Path) -> list[str]:
    """Return the names of the user's own columns, as they are called in the user's table."""
    names = pq.read_schema(folder / SAMPLES_FILE).names
    return [name.removeprefix(COLUMN) for name in names if name.startswith(COLUMN)]


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


class Columns(msgspec.Struct, frozen=True):
    """Images, and columns of samples.parquet in the same order."""

    images: list[ImageMetadata]
    table: pa.Table


class Annotated(msgspec.Struct, frozen=True, gc=False):
    """One image: its line and its row."""

    image: ImageMetadata
    row: SampleRow
