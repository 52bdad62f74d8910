"""What a trained model said of the test part of a fold.

``predictions.parquet``, one row a sample, sorted by id.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from Datasets.errors import StoreError
from Datasets.fold_range import stage_of

PREDICTIONS = Path("Datasets/predictions")
PREDICTIONS_FILE = "predictions.parquet"
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("parent", pa.string()),
        ("label", pa.string()),
        ("predicted", pa.string()),
        ("loss", pa.float32()),
        ("logits", pa.list_(pa.float32())),
        ("probabilities", pa.list_(pa.float32())),
    ]
)
"""``parent`` is the sample that a tile was cut out of; of others, the sample itself.
``logits`` and ``probabilities`` run parallel to the sorted class names."""


def write(folder: Path, table: pd.DataFrame) -> None:
    """Write ``table``, which has the columns of ``SCHEMA``, into an existing folder.

    Sorted by id.
    """
    ordered = table.sort_values("id")
    pq.write_table(
        pa.Table.from_pandas(ordered, SCHEMA, preserve_index=False), folder / PREDICTIONS_FILE
    )


def read(folder: Path) -> pd.DataFrame:
    """Return the predictions in ``folder``.

    Raises:
        StoreError: there are none.
    """
    path = folder / PREDICTIONS_FILE
    if not path.exists():
        stage = stage_of("evaluate", folder, PREDICTIONS)
        raise StoreError(f"{path} does not exist; `dvc repro {stage}` makes it")
    table: pd.DataFrame = pq.read_table(path, schema=SCHEMA).to_pandas()
    return table


def matrix(column: pd.Series) -> np.ndarray:
    """Return a list column as (N, classes) float32."""
    return np.stack(column.to_list()).astype(np.float32)
