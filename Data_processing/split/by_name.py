"""The scheme ``samples``: a sample falls where its name falls, whatever others are added."""

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from Data_processing.sections import Split
from Data_processing.split import holdout
from Data_processing.split.schemes import Dealt, Draw, fewer, refuse_empty
from Datasets.randomness import seed_for
from Datasets.splits import HOLDOUT

FAIR = 0.5
"""Of an even share, the least that a fold must get for names alone to decide."""


def deal(samples: pd.DataFrame, split: Split, draw: Draw) -> Dealt:
    """Deal samples out by the hash of their ids.

    Where that leaves a fold of any repetition with less than half of an even share, or ``stable``
    is false, they are dealt out one after the other in the order of their hashes: evenly.

    Raises:
        ParamsError: a fold is left empty.
    """
    ids = samples["id"]
    settled = settled_by_name(ids, split, draw, holdout.drawn)
    if settled is not None:
        refuse_empty(settled, split.n_folds, fewer(split, "take split.stable out"))
        return Dealt(settled, split.n_folds)
    held = holdout.drawn(ids, split, draw.seed)
    folds = np.full(len(ids), HOLDOUT)
    order = np.argsort(_places(ids[~held], draw.names), kind="stable")
    folds[np.flatnonzero(~held)[order]] = np.arange(len(order)) % split.n_folds
    refuse_empty(folds, split.n_folds, fewer(split, "add samples"))
    return Dealt(folds, split.n_folds, note="evenly: an added sample may move others")


def settled_by_name(
    names: pd.Series, split: Split, draw: Draw, held: Callable[[pd.Series, Split, int], np.ndarray]
) -> np.ndarray | None:
    """Return the fold of each name, (N,) int, or None where they are to be dealt out evenly.

    Which of the two it is holds for all repetitions, as they share a holdout.

    Args:
        names: of samples, or the group of each.
        split: the section of params.yaml.
        draw: which repetition.
        held: who is held out, where that is a number.
    """
    every = [dealt_by_name(names, split, Draw(draw.seed, one)) for one in range(split.repeats)]
    if split.holdout >= 1:
        for folds in every:
            folds[held(names, split, draw.seed)] = HOLDOUT
    fair = split.stable is None and all(_is_fair(folds, split) for folds in every)
    return every[draw.repeat] if split.stable or fair else None


def _is_fair(folds: np.ndarray, split: Split) -> bool:
    """Return whether every fold, and the holdout, has half of what would be even."""
    share = holdout.count_of(split, len(folds)) / max(len(folds), 1)
    counts = np.bincount(folds[folds != HOLDOUT], minlength=split.n_folds)
    enough = counts.min() >= FAIR * len(folds) * (1 - share) / split.n_folds
    return bool(enough and (folds == HOLDOUT).sum() >= FAIR * len(folds) * share)


def dealt_by_name(names: pd.Series, split: Split, draw: Draw) -> np.ndarray:
    """Return the fold of each name, (N,) int; equal names share one.

    A holdout that is a share is drawn by the hash too. One that is a number cannot be, as another
    name may take the place of one of them: it is left to who asks.
    """
    share = split.holdout if split.holdout < 1 else 0.0
    first = _places(names, (draw.seed, "split"))
    if draw.repeat:
        spread = _places(names, draw.names) * split.n_folds
    else:
        spread = (first - share) / (1 - share) * split.n_folds
    folds = np.minimum(spread.astype(int), split.n_folds - 1)
    return np.where(first < share, HOLDOUT, folds)


def _places(names: Iterable[str], seeds: tuple[int | str, ...]) -> np.ndarray:
    """Return a number of [0, 1) for each name."""
    return np.array([seed_for(*seeds, name) / 2**63 for name in names])
