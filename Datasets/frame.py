"""Pixels of one row in a shard: where they lie, how they are read, and the header before them.

A shard is a ``.npy`` file whose header has one length: an array of all its frames where they have
one shape, else their bytes end to end.
"""

import math
from functools import cached_property
from pathlib import Path
from types import TracebackType

import msgspec
import numpy as np

from Datasets.files import content_hash

HEADER_BYTES = 128
MAGIC = b"\x93NUMPY\x01\x00"


class Form(msgspec.Struct, frozen=True, dict=True):
    """Shape and dtype, by name, of the pixels of a row."""

    shape: tuple[int, ...]
    dtype: str

    @cached_property
    def nbytes(self) -> int:
        """How many bytes they are."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


class Frame(msgspec.Struct, frozen=True):
    """Where the pixels of one row lie.

    A byte offset into the shard's data, their form and their hash.
    """

    offset: int
    form: Form
    hash: str


def header(forms: set[Form], count: int, nbytes: int) -> bytes:
    """Return the header of a shard, ``HEADER_BYTES`` long.

    Args:
        forms: those of its frames.
        count: how many frames it has.
        nbytes: bytes of all of them.
    """
    shape: tuple[int, ...] = (nbytes,)
    dtype = np.dtype(np.uint8)
    if len(forms) == 1:
        (form,) = forms
        shape, dtype = (count, *form.shape), np.dtype(form.dtype)
    text = repr({"descr": dtype.str, "fortran_order": False, "shape": shape})
    room = HEADER_BYTES - len(MAGIC) - 2
    return MAGIC + room.to_bytes(2, "little") + text.ljust(room - 1).encode("latin1") + b"\n"


class FrameReader:
    """Reads frames of a shard one after the other: mapped pages would cost more than the hash."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self._at = 0

    def header(self) -> bytes:
        """Return the first bytes of the file: the header, if it is whole."""
        self._file.seek(0)
        found = self._file.read(HEADER_BYTES) or b""
        self._at = len(found)
        return found

    def read(self, frame: Frame, into: memoryview) -> bool:
        """Fill ``into`` with a frame's bytes; return whether they are those that were written."""
        start = HEADER_BYTES + frame.offset
        if start != self._at:
            self._file.seek(start)
        count = self._file.readinto(into) or 0
        self._at = start + count
        return count == len(into) == frame.form.nbytes and content_hash(into) == frame.hash

    def __enter__(self) -> "FrameReader":
        """Let the file be closed after the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
