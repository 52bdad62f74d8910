"""The raw pixels of a sample: found, checked against what ``convert`` saw, decoded.

A sample that is a window of a raster is checked by the hash of its own pixels: the raster may be
larger than memory.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np

from Datasets.errors import SampleError
from Datasets.files import content_hash, open_plain, sha256_of
from Datasets.header import Colour, Opened
from Datasets.image import decode, opened
from Datasets.raster import Bands, check_inside, opened_files


class RawImage(msgspec.Struct, frozen=True):
    """Where a sample's pixels lie, and by what they are known again; as in samples.parquet.

    ``files`` lie below ``root``. Of a window, what lies outside of the object for which it was cut
    out is filled with 0: that is where ``mask`` is 0, if there is one. Of a tile, ``tile`` says
    which part of all that it is: x1, y1, x2, y2 in pixels.
    """

    root: Path
    files: tuple[str, ...]
    sha256: str
    window: tuple[int, ...] = ()
    window_hash: str = ""
    mask: Path | None = None
    tile: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The path of its file, or of all of them."""
        return ", ".join(str(self.root / file) for file in self.files)

    def pixels(self, colour: Colour) -> np.ndarray:
        """Return the pixels in ``colour``, (H, W, C).

        Raises:
            ImageError: a file cannot be decoded.
            SampleError: a file is not what it was, or is gone.
        """
        with self._reachable():
            pixels = self._part(colour) if self.window else self._whole(colour)
        if not self.tile:
            return pixels
        x1, y1, x2, y2 = self.tile
        return np.ascontiguousarray(pixels[y1:y2, x1:x2])

    def _whole(self, colour: Colour) -> np.ndarray:
        contents = [_content(self.root / file) for file in self.files]
        digests = [sha256_of(content) for content in contents]
        digest = digests[0] if len(digests) == 1 else sha256_of("".join(digests).encode())
        if digest != self.sha256:
            raise self._changed()
        images = [
            opened(io.BytesIO(content), str(self.root / file))
            for content, file in zip(contents, self.files, strict=True)
        ]
        image: Opened = images[0] if len(images) == 1 else Bands(images, self.files)
        return image.read(image.header.whole(), colour)

    def _part(self, colour: Colour) -> np.ndarray:
        x1, y1, x2, y2 = self.window
        with opened_files(self.root, self.files, in_windows=True) as image:
            check_inside((x1, y1, x2, y2), image.header, self.name)
            pixels = image.read((x1, y1, x2, y2), "unchanged")
            if content_hash(pixels.data.cast("B")) != self.window_hash:
                raise self._changed()
            pixels = image.read((x1, y1, x2, y2), colour)
        if self.mask is None:
            return pixels
        is_inside = decode(self.mask.read_bytes(), str(self.mask), "unchanged") != 0  # (h, w, 1)
        return np.where(is_inside, pixels, np.zeros((), pixels.dtype))

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SampleError(
                f"{error.filename} cannot be read ({error.strerror}); put it back or run "
                "`dvc repro` again"
            ) from None

    def _changed(self) -> SampleError:
        return SampleError(
            f"{self.name} changed since `convert` read it; put it back or run `dvc repro` again"
        )


def _content(path: Path) -> bytes:
    with open_plain(path) as file:
        return file.read()
