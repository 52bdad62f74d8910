"""Parts of a fold: together they are everything but the holdout, and they never overlap."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Datasets import splits
from Datasets.errors import StoreError
from Datasets.splits import HOLDOUT, About, Folds, Part

PARTS: tuple[Part, ...] = ("train", "validation", "test")


@st.composite
def drawn_folds(draw: st.DrawFn) -> Folds:
    n_folds = draw(st.integers(3, 6))
    fold_of = draw(st.lists(st.integers(HOLDOUT, n_folds - 1), min_size=1, max_size=30))
    table = pd.DataFrame({"id": [f"d/{i}" for i in range(len(fold_of))], "fold": fold_of})
    return Folds(About(n_folds, "samples"), table)


def where(folds: Folds, fold: int) -> dict[Part, np.ndarray]:
    return {part: folds.part(folds.table["id"], part, fold) for part in PARTS}


@given(drawn_folds())
def test_parts_of_a_fold_are_all_but_the_holdout_once(folds: Folds) -> None:
    for fold in range(folds.about.n_folds):
        times = np.sum(list(where(folds, fold).values()), axis=0)
        assert (times == (folds.table["fold"] != HOLDOUT)).all()


@given(drawn_folds())
def test_each_sample_is_tested_once_over_all_folds(folds: Folds) -> None:
    every = [where(folds, fold) for fold in range(folds.about.n_folds)]
    for part in ("test", "validation"):
        times = np.sum([one[part] for one in every], axis=0)
        assert (times == (folds.table["fold"] != HOLDOUT)).all()


@given(drawn_folds())
def test_validation_is_the_next_fold(folds: Folds) -> None:
    n = folds.about.n_folds
    for fold in range(n):
        assert (where(folds, fold)["validation"] == where(folds, (fold + 1) % n)["test"]).all()


@given(folds=drawn_folds(), data=st.data())
def test_what_is_written_is_read_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, folds: Folds, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("splits")
    splits.write(folder, folds.about, folds.table)
    before = (folder / splits.FOLDS_FILE).read_bytes()
    order = data.draw(st.permutations(range(len(folds.table))))
    splits.write(folder, folds.about, folds.table.iloc[list(order)])
    assert (folder / splits.FOLDS_FILE).read_bytes() == before
    found = splits.read(folder)
    assert found.about == folds.about
    assert dict(zip(found.table["id"], found.table["fold"], strict=True)) == dict(
        zip(folds.table["id"], folds.table["fold"], strict=True)
    )


def test_ids_may_repeat_and_come_in_any_order() -> None:
    """Copies of a sample are rows of one id."""
    folds = Folds(About(3, "samples"), pd.DataFrame({"id": ["a", "b", "c"], "fold": [0, 1, 2]}))
    ids = pd.Series(["c", "a", "c", "b"])
    assert folds.part(ids, "test", 0).tolist() == [False, True, False, False]
    assert folds.part(ids, "train", 0).tolist() == [True, False, True, False]


@pytest.mark.parametrize("fold", [-1, 3])
def test_a_fold_that_does_not_exist_is_refused(fold: int) -> None:
    folds = Folds(About(3, "samples"), pd.DataFrame({"id": ["a"], "fold": [0]}))
    with pytest.raises(StoreError, match=r"3 exist \(0 to 2\)"):
        folds.part(folds.table["id"], "test", fold)


def test_an_id_without_a_fold_is_named() -> None:
    folds = Folds(About(3, "samples"), pd.DataFrame({"id": ["a"], "fold": [0]}))
    with pytest.raises(StoreError, match="1 sample without fold, first new"):
        folds.part(pd.Series(["a", "new"]), "test", 0)


def test_folds_that_are_not_there_name_their_stage(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="dvc repro split"):
        splits.read(tmp_path)
