"""Whether the folds differ: each against all others, one test a quantity.

Samples of one group are no independent draws: split by group, a small p says less than the effect.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
import numpy as np
import pandas as pd

from Data_processing.fingerprints.tone import kept
from Datasets.analytics import Drift
from Datasets.splits import ALWAYS_TRAINS

P = 0.01
"""Corrected for the number of tests."""
EFFECT = 0.1
"""Below it a difference is not told: of many samples everything is significant."""
LEAST = 20
"""Samples a fold must have on either side of a test."""
FOLDS = 30
"""Folds that are tested, the largest: with one for each sample there is nothing to test."""
FEWEST_EXPECTED = 5
BY_NATURE = ("data set", "gaps of ")
"""In these what nobody annotated differs: it comes from elsewhere, often without a table."""


class Drifts(msgspec.Struct, frozen=True):
    """The differences between the folds that count, the strongest first, of so many tests.

    ``untested`` counts the folds that are too small, or too many.
    """

    found: tuple[Drift, ...]
    tests: int
    untested: int


def drifts(samples: pd.DataFrame, values: Mapping[str, pd.Series]) -> Drifts:
    """Return how the folds differ.

    What always trains is no part of the others: it is compared with them like a fold.

    Args:
        samples: with a column fold.
        values: what they are compared in, as ``quantities`` returns it.
    """
    folds = samples["fold"].to_numpy()
    counts = samples["fold"].value_counts()
    largest = sorted(counts[counts >= LEAST].index, key=lambda fold: (-counts[fold], fold))[:FOLDS]
    tested = []
    for fold in sorted(largest):
        is_own, is_other = folds == fold, (folds != fold) & (folds != ALWAYS_TRAINS)
        for what, column in values.items():
            if fold == ALWAYS_TRAINS and what.startswith(BY_NATURE):
                continue
            one = _test(column[is_own].dropna(), column[is_other].dropna())
            if one:
                tested.append(Drift(what, int(fold), *one))
    corrected = holm(np.array([one.p for one in tested]))
    found = [
        msgspec.structs.replace(one, effect=kept(one.effect), p=kept(p))
        for one, p in zip(tested, corrected.tolist(), strict=True)
        if p < P and one.effect >= EFFECT
    ]
    ordered = sorted(found, key=lambda one: (-one.effect, one.what, one.fold))
    return Drifts(tuple(ordered), len(tested), len(counts) - len(largest))


def holm(p: np.ndarray) -> np.ndarray:
    """Return p-values, (n,), corrected for all of them (Holm 1979, "A simple sequentially ...")."""
    order = np.argsort(p, kind="stable")
    stepped = p[order] * np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return corrected


class _Tested(NamedTuple):
    """Which test, its effect, its p-value."""

    test: str
    effect: float
    p: float


def _test(own: pd.Series, others: pd.Series) -> _Tested | None:
    """Return how two parts differ, not corrected yet; None where they are too few."""
    from scipy import stats

    if min(len(own), len(others)) < LEAST:
        return None
    if own.dtype == "float64":
        found = stats.ks_2samp(own, others, method="asymp")
        return _Tested("KS", float(found.statistic), float(found.pvalue))
    values = np.concatenate([own.to_numpy(object), others.to_numpy(object)])
    table = pd.crosstab(values, np.repeat([True, False], [len(own), len(others)])).to_numpy()
    pooled = _pooled(table)
    if len(pooled) < 2:
        return None
    chi = stats.chi2_contingency(pooled, correction=False)
    v = float(np.sqrt(chi.statistic / pooled.sum()))  # of two columns
    return _Tested("V", v, float(chi.pvalue))


def _pooled(table: np.ndarray) -> np.ndarray:
    """Return a table (k, 2) of counts with its rare rows as one: where fewer than 5 are expected.

    The distribution of chi squared holds for frequent ones only (Cochran 1954).
    """
    ordered = table[np.argsort(-table.sum(axis=1), kind="stable")]
    expected = ordered.sum(axis=1) * table.sum(axis=0).min() / table.sum()
    frequent = int((expected >= FEWEST_EXPECTED).sum())
    if frequent == len(ordered):
        return ordered
    if expected[frequent:].sum() < FEWEST_EXPECTED:  # all together are rare still
        frequent = max(0, frequent - 1)
    return np.concatenate([ordered[:frequent], ordered[frequent:].sum(axis=0, keepdims=True)])
