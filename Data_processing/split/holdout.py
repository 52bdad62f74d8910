"""What no fold ever touches: drawn by names, the same in every repetition."""

import numpy as np
import pandas as pd

from Data_processing.sections import Split
from Datasets.randomness import seed_for


def count_of(split: Split, every: int) -> int:
    """Return how many of ``every`` are held out."""
    return round(every * split.holdout) if split.holdout < 1 else min(int(split.holdout), every)


def of_each_label(samples: pd.DataFrame, split: Split, seed: int) -> np.ndarray:
    """Return who is held out, (N,) bool: the same share of each label, drawn by id."""
    share = split.holdout if split.holdout < 1 else split.holdout / max(len(samples), 1)
    place = samples["id"].map(lambda id_: seed_for(seed, "holdout", id_))
    rank = place.groupby(samples["label"]).rank(method="first")
    count = samples.groupby("label")["id"].transform("size")
    return (rank <= (count * share).round()).to_numpy(bool)


def whole_groups(groups: pd.Series, split: Split, seed: int) -> np.ndarray:
    """Return who is held out, (N,) bool: whole groups, drawn by name.

    A share is one of the groups; a count is reached by as few of the drawn groups as it takes.
    """
    names = sorted(groups.unique(), key=lambda name: seed_for(seed, "holdout", str(name)))
    if split.holdout < 1:
        return groups.isin(names[: count_of(split, len(names))]).to_numpy(bool)
    sizes = groups.value_counts().loc[names].cumsum().to_numpy()
    return groups.isin(names[: int(np.searchsorted(sizes, split.holdout)) + 1]).to_numpy(bool)


def drawn(ids: pd.Series, split: Split, seed: int) -> np.ndarray:
    """Return who is held out, (N,) bool: as many as asked, drawn by id."""
    place = np.array([seed_for(seed, "holdout", id_) for id_ in ids])
    held = np.zeros(len(ids), bool)
    held[np.argsort(place, kind="stable")[: count_of(split, len(ids))]] = True
    return held
