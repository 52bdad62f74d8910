"""Writes a metadata folder, as a stream; the format is told in ``Datasets/metadata.py``."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from Datasets.arrow import column
from Datasets.errors import StoreError
from Datasets.files import write_json
from Datasets.metadata import (
    BATCH_ROWS,
    CLASSES_FILE,
    COLUMN,
    IMAGES_FILE,
    ROW_SCHEMA,
    SAMPLES_FILE,
    Annotated,
    ImageMetadata,
    SampleRow,
    Scalar,
)

GROUP = ROW_SCHEMA.get_field_index("group")


class Encoded(msgspec.Struct, frozen=True):
    """Some images as they stand in the files: lines of metadata.jsonl, rows of samples.parquet."""

    lines: bytes
    rows: pa.RecordBatch


def encoded(samples: Sequence[Annotated]) -> Encoded:
    """Return ``samples`` ready to be written, without tabular columns."""
    encoder = msgspec.json.Encoder()
    lines = b"".join(encoder.encode(one.image) + b"\n" for one in samples)
    columns = [
        column([getattr(one.row, field.name) for one in samples], field.type)
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

    def __exit__(self, *raised: object) -> None:
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
