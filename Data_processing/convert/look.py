"""What the files of an image are, wherever its pixels stand."""

import os
import time
from pathlib import Path

from Data_processing.convert import embedded
from Data_processing.convert.found import FoundImage
from Data_processing.convert.inspect import inspect, inspect_content, inspect_files, stat_of
from Data_processing.convert.memory import Known, is_settled, mark_of
from Datasets.errors import ImageError


def look_at(root: Path, found: FoundImage, in_windows: bool, known: Known | None = None) -> Known:
    """Return hash and header of an image: of its file, of its bands, or of what is embedded.

    Args:
        root: the data set's raw folder.
        found: the image.
        in_windows: whether it is only read by windows, so that it may be larger than memory.
        known: what it was found to be once, which it is still if its files were not touched.

    Raises:
        AnnotationError: what is embedded is no image.
        ImageError: a file is missing, or is not an image that can be used.
    """
    if found.embedded is not None:  # it must be decoded in any case, to be written
        where = f"{found.embedded}: imageData"
        content = embedded.content(root, found.embedded)
        return Known(found.file, (), (), inspect_content(content, where))
    now_ns = time.time_ns()
    files = found.files or (found.file,)
    said = _stats(root, files)  # first: whoever writes while it is read changes what is said next
    marks = tuple(map(mark_of, said))
    if known is not None and marks and known.marks == marks and known.files == files:
        return known
    if found.files:
        inspected = inspect_files(root, found.files, in_windows)
    else:
        inspected = inspect(root, found.file, in_windows)
    settled = all(is_settled(one, now_ns) for one in said)
    return Known(found.file, files, marks if settled else (), inspected)


def _stats(root: Path, files: tuple[str, ...]) -> list[os.stat_result]:
    """Return what the file system says of files; nothing where one cannot be opened."""
    try:
        return [stat_of(root, file) for file in files]
    except (ImageError, OSError):
        return []  # ``inspect`` says why
