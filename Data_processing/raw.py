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
        """Return ``row`` with the pixels of its raw file and of its masks.

        Raises:
            ImageError: the file cannot be decoded.
            SampleError: it is not the file that ``convert`` saw, or is gone.
            StoreError: a mask is not the one that ``convert`` wrote.
        """
        root = METADATA / row.dataset if row.is_embedded else self.roots[row.dataset]
        path = METADATA / row.dataset / row.raw_mask if row.raw_mask else None
        raw = RawImage(root, row.files, row.sha256, row.window, row.window_hash, path)
        image = raw.pixels(self.colour)
        shape = image.shape[:2]
        return Sample(
            row.id, 0, image, self._mask(row, shape), row.boxes(), self._instances(row, shape)
        )

    def _mask(self, row: Row, shape: tuple[int, ...]) -> np.ndarray | None:
        if row.raw_mask is None:
            return None
        drawn = _drawn(row, row.raw_mask, row.raw_mask_hash, shape)
        return self.values(row.dataset)[drawn]

    def _instances(self, row: Row, shape: tuple[int, ...]) -> np.ndarray | None:
        if row.raw_instances is None:
            return None
        drawn = _drawn(row, row.raw_instances, row.raw_instances_hash, shape)
        if drawn.max(initial=0) > len(row.box_names):
            raise StoreError(
                f"{METADATA / row.dataset / row.raw_instances}: names box {drawn.max()} of "
                f"{len(row.box_names)}; run `dvc repro convert@{row.dataset}` again"
            )
        return drawn.astype(np.uint16, copy=False)

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


def _drawn(row: Row, file: str, digest: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return a mask that ``convert`` drew for ``row``, (H, W).

    Raises:
        StoreError: it is not the one that was written, or not as large as the image.
    """
    path = METADATA / row.dataset / file
    content = path.read_bytes() if path.exists() else b""
    if content_hash(content) != digest:
        raise StoreError(
            f"{path} is not the mask that was written; run `dvc repro convert@{row.dataset}` again"
        )
    drawn = decode(content, str(path), "unchanged")[:, :, 0]
    if drawn.shape != shape:
        raise StoreError(
            f"{path}: mask of {drawn.shape}, image of {shape}; run the stage convert again"
        )
    return drawn
