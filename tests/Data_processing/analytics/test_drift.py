"""Tests between folds against permutations, and against draws of which nothing is to be found."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing.analytics.drift import Drifts, drifts, holm
from Data_processing.analytics.quantities import quantities
from Datasets.splits import ALWAYS_TRAINS


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
            **dict.fromkeys(("has_labels", "has_counts", "has_boxes"), True),
            "brightness": rng.normal(0.5, 0.1, count),
            "contrast": rng.normal(0.2, 0.05, count),
            "column.site": rng.choice(["north", "south"], count),
            "column.age": rng.integers(20, 80, count).astype(float),
        }
    )


def drifted(table: pd.DataFrame, *dealt_by: str) -> Drifts:
    table["labels"] = [tuple(filter(None, label.split("+"))) for label in table["label"]]
    return drifts(table, quantities(table, dealt_by))


def test_nothing_is_found_where_there_is_nothing() -> None:
    """Of 20 draws with 21 tests each one false alarm at most: Holm promises one in 100 draws."""
    alarms = [len(drifted(samples(300, seed)).found) for seed in range(20)]
    assert sum(alarms) <= 1
    assert drifted(samples(300)).tests == 3 * 7  # height and the others are the same everywhere


def test_a_darker_fold_is_found_and_named() -> None:
    table = samples(300)
    table.loc[table["fold"] == 2, "brightness"] -= 0.15
    found = drifted(table).found
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
    found = {(one.what, one.fold): one for one in drifted(table).found}
    one = found["column site", 0]
    counts = pd.crosstab(table["column.site"], table["fold"] == 0).to_numpy()
    expected = counts.sum(1)[:, None] * counts.sum(0) / counts.sum()
    chi = ((counts - expected) ** 2 / expected).sum()
    assert one.test == "V" and one.effect == pytest.approx(np.sqrt(chi / counts.sum()), rel=1e-3)


def test_few_samples_missing_values_and_ids_are_no_reason_to_stop() -> None:
    table = samples(300)
    table["column.name"] = table["id"]  # as many values as samples: not tested
    table.loc[table.index[5:], "column.age"] = np.nan
    found = drifted(table)
    assert found.tests == 3 * 6  # no age, and too few have one for its gaps to be tested
    assert drifted(samples(30)).tests == 0


def test_leaving_one_out_tests_nothing() -> None:
    table = samples(300)
    table["fold"] = np.arange(300)
    assert drifted(table).tests == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_the_step_down_of_his_paper(p: list[float]) -> None:
    """Written out: the k-th smallest times what is left, never below one before it, at most 1."""
    corrected = holm(np.array(p))
    order = sorted(range(len(p)), key=lambda i: p[i])
    before = 0.0
    for k, i in enumerate(order):
        before = max(before, min(1.0, p[i] * (len(p) - k)))
        assert corrected[i] == pytest.approx(before)


def test_what_the_folds_were_made_by_is_not_told() -> None:
    """A group stands in one fold: it differs by construction. What else differs is told."""
    table = samples(300)
    table["column.site"] = [f"s{fold}" for fold in table["fold"]]
    table.loc[table["fold"] == 1, "brightness"] -= 0.15
    assert {one.what for one in drifted(table).found} == {"brightness", "column site"}
    assert {one.what for one in drifted(table, "site").found} == {"brightness"}


def test_what_nobody_annotated_makes_no_fold_differ() -> None:
    """Its boxes are not none but unknown, and it is none of the others."""
    table = samples(600)
    table["boxes"] += 1
    pool = {"fold": ALWAYS_TRAINS, "boxes": 0, "label": "", "dataset": "pool"}
    nobody = dict.fromkeys(("has_labels", "has_counts", "has_boxes"), False)
    for name, value in {**pool, **nobody}.items():
        table[name] = table[name].where(table.index < 300, value)
    found = drifted(table)
    assert found.found == ()


def test_a_class_that_a_fold_lacks_is_found_where_samples_have_several() -> None:
    rng = np.random.default_rng(1)
    table = samples(600)
    own = [[name for name in "abcdefghij" if rng.random() < 0.3] for _ in range(600)]
    lacks = (table["fold"] == 0).tolist()
    table["label"] = [
        "+".join(set(one) - {"a"} if no else one) for one, no in zip(own, lacks, strict=True)
    ]
    assert ("class a", 0) in {(one.what, one.fold) for one in drifted(table).found}


def test_a_fold_in_which_a_column_is_empty_is_found() -> None:
    table = samples(300)
    table.loc[table["fold"] == 2, "column.age"] = np.nan
    assert ("gaps of column age", 2) in {(one.what, one.fold) for one in drifted(table).found}


def test_a_column_called_like_a_quantity_hides_nothing() -> None:
    table = samples(300)
    table["column.label"], table["column.width"] = "same", 1.0
    table.loc[table["fold"] == 1, "label"] = "cat"
    assert ("label", 1) in {(one.what, one.fold) for one in drifted(table).found}


def test_rare_categories_raise_no_alarm() -> None:
    """Each of 40 sites has a few samples: chi squared of cells near 0 says nothing."""
    alarms = 0
    for seed in range(20):
        table = samples(200, seed)
        rng = np.random.default_rng(1000 + seed)
        table["column.site"] = [f"s{i}" for i in rng.zipf(1.6, 200).clip(max=40)]
        alarms += len(drifted(table).found)
    assert alarms <= 1
