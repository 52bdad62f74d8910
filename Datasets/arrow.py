"""Columns of Python values as Arrow arrays, built from buffers.

``pyarrow.array`` gives the same of values of the right types, after it has imported pandas to see
whether it was given some of that: half a second in every process.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa


def column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return ``values`` as an array of ``kind``.

    Args:
        values: those of a column; None is a gap.
        kind: what columns of samples.parquet are: a number, a truth value, a text, a list of these.

    Raises:
        OverflowError: a number does not fit, or there are 2**31 bytes of text or values in lists.
    """
    count = len(values)
    there = None
    if None in values:
        known = np.fromiter((value is not None for value in values), bool, count)
        there = np.packbits(known, bitorder="little")
    if pa.types.is_list(kind):
        lists = [value or () for value in values] if there is not None else values
        inner = column(list(chain.from_iterable(lists)), kind.value_type)
        return _array(kind, count, [there, _offsets(map(len, lists), count)], [inner])
    if pa.types.is_string(kind):
        texts = [(value or "").encode() for value in values]
        content = np.frombuffer(b"".join(texts), np.uint8)
        return _array(kind, count, [there, _offsets(map(len, texts), count), content])
    numbers = (value or 0 for value in values) if there is not None else values
    if pa.types.is_boolean(kind):
        bits = np.packbits(np.fromiter(numbers, bool, count), bitorder="little")
        return _array(kind, count, [there, bits])
    return _array(kind, count, [there, np.fromiter(numbers, kind.to_pandas_dtype(), count)])


def _offsets(lengths: "map[int]", count: int) -> np.ndarray:
    """Return where each value begins and the last ends, (count + 1,) int32."""
    offsets = np.zeros(count + 1, np.int64)
    np.cumsum(np.fromiter(lengths, np.int64, count), out=offsets[1:])
    if offsets[-1] >= 2**31:
        raise OverflowError(f"{offsets[-1]} bytes or values in one part of a column")
    return offsets.astype(np.int32)


def _array(
    kind: pa.DataType,
    count: int,
    buffers: list[np.ndarray | None],
    children: list[pa.Array] | None = None,
) -> pa.Array:
    held = [None if one is None else pa.py_buffer(one) for one in buffers]
    return pa.Array.from_buffers(kind, count, held, children=children)


def taken(table: pa.Table, rows: np.ndarray) -> pa.Table:
    """Return the rows of a table at ``rows``, without a copy where they stand together."""
    first = int(rows[0]) if len(rows) else 0
    if np.array_equal(rows, np.arange(first, first + len(rows))):
        return table.slice(first, len(rows))
    return table.take(rows)
