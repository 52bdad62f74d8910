"""Writes a metadata folder: masks by the workers that made the samples, lines and rows by one."""

from pathlib import Path

import msgspec
import pyarrow as pa

from Datasets.image import encode_png
from Datasets.metadata import REJECTED_FILE, Annotated, MetadataWriter
from Datasets.regions import IGNORE, Region, index_mask


class ToFolder(msgspec.Struct, frozen=True):
    """The load of ``Ingest``: everything goes below ``folder``, which exists and is empty."""

    folder: Path

    def draw(self, sample: Annotated, classes: tuple[str, ...]) -> None:
        """Write the sample's mask if it has one: i for ``classes[i - 1]``, 255 for a crowd."""
        image, row = sample.image, sample.row
        if image.segmentation_mask is None:
            return
        value_of = {name: i for i, name in enumerate(classes, 1)}
        regions = [
            Region(polygons, rle, row.height, row.width)
            for polygons, rle in zip(row.polygons, row.rles, strict=True)
        ]
        values = [
            IGNORE if is_crowd else value_of[box.name]
            for box, is_crowd in zip(image.bounding_boxes, row.iscrowd, strict=True)
        ]
        path = self.folder / image.segmentation_mask
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_png(index_mask(regions, values, row.height, row.width)))

    def writer(self, columns: pa.Schema) -> MetadataWriter:
        """Return the writer of lines and rows."""
        return MetadataWriter(self.folder, columns)

    def note_rejected(self, lines: bytes) -> None:
        """Write what was left out beside what was taken over: that is data too."""
        if lines:
            (self.folder / REJECTED_FILE).write_bytes(lines)
