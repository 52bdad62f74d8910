"""Values of databases and Parquet files as text, numbers and truth values."""

import datetime
import math
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from Datasets.errors import AnnotationError
from Datasets.metadata import Scalar

LONGEST = 2**20
"""Characters of a text: a file in a column is no value."""
_PLAIN = frozenset({str, int, float, bool, type(None)})


def plain(column: Sequence[object]) -> Sequence[Scalar]:
    """Return a column's values as text, numbers and truth values.

    Decimals become whole numbers where they are whole, else floats; dates and times ISO 8601;
    bytes the text that they are in UTF-8; lists and structures JSON; all else its text. Not a
    number, in a decimal, is a float.

    Raises:
        AnnotationError: bytes are no text, or a text is longer than ``LONGEST``.
    """
    types = set(map(type, column))
    values: Sequence[Scalar] = (
        column if types <= _PLAIN else [_plain(value) for value in column]  # type: ignore[assignment]  # just looked
    )
    longest = max((len(value) for value in values if type(value) is str), default=0)
    if longest > LONGEST:
        raise AnnotationError(
            f"holds a text of {longest:,} characters, more than {LONGEST:,}; leave it out",
            "too long",
        )
    return values


def _plain(value: object) -> Scalar:
    if isinstance(value, str | int | float | None):
        return value
    if isinstance(value, Decimal):
        if value.is_nan():
            return math.nan
        is_whole = value.is_finite() and value.adjusted() < 19 and value == int(value)
        return int(value) if is_whole else float(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            raise AnnotationError(
                "holds bytes that are no text in UTF-8; leave it out", "not UTF-8"
            ) from None
    if isinstance(value, list | tuple | dict):
        return msgspec.json.encode(value, order="sorted", enc_hook=str).decode()
    return str(value)
