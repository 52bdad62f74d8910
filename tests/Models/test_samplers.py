"""Samplers: who comes how often, as a function of (seed, epoch), from any batch on."""

from collections import Counter

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Datasets import splits
from Datasets.errors import StoreError
from Datasets.tensors import Tensors
from Models.batches import Batches
from Models.ordering import Ordering, Sampling
from Models.part import part_of
from Models.samplers import Balanced, Grouped, Sampled, Weighted, weights_of
from tests.Models.tiny import Tiny

kinds_drawn = st.lists(st.integers(0, 5), min_size=1, max_size=80).map(np.array)


def epoch_of(order: Sampled, epoch: int = 0) -> np.ndarray:
    order.set_epoch(epoch)
    return np.concatenate(list(order.groups()))


@given(kinds=kinds_drawn, rows=st.integers(1, 300), batch=st.integers(1, 40))
def test_balanced_sees_kinds_and_their_rows_equally_often(
    kinds: np.ndarray, rows: int, batch: int
) -> None:
    order = Balanced(kinds, batch, 1, rows)
    drawn = epoch_of(order)
    assert len(drawn) == rows and len(order) == -(-rows // batch)
    of_kinds = Counter(kinds[drawn % len(kinds)].tolist())
    counts = [of_kinds[kind] for kind in np.unique(kinds).tolist()]
    assert max(counts) - min(counts) <= 1
    for kind in np.unique(kinds):
        rows_of = Counter((drawn % len(kinds)).tolist())
        times = [rows_of[place] for place in np.flatnonzero(kinds == kind).tolist()]
        assert max(times) - min(times) <= 1


@given(kinds=kinds_drawn, rows=st.integers(1, 300), each=st.integers(1, 6))
def test_grouped_gives_so_many_of_a_kind_one_after_the_other(
    kinds: np.ndarray, rows: int, each: int
) -> None:
    order = Grouped(kinds, 12, 1, rows, each)
    for group in order.groups():
        runs = kinds[group % len(kinds)].reshape(-1, each)
        assert len(group) == max(1, 12 // each) * each
        assert (runs == runs[:, :1]).all()
    counts = Counter(kinds[epoch_of(order) % len(kinds)].tolist())
    some = [counts[kind] for kind in np.unique(kinds).tolist()]
    assert max(some) - min(some) <= each


@pytest.mark.parametrize(
    "order",
    [
        Balanced(np.arange(50) % 3, 8, 4, 200),
        Weighted(np.arange(50.0), 8, 4, 200),
        Grouped(np.arange(50) % 3, 8, 4, 200, 4),
    ],
)
def test_an_epoch_goes_on_at_any_group_and_no_row_comes_twice_the_same(order: Sampled) -> None:
    third = epoch_of(order, 3)
    assert len(set(third.tolist())) == len(third)  # a row that comes again counts on
    assert third.max() >= 50
    assert epoch_of(order, 4).tolist() != third.tolist()
    order.set_epoch(3)
    whole = [group.tolist() for group in order.groups()]
    for first in (0, 1, 7, len(order) - 1):
        assert [group.tolist() for group in order.groups(first)] == whole[first:]
        assert len(list(order.ahead(first))) == len(whole) - first


def test_weighted_sees_rows_as_their_weights_say() -> None:
    weights = np.array([0.0, 1.0, 3.0])
    drawn = epoch_of(Weighted(weights, 64, 1, 40_000)) % 3
    shares = np.bincount(drawn, minlength=3) / len(drawn)
    assert shares[0] == 0
    assert shares == pytest.approx([0, 0.25, 0.75], abs=0.01)


@pytest.mark.parametrize("name", ["balanced", "weighted", "grouped"])
def test_batches_are_sampled_as_params_say(tiny: Tiny, name: str) -> None:
    tensors, folds = Tensors(), splits.read()
    part = part_of(tensors, folds, "train", 0)
    few = np.flatnonzero((part.labels > 0) | (np.arange(len(part.rows)) < 3))
    train = msgspec.structs.replace(part, rows=part.rows[few], labels=part.labels[few])
    sampling = Sampling(weights={"across": 0.0}, each=3, rows=60)
    ordering = Ordering(name, sampling=sampling)  # type: ignore[arg-type]
    found = list(Batches(tensors, train, part, 6, 1, ordering).labelled())
    assert sum(len(batch) for batch in found) == 60
    keys = [key for batch in found for key in batch.keys.tolist()]
    assert len(set(keys)) == len(keys)
    shares = np.bincount(np.concatenate([batch.labels for batch in found]), minlength=3) / 60
    if name == "weighted":
        assert shares[0] == 0
    else:
        assert shares == pytest.approx([1 / 3] * 3, abs=0.05)


def test_groups_and_data_sets_are_kinds_too(tiny: Tiny) -> None:
    tensors, folds = Tensors(), splits.read()
    tensors.index["group"] = None
    tensors.index.loc[tensors.index["id"] < "stripes/020.png", "group"] = "writer"
    part = part_of(tensors, folds, "train", 0)
    ordering = Ordering("balanced", sampling=Sampling(by="group", rows=400))
    rows = np.concatenate(
        [batch.rows for batch in Batches(tensors, part, part, 8, 1, ordering).labelled()]
    )
    group = tensors.index["group"].iloc[part.rows]
    alone = tensors.index["id"].iloc[part.rows][group.isna()].nunique()
    of_writer = tensors.index["group"].iloc[rows].notna().mean()
    assert of_writer == pytest.approx(1 / (1 + alone), abs=0.01)


def test_weights_of_nobody_are_refused(tiny: Tiny) -> None:
    tensors = Tensors()
    part = part_of(tensors, splits.read(), "train", 0)
    classes = tensors.store.about.classes
    with pytest.raises(StoreError, match="unknown class 'acros'; did you mean 'across'"):
        weights_of({"acros": 1.0}, classes, part)
    with pytest.raises(StoreError, match="no class has a weight above 0"):
        weights_of(dict.fromkeys(classes, 0.0), classes, part)
