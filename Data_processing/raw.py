"""Raw files read at the first step, with the masks that ``convert`` drew."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np

from Datasets.dataset import METADATA
from Datasets.errors import StoreError
from Datasets.files import content_hash
from Datasets.image import Colour, decode
from Datasets.index import Row
from Datasets.metadata import read_classes
from Datasets.raw_image import RawImage
from Datasets.regions import MAX_CLASSES
from Datasets.sample import Sample


class RawFiles(msgspec.Struct, frozen=True):
    """Where the raw files of each data set lie, and how their colours are read."""

    roots: Mapping[str, Path]
    colour: Colour
    classes: tuple[str, ...]
    """Of the walk: a mask's values, which count the classes of its own data set, become these."""

    def sample(self, row: Row) -> Sample:
        """Return ``row`` with the pixels of its raw file and of its mask.

        Raises:
            ImageError: the file cannot be decoded.
            SampleError: it is not the file that ``convert`` saw, or is gone.
            StoreError: the mask is not the one that ``convert`` wrote.
        """
        root = METADATA / row.dataset if row.is_embedded else self.roots[row.dataset]
        path = METADATA / row.dataset / row.raw_mask if row.raw_mask else None
        raw = RawImage(root, row.files, row.sha256, row.window, row.window_hash, path)
        image = raw.pixels(self.colour)
        return Sample(row.id, 0, image, self._mask(row, image.shape), row.boxes())

    def _mask(self, row: Row, shape: tuple[int, ...]) -> np.ndarray | None:
        if row.raw_mask is None:
            return None
        path = METADATA / row.dataset / row.raw_mask
        content = path.read_bytes() if path.exists() else b""
        if content_hash(content) != row.raw_mask_hash:
            raise StoreError(
                f"{path} is not the mask that was written; run `dvc repro "
                f"convert@{row.dataset}` again"
            )
        mask = self.values(row.dataset)[decode(content, str(path), "unchanged")[:, :, 0]]
        if mask.shape != shape[:2]:
            raise StoreError(
                f"{path}: mask of {mask.shape}, image of {shape[:2]}; run the stage convert again"
            )
        return mask

    def values(self, dataset: str) -> np.ndarray:
        """Return what each mask value of a data set becomes, (256,) uint8; 0 and 255 stay."""
        own = read_classes(METADATA / dataset)
        if len(self.classes) > MAX_CLASSES:
            raise StoreError(
                f"the data sets have {len(self.classes)} classes together, a mask holds at most "
                f"{MAX_CLASSES}; take one out of split.from"
            )
        values = np.arange(256, dtype=np.uint8)
        values[1 : 1 + len(own)] = [1 + self.classes.index(name) for name in own]
        return values
