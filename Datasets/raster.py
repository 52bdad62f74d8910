"""Images opened where they lie: windows of rasters larger than memory, several files as bands."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import numpy as np

from Datasets.errors import ImageError
from Datasets.files import open_plain
from Datasets.header import Colour, Header, Opened, Window
from Datasets.image import MAX_CHANNELS, opened, stacked
from Datasets.shown import in_colour

DIFFER = "bands that differ"


def read_window(path: Path, window: Window, where: str) -> np.ndarray:
    """Return the pixels of a window as the file has them, (h, w, C), C-contiguous.

    Of a TIFF only the strips and tiles that it touches are decoded; other formats are decoded
    whole, and are held to the pixel limit.

    Args:
        path: the image file.
        window: whole pixels of the image as it is seen, inside it.
        where: the file's name, for messages.

    Raises:
        ImageError: the file or the window cannot be read.
    """
    with open_plain(path) as file:
        image = opened(file, where, in_windows=True)
        check_inside(window, image.header, where)
        return image.read(window, "unchanged")


@contextmanager
def opened_files(root: Path, files: Sequence[str], in_windows: bool = False) -> Iterator[Opened]:
    """Give one image: of one file below ``root``, or of several, one a band, in their order.

    Raises:
        ImageError: a file cannot be used, or they do not go together.
        OSError: a file cannot be opened.
    """
    with ExitStack() as stack:
        images = [
            opened(stack.enter_context(open_plain(root / file)), file, in_windows) for file in files
        ]
        yield images[0] if len(images) == 1 else Bands(images, files)


class Bands:
    """Several images of one channel, seen as one.

    Attributes:
        header: theirs, with as many channels as there are images.
    """

    def __init__(self, images: Sequence[Opened], files: Sequence[str]) -> None:
        """Check that they go together.

        Raises:
            ImageError: they do not.
        """
        self._images, self._where = images, files[0]
        self.header = header_of_bands([image.header for image in images], files)

    def read(self, window: Window, colour: Colour) -> np.ndarray:
        """Return the pixels of ``window``, (h, w, C), C-contiguous.

        Raises:
            ImageError: they are damaged, or bands cannot become ``colour``.
        """
        pixels = stacked([image.read(window, "unchanged") for image in self._images], self._where)
        return in_colour(pixels, self.header, colour, self._where)


def header_of_bands(headers: Sequence[Header], files: Sequence[str]) -> Header:
    """Return the header of an image whose channels stand in files of their own.

    Raises:
        ImageError: they differ, or one has several channels; the first that does is named.
    """
    if len(files) > MAX_CHANNELS:
        raise ImageError(f"{files[0]}: {len(files)} bands are more than {MAX_CHANNELS}", DIFFER)
    first = headers[0]
    for header, file in zip(headers, files, strict=True):
        if header.channels != 1:
            raise ImageError(
                f"{file}: a band must have 1 channel, this has {header.channels}; save the one "
                "that is meant",
                DIFFER,
            )
        if _kind(header) != _kind(first):
            raise ImageError(
                f"{file}: a band of {_shown(header)}, but {files[0]} has {_shown(first)}; "
                "resample the bands to one grid first",
                DIFFER,
            )
    values = {str(header.nodata): header.nodata for header in headers if header.nodata is not None}
    if len(values) > 1:
        shown = ", ".join(sorted(values))
        raise ImageError(
            f"{files[0]}: the bands name several values for no data ({shown}); give them one",
            DIFFER,
        )
    nodata = next(iter(values.values()), None)
    return msgspec.structs.replace(first, channels=len(files), nodata=nodata, has_bands=True)


def check_inside(window: Window, header: Header, where: str) -> None:
    """Return nothing if ``window`` lies inside the image.

    Raises:
        ImageError: it does not, or is empty.
    """
    x1, y1, x2, y2 = window
    if not (0 <= x1 < x2 <= header.width and 0 <= y1 < y2 <= header.height):
        raise ImageError(
            f"{where}: the window {x1}, {y1}, {x2}, {y2} is not inside its {header.width} x "
            f"{header.height} pixels"
        )


def _kind(header: Header) -> tuple[int, int, str, int]:
    return header.width, header.height, header.dtype, header.orientation


def _shown(header: Header) -> str:
    return f"{header.width} x {header.height} pixels of {header.dtype}"
