"""Tables that say nothing which the others do not: one sentence for all their rows."""

from array import array

import numpy as np

from Data_processing.convert.readers.table_rows import Rows
from Datasets.errors import AnnotationError


def check_repeats(rows: Rows, where: str) -> None:
    """Return nothing if each table has a row that no other has.

    Args:
        rows: of all tables.
        where: the data set's place in params.yaml.

    Raises:
        AnnotationError: every row of a table stands in another as well.
    """
    parts = rows.by_table()
    if len(parts) < 2:
        return
    number = _numbered(rows)
    spare: list[str] = []
    others = list(parts)
    for name, part in reversed(parts.items()):
        others.remove(name)
        elsewhere = [number[parts[other]] for other in others]
        if (
            elsewhere
            and len(number[part])
            and np.isin(number[part], np.concatenate(elsewhere)).all()
        ):
            spare.insert(0, name)
        else:
            others.append(name)
    if spare:
        raise AnnotationError(
            f"{where}.annotations: every row of {', '.join(spare)} stands in "
            f"{', '.join(sorted(others))} as well; name the latter alone, or take the former out",
            "repeated table",
        )


def _numbered(rows: Rows) -> np.ndarray:
    """Return a number for what each row says, (n,) int64: the same for the same."""
    columns: tuple[array, ...] = (
        rows.image,
        rows.code,
        rows.label,
        *rows.box,
        *rows.sides,
        rows.ids,
        rows.rest,
    )
    bits = np.stack([_bits(column, len(rows)) for column in columns if column], axis=1)
    _, number = np.unique(bits, axis=0, return_inverse=True)
    return number.reshape(-1)


def _bits(column: array, count: int) -> np.ndarray:
    """Return a column as int64, floats as their bits; missing values at its end are zeros."""
    bits = np.zeros(count, np.int64)
    values = np.frombuffer(column, column.typecode)
    bits[: len(values)] = values.view(np.int64) if column.typecode == "d" else values
    return bits
