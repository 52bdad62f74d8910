"""Writing a shard as a stream: memory holds one sample, whatever the shard weighs.

A shard is there whole or not at all, so that what a killed process left can be done again.
"""

import os
from pathlib import Path
from typing import IO

import numpy as np

from Datasets.files import TEMPORARY, content_hash
from Datasets.index import Frame, Row
from Datasets.sample import Sample
from Datasets.store import shard_name

HEADER_BYTES = 128
MAGIC = b"\x93NUMPY\x01\x00"


class ShardWriter:
    """Writes the shards that belong to one number of a store: of images, masks, instance masks."""

    def __init__(self, folder: Path, shard: int) -> None:
        """Prepare shard number ``shard`` of the store in ``folder``.

        Files appear with the first sample.
        """
        self._images = _Stream(folder / shard_name("images", shard))
        self._masks = _Stream(folder / shard_name("masks", shard))
        self._instances = _Stream(folder / shard_name("instances", shard))
        self._rows: list[Row] = []

    def add(self, row: Row, sample: Sample) -> None:
        """Append ``sample``; ``row`` is what the index knew of it before."""
        image = self._images.append(sample.image)
        mask = None if sample.mask is None else self._masks.append(sample.mask)
        instances = None if sample.instances is None else self._instances.append(sample.instances)
        self._rows.append(row.holding(sample, image, mask, instances))

    def close(self) -> list[Row]:
        """Finish the files and return the rows of this shard, as the index holds them."""
        self._images.close()
        self._masks.close()
        self._instances.close()
        return self._rows


class _Stream:
    """A .npy file whose header is written last.

    When the number and the shapes of its samples are known.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = path.with_name(f"{TEMPORARY}{path.name}-{os.getpid()}")
        self._file: IO[bytes] | None = None
        self._bytes = 0
        self._count = 0
        self._kinds: set[tuple[tuple[int, ...], str]] = set()

    def append(self, pixels: np.ndarray) -> Frame:
        if self._file is None:
            self._file = self._temporary.open("wb")
            self._file.write(bytes(HEADER_BYTES))
        content = np.ascontiguousarray(pixels)
        frame = Frame(self._bytes, content.shape, content.dtype.name, content_hash(content.data))
        self._file.write(content.data)
        self._bytes += content.nbytes
        self._count += 1
        self._kinds.add((content.shape, content.dtype.str))
        return frame

    def close(self) -> None:
        if self._file is None:
            return
        if len(self._kinds) == 1:
            shape, dtype = next(iter(self._kinds))
            shape = (self._count, *shape)
        else:
            shape, dtype = (self._bytes,), np.dtype(np.uint8).str
        text = repr({"descr": dtype, "fortran_order": False, "shape": shape})
        room = HEADER_BYTES - len(MAGIC) - 2
        header = MAGIC + room.to_bytes(2, "little") + text.ljust(room - 1).encode("latin1") + b"\n"
        self._file.seek(0)
        self._file.write(header)
        self._file.close()
        self._temporary.replace(self._path)
