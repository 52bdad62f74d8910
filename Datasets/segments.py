"""The strips and tiles of a TIFF: only those that a window touches are read and decoded."""

import math
from collections.abc import Iterator

import msgspec
import numpy as np
import tifffile

from Datasets import header
from Datasets.errors import ImageError
from Datasets.header import Window

MAX_BYTES = 1 << 31
"""Of what is decoded at once, and of one segment in the file."""


class Grid(msgspec.Struct, frozen=True):
    """How a page is cut into segments: tiles, or strips, which are tiles as wide as the image."""

    height: int
    width: int
    planes: int  # 1, or one a channel where channels are stored apart
    samples: int  # in each plane
    across: int
    down: int

    def touched(self, window: Window) -> Iterator[tuple[int, int, int, int]]:
        """Yield number, plane, top and left of each segment that ``window`` touches."""
        x1, y1, x2, y2 = window
        for plane in range(self.planes):
            for row in range(y1 // self.height, -(-y2 // self.height)):
                for column in range(x1 // self.width, -(-x2 // self.width)):
                    number = (plane * self.down + row) * self.across + column
                    yield number, plane, row * self.height, column * self.width


def check(page: tifffile.TiffPage, where: str) -> None:
    """Return nothing if the page lists all its segments, and each can be decoded at once.

    Raises:
        ImageError: it does not.
    """
    grid = _grid(page)
    needed = grid.planes * grid.down * grid.across
    listed = min(len(page.dataoffsets), len(page.databytecounts))
    if listed < needed:
        raise ImageError(
            f"{where}: the TIFF lists {listed} strips or tiles, its image needs {needed}; replace "
            "the file or leave it out",
            "damaged image",
        )
    if not _is_plain(page) and grid.height * grid.width > header.MAX_PIXELS:
        raise ImageError(
            f"{where}: {grid.width} x {grid.height} pixels are compressed as one, more than "
            f"{header.MAX_PIXELS}; save the file in tiles",
            "too many pixels",
        )
    ends = np.asarray(page.dataoffsets[:needed], np.float64) + _lengths(page, grid, needed)
    if (ends > page.parent.filehandle.size).any():
        raise _truncated(where)


def read(page: tifffile.TiffPage, window: Window, fill: float, where: str) -> np.ndarray:
    """Return the stored samples of a window, (h, w, samples), in the machine's byte order.

    Args:
        page: the image.
        window: in the frame as stored.
        fill: the value of tiles that were left out of the file.
        where: the file's name, for messages.

    Raises:
        ImageError: the file ends before them.
        Exception: whatever a codec raises on damaged data.
    """
    grid, plain = _grid(page), _is_plain(page)
    x1, y1, x2, y2 = window
    shape = (y2 - y1, x2 - x1, grid.planes * grid.samples)
    if math.prod(shape) * np.dtype(page.dtype).itemsize > MAX_BYTES:
        raise ImageError(
            f"{where}: {shape[1]} x {shape[0]} pixels of {shape[2]} channels are more than "
            f"{MAX_BYTES} bytes; cut it into tiles",
            "too many pixels",
        )
    pixels = np.empty(shape, page.dtype)
    for number, plane, top, left in grid.touched(window):
        offset, count = int(page.dataoffsets[number]), int(page.databytecounts[number])
        first, last = max(y1, top), min(y2, top + grid.height)
        start, end = max(x1, left), min(x2, left + grid.width)
        channels = slice(plane * grid.samples, (plane + 1) * grid.samples)
        target = pixels[first - y1 : last - y1, start - x1 : end - x1, channels]
        if not offset and not count:
            target[...] = fill
            continue
        if plain:
            part = _rows(page, grid, offset, count, (first - top, last - top), where)
            top = first
        else:
            part = _decoded(page, number, _bytes(page, offset, count, where))
        part = part[first - top : last - top, start - left : end - left]
        if part.shape != target.shape:
            raise ValueError("a strip or tile holds too few pixels")
        target[...] = part
    return pixels


def _grid(page: tifffile.TiffPage) -> Grid:
    planes, _, length, width, samples = page.shaped
    if page.is_tiled:
        size = int(page.tilelength), int(page.tilewidth)
    else:
        size = int(page.rowsperstrip), width
    if min(size) < 1:
        raise ValueError(f"strips or tiles of {size[1]} x {size[0]} pixels")
    return Grid(*size, planes, samples, -(-width // size[1]), -(-length // size[0]))


def _is_plain(page: tifffile.TiffPage) -> bool:
    """Return whether the samples stand there as they are, so that rows can be read alone."""
    return (
        int(page.compression) == 1
        and int(page.predictor) == 1
        and int(page.fillorder) == 1
        and not page.is_tiled
        and page.bitspersample in (8, 16, 32)
    )


def _lengths(page: tifffile.TiffPage, grid: Grid, needed: int) -> np.ndarray:
    """Return how many bytes of each segment are read; the last strip may claim more than it has."""
    claimed = np.asarray(page.databytecounts[:needed], np.float64)
    if not _is_plain(page):
        return claimed
    tops = np.arange(needed) % grid.down * grid.height
    rows = np.minimum(grid.height, page.shaped[2] - tops)
    return np.minimum(claimed, rows * float(_row_bytes(page, grid)))


def _row_bytes(page: tifffile.TiffPage, grid: Grid) -> int:
    return grid.width * grid.samples * np.dtype(page.dtype).itemsize


def _rows(
    page: tifffile.TiffPage,
    grid: Grid,
    offset: int,
    count: int,
    rows: tuple[int, int],
    where: str,
) -> np.ndarray:
    """Return some rows of an uncompressed strip, (rows, width, samples)."""
    dtype = np.dtype(page.dtype).newbyteorder(page.parent.byteorder)
    start, end = (row * _row_bytes(page, grid) for row in rows)
    if end > count:
        raise ValueError("a strip holds too few pixels")
    content = _bytes(page, offset + start, end - start, where)
    return np.frombuffer(content, dtype).reshape(-1, grid.width, grid.samples)


def _decoded(page: tifffile.TiffPage, number: int, content: bytes) -> np.ndarray:
    tables = {}
    if int(page.compression) == 7:
        tables = {"jpegtables": page.jpegtables, "jpegheader": page.jpegheader}
    part: np.ndarray | None = page.decode(content, number, **tables)[0]
    if part is None:
        raise ValueError("a strip or tile is empty")
    rows: np.ndarray = part[0]  # of a depth of 1
    return rows


def _bytes(page: tifffile.TiffPage, offset: int, count: int, where: str) -> bytes:
    file = page.parent.filehandle
    if offset + count > file.size:
        raise _truncated(where)
    if count > MAX_BYTES:
        raise ImageError(f"{where}: a strip or tile of {count} bytes; save the file in tiles")
    file.seek(offset)
    content: bytes = file.read(count)
    return content


def _truncated(where: str) -> ImageError:
    return ImageError(
        f"{where}: the file is truncated: pixels stand behind its end; replace it or leave it out",
        "damaged image",
    )
