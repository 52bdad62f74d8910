"""Samples with their labels and groups, as ``split`` deals them out and ``audit`` looks at them."""

import pandas as pd

from Data_processing.sections import Split
from Datasets.dataset import METADATA
from Datasets.errors import ParamsError
from Datasets.metadata import COLUMN, own_columns, read_columns
from Datasets.params import nearest
from Datasets.stage import require


def read_labelled(split: Split) -> pd.DataFrame:
    """Return all samples of the split, sorted by id, with columns id, label and group.

    Several labels are joined by '+'.

    Raises:
        ParamsError: ``split.group`` is no column of a data set's table.
    """
    found = []
    for name in split.from_:
        folder = require(METADATA / name, f"convert@{name}")
        own = own_columns(folder)
        if split.group is not None and split.group not in own:
            raise ParamsError(
                f"params.yaml: split.group: data set '{name}' has no column '{split.group}'; "
                f"{nearest(split.group, own)}"
            )
        group = "group" if split.group is None else COLUMN + split.group
        read = read_columns(folder, ["id", group])
        labels = ["+".join(image.label_names()) for image in read.images]
        # Data sets may differ in type.
        groups = [None if one is None else str(one) for one in read.table[group].to_pylist()]
        ids = read.table["id"].to_pylist()
        found.append(pd.DataFrame({"id": ids, "label": labels, "group": groups}))
    return pd.concat(found).sort_values("id", ignore_index=True)
