"""The schemes ``group`` and ``stratified_group``: who belongs together stays together."""

import warnings
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from Data_processing.sections import Split
from Data_processing.split import holdout
from Data_processing.split.by_name import settled_by_name
from Data_processing.split.schemes import WHERE, Dealt, Draw, fewer, refuse_empty, refuse_gaps
from Data_processing.split.stratified import refuse_rare
from Datasets.errors import ParamsError
from Datasets.randomness import seed_for
from Datasets.splits import HOLDOUT
from Datasets.terminal import counted


def deal(samples: pd.DataFrame, split: Split, draw: Draw) -> Dealt:
    """Deal whole groups out.

    The scheme ``group`` goes by the hash of a group's name, so that nothing moves when others are
    added, where that fills every fold of every repetition to half of an even share at least. Else,
    or where ``stable`` is false, and for ``stratified_group``, scikit-learn deals them out evenly;
    a sample with several labels counts as one of its rarest.

    Raises:
        ParamsError: a sample has no group, or the groups do not suffice.
    """
    refuse_ungrouped(samples)
    groups = samples["group"]
    settled = None
    if split.scheme == "group":
        settled = settled_by_name(groups, split, draw, holdout.whole_groups)
    if settled is not None:
        few = f"{groups.nunique()} groups are too few to fall where their names do"
        refuse_empty(settled, split.n_folds, f"{few}; take split.stable out, or ask for fewer")
        return Dealt(settled, split.n_folds, note="by their names")
    held = holdout.whole_groups(groups, split, draw.seed)
    kept = samples[~held]
    _refuse_few(kept["group"], split)
    folds = np.full(len(samples), HOLDOUT)
    folds[~held] = _evenly(kept, split, draw)
    refuse_empty(folds, split.n_folds, "a few groups hold most samples; ask for fewer folds")
    return Dealt(folds, split.n_folds, note="evenly: an added group may move others")


def refuse_ungrouped(samples: pd.DataFrame) -> None:
    """Return nothing if every sample has a group.

    Raises:
        ParamsError: one has none; the first is named.
    """
    remedy = "name a column in split.group, fill the gaps, or choose the scheme stratified"
    refuse_gaps(samples, "group", "group", remedy)


def _refuse_few(groups: pd.Series, split: Split) -> None:
    after = " after the holdout" if split.holdout else ""
    count = groups.nunique()
    if count < split.n_folds:
        remedy = fewer(split, "name another column, or choose another scheme")
        raise ParamsError(
            f"{WHERE}.n_folds: {split.n_folds} folds were asked for, but there "
            f"{'is' if count == 1 else 'are'} {counted(count, 'group')}{after}; {remedy}"
        )


def _evenly(samples: pd.DataFrame, split: Split, draw: Draw) -> np.ndarray:
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    state = seed_for(*draw.names) % 2**32
    classes = samples["label"]
    if split.scheme == "group":
        dealt = GroupKFold(split.n_folds, shuffle=True, random_state=state)
    else:
        sets = [tuple(one) for one in samples["labels"]]
        refuse_rare(sets, split)
        classes = pd.Series(_rarest(sets))
        dealt = StratifiedGroupKFold(split.n_folds, shuffle=True, random_state=state)
    folds = np.full(len(samples), HOLDOUT)
    with warnings.catch_warnings():  # that a class has few samples: of each label there are enough
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        for fold, (_, tested) in enumerate(dealt.split(classes, classes, samples["group"])):
            folds[tested] = fold
    return folds


def _rarest(sets: Sequence[tuple[str, ...]]) -> list[str]:
    """Return of the labels of each sample the one that the fewest samples have; none of none."""
    counts = Counter(label for labels in sets for label in labels)
    return [min(labels, key=lambda one: (counts[one], one), default="") for labels in sets]
