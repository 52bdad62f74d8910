"""Which training samples keep their labels, where learning with few labels is tried.

Drawn for each fold by the hash of the samples' names, class by class: the fewer are a part of the
more, so that figures of both can be compared. Nobody looks at a hidden label afterwards.
"""

import re
from collections import Counter

import numpy as np
import pandas as pd

from Data_processing.sections import Split
from Data_processing.split.schemes import WHERE
from Datasets.errors import ParamsError
from Datasets.randomness import seed_for
from Datasets.splits import ALL, Folds

PER_CLASS = re.compile(r"([1-9]\d{0,6}) per class")


def column_of(split: Split) -> str | None:
    """Return the column of the tables that says who keeps a label; None where it is drawn."""
    asked = split.labelled
    is_drawn = not isinstance(asked, str) or asked == ALL or PER_CLASS.fullmatch(asked)
    return None if is_drawn else str(asked)


def subset(samples: pd.DataFrame, folds: Folds, split: Split, seed: int) -> pd.DataFrame | None:
    """Return fold and id of all training samples that keep their labels; None where all do.

    Args:
        samples: as ``read_labelled`` returns them.
        folds: of all samples.
        split: the section of params.yaml.
        seed: the project's.

    Raises:
        ParamsError: a class is left without a label in a fold, or the column is not yes or no.
    """
    if split.labelled == ALL:
        return None
    place = samples["id"].map(lambda id_: seed_for(seed, "labelled", id_))
    drawn = samples.assign(place=place).sort_values("place")
    labelled = ((drawn["label"] != "") & drawn["is_annotated"]).to_numpy(bool)
    parts = []
    for fold in range(folds.about.every):
        trains = drawn[folds.part(drawn["id"], "train", fold) & labelled]
        kept = _said(trains, split) if column_of(split) else _drawn(trains, split, fold)
        if not kept.any():
            raise ParamsError(f"{WHERE}.labelled: no training sample of fold {fold} keeps a label")
        parts.append(pd.DataFrame({"fold": fold, "id": sorted(trains["id"][kept])}))
    return pd.concat(parts, ignore_index=True)


def _said(trains: pd.DataFrame, split: Split) -> np.ndarray:
    """Return who keeps a label as the column says, (N,) bool."""
    told = trains["labelled"]
    words = told.astype(str).str.lower()
    odd = trains[~words.isin(["true", "false", "1", "0", "1.0", "0.0"]).to_numpy()]
    if len(odd):
        raise ParamsError(
            f"{WHERE}.labelled: {odd['id'].iloc[0]} has '{odd['labelled'].iloc[0]}' in column "
            f"{split.labelled}; true or false was expected, or 1 or 0"
        )
    return words.isin(["true", "1", "1.0"]).to_numpy()


def _drawn(trains: pd.DataFrame, split: Split, fold: int) -> np.ndarray:
    """Return who keeps a label, (N,) bool: in their order, until each class has enough.

    A sample with several labels is taken where one of its classes lacks some.
    """
    sets = list(trains["labels"])
    counts = Counter(label for labels in sets for label in labels)
    if isinstance(split.labelled, str):
        (wanted,) = PER_CLASS.findall(split.labelled)
        lacks = dict.fromkeys(counts, int(wanted))
        short = [label for label in sorted(counts) if counts[label] < int(wanted)]
        remedy = "ask for fewer"
    else:
        lacks = {label: round(split.labelled * count) for label, count in counts.items()}
        short = [label for label in sorted(counts) if not lacks[label]]
        remedy = "ask for a larger share, or for '1 per class'"
    if short:
        raise ParamsError(
            f"{WHERE}.labelled: class '{short[0]}' has {counts[short[0]]} training samples in fold "
            f"{fold}, which do not suffice for {split.labelled}; {remedy}"
        )
    kept = np.zeros(len(sets), bool)
    for i, labels in enumerate(sets):
        if any(lacks[label] > 0 for label in labels):
            kept[i] = True
            for label in labels:
                lacks[label] -= 1
    return kept
