"""What files were found to be, remembered on this machine, so that a re-run pays for what changed.

A file is taken to be what it was if the file system says the same of it as then: its size, when its
content and its entry last changed, its inode and device. Whoever writes to a file changes one of
them, if not within the same tick of the file system's clock: a file that was touched shortly before
it was read is not remembered (git's index has the same trap, and calls it racy). One change is not
noticed: through a memory mapping (``mmap``, ``numpy.memmap``) whose page is dirty already, as Linux
stamps a file at the first write to a page alone. ``rm -r .darkroom/files`` forgets all, and the
next run looks at every file again.

The memory is blocks of samples, in the order of their names. Each is sealed with a hash over itself
and over what decides what is found in a file, so that damage, another version of the code and
another version of a decoder are noticed alike: what is behind is inspected anew. Only a plain file
is taken for one, and the new one is written to a file that nobody else made.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from Data_processing.convert.inspect import Inspected
from Datasets.dataset import Dataset
from Datasets.files import TEMPORARY, content_hash
from Datasets.stage import STATE
from Datasets.terminal import say

FORMAT = 1
"""Raised by hand when ``inspect``, or what it calls, would find something else in a file."""
DECODERS = ("imagecodecs", "numpy", "pillow", "tifffile")
"""Libraries that decide whether a file is sound, and what its header says."""
MARGIN_NS = 2_000_000_000
"""No file system's clock ticks slower: FAT's does every two seconds."""
BLOCK = 1024
LENGTH_BYTES, SEAL_BYTES = 8, 32
_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""A link is not followed, and a pipe not waited for."""
_WRITING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Known(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the files of a sample were found to be.

    ``files`` are paths below the data set's root, ``marks`` what the file system said of each of
    them; none where nothing it could say proves that they are the same still.
    """

    name: str
    files: tuple[str, ...]
    marks: tuple[str, ...]
    inspected: Inspected


_DECODER = msgspec.msgpack.Decoder(tuple[Known, ...])


class Memory(msgspec.Struct, frozen=True):
    """The memory of one data set.

    Attributes:
        path: the file that holds it; None remembers nothing.
        in_windows: whether images are read by windows only, so that the limit of pixels is another.
    """

    path: Path | None = None
    in_windows: bool = False

    @contextmanager
    def opened(self) -> Iterator["Notes"]:
        """Yield what was known; what is noted in the block is what will be known to the next run.

        Of a run that fails before its end, what it did not come to stays known. Where nothing can
        be written one sentence says so, and the run goes on.
        """
        with Notes(self.path, self._seal() if self.path else b"") as notes:
            yield notes

    def _seal(self) -> bytes:
        return repr(
            (FORMAT, self.in_windows, [(name, version(name)) for name in DECODERS])
        ).encode()


def memory_of(name: str, dataset: Dataset) -> Memory:
    """Return the memory of the data set ``name`` in this checkout."""
    return Memory(STATE / "files" / name, in_windows=dataset.samples == "box")


def mark_of(said: os.stat_result) -> str:
    """Return what the file system says of a file, of which something changes when the file does."""
    return f"{said.st_size} {said.st_mtime_ns} {said.st_ctime_ns} {said.st_ino} {said.st_dev}"


def is_settled(said: os.stat_result, now_ns: int) -> bool:
    """Return whether a change from now on would show: time has gone on since the last."""
    return max(said.st_mtime_ns, said.st_ctime_ns) < now_ns - MARGIN_NS


def packed(known: Sequence[Known]) -> bytes:
    """Return those of ``known`` that are worth it, as ``Notes.add`` takes them."""
    return msgspec.msgpack.encode([one for one in known if one.marks])


class Notes:
    """The memory while a run walks through its images, in the order of their names.

    Args:
        path: the file that holds it; None remembers nothing.
        seal: what must have been the same when it was written.
    """

    def __init__(self, path: Path | None, seal: bytes) -> None:
        self._path, self._seal = path, seal
        self._new = path.with_name(f"{TEMPORARY}{path.name}") if path else None
        self._old = _known(path, seal) if path else iter(())
        self._next = next(self._old, None)
        self._is_complete = False
        self._file: BinaryIO | None = None

    def find(self, name: str) -> Known | None:
        """Return what is known of a sample; names are asked for in ascending order, each once."""
        while self._next is not None and self._next.name < name:
            self._next = next(self._old, None)
        if self._next is None or self._next.name != name:
            return None
        found, self._next = self._next, next(self._old, None)
        return found

    def add(self, block: bytes) -> None:
        """Remember what ``packed`` gave of the next samples."""
        if self._file is not None:
            try:
                self._file.write(len(block).to_bytes(LENGTH_BYTES, "little"))
                self._file.write(content_hash(self._seal + block).encode() + block)
            except OSError as error:
                self._give_up(error)

    def complete(self) -> None:
        """Take note that all images were walked through: what was not found again is forgotten."""
        self._is_complete = True

    def __enter__(self) -> "Notes":
        """Begin the new memory beside the old one."""
        if self._new is not None:
            try:
                self._new.parent.mkdir(parents=True, exist_ok=True)
                self._file = _created(self._new)
            except OSError as error:
                self._give_up(error)
        return self

    def __exit__(self, *raised: object) -> None:
        """Put the new memory in the old one's place."""
        if not self._is_complete and self._next is not None:
            left = chain([self._next], self._old)
            while block := list(islice(left, BLOCK)):
                self.add(packed(block))
        if self._file is None or self._new is None or self._path is None:
            return
        try:
            self._file.close()
            self._new.replace(self._path)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        say(
            f"{self._path}: what was found of the raw files cannot be remembered "
            f"({error.strerror}); the next run will look at all of them again"
        )
        with suppress(OSError):
            if self._file is not None:
                self._file.close()
        self._file = None
        if self._new is not None:
            with suppress(OSError):
                self._new.unlink(missing_ok=True)


def _known(path: Path, seal: bytes) -> Iterator[Known]:
    """Yield what a memory holds, up to where it is damaged or not of now."""
    last = ""
    try:
        with os.fdopen(os.open(path, _READING), "rb") as file:
            said = os.fstat(file.fileno())
            left = said.st_size if stat.S_ISREG(said.st_mode) else 0
            while left and (block := _block(file, left, seal)):
                left -= LENGTH_BYTES + SEAL_BYTES + len(block)
                for one in _DECODER.decode(block):
                    if one.name <= last:
                        return
                    last = one.name
                    yield one
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return


def _created(path: Path) -> BinaryIO:
    """Return a new file at ``path``, open for writing, in the place of whatever was there."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, _WRITING, 0o666), "wb")


def _block(file: BinaryIO, left: int, seal: bytes) -> bytes:
    """Return the next block, or nothing where there is none that can be believed."""
    length = int.from_bytes(file.read(LENGTH_BYTES), "little")
    expected = file.read(SEAL_BYTES)
    if not 0 < length <= left - LENGTH_BYTES - SEAL_BYTES:
        return b""
    block = file.read(length)
    return block if content_hash(seal + block).encode() == expected else b""
