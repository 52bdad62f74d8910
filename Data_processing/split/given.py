"""The scheme ``given``: a column of the data sets' tables says who does what.

Either it names parts (train, validation, test, holdout), or it numbers folds from 0.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from Data_processing.sections import Split
from Data_processing.split.schemes import WHERE, Dealt, Draw, refuse_gaps
from Datasets.errors import ParamsError
from Datasets.randomness import seed_for
from Datasets.splits import HOLDOUT, Part

TEST, VALIDATION, TRAIN = range(3)
"""Folds of the rule ``parts``: the first one alone can be tested."""
WORDS: Mapping[str, int] = {
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("validation", "val", "valid", "dev"), VALIDATION),
    **dict.fromkeys(("test", "testing"), TEST),
    "holdout": HOLDOUT,
}


def deal(samples: pd.DataFrame, split: Split, draw: Draw) -> Dealt:
    """Take the parts, or the folds, as they are given.

    Where no validation part is given, one of n_folds of the training samples validate, whole
    groups where there are any, drawn by name.

    Raises:
        ParamsError: a sample has no value, a value means nothing, or a part is missing.
    """
    if not split.given:
        raise ParamsError(f"{WHERE}.given: the scheme given needs a column; name one")
    column = split.given
    refuse_gaps(samples, "given", f"value in column {column}", "fill the gaps")
    words = samples["given"].astype(str).str.strip().str.lower()
    is_number = words.str.fullmatch(r"\d{1,4}(\.0)?")
    if is_number.any():
        return _numbered(samples, words, is_number, column)
    unknown = samples[~words.isin(list(WORDS))]
    if len(unknown):
        raise ParamsError(
            f"{WHERE}.given: {unknown['id'].iloc[0]} has '{unknown['given'].iloc[0]}' in column "
            f"{column}; numbers of folds were expected, or: {', '.join(WORDS)}"
        )
    folds = words.map(WORDS).to_numpy(int)
    names: dict[int, Part] = {TRAIN: "train", TEST: "test"}
    for code, part in names.items():
        if not (folds == code).any():
            raise ParamsError(f"{WHERE}.given: column {column} gives no sample to the {part} part")
    if (folds == VALIDATION).any():
        return Dealt(folds, 1, rule="parts")
    folds = _with_validation(samples, folds, split, draw)
    return Dealt(folds, 1, rule="parts", note="validation drawn from the training samples")


def _numbered(samples: pd.DataFrame, words: pd.Series, is_number: pd.Series, column: str) -> Dealt:
    odd = samples[~(is_number | (words == "holdout"))]
    if len(odd):
        raise ParamsError(
            f"{WHERE}.given: {odd['id'].iloc[0]} has '{odd['given'].iloc[0]}' in column {column}, "
            "which numbers folds elsewhere; write numbers throughout, or holdout"
        )
    folds = words.where(is_number, str(HOLDOUT)).astype(float).astype(int).to_numpy()
    n_folds = int(folds.max()) + 1
    missing = set(range(n_folds)) - set(folds.tolist())
    if missing or n_folds < 3:
        lack = f"no sample has {min(missing)}" if missing else f"there are {n_folds} folds"
        raise ParamsError(
            f"{WHERE}.given: column {column} numbers folds, but {lack}; three at least were "
            "expected, numbered from 0"
        )
    return Dealt(folds, n_folds)


def _with_validation(
    samples: pd.DataFrame, folds: np.ndarray, split: Split, draw: Draw
) -> np.ndarray:
    """Return the folds with some of the training samples as validation part."""
    trains = samples[folds == TRAIN]
    names = trains["group"].fillna(trains["id"])
    drawn = sorted(names.unique(), key=lambda name: seed_for(*draw.names, name))
    if len(drawn) < 2:
        raise ParamsError(
            f"{WHERE}.given: no sample validates, and the training part is one group, of which "
            "none can be taken; give some samples to the validation part"
        )
    taken = drawn[: max(1, round(len(drawn) / split.n_folds))]
    result = folds.copy()
    result[np.flatnonzero(folds == TRAIN)[names.isin(taken).to_numpy()]] = VALIDATION
    return result
