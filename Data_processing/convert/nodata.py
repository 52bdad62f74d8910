"""Where a raster has no data."""

from pathlib import Path

import numpy as np

from Data_processing.convert.draft import Draft


def nodata_of(root: Path, draft: Draft) -> np.ndarray | None:
    """Return (H, W) bool, true where the sample has no data; None where it has data everywhere.

    Only files that name a value for it, and those of floats, which may hold NaN, are decoded.

    Raises:
        ImageError: the pixels cannot be read.
    """
    header = draft.file.header
    if getattr(header, 'nodata', None) is None and header.dtype != "float32":
        return None
    from Datasets.image import decode, nodata_mask, stacked
    from Datasets.raster import read_window

    if draft.window:
        pixels = read_window(root / draft.found.file, draft.window, draft.found.file)
    else:
        files = draft.found.files or (draft.found.file,)
        pixels = stacked(
            [decode((root / file).read_bytes(), file, "unchanged") for file in files], draft.image
        )
    mask = nodata_mask(pixels, header.nodata)
    return mask if mask.any() else None
