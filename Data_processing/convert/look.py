"""What the files of an image are, wherever its pixels stand."""

from pathlib import Path

from Data_processing.convert import embedded
from Data_processing.convert.found import FoundImage
from Data_processing.convert.inspect import Inspected, inspect, inspect_content, inspect_files


def look_at(root: Path, found: FoundImage, in_windows: bool) -> Inspected:
    """Return hash and header of an image: of its file, of its bands, or of what is embedded.

    Args:
        root: the data set's raw folder.
        found: the image.
        in_windows: whether it is only read by windows, so that it may be larger than memory.

    Raises:
        AnnotationError: what is embedded is no image.
        ImageError: a file is missing, or is not an image that can be used.
    """
    if found.embedded is not None:
        where = f"{found.embedded}: imageData"
        return inspect_content(embedded.content(root, found.embedded), where)
    if found.files:
        return inspect_files(root, found.files, in_windows)
    return inspect(root, found.file, in_windows)
