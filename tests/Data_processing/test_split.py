"""Folds: everyone in exactly one, classes in proportion, groups whole."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing import split as stage
from Data_processing.sections import Split
from Data_processing.split import assign
from Datasets import splits
from Datasets.errors import ParamsError, StoreError
from Datasets.splits import HOLDOUT
from tests.Data_processing.conftest import Workspace


def samples(labels: list[str], groups: Sequence[str | None] = ()) -> pd.DataFrame:
    """Return the table that ``assign`` deals out."""
    ids = [f"d/{i:04d}.png" for i in range(len(labels))]
    return pd.DataFrame({"id": ids, "label": labels, "group": list(groups) or [None] * len(labels)})


def asked(scheme: str, n_folds: int = 3, holdout: float = 0.0, group: str | None = None) -> Split:
    """Return a section ``split``."""
    return Split(("d",), scheme, n_folds, holdout, group)  # type: ignore[arg-type]


@given(
    st.lists(st.sampled_from("abc"), min_size=40, max_size=120),
    st.integers(3, 5),
    st.integers(0, 99),
)
def test_stratified_folds_hold_each_class_within_one_sample(
    labels: list[str], n: int, seed: int
) -> None:
    """Of a class of m samples each fold gets m // n or one more."""
    labels += list("abc") * n  # every class has as many samples as folds
    folds = assign(samples(labels), asked("stratified", n), seed)
    for label in "abc":
        counts = np.bincount(folds[np.array(labels) == label], minlength=n)
        assert counts.max() - counts.min() <= 1


@given(
    st.lists(st.integers(0, 11), min_size=60, max_size=120),
    st.sampled_from([0.0, 0.3]),
    st.integers(0, 9),
)
def test_groups_never_straddle(groups: list[int], holdout: float, seed: int) -> None:
    """All samples of a group share a fold, or the holdout."""
    groups += list(range(12))
    table = samples(["x"] * len(groups), [str(g) for g in groups])
    folds = assign(table, asked("group", 3, holdout), seed)
    assert (pd.Series(folds).groupby(table["group"]).nunique() == 1).all()
    assert set(folds) - {HOLDOUT} == {0, 1, 2}


def test_by_hash_a_sample_stays_when_others_are_added() -> None:
    """The scheme ``samples`` looks at the name alone."""
    few, many = samples(["x"] * 50), samples(["x"] * 400)
    assert (
        assign(many, asked("samples", 4, 0.2), 1)[:50] == assign(few, asked("samples", 4, 0.2), 1)
    ).all()


def test_holdout_takes_its_share_of_each_class() -> None:
    """A quarter of 80 and of 40."""
    labels = ["a"] * 80 + ["b"] * 40
    folds = assign(samples(labels), asked("stratified", 3, 0.25), 0)
    assert (folds[:80] == HOLDOUT).sum() == 20
    assert (folds[80:] == HOLDOUT).sum() == 10


def test_the_seed_decides_and_only_it() -> None:
    """Same seed, same folds; another seed, others."""
    table = samples(list("ab") * 30)
    first, again, other = (assign(table, asked("stratified"), seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize(
    ("table", "split", "sentence"),
    [
        (
            samples(["a"] * 9 + ["rare"]),
            asked("stratified"),
            "class 'rare' has 1 samples, fewer than 3 folds",
        ),
        (
            samples(["a"] * 9, ["g", None] + ["h"] * 7),
            asked("group"),
            "1 samples have no group, first d/0001.png",
        ),
        (samples(["a"] * 9, ["g", "h"] * 4 + ["g"]), asked("group"), "there are 2 groups"),
    ],
)
def test_what_cannot_be_split_is_named(table: pd.DataFrame, split: Split, sentence: str) -> None:
    """The message names class, sample or number."""
    with pytest.raises(ParamsError, match=sentence):
        assign(table, split, 0)


def test_stage_writes_parts_that_follow_the_definition(workspace: Workspace) -> None:
    """Test is fold k, validation k + 1, training the rest.

    A group column keeps its groups whole.
    """
    workspace.params("scheme: stratified", "scheme: group")
    workspace.params("group: null", "group: site")
    stage.run(None)  # type: ignore[arg-type]
    folds = splits.read()
    ids = folds.table["id"]
    fold_of = folds.table["fold"].to_numpy()
    for k in range(3):
        assert (folds.part(ids, "test", k) == (fold_of == k)).all()
        assert (folds.part(ids, "validation", k) == (fold_of == (k + 1) % 3)).all()
        assert (folds.part(ids, "train", k) == (fold_of == (k + 2) % 3)).all()
    site = ids.str[-6:-4].astype(int) // 3
    assert (folds.table["fold"].groupby(site).nunique() == 1).all()
    with pytest.raises(StoreError, match="fold 3 was asked for, but 3 exist"):
        folds.part(ids, "test", 3)


def test_an_unknown_group_column_is_named(workspace: Workspace) -> None:
    """With the nearest column."""
    workspace.params("group: null", "group: sit")
    with pytest.raises(ParamsError, match="no column 'sit'; did you mean 'site'"):
        stage.run(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("scheme", ["stratified", "group"])
@pytest.mark.parametrize("holdout", [0.05, 0.75, 0.95])
def test_a_holdout_leaves_enough_or_says_so(scheme: str, holdout: float) -> None:
    """Folds that are all filled, or one sentence; never a library's traceback."""
    table = samples(["a", "b"] * 9, [str(i // 3) for i in range(18)])
    try:
        folds = assign(table, asked(scheme, 3, holdout), 0)
    except ParamsError as error:
        assert "after the holdout" in str(error)
    else:
        assert set(folds) - {HOLDOUT} == {0, 1, 2}


def test_samples_without_a_label_are_no_class() -> None:
    """Two of them do not stop a stratified split, and get a fold like everyone."""
    folds = assign(samples(["a", "b"] * 6 + ["", ""]), asked("stratified"), 0)
    assert ((folds >= 0) & (folds < 3)).all()
    assert np.bincount(folds[:12]).tolist() == [4, 4, 4]
