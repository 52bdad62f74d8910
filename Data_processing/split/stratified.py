"""The scheme ``stratified``: each class in equal shares.

Of samples with one label scikit-learn deals each class out to within one sample. Of samples with
several it is iterative stratification (Sechidis, Tsoumakas and Vlahavas, 2011, algorithm 1): the
rarest label that is left goes first, each of its samples to the fold that lacks it most.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from Data_processing.sections import Split
from Data_processing.split import holdout
from Data_processing.split.by_name import dealt_by_name
from Data_processing.split.schemes import WHERE, Dealt, Draw, fewer
from Datasets.errors import ParamsError
from Datasets.randomness import seed_for
from Datasets.splits import HOLDOUT


def deal(samples: pd.DataFrame, split: Split, draw: Draw) -> Dealt:
    """Deal samples out; those without a label by their ids, whichever way the others are.

    Raises:
        ParamsError: a class has fewer samples than there are folds, or nothing has a label.
    """
    folds = dealt_by_name(samples["id"], split, draw)
    labelled = np.flatnonzero(samples["label"] != "")
    if not len(labelled):
        refuse_rare([], split)
    held = holdout.of_each_label(samples.iloc[labelled], split, draw.seed)
    folds[labelled] = HOLDOUT
    kept = labelled[~held]
    sets = [tuple(one) for one in samples["labels"].iloc[kept]]
    refuse_rare(sets, split)
    several = sum(len(one) > 1 for one in sets)
    if several:
        folds[kept] = iterative(samples["id"].iloc[kept].tolist(), sets, split.n_folds, draw)
        note = f"{several:,} of {len(samples):,} samples have several labels"
        return Dealt(folds, split.n_folds, note=note)
    from sklearn.model_selection import StratifiedKFold  # a second, which other schemes need not

    state = seed_for(*draw.names) % 2**32
    dealt = StratifiedKFold(split.n_folds, shuffle=True, random_state=state)
    labels = samples["label"].iloc[kept]
    for fold, (_, tested) in enumerate(dealt.split(labels, labels)):
        folds[kept[tested]] = fold
    return Dealt(folds, split.n_folds)


def refuse_rare(sets: Sequence[tuple[str, ...]], split: Split) -> None:
    """Return nothing if each class has a sample for every fold.

    Raises:
        ParamsError: one has not; it is named.
    """
    after = " after the holdout" if split.holdout else ""
    counts = Counter(label for labels in sets for label in labels)
    if not counts:
        remedy = fewer(split, "choose the scheme samples")
        raise ParamsError(f"{WHERE}.scheme: no sample has a label{after}; {remedy}")
    rarest, count = min(counts.items(), key=lambda one: (one[1], one[0]))
    if count < split.n_folds:
        others = sum(number < split.n_folds for number in counts.values()) - 1
        more = f" (and {others} more classes have too few)" if others else ""
        raise ParamsError(
            f"{WHERE}.scheme: class '{rarest}' has {count} samples{after}, fewer than "
            f"{split.n_folds} folds{more}; add samples of it, leave it out by the data set's "
            f"labels.ignore, {fewer(split, 'choose the scheme samples')}"
        )


def iterative(
    ids: Sequence[str], sets: Sequence[tuple[str, ...]], n_folds: int, draw: Draw
) -> np.ndarray:
    """Return the fold of each sample, (N,) int, so that every label is spread evenly.

    Args:
        ids: of the samples; they decide where more than one fold will do.
        sets: the labels of each, at least one.
        n_folds: how many folds.
        draw: what chance comes from.
    """
    place = {i: seed_for(*draw.names, id_) for i, id_ in enumerate(ids)}
    left: dict[str, set[int]] = {}
    for i, labels in enumerate(sets):
        for label in labels:
            left.setdefault(label, set()).add(i)
    lacks = {label: np.full(n_folds, len(those) / n_folds) for label, those in left.items()}
    room = np.full(n_folds, len(ids) / n_folds)
    folds = np.full(len(ids), HOLDOUT)
    while left:
        rarest = min(left, key=lambda label: (len(left[label]), label))
        for i in sorted(left[rarest], key=place.__getitem__):
            lack = lacks[rarest]
            best = np.flatnonzero(lack == lack.max())
            best = best[room[best] == room[best].max()]
            fold = int(best[place[i] % len(best)])
            folds[i] = fold
            room[fold] -= 1
            for label in sets[i]:
                lacks[label][fold] -= 1
                if label != rarest:
                    left[label].discard(i)
        left = {label: those for label, those in left.items() if those and label != rarest}
    return folds
