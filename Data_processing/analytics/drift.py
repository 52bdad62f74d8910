"""Whether the folds differ: each against all others, one test a quantity.

Samples of one group are no independent draws: split by group, a small p says less than the effect.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
import numpy as np
import pandas as pd

from Data_processing.analytics.tables import columns_of
from Data_processing.fingerprints.tone import kept
from Datasets.analytics import Drift
from Datasets.metadata import COLUMN

P = 0.01
"""Corrected for the number of tests."""
EFFECT = 0.1
"""Below it a difference is not told: of many samples everything is significant."""
LEAST = 20
"""Samples a fold must have on either side of a test."""
FOLDS = 30
"""Folds that are tested, the largest: with one for each sample there is nothing to test."""
CATEGORIES = 50
"""Different values up to which a column of text is tested."""
NUMBERS = ("width", "height", "brightness", "contrast", "boxes", "objects")


class Drifts(msgspec.Struct, frozen=True):
    """The differences between the folds that count, the strongest first, of so many tests."""

    found: tuple[Drift, ...]
    tests: int


def drifts(samples: pd.DataFrame, names: Mapping[int, str]) -> Drifts:
    """Return how the folds differ in what is known of the samples.

    Args:
        samples: as in ``Tables``, with columns fold and label.
        names: what each fold is called.
    """
    values = quantities(samples)
    counts = samples["fold"].value_counts()
    largest = sorted(counts[counts >= LEAST].index, key=lambda fold: (-counts[fold], fold))[:FOLDS]
    tested = []
    for fold in sorted(largest):
        is_own = (samples["fold"] == fold).to_numpy()
        for what, column in values.items():
            one = _test(column[is_own].dropna(), column[~is_own].dropna())
            if one:
                tested.append(Drift(what, int(fold), names[int(fold)], *one))
    corrected = holm(np.array([one.p for one in tested]))
    found = [
        msgspec.structs.replace(one, effect=kept(one.effect), p=kept(p))
        for one, p in zip(tested, corrected.tolist(), strict=True)
        if p < P and one.effect >= EFFECT
    ]
    ordered = sorted(found, key=lambda one: (-one.effect, one.what, one.fold))
    return Drifts(tuple(ordered), len(tested))


def quantities(samples: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what folds are compared in: numbers as float64, categories as text."""
    found = {name: samples[name].astype("float64") for name in NUMBERS}
    found["label"] = samples["label"].where(samples["label"] != "", None)
    found["data set"] = samples["dataset"]
    found["channels and type"] = samples["channels"].astype(str) + " of " + samples["dtype"]
    for name in columns_of(samples):
        column, values = name.removeprefix(COLUMN), samples[name]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            found[column] = values.astype("float64")
        elif values.nunique() <= CATEGORIES:
            found[column] = values.astype(object).where(values.notna(), None).map(_text)
    varied = {what: values for what, values in found.items() if values.nunique() > 1}
    return {
        what: values if values.dtype == "float64" else values.astype(object)
        for what, values in varied.items()
    }


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
    table = pd.crosstab(
        pd.concat([own, others]).to_numpy(), np.repeat([True, False], [len(own), len(others)])
    )
    if len(table) < 2:
        return None
    chi = stats.chi2_contingency(table, correction=False)
    v = float(np.sqrt(chi.statistic / table.to_numpy().sum()))  # of two columns
    return _Tested("V", v, float(chi.pvalue))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
