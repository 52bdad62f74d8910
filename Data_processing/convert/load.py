"""Writes a metadata folder: masks by the workers that made the samples, lines and rows by one."""

import os
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from Data_processing.convert.canonical import Made
from Datasets.image import encode_png
from Datasets.metadata import ABOUT_FILE, REJECTED_FILE
from Datasets.metadata_writer import MetadataWriter


class ToFolder(msgspec.Struct, frozen=True):
    """The load of ``Ingest``: everything goes below ``folder``, which exists."""

    folder: Path

    def draw(self, made: Made) -> None:
        """Write the sample's masks, and its image if that was embedded in the annotations."""
        image, row = made.sample.image, made.sample.row
        nodata = None if made.nodata is None else made.nodata.astype(np.uint8) * 255
        for name, pixels in (
            (image.segmentation_mask, made.semantic),
            (row.instance_mask, made.instances),
            (row.nodata_mask, nodata),
        ):
            if name is not None and pixels is not None:
                self._write(name, encode_png(pixels))
        if made.content is not None:
            self._write(row.files[0], made.content)

    def writer(self, columns: pa.Schema) -> MetadataWriter:
        """Return the writer of lines and rows."""
        return MetadataWriter(self.folder, columns)

    def note_about(self, about: str) -> None:
        """Write what the annotations say of the data set as a whole."""
        (self.folder / ABOUT_FILE).write_bytes(
            msgspec.json.format(about.encode(), indent=2) + b"\n"
        )

    def note_rejected(self, lines: bytes) -> None:
        """Write what was left out beside what was taken over: that is data too."""
        if lines:
            (self.folder / REJECTED_FILE).write_bytes(lines)

    def _write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not emptied first: what is there is the same, or its beginning, of a worker that died or
        # only seemed to, and then may be writing still.
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o666), "wb") as file:
            file.write(content)
