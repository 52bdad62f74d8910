"""Writing a shard as a stream: memory holds one sample, whatever the shard weighs.

A shard is there whole or not at all, so that what a killed process left can be done again.
"""

from pathlib import Path
from typing import IO

import msgspec
import numpy as np

from Datasets.files import content_hash, temporary_for
from Datasets.frame import HEADER_BYTES, Form, Frame, header
from Datasets.index import Row
from Datasets.layout import KINDS, NOWHERE, shard_name
from Datasets.sample import Sample


class Stored(msgspec.Struct, frozen=True):
    """Pixels as a shard holds them, and the hash that they were found to have."""

    content: memoryview
    form: Form
    hash: str


class ShardWriter:
    """Writes the shards that belong to one number of a store: of images, masks, instance masks."""

    def __init__(self, folder: Path, shard: int) -> None:
        """Prepare shard number ``shard`` of the store in ``folder``.

        Files appear with the first sample.
        """
        self._streams = {kind: _Stream(folder / shard_name(kind, shard)) for kind in KINDS}
        self._rows: list[Row] = []

    def add(self, row: Row, sample: Sample) -> None:
        """Append ``sample``; ``row`` is what the index knew of it before."""
        of_kind = {"images": sample.image, "masks": sample.mask, "instances": sample.instances}
        frames = {
            kind: self._streams[kind].append(_stored(pixels))
            for kind, pixels in of_kind.items()
            if pixels is not None
        }
        self._rows.append(row.holding(sample, frames))

    def copy(self, stored: dict[str, Stored]) -> dict[str, int]:
        """Append what another shard holds of a row, by kind; return the offset of each kind."""
        return {
            kind: stream.append(stored[kind]).offset if kind in stored else NOWHERE
            for kind, stream in self._streams.items()
        }

    def close(self) -> list[Row]:
        """Finish the files and return the rows that were added, as the index holds them."""
        for stream in self._streams.values():
            stream.close()
        return self._rows


def _stored(pixels: np.ndarray) -> Stored:
    content = np.ascontiguousarray(pixels)
    form = Form(content.shape, content.dtype.name)
    return Stored(content.data, form, content_hash(content.data))


class _Stream:
    """A .npy file whose header is written last.

    When the number and the forms of its frames are known.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = temporary_for(path)
        self._file: IO[bytes] | None = None
        self._bytes = 0
        self._count = 0
        self._forms: set[Form] = set()

    def append(self, stored: Stored) -> Frame:
        if self._file is None:
            self._file = self._temporary.open("wb")
            self._file.write(bytes(HEADER_BYTES))
        frame = Frame(self._bytes, stored.form, stored.hash)
        self._file.write(stored.content)
        self._bytes += stored.content.nbytes
        self._count += 1
        self._forms.add(stored.form)
        return frame

    def close(self) -> None:
        if self._file is None:
            return
        self._file.seek(0)
        self._file.write(header(self._forms, self._count, self._bytes))
        self._file.close()
        self._temporary.replace(self._path)
