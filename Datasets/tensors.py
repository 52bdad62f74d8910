"""The stacked tensors: a store whose samples all have one shape and dtype, read by the batch."""

import mmap
from operator import getitem
from pathlib import Path

import numpy as np

from Datasets.errors import StackError
from Datasets.layout import shard_name
from Datasets.store import Store

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
        numbers, first, self._place_of = np.unique(shards, return_index=True, return_inverse=True)
        self._row_of = np.arange(len(shards)) - first[self._place_of]
        mapped = [
            np.load(folder / shard_name("images", int(n)), mmap_mode="r", allow_pickle=False)
            for n in numbers
        ]
        # Plain arrays, rows flat: a view of a memmap takes ten times as long, of (H, W, C) two.
        self._shards = [np.asarray(shard).reshape(len(shard), -1) for shard in mapped]
        self._maps = mapped

    def __len__(self) -> int:
        """Return the number of rows: samples times (1 + copies)."""
        return len(self.index)

    def gather(self, rows: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return the images at ``rows``, (len(rows), H, W, C), in the order asked for.

        Args:
            rows: (n,) positions in ``index``.
            out: a contiguous buffer of the result's shape and dtype to write into, or None.
        """
        batch = np.empty((len(rows), *self.shape), self.dtype) if out is None else out
        if not batch.flags.c_contiguous:
            raise ValueError("gather writes into contiguous buffers only")
        if not len(rows):
            return batch
        # Views alone, a tenth of a microsecond each; every byte is moved once, by one call. Taking
        # shard by shard is slower as soon as a batch is spread over many.
        shards = map(self._shards.__getitem__, self._place_of[rows].tolist())
        views = list(map(getitem, shards, self._row_of[rows].tolist()))
        np.concatenate(views, out=batch.reshape(-1))
        return batch

    def will_need(self, rows: np.ndarray) -> None:
        """Ask the system to read what lies between the first and the last of ``rows`` by now.

        Args:
            rows: (n,) positions in ``index``, ascending: neighbours, or more is read than needed.
        """
        if not hasattr(mmap, "MADV_WILLNEED"):
            return
        places, local = self._place_of[rows], self._row_of[rows]
        for place in np.unique(places).tolist():
            inside = local[places == place]
            mapped, bytes_a_row = self._maps[place], self._shards[place].strides[0]
            start = mapped.offset + int(inside[0]) * bytes_a_row
            end = mapped.offset + (int(inside[-1]) + 1) * bytes_a_row
            start -= start % mmap.PAGESIZE
            # The map stands behind numpy's array, and begins where the file does.
            memory: mmap.mmap = mapped.base
            memory.madvise(mmap.MADV_WILLNEED, start, end - start)
