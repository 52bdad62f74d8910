"""Folds: everyone tested once, classes in proportion, groups whole, the past before the future."""

import shutil
from argparse import Namespace
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from Data_processing.labelled import joined, read_labelled
from Data_processing.sections import DRAWN, Split
from Data_processing.split import stage
from Data_processing.split.holdout import of_each_label
from Data_processing.split.schemes import Draw
from Data_processing.split.stratified import iterative
from Datasets import splits
from Datasets.errors import ParamsError, StoreError
from Datasets.metadata import SAMPLES_FILE
from Datasets.splits import ALWAYS_TRAINS, HOLDOUT, Folds
from tests.Data_processing.conftest import Workspace


def samples(
    labels: Sequence[str], groups: Sequence[str | None] = (), **more: Sequence[object]
) -> pd.DataFrame:
    """Return the table that is dealt out; a label a+b is two."""
    ids = [f"d/{i:04d}.png" for i in range(len(labels))]
    table = pd.DataFrame(
        {"id": ids, "label": labels, "group": list(groups) or [None] * len(labels), **more}
    )
    if "is_annotated" not in more:
        table["is_annotated"] = True
    table["lacks_group"] = False
    table["labels"] = [tuple(filter(None, label.split("+"))) for label in labels]
    return table


def asked(scheme: str, n_folds: int = 3, holdout: float = 0.0, **more: object) -> Split:
    """Return a section ``split``."""
    return Split(("d",), scheme, n_folds, holdout, **more)  # type: ignore[arg-type]


def assign(table: pd.DataFrame, split: Split, seed: int) -> np.ndarray:
    """Return the fold of each sample."""
    folds: np.ndarray = dealt(table, split, seed).table["fold"].to_numpy()
    return folds


def dealt(table: pd.DataFrame, split: Split, seed: int = 0) -> Folds:
    return stage.assign(table, split, seed).folds


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
    for stable in (None, False):
        folds = assign(table, asked("group", 3, holdout, stable=stable), seed)
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
            "1 sample without group, first d/0001.png",
        ),
        (samples(["a"] * 9, ["g", "h"] * 4 + ["g"]), asked("group"), "there are 2 groups"),
        (
            samples(["a"] * 9, list("ghi") * 3),
            asked("group", 8, stable=True),
            "would have no sample: 3 groups are too few to fall where their names do",
        ),
        (
            samples(["a"] * 3),
            asked("samples", 50),
            "would have no sample: ask for fewer folds, or add samples",
        ),
        (samples(["a+b"] * 9 + ["a+c"]), asked("stratified"), "class 'c' has 1 samples, fewer"),
        (
            samples(["a"] * 9, ["g"] * 9),
            asked("leave_one_group_out"),
            "needs three groups: .* there are 1",
        ),
        (
            samples(["a"] * 9, ["g", None] + ["h"] * 7),
            asked("leave_one_group_out"),
            "1 sample without group",
        ),
        (
            samples(["a"] * 9, time=[1.0, None, *range(7)]),
            asked("time", time="day"),
            "1 sample without time, first d/0001.png; fill the gaps of the column day",
        ),
        (
            samples(["a"] * 9, time=["2024-01-01", "soon"] + ["2024-01-02"] * 7),
            asked("time", time="day"),
            "d/0001.png has 'soon' in column day, which is no number and no date",
        ),
        (
            samples(["a"] * 9, time=[1, 2, 3, 4] * 2 + [4]),
            asked("time", time="day"),
            "3 folds need 5 moments, but column day has 4",
        ),
        (
            samples(["a"] * 3, given=["train", "tets", "val"]),
            asked("given", given="list"),
            "d/0001.png has 'tets' in column list; numbers of folds were expected, or: train",
        ),
        (
            samples(["a"] * 3, given=["train", None, "val"]),
            asked("given", given="list"),
            "1 sample without value in column list, first d/0001.png",
        ),
        (
            samples(["a"] * 3, given=["train", "train", "val"]),
            asked("given", given="list"),
            "column list gives no sample to the test part",
        ),
        (
            samples(["a"] * 4, given=[0, 1, 3, 3]),
            asked("given", given="list"),
            "numbers folds, but no sample has 2",
        ),
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
    stage.run(Namespace())
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
        stage.run(Namespace())


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


