"""Where the pixels of an index's rows lie in their shards, for many rows at once."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from Datasets.arrow import taken
from Datasets.frame import Form, Frame

NOWHERE = -1
"""Offset of pixels that are not in this store: the source's, and masks that do not exist."""
KINDS = {"images": "image", "masks": "mask", "instances": "instances"}
"""What there are shards of, and how the columns of the index that say where and what begin."""


def shard_name(kind: str, shard: int) -> str:
    """Return the file name of a shard of ``kind``, one of ``KINDS``."""
    return f"{kind}-{shard:04d}.npy"


class Layout:
    """The columns of an index that say where pixels lie and what they are.

    Attributes:
        shards: (rows,) the number of each row's shard, ascending.

    Args:
        table: the index.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self.shards: np.ndarray = table["shard"].to_numpy()
        self._offsets = {kind: table[f"{name}_offset"].to_numpy() for kind, name in KINDS.items()}
        sides = ("height", "width", "channels")
        self._sides = np.stack([table[name].to_numpy() for name in sides], 1)

    def span(self, shard: int) -> slice:
        """Return which rows of the index a shard has."""
        first, last = np.searchsorted(self.shards, [shard, shard + 1])
        return slice(int(first), int(last))

    def frames(self, kind: str, rows: np.ndarray) -> Sequence[Frame | None]:
        """Return the frame of each of ``rows``, positions in the index; None where it has none."""
        offsets = self._offsets[kind][rows]
        if (offsets == NOWHERE).all():
            return [None] * len(rows)
        part = taken(self._table.select(["dtype", f"{KINDS[kind]}_hash"]), rows)
        found = zip(
            offsets.tolist(), self._sides[rows].tolist(), *part.to_pydict().values(), strict=True
        )
        forms: dict[tuple[object, ...], Form] = {}
        frames: list[Frame | None] = []
        for offset, sides, dtype, digest in found:
            if offset == NOWHERE:
                frames.append(None)
                continue
            key = (*sides, dtype)
            if key not in forms:
                forms[key] = form_of(kind, tuple(sides), dtype)
            frames.append(Frame(offset, forms[key], digest))
        return frames


def form_of(kind: str, shape: tuple[int, ...], dtype: str) -> Form:
    """Return the form of what a row has of ``kind``.

    Args:
        kind: one of ``KINDS``.
        shape: of the row's image, (H, W, C).
        dtype: of the row's image, by name.
    """
    if kind == "images":
        return Form(shape, dtype)
    return Form(shape[:2], "uint8" if kind == "masks" else "uint16")
