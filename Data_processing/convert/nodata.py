"""Where a raster has no data."""

from pathlib import Path

import numpy as np

from Data_processing.convert.draft import Draft
from Datasets.image import nodata_mask
from Datasets.raster import opened_files


def nodata_of(root: Path, draft: Draft) -> np.ndarray | None:
    """Return (H, W) bool, true where the sample has no data; None where it has data everywhere.

    Only files that name a value for it, and those of floats, which may hold NaN, are decoded.

    Args:
        root: the data set's raw folder.
        draft: the sample.

    Raises:
        ImageError: the pixels cannot be read.
    """
    header = draft.file.header
    if (header.nodata is None and header.dtype != "float32") or draft.found.embedded is not None:
        return None
    files = draft.found.files or (draft.found.file,)
    window = draft.window or header.whole()
    with opened_files(root, files, in_windows=bool(draft.window)) as image:
        mask = nodata_mask(image.read(window, "unchanged"), header.nodata)
    return mask if mask.any() else None