NAMES = st.sampled_from("abcdefgh")


@settings(max_examples=40)
@given(
    labels=st.lists(st.sampled_from(["a", "b", "a+b", "c", ""]), min_size=30, max_size=60),
    scheme=st.sampled_from([*DRAWN, "leave_one_out", "leave_one_group_out"]),
    holdout=st.sampled_from([0.0, 0.2, 7]),
    repeats=st.integers(1, 2),
    seed=st.integers(0, 9),
)
def test_every_sample_is_tested_once_a_repetition(
    labels: list[str], scheme: str, holdout: float, repeats: int, seed: int
) -> None:
    """But what is held out, which is the same in each; parts are everything else, once."""
    table = samples(labels + ["a", "b", "c"] * 6, [str(i % 11) for i in range(len(labels) + 18)])
    try:
        folds = dealt(table, asked(scheme, 3, holdout, repeats=repeats), seed)
    except ParamsError as error:
        assert "after the holdout" in str(error) or "would have no sample" in str(error)
        return
    ids, n = table["id"], folds.about.n_folds
    held = folds.table["fold"].to_numpy() == HOLDOUT
    for repeat in range(repeats):
        tested = [folds.part(ids, "test", repeat * n + k) for k in range(n)]
        assert (np.sum(tested, axis=0) == ~held).all()
        for k in range(n):
            parts = [
                folds.part(ids, part, repeat * n + k) for part in ("train", "validation", "test")
            ]
            assert (np.sum(parts, axis=0) == ~held).all()
            assert all(part.any() for part in parts)
    if holdout == 7 and "group" not in scheme and scheme != "stratified":
        assert held.sum() == 7


@given(
    groups=st.lists(NAMES, min_size=20, max_size=60),
    scheme=st.sampled_from(["group", "stratified_group", "leave_one_group_out"]),
    holdout=st.sampled_from([0.0, 0.3, 5]),
    seed=st.integers(0, 9),
)
def test_a_group_has_one_part(groups: list[str], scheme: str, holdout: float, seed: int) -> None:
    table = samples(["x"] * len(groups), groups)
    try:
        folds = dealt(table, asked(scheme, 3, holdout, repeats=1), seed)
    except ParamsError:
        assume(False)
    assert (folds.table["fold"].groupby(table["group"]).nunique() == 1).all()


@given(st.lists(NAMES, min_size=5, max_size=40), st.integers(0, 9))
def test_groups_stay_when_others_are_added(groups: list[str], seed: int) -> None:
    """With ``stable: true``: also when the seed and the share held out are what they were."""
    few = samples(["x"] * len(groups), groups)
    many = samples(["x"] * (len(groups) + 200), groups + [f"more {i}" for i in range(200)])
    split = asked("group", 3, 0.2, stable=True)
    try:
        before = assign(few, split, seed)
    except ParamsError:
        assume(False)
    assert (assign(many, split, seed)[: len(groups)] == before).all()


def test_many_groups_fall_by_their_names_and_few_are_dealt_out() -> None:
    many = samples(["x"] * 600, [f"g{i // 3}" for i in range(600)])
    few = samples(["x"] * 9, [f"g{i // 3}" for i in range(9)])
    assert stage.assign(many, asked("group"), 0).summary.endswith("by their names")
    insisted = assign(many, asked("group", stable=True), 0)
    assert (assign(many, asked("group"), 0) == insisted).all()
    evenly = stage.assign(few, asked("group"), 0)
    assert (
        evenly.summary == "9 samples into 3 folds by group, evenly: an added group may move others"
    )
    assert sorted(evenly.folds.table["fold"]) == [0, 0, 0, 1, 1, 1, 2, 2, 2]


@given(st.lists(st.sampled_from("abc"), min_size=12, max_size=60), st.integers(2, 5))
def test_iterative_stratification_of_single_labels_is_within_one_sample(
    labels: list[str], n: int
) -> None:
    ids = [f"d/{i}" for i in range(len(labels))]
    folds = iterative(ids, [(label,) for label in labels], n, Draw(0))
    for label in set(labels):
        counts = np.bincount(folds[np.array(labels) == label], minlength=n)
        assert counts.max() - counts.min() <= 1


