"""Values of tables: which are missing, which are numbers, and what is wrong with the others."""

import math
import re
from collections.abc import Iterator, Sequence

import numpy as np

from Datasets.metadata import Scalar

MOST_SHOWN = 40
"""Characters of a value that a message shows."""
_WHOLE = re.compile(r"\s*\+?(\d{1,19})(?:\.0*)?\s*", re.ASCII)

_IN_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?", re.ASCII)


def told_apart(columns: Sequence[Sequence[Scalar]]) -> Iterator[object]:
    """Yield for each row what has a hash of its own; -1 and -2 have the same, so have 1 and 1.0."""
    rows = zip(*columns, strict=True)
    return rows if all(set(map(type, column)) == {str} for column in columns) else map(repr, rows)


def are_digits(column: Sequence[Scalar]) -> bool:
    """Return whether all values are texts of a few digits: the usual case, told fast."""
    if set(map(type, column)) != {str} or not all(column):
        return False
    text = "".join(column)  # type: ignore[arg-type]
    return text.isascii() and text.isdigit() and max(map(len, column)) < 20  # type: ignore[arg-type]


def is_gap(value: Scalar) -> bool:
    """Return whether a value is missing."""
    return value is None or value == ""


def as_numbers(column: Sequence[Scalar]) -> np.ndarray:
    """Return numbers, float64. Gaps, and what is none, are not a number."""
    types = set(map(type, column))
    # Python reads 1_0 as ten.
    is_plain = types <= {int, float} or (types == {str} and "_" not in "".join(column))  # type: ignore[arg-type]
    if is_plain:
        try:
            return np.fromiter(map(float, column), np.float64, len(column))  # type: ignore[arg-type]
        except (ValueError, OverflowError):
            pass
    return np.array([as_number(value) for value in column], np.float64)


def as_number(value: Scalar) -> float:
    """Return a number; not a number for what is none."""
    if value is None or isinstance(value, bool) or (isinstance(value, str) and "_" in value):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def as_whole(value: Scalar) -> int | None:
    """Return a whole number, or None for what is none."""
    if isinstance(value, str):
        match = _WHOLE.fullmatch(value)
        return int(match[1]) if match else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if type(value) is int else None


def no_number(value: Scalar) -> str:
    """Return what is wrong with a value that is no finite number, and what to do.

    >>> no_number("1,5"), no_number("1,000,000")
    ('which has a comma; write 1.5, with a point', 'which has commas; write 1000000, without them')
    """
    text = value.strip() if isinstance(value, str) else ""
    pointed, bare = text.replace(",", "."), text.replace(",", "")
    is_decimal = math.isfinite(as_number(pointed))
    if _IN_THOUSANDS.fullmatch(text):
        if is_decimal:
            return f"which has a comma; write {bare}, or {pointed} if the comma is a decimal one"
        return f"which has commas; write {bare}, without them"
    if is_decimal:
        return f"which has a comma; write {pointed}, with a point"
    return "which is no finite number; mend it"


def no_header(first: Sequence[str]) -> str:
    """Return what is wrong with a first line of which a value is a number; "" if none is.

    >>> no_header(["filename", "x1"])
    ''
    """
    if not any(math.isfinite(as_number(value)) for value in first):
        return ""
    return (
        f"its first line is {short(', '.join(first))}: it looks like a row, not like names of "
        "columns; write the names above it, such as image,class,x1,y1,x2,y2"
    )


def short(value: Scalar) -> str:
    """Return a value as messages show it."""
    shown = repr(value)
    return shown if len(shown) <= MOST_SHOWN else f"{shown[:MOST_SHOWN]}..."
