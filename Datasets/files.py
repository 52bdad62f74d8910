"""Files that are there whole or not at all, their hashes, and links in place of copies."""

import errno
import hashlib
import io
import os
import platform
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO

import msgspec
import xxhash

TEMPORARY = ".tmp-"
"""Prefix of unfinished outputs. .dvcignore and .gitignore know it."""


@contextmanager
def new_folder(path: Path, replaces: bool = True) -> Iterator[Path]:
    """Yield an empty folder that becomes ``path`` if the block ends well, and vanishes if not.

    Args:
        path: where it goes. What is there goes, with all that lies in it: right for the output of
            a stage.
        replaces: False where a user chose the place: then what is there stays.

    Raises:
        FileExistsError: ``path`` is there and is not to be replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = f"{TEMPORARY}{path.name}-{_host()}-"
    for left in path.parent.glob(f"{mine}*"):  # what a killed run of this machine left behind
        if left.name.removeprefix(mine).isdigit():
            shutil.rmtree(left, ignore_errors=True)
    folder = path.parent / f"{mine}{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
        if not replaces and path.exists():
            raise FileExistsError(f"{path} exists already")
        if path.is_dir():
            shutil.rmtree(path)
        folder.rename(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write that becomes ``path`` if the block ends well, and vanishes if not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_for(path)
    try:
        with temporary.open("wb") as file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def temporary_for(path: Path) -> Path:
    """Return where this process writes ``path`` before it is renamed: no other has the same place.

    Not on other machines that share the file system either. The name is short, as ``path`` may have
    the longest that there is.
    """
    name = content_hash(os.fsencode(path.name))[:16]
    return path.with_name(f"{TEMPORARY}{name}-{_host()}-{os.getpid()}")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file by an atomic rename, so that a reader sees the old content or the new."""
    with new_file(path) as file:
        file.write(content)


def write_json(path: Path, content: object) -> None:
    """Write ``content`` (structs, mappings, lists, numbers, text) as JSON, by an atomic rename."""
    write_bytes(path, msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")


def open_plain(path: Path) -> BinaryIO:
    """Open a file to read it. Who opens a pipe waits for ever, and a device may have no end.

    Raises:
        OSError: it cannot be opened, or is no plain file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        # Readers of formats ask for its name, which is no number then.
        return io.BufferedReader(io.FileIO(str(path), opener=lambda *_: descriptor))
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is no file but a folder, a pipe or a device", str(path))


def flush(path: Path) -> None:
    """Have the system write a file, or the names in a folder, to the disk by now."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def link_or_copy(source: Path, target: Path) -> None:
    """Make ``target`` the same bytes as ``source``: one inode if possible, else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def sha256_of(content: bytes) -> str:
    """Return the sha256 of ``content`` as 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the sha256 of a file's content as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_hash(content: bytes | memoryview) -> str:
    """Return the xxh3-128 of ``content`` as 32 hex digits: it notices damage, it is no defence."""
    return xxhash.xxh3_128_hexdigest(content)


@cache
def _host() -> str:
    """Return what tells this machine from others: numbers of processes are their own."""
    return content_hash(os.fsencode(platform.node()))[:8]