def test_several_labels_are_spread_more_evenly_than_by_chance() -> None:
    """Ten labels of which each sample has some, common and rare ones: ten draws of both."""
    rng = np.random.default_rng(0)
    chance: list[float] = []
    ours: list[float] = []
    for draw in range(10):
        has = rng.random((400, 10)) < np.linspace(0.02, 0.5, 10)
        has[~has.any(axis=1), 9] = True
        sets = [tuple(f"c{k}" for k in np.flatnonzero(row)) for row in has]
        folds = iterative([f"d/{i}" for i in range(400)], sets, 5, Draw(draw))
        assert np.bincount(folds).tolist() == pytest.approx([80] * 5, abs=10)
        for found, spread in ((folds, ours), (rng.integers(5, size=400), chance)):
            counts = np.array([has[found == k].sum(axis=0) for k in range(5)])
            spread.append((counts.max(axis=0) - counts.min(axis=0)).mean())
    assert max(ours) < 3 < min(chance)


@given(
    times=st.lists(st.integers(-5, 40), min_size=8, max_size=80),
    n=st.integers(3, 4),
    holdout=st.sampled_from([0.0, 0.2]),
)
def test_the_past_trains(times: list[int], n: int, holdout: float) -> None:
    """Whoever trains is older than who validates, who is older than who is tested."""
    table = samples(["x"] * len(times), time=times)
    try:
        folds = dealt(table, asked("time", n, holdout, time="day"))
    except ParamsError as error:
        assert "moments" in str(error)
        return
    day = np.array(times)
    held = folds.table["fold"].to_numpy() == HOLDOUT
    assert held.sum() >= round(len(times) * holdout)
    for fold in range(n):
        of = {
            part: day[folds.part(table["id"], part, fold)]
            for part in ("train", "validation", "test")
        }
        for before, after in pairwise(of.values()):
            assert before.max() < after.min()
        assert not held.any() or of["test"].max() < day[held].min()
    every = np.sum([folds.part(table["id"], "test", fold) for fold in range(n)], axis=0)
    assert (every <= 1).all()


def test_dates_are_moments() -> None:
    days = [f"2024-{month:02d}-01" for month in range(1, 11)]
    folds = assign(samples(["x"] * 10, time=days), asked("time", time="day"), 0)
    assert folds.tolist() == [-3, -3, -2, -2, 0, 0, 1, 1, 2, 2]
    zones = ["2024-01-01T00:30:00+02:00", "2023-12-31T23:00:00Z", *days[1:]]
    later = assign(samples(["x"] * 11, time=zones), asked("time", time="day"), 0)
    assert later[0] == later[1] == -3


def test_given_parts_and_folds_are_taken() -> None:
    words = ["train", "Val", "test", "holdout", "training"]
    folds = dealt(samples(["x"] * 5, given=words), asked("given", given="list"))
    assert folds.about.every == 1
    ids = folds.table["id"]
    assert folds.part(ids, "train", 0).tolist() == [True, False, False, False, True]
    assert folds.part(ids, "validation", 0).tolist() == [False, True, False, False, False]
    assert folds.part(ids, "test", 0).tolist() == [False, False, True, False, False]
    numbered = dealt(samples(["x"] * 4, given=[2, 0, 1, 0]), asked("given", given="list"))
    assert numbered.table["fold"].tolist() == [2, 0, 1, 0]
    assert numbered.about.every == 3


