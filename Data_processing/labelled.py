"""Samples with their labels and groups, as ``split`` deals them out and ``audit`` looks at them."""

import pandas as pd

from Data_processing.sections import Split
from Datasets.dataset import METADATA
from Datasets.errors import ParamsError
from Datasets.metadata import read
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
        for one in read(folder):
            if split.group is not None and split.group not in one.row.columns:
                raise ParamsError(
                    f"params.yaml: split.group: data set '{name}' has no column '{split.group}'; "
                    f"{nearest(split.group, list(one.row.columns))}"
                )
            group = one.row.group if split.group is None else one.row.columns[split.group]
            named = None if group is None else str(group)  # data sets may differ in type
            found.append((one.row.id, "+".join(one.image.label_names()), named))
    table = pd.DataFrame(found, columns=["id", "label", "group"])
    return table.sort_values("id", ignore_index=True)
