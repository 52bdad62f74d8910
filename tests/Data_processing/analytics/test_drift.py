"""Tests between folds against permutations, and against draws of which nothing is to be found."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing.analytics.drift import drifts, holm

NAMES = {fold: f"fold {fold}" for fold in range(300)}


def samples(count: int, seed: int = 0) -> pd.DataFrame:
    """Return samples in three folds that differ in nothing."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": [f"set/{i:04d}" for i in range(count)],
            "dataset": "set",
            "fold": np.arange(count) % 3,
            "label": rng.choice(["cat", "dog"], count),
            "width": rng.integers(90, 110, count),
            "height": 100,
            "channels": 3,
            "dtype": "uint8",
            "boxes": rng.integers(0, 4, count),
            "objects": 0,
            "brightness": rng.normal(0.5, 0.1, count),
            "contrast": rng.normal(0.2, 0.05, count),
            "column.site": rng.choice(["north", "south"], count),
            "column.age": rng.integers(20, 80, count).astype(float),
        }
    )


def test_nothing_is_found_where_there_is_nothing() -> None:
    """Of 20 draws with 21 tests each one false alarm at most: Holm promises one in 100 draws."""
    alarms = [len(drifts(samples(300, seed), NAMES).found) for seed in range(20)]
    assert sum(alarms) <= 1
    assert (
        drifts(samples(300), NAMES).tests == 3 * 7
    )  # height and the others are the same everywhere


def test_a_darker_fold_is_found_and_named() -> None:
    table = samples(300)
    table.loc[table["fold"] == 2, "brightness"] -= 0.15
    found = drifts(table, NAMES).found
    strongest = found[0]
    assert (strongest.what, strongest.fold, strongest.test) == ("brightness", 2, "KS")
    own = np.sort(table["brightness"][table["fold"] == 2])
    others = np.sort(table["brightness"][table["fold"] != 2])
    every = np.concatenate([own, others])  # the greatest distance of the two distributions
    apart = [abs((own <= x).mean() - (others <= x).mean()) for x in every]
    assert strongest.effect == pytest.approx(max(apart), rel=1e-3)


def test_a_category_that_one_fold_has_more_of_is_found() -> None:
    table = samples(300)
    table.loc[table["fold"] == 0, "column.site"] = "north"
    found = {(one.what, one.fold): one for one in drifts(table, NAMES).found}
    one = found["site", 0]
    counts = pd.crosstab(table["column.site"], table["fold"] == 0).to_numpy()
    expected = counts.sum(1)[:, None] * counts.sum(0) / counts.sum()
    chi = ((counts - expected) ** 2 / expected).sum()
    assert one.test == "V" and one.effect == pytest.approx(np.sqrt(chi / counts.sum()), rel=1e-3)


def test_few_samples_missing_values_and_ids_are_no_reason_to_stop() -> None:
    table = samples(300)
    table["column.name"] = table["id"]  # as many values as samples: not tested
    table.loc[table.index[5:], "column.age"] = np.nan
    found = drifts(table, NAMES)
    assert found.tests == 3 * 6  # no age
    assert drifts(samples(30), NAMES).tests == 0


def test_leaving_one_out_tests_nothing() -> None:
    table = samples(300)
    table["fold"] = np.arange(300)
    assert drifts(table, NAMES).tests == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_the_step_down_of_his_paper(p: list[float]) -> None:
    """Written out: the k-th smallest times what is left, never below one before it, at most 1."""
    corrected = holm(np.array(p))
    order = sorted(range(len(p)), key=lambda i: p[i])
    before = 0.0
    for k, i in enumerate(order):
        before = max(before, min(1.0, p[i] * (len(p) - k)))
        assert corrected[i] == pytest.approx(before)