def test_given_parts_without_validation_take_whole_groups() -> None:
    table = samples(
        ["x"] * 40, [str(i // 4) for i in range(40)], given=["train"] * 32 + ["test"] * 8
    )
    folds = dealt(table, asked("given", 4, given="list"))
    validates = folds.part(table["id"], "validation", 0)
    assert validates.sum() == 8 and not validates[32:].any()
    assert pd.Series(validates).groupby(table["group"]).nunique().eq(1).all()


def test_one_out_validates_with_a_tenth() -> None:
    table = samples(["x"] * 40)
    folds = dealt(table, asked("leave_one_out"))
    assert folds.about.every == 40
    for fold in (0, 39):
        counts = [
            folds.part(table["id"], part, fold).sum() for part in ("train", "validation", "test")
        ]
        assert counts == [35, 4, 1]


def test_repetitions_are_other_draws() -> None:
    table = samples(list("ab") * 30)
    for scheme in ("samples", "stratified"):
        folds = dealt(table, asked(scheme, repeats=3))
        once = assign(table, asked(scheme), 0)
        columns = [folds.table[name].to_numpy() for name in ("fold", "fold_1", "fold_2")]
        assert (columns[0] == once).all()
        assert all((one != other).any() for one, other in pairwise(columns))


def test_groups_by_several_columns_join_whoever_shares_one() -> None:
    """A patient seen at two sites joins them; of a row without a value its others tell."""
    table = pd.DataFrame(
        {
            "patient": ["1", "1", "2", "3", "4", None, None],
            "site": ["A", "B", "B", "C", "D", "C", None],
        }
    )
    first, last = "patient 1, site A", "patient 3, site C"
    assert joined(table) == [first, first, first, last, "patient 4, site D", last, None]
    assert joined(table[["patient"]]) == ["1", "1", "2", "3", "4", None, None]


def test_a_data_set_is_a_group(workspace: Workspace) -> None:
    """Where two are joined: which is tested on must not have been trained on."""
    other = Path("Datasets/metadata/other")
    shutil.copytree("Datasets/metadata/shapes", other)
    table = pd.read_parquet(other / SAMPLES_FILE)
    table["id"] = table["id"].str.replace("shapes", "other")
    table.to_parquet(other / SAMPLES_FILE, index=False)
    samples = read_labelled(Split(("shapes", "other"), "group", group="dataset"))
    assert samples["group"].tolist() == ["other"] * 12 + ["shapes"] * 12
    both = read_labelled(Split(("shapes", "other"), "group", group=("dataset", "site")))
    assert both["group"].nunique() == 1  # both know the same sites


def test_two_group_columns_are_read_from_the_table(workspace: Workspace) -> None:
    workspace.params("scheme: stratified", "scheme: group")
    workspace.params("group: null", "group: [site, site]")
    stage.run(Namespace())
    table = splits.read().table
    assert (table["fold"].groupby(table["id"].str[-6:-4].astype(int) // 3).nunique() == 1).all()
    assert '"group": [' in Path("Datasets/splits/split.json").read_text()


@given(
    labels=st.lists(st.sampled_from("abc"), min_size=40, max_size=80),
    few=st.sampled_from([0.3, "1 per class", "2 per class"]),
    more=st.sampled_from([0.5, 0.9, "3 per class"]),
    seed=st.integers(0, 9),
)
def test_of_more_labels_the_fewer_are_a_part(
    labels: list[str], few: str | float, more: str | float, seed: int
) -> None:
    """Those asked for, of the training part of each fold, class by class."""
    table = samples(labels + list("abc") * 12)
    label_of = table.set_index("id")["label"]
    small, large = (dealt(table, asked("stratified", labelled=one), seed) for one in (few, more))
    for fold in range(3):
        trains = set(table["id"][small.part(table["id"], "train", fold)])
        kept = set(table["id"][small.keeps_label(table["id"], fold)])
        assert kept <= trains
        counts = label_of[sorted(kept)].value_counts().to_dict()
        for label, count in label_of[sorted(trains)].value_counts().to_dict().items():
            wanted = round(few * count) if isinstance(few, float) else int(few[0])
            assert counts[label] == wanted
        wider = set(table["id"][large.keeps_label(table["id"], fold)])
        if isinstance(few, str) == isinstance(more, str):
            assert kept <= wider


def test_who_has_several_labels_is_taken_where_one_is_lacking() -> None:
    table = samples((["a"] * 6 + ["a+b"] * 6) * 3)
    folds = dealt(table, asked("stratified", labelled="2 per class"))
    assert folds.labelled is not None
    for fold in range(3):
        kept = folds.labelled["id"][folds.labelled["fold"] == fold]
        sets = table.set_index("id")["labels"][kept]
        for label in "ab":
            assert sum(label in one for one in sets) >= 2
        assert len(kept) <= 4


def test_a_column_says_who_is_labelled() -> None:
    told = [True, False] * 12
    folds = dealt(samples(["a", "b"] * 12, labelled=told), asked("samples", labelled="mine"))
    for fold in range(3):
        kept = folds.keeps_label(folds.table["id"], fold)
        assert (kept == folds.part(folds.table["id"], "train", fold) & np.array(told)).all()


@pytest.mark.parametrize(
    ("more", "labelled", "says"),
    [
        ({}, 0.01, "class 'a' has 4 training samples in fold 0, which do not suffice for 0.01"),
        ({}, "9 per class", "class 'a' has 4 training samples in fold 0, .* ask for fewer"),
        ({"labelled": ["yes"] * 24}, "mine", "has 'yes' in column mine; true or false was"),
        ({"labelled": ["False"] * 24}, "mine", "no training sample of fold 0 keeps a label"),
    ],
)
def test_labels_that_do_not_suffice_are_named(
    more: dict[str, list[str]], labelled: str | float, says: str
) -> None:
    table = samples(["a", "b"] * 12).assign(**more)
    split = asked("stratified", labelled=labelled)
    with pytest.raises(ParamsError, match=says):
        dealt(table, split)


def test_labels_that_may_be_seen_are_written_and_read(workspace: Workspace) -> None:
    workspace.params("scheme: stratified", "scheme: stratified, labelled: 1 per class")
    stage.run(Namespace())
    folds = splits.read()
    assert folds.about.labelled == "1 per class" and folds.labelled is not None
    assert folds.labelled["fold"].tolist() == [0, 0, 1, 1, 2, 2]
    assert folds.keeps_label(folds.table["id"], 1).sum() == 2
    workspace.params("labelled: 1 per class", "labelled: all")
    stage.run(Namespace())
    assert splits.read().keeps_label(folds.table["id"], 1).all()
    assert not (splits.SPLITS / splits.LABELLED_FILE).exists()


def test_days_beyond_any_clock_are_the_latest() -> None:
    """9999-12-31 stands for "not ended" in many tables, and is no day of the past."""
    days = [f"2020-01-{day:02d}" for day in range(1, 16)] + ["9999-12-31"] * 5 + ["1000-01-01"]
    folds = assign(samples(["x"] * 21, time=days), asked("time", time="day"), 0)
    assert set(folds[15:20]) == {2} and folds[20] == -3


@given(
    sets=st.lists(st.sampled_from(["a", "b", "a+b", "c", "b+c", ""]), min_size=30, max_size=60),
    holdout=st.sampled_from([0.1, 0.25, 0.5, 3, 11]),
    seed=st.integers(0, 9),
)
def test_a_stratified_holdout_is_as_large_as_asked_for(
    sets: list[str], holdout: float, seed: int
) -> None:
    """Of samples with labels, and of each set of labels its share to within one."""
    table = samples(sets)
    labelled = table[table["label"] != ""]
    held = of_each_label(labelled, asked("stratified", 3, holdout), seed)
    count = holdout if holdout >= 1 else round(holdout * len(labelled))
    assert held.sum() == count
    for label, number in labelled["label"].value_counts().to_dict().items():
        exact = number * count / len(labelled)
        assert abs(held[(labelled["label"] == label).to_numpy()].sum() - exact) < 1


def test_merging_must_leave_something_in_each_fold() -> None:
    table = samples(["a", "b"] * 20).assign(content=["same"] * 39 + ["other"])
    with pytest.raises(ParamsError, match="would have no sample: what is merged is most"):
        stage.assign(table, asked("samples"), 0, ["content"])
    few = table.assign(content=["same"] * 3 + list(map(str, range(37))))
    done = stage.assign(few, asked("samples", stable=False), 0, ["content"])
    assert done.folds.table["fold"][:3].nunique() == 1
    counts = np.bincount(done.folds.table["fold"])
    assert f"of {counts.min()} to {counts.max()} samples" in done.summary


def test_few_samples_are_dealt_out_evenly_where_names_do_not() -> None:
    table = samples(["x"] * 40)
    folds = assign(table, asked("samples", 20), 0)
    assert np.bincount(folds).tolist() == [2] * 20
    never = assign(table, asked("samples", 3, 4, stable=False), 0)
    assert sorted(np.bincount(never + 1)) == [4, 12, 12, 12]


def test_a_group_is_the_same_as_a_whole_number_and_as_a_float(workspace: Workspace) -> None:
    """What pandas makes of a column of whole numbers with a gap."""
    other = Path("Datasets/metadata/other")
    shutil.copytree("Datasets/metadata/shapes", other)
    for folder, kind in ((other, float), (Path("Datasets/metadata/shapes"), int)):
        table = pd.read_parquet(folder / SAMPLES_FILE)
        table["column.site"] = table["column.site"].str.removeprefix("site").astype(kind)
        table.to_parquet(folder / SAMPLES_FILE, index=False)
    found = read_labelled(Split(("shapes", "other"), "group", group="site"))
    assert set(found["group"]) == {"0", "1", "2", "3"}


def test_numbers_of_folds_may_be_floats_and_leave_a_holdout() -> None:
    told: list[object] = [0.0, 1.0, 2.0, "holdout", 1.0]
    folds = assign(samples(["x"] * 5, given=told), asked("given", given="list"), 0)
    assert folds.tolist() == [0, 1, 2, HOLDOUT, 1]
    with pytest.raises(ParamsError, match=r"d/0003.png has 'train' .* which numbers folds"):
        assign(samples(["x"] * 4, given=[0, 1, 2, "train"]), asked("given", given="list"), 0)


@pytest.mark.parametrize("scheme", ["samples", "stratified", "leave_one_out"])
def test_what_nobody_annotated_trains_in_every_fold_and_moves_nobody(scheme: str) -> None:
    """The annotated ones fall where they fall without the others."""
    labels, annotated = ["a", "b", ""] * 14, [True, True, False] * 14
    table = samples(labels, is_annotated=annotated)
    whole = stage.assign(table, asked(scheme), 3)
    folds = whole.folds
    is_annotated = np.array(annotated)
    alone = assign(table[is_annotated].reset_index(drop=True), asked(scheme), 3)
    every = folds.table["fold"].to_numpy()
    assert (every[is_annotated] == alone).all()
    for fold in range(folds.about.every):
        assert folds.part(table["id"], "train", fold)[~is_annotated].all()
        assert not folds.part(table["id"], "validation", fold)[~is_annotated].any()
        assert not folds.part(table["id"], "test", fold)[~is_annotated].any()
    assert "14 without annotation train in each" in whole.summary


def test_they_stay_with_their_group_and_with_what_is_like_them() -> None:
    """The patient's other pictures are tested: this one must not train then."""
    groups = [f"g{i % 6}" for i in range(24)] + ["g0", "alone"]
    table = samples(["a"] * 24 + ["", ""], groups, is_annotated=[True] * 24 + [False] * 2)
    folds = assign(table, asked("group"), 0)
    assert folds[24] == folds[0] >= 0
    assert folds[25] == ALWAYS_TRAINS
    alike = table.assign(content=[*map(str, range(24)), "5", "other"])
    joined = stage.assign(alike, asked("samples", stable=False), 0, ["content"]).folds
    fold = joined.table["fold"]
    assert fold[24] == fold[5] >= 0 and fold[25] == ALWAYS_TRAINS


def test_where_nobody_annotated_anything_and_in_time_all_are_dealt_out() -> None:
    bare = samples([""] * 20, is_annotated=[False] * 20)
    assert (assign(bare, asked("samples"), 0) >= 0).all()
    days = [f"2024-01-{day:02d}" for day in range(1, 21)]
    timed = samples(["a"] * 19 + [""], time=days, is_annotated=[True] * 19 + [False])
    assert ALWAYS_TRAINS not in assign(timed, asked("time", time="day"), 0)


def test_of_an_unknown_group_it_is_refused_as_any_other() -> None:
    """It may be a picture of somebody who is tested."""
    table = samples(["a"] * 24 + [""], [*(f"g{i % 6}" for i in range(24)), None])
    table["is_annotated"] = table["label"] != ""
    for scheme in ("group", "stratified_group", "leave_one_group_out"):
        with pytest.raises(ParamsError, match=r"1 sample without group, first d/0024\.png"):
            assign(table, asked(scheme), 0)


def test_where_nothing_has_a_label_stratified_says_so() -> None:
    bare = samples([""] * 20, is_annotated=[False] * 20)
    with pytest.raises(ParamsError, match="no sample has a label"):
        assign(bare, asked("stratified"), 0)
