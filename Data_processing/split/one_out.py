"""The schemes ``leave_one_out`` and ``leave_one_group_out``: a fold a sample, or a group.

A tenth of the others, at least one, validates: which epoch is best is not told by one sample.
"""

import numpy as np
import pandas as pd

from Data_processing.sections import Split
from Data_processing.split import holdout
from Data_processing.split.grouped import refuse_ungrouped
from Data_processing.split.schemes import WHERE, Dealt, Draw
from Datasets.errors import ParamsError
from Datasets.randomness import seed_for
from Datasets.splits import HOLDOUT

VALIDATES = 10
"""One of so many folds validates."""


def deal(samples: pd.DataFrame, split: Split, draw: Draw) -> Dealt:
    """Give each sample, or group, a fold of its own.

    Groups are numbered in the order of their names, samples in a drawn one, so that neighbours in
    the alphabet do not validate each other.

    Raises:
        ParamsError: a sample has no group, or there are fewer than three.
    """
    if split.scheme == "leave_one_out":
        held = holdout.drawn(samples["id"], split, draw.seed)
        own = samples["id"][~held]
        names = sorted(own, key=lambda id_: seed_for(*draw.names, id_))
        what = "samples"
    else:
        refuse_ungrouped(samples)
        held = holdout.whole_groups(samples["group"], split, draw.seed)
        own = samples["group"][~held]
        names = sorted(own.unique())
        what = "groups"
    if len(names) < 3:
        raise ParamsError(
            f"{WHERE}.scheme: {split.scheme} needs three {what}: one to test, one to validate, one "
            f"to train; there are {len(names)}"
        )
    number = {name: fold for fold, name in enumerate(names)}
    folds = np.full(len(samples), HOLDOUT)
    folds[~held] = own.map(number).to_numpy(int)
    return Dealt(folds, len(names), validation=max(1, len(names) // VALIDATES))
