"""What no fold ever touches: drawn by names, the same in every repetition."""

from collections import Counter

import numpy as np
import pandas as pd

from Data_processing.sections import Split
from Datasets.randomness import seed_for


def count_of(split: Split, every: int) -> int:
    """Return how many of ``every`` are held out."""
    return round(every * split.holdout) if split.holdout < 1 else min(int(split.holdout), every)


def of_each_label(samples: pd.DataFrame, split: Split, seed: int) -> np.ndarray:
    """Return who is held out, (N,) bool: of each set of labels its share, drawn by id.

    What rounding down leaves over goes to the sets with the largest remainders, so that together
    they are as many as were asked for.
    """
    count = count_of(split, len(samples))
    share = count / max(len(samples), 1)
    exact = {label: number * share for label, number in Counter(samples["label"]).items()}
    quota = {label: int(number) for label, number in exact.items()}
    place = {label: seed_for(seed, "holdout", label) for label in exact}
    most = sorted(exact, key=lambda label: (quota[label] - exact[label], place[label]))
    for label in most[: count - sum(quota.values())]:
        quota[label] += 1
    drawn = samples["id"].map(lambda id_: seed_for(seed, "holdout", id_))
    rank = drawn.groupby(samples["label"]).rank(method="first")
    return (rank <= samples["label"].map(quota)).to_numpy(bool)


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
