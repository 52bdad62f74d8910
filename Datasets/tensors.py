"""The stacked tensors: a store whose samples all have one shape and dtype, read by the batch."""

from pathlib import Path

import numpy as np

from Datasets.errors import StackError
from Datasets.store import Store, shard_name

TENSORS = Path("Datasets/tensors")


class Tensors:
    """Images of one shape, addressed by their row in the index.

    Attributes:
        store: the store behind it.
        index: its index, sorted by (shard, id, copy); row i of ``gather`` is row i here.
        shape: (H, W, C) of every image.
        dtype: of every image: uint8, uint16 or float32.
    """

    def __init__(self, folder: Path = TENSORS) -> None:
        """Open the tensors in ``folder``.

        Raises:
            StoreError: there are none.
            StackError: the store's samples differ in shape.
        """
        self.store = Store(folder)
        self.index = self.store.index()
        kinds = self.index[["height", "width", "channels", "dtype"]].drop_duplicates()
        if len(kinds) != 1:
            raise StackError(
                f"{folder}: the samples have {len(kinds)} different shapes; run `dvc repro "
                "stack` again"
            )
        height, width, channels, dtype = kinds.iloc[0]
        self.shape = (int(height), int(width), int(channels))
        self.dtype = np.dtype(str(dtype))
        shards = self.index["shard"].to_numpy()
        numbers = np.unique(shards)
        self._shards = {
            int(n): np.load(
                folder / shard_name("images", int(n)), mmap_mode="r", allow_pickle=False
            )
            for n in numbers
        }
        self._shard_of = shards
        first = {int(n): int(np.searchsorted(shards, n)) for n in numbers}
        self._row_of = np.arange(len(shards)) - np.array([first[int(n)] for n in shards], np.int64)

    def __len__(self) -> int:
        """Return the number of rows: samples times (1 + copies)."""
        return len(self.index)

    def gather(self, rows: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return the images at ``rows``, (len(rows), H, W, C), in the order asked for.

        Args:
            rows: (n,) positions in ``index``.
            out: a buffer of the result's shape and dtype to write into, or None.
        """
        batch = np.empty((len(rows), *self.shape), self.dtype) if out is None else out
        for number in np.unique(self._shard_of[rows]):
            where = np.flatnonzero(self._shard_of[rows] == number)
            batch[where] = self._shards[int(number)][self._row_of[rows[where]]]
        return batch
