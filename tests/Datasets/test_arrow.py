"""Arrays from buffers are those that pyarrow makes of the same values."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Datasets.arrow import column
from Datasets.metadata import ROW_SCHEMA

VALUES: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.bool_(): st.booleans(),
    pa.int8(): st.integers(-128, 127),
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(allow_nan=False),
    pa.string(): st.text(st.characters(exclude_categories=["Cs"])),
}


def of(kind: pa.DataType) -> st.SearchStrategy[Any]:
    if pa.types.is_list(kind):
        return st.lists(of(kind.value_type), max_size=4).map(tuple)
    return VALUES[kind]


@pytest.mark.parametrize("kind", sorted({field.type for field in ROW_SCHEMA}, key=str), ids=str)
@given(data=st.data())
def test_they_are_what_pyarrow_makes(kind: pa.DataType, data: st.DataObject) -> None:
    """Every type of the schema, with gaps, within lists too, and without."""
    one = of(kind)
    values = data.draw(st.lists(one) | st.lists(one | st.none()))
    made = column(values, kind)
    made.validate(full=True)
    assert made.equals(pa.array(values, kind))
    assert made.null_count == values.count(None)


def test_numbers_that_do_not_fit_are_refused() -> None:
    for value, kind in ((2**31, pa.int32()), (-(2**63) - 1, pa.int64()), (300, pa.int8())):
        with pytest.raises(OverflowError):
            column([value], kind)
