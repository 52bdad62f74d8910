"""The scheme ``samples``: a sample falls where its name falls, whatever others are added."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from Data_processing.sections import Split
from Data_processing.split import holdout
from Data_processing.split.schemes import Dealt, Draw, refuse_empty
from Datasets.randomness import seed_for
from Datasets.splits import HOLDOUT


def deal(samples: pd.DataFrame, split: Split, draw: Draw) -> Dealt:
    """Deal samples out by the hash of their ids.

    Raises:
        ParamsError: a fold is left empty.
    """
    folds = dealt_by_name(samples["id"], split, draw)
    if split.holdout >= 1:
        folds[holdout.drawn(samples["id"], split, draw.seed)] = HOLDOUT
    refuse_empty(folds, split.n_folds, "the samples are too few; ask for fewer folds")
    return Dealt(folds, split.n_folds)


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
