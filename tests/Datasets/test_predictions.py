"""Predictions: what is written is read, sorted by id."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Datasets import predictions
from Datasets.errors import StoreError

text = st.text(st.characters(codec="utf-8"), max_size=6)
number = st.floats(width=32, allow_nan=False)
numbers = st.lists(number, min_size=2, max_size=2)
rows = st.lists(
    st.tuples(text, text, text, text, number, numbers, numbers),
    max_size=8,
    unique_by=lambda row: row[0],
)


@given(rows)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[object, ...]]
) -> None:
    folder = tmp_path_factory.mktemp("predictions")
    table = pd.DataFrame(drawn, columns=predictions.SCHEMA.names)
    predictions.write(folder, table)
    found = predictions.read(folder)
    assert found.columns.tolist() == predictions.SCHEMA.names
    read = [
        (*row[:5], list(row[5]), list(row[6])) for row in found.itertuples(index=False, name=None)
    ]
    assert read == sorted(drawn, key=lambda row: str(row[0]))


def test_the_order_of_rows_changes_no_byte(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "id": ["b#y0x0", "a"],
            "parent": ["b", "a"],
            "label": "x",
            "predicted": "x",
            "loss": np.array([1, 2], np.float32),
            "logits": [[1.0, 2.0], [3.0, 4.0]],
            "probabilities": [[0.5, 0.5], [0.1, 0.9]],
        }
    )
    predictions.write(tmp_path, table)
    first = (tmp_path / predictions.PREDICTIONS_FILE).read_bytes()
    predictions.write(tmp_path, table[::-1])
    assert (tmp_path / predictions.PREDICTIONS_FILE).read_bytes() == first


def test_a_list_column_becomes_a_matrix() -> None:
    found = predictions.matrix(pd.Series([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    assert found.dtype == np.float32
    assert found.tolist() == [[1, 2], [3, 4], [5, 6]]


def test_predictions_that_are_not_there_name_their_stage(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="dvc repro evaluate@2"):
        predictions.read(tmp_path / "2")
