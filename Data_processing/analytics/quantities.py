"""What folds are compared in: numbers, and categories, a value a sample."""

from collections import Counter
from collections.abc import Collection

import pandas as pd

from Data_processing.analytics.tables import columns_of
from Datasets.metadata import COLUMN

CATEGORIES = 50
"""Different texts up to which a column is compared, and classes where samples have several."""
PLAIN = ("width", "height", "brightness", "contrast")


def quantities(samples: pd.DataFrame, dealt_by: Collection[str]) -> dict[str, pd.Series]:
    """Return what is known of the samples, by what it is called; nothing that is the same of all.

    Numbers are float64, categories text, None or NaN where nothing is known. Counts of boxes are
    known where somebody looked for boxes.

    Args:
        samples: as in ``Tables``, with columns label and labels.
        dealt_by: columns of the data sets' tables by which the folds were made: in these they
            differ by construction.
    """
    found = {name: samples[name].astype("float64") for name in PLAIN}
    found["boxes"] = samples["boxes"].astype("float64").where(samples["has_boxes"])
    found["counts"] = samples["objects"].astype("float64").where(samples["has_counts"])
    found |= _labels(samples)
    if "dataset" not in dealt_by:
        found["data set"] = samples["dataset"].astype(object)
    found["channels and type"] = kinds(samples)
    for name in columns_of(samples):
        column = name.removeprefix(COLUMN)
        if column not in dealt_by:
            found |= _column(f"column {column}", samples[name])
    return {what: values for what, values in found.items() if values.nunique() > 1}


def kinds(samples: pd.DataFrame) -> pd.Series:
    """Return channels and type of each sample's pixels, such as ``3 of uint8``."""
    return (samples["channels"].astype(str) + " of " + samples["dtype"]).astype(object)


def _labels(samples: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the label; where samples have several, whether each frequent class is there."""
    looked = samples["has_labels"].to_numpy(bool)
    if samples["labels"].map(len).max() <= 1:
        label = samples["label"].astype(object)
        return {"label": label.where(looked & (label != "").to_numpy(), None)}
    counts = Counter(label for labels in samples["labels"] for label in labels)
    frequent = sorted(counts, key=lambda label: (-counts[label], label))[:CATEGORIES]
    found = {}
    for label in frequent:
        claims = pd.Series([label in own for own in samples["labels"]], samples.index)
        found[f"class {label}"] = _there(claims).where(looked, None)
    return found


def _column(what: str, values: pd.Series) -> dict[str, pd.Series]:
    """Return a column of a table, and whether it has a value, where that is not the same of all."""
    found = {f"gaps of {what}": _there(values.isna())}
    is_number = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if is_number:
        return {what: values.astype("float64"), **found}
    text = values.astype(object).map(str).where(values.notna(), None).astype(object)
    return {what: text, **found} if text.nunique() <= CATEGORIES else found


def _there(claims: pd.Series) -> pd.Series:
    """Return claims as text: truth values would be taken for numbers."""
    return claims.map({True: "yes", False: "no"}).astype(object)
