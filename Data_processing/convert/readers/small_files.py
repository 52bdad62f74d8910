"""Reads the files of formats that have one an image: there may be a million."""

import os
import stat
from pathlib import Path

from Data_processing.convert.files import leads_inside, read_below


class Files:
    """Reads small files below a folder, many of them.

    Their folder is looked at once, and each is opened and read with as few calls as can be:
    ``Path.read_bytes`` takes three times as long, which is felt with a million of them.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._inside: dict[str, bool] = {"": True}

    def read(self, file: str) -> bytes:
        """Return the content of ``file``.

        Raises:
            AnnotationError: it leaves the root by a link, is empty or cannot be read.
        """
        folder = file.rpartition("/")[0]
        if folder not in self._inside:
            self._inside[folder] = leads_inside(self._root, self._root / folder)
        if self._inside[folder]:
            try:
                content = _content(f"{self._root}/{file}")
            except OSError:
                content = b""  # a link, or what cannot be read: said below
            if content and not content.isspace():
                return content
        return read_below(self._root, file)


def _content(path: str) -> bytes:
    """Return the content of a file; nothing if it is none."""
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe is not waited for
    try:
        said = os.fstat(file)
        if not stat.S_ISREG(said.st_mode):
            return b""
        part = os.read(file, said.st_size + 1)  # more would be allocated for each anew
        if len(part) == said.st_size:
            return part
        parts = [part]
        while part := os.read(file, said.st_size + 1):
            parts.append(part)
    finally:
        os.close(file)
    return b"".join(parts)
