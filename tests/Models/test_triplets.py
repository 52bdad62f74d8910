"""Who belongs to whom in a triplet: a function of (seed, epoch, row)."""

import msgspec
import numpy as np
import pytest
import torch

from Datasets import splits
from Datasets.errors import StoreError
from Datasets.tensors import Tensors
from Models.batch import Triplets
from Models.batches import Batches
from Models.part import Part, part_of
from Models.triplets import Chosen, Partners
from tests.Models.tiny import Tiny


def batches(chosen: Chosen | None = None) -> Batches:
    tensors, folds = Tensors(), splits.read()
    train = part_of(tensors, folds, "train", 0)
    return Batches(tensors, train, train, 5, 1, wants="triplets", chosen=chosen)


def test_positives_are_other_samples_of_the_class_and_negatives_of_others(tiny: Tiny) -> None:
    some = batches()
    index, loader = some.tensors.index, some.triplets()
    classes = np.array([names[0] for names in index["labels"]])
    samples = index["id"].to_numpy()
    seen: list[int] = []
    partners: dict[int, set[int]] = {}
    for epoch in range(30):
        loader.set_epoch(epoch)
        for batch in loader:
            data, positive, negative = (
                one.rows.numpy() for one in (batch.data, batch.positive, batch.negative)
            )
            assert (classes[data] == classes[positive]).all()
            assert (samples[data] != samples[positive]).all()
            assert (classes[data] != classes[negative]).all()
            assert set(negative) | set(positive) <= set(some.train.rows)
            assert (batch.negative.images.numpy() == some.tensors.gather(negative)).all()
            assert batch.labels is not None
            names = [tiny.classes[int(label)] for label in batch.labels]
            assert names == classes[data].tolist()
            seen += data.tolist() if epoch == 0 else []
            for one, near, far in zip(data, positive, negative, strict=True):
                partners.setdefault(one, set()).update((near, far))
    assert sorted(seen) == some.train.rows.tolist()  # each is the data once an epoch
    assert min(map(len, partners.values())) > 12  # and meets most: 6 + 16 could be


def test_any_batch_can_be_made_first(tiny: Tiny) -> None:
    loader = batches().triplets()

    def said(begin: int) -> list[list[list[int]]]:
        loader.set_epoch(2)
        loader.start_at(begin)
        return [_named(batch) for batch in loader]

    whole = said(0)
    assert len(whole) == len(loader) == 5
    assert said(3) == whole[3:]
    loader.set_epoch(4)
    assert [_named(batch) for batch in loader] != whole


def _named(batch: Triplets) -> list[list[int]]:
    three = (batch.data, batch.positive, batch.negative)
    return [[*one.rows.tolist(), *one.keys.tolist()] for one in three]


def test_partners_do_not_depend_on_the_batch_size(tiny: Tiny) -> None:
    def partners(size: int) -> dict[int, tuple[int, int]]:
        found: dict[int, tuple[int, int]] = {}
        for batch in batches().new(batch=size).triplets():
            three = (batch.data, batch.positive, batch.negative)
            data, near, far = (one.rows.tolist() for one in three)
            found |= {d: (n, f) for d, n, f in zip(data, near, far, strict=True)}
        return found

    assert partners(3) == partners(11)


def test_a_class_of_one_sample_takes_a_copy_and_without_one_itself() -> None:
    part = Part(np.arange(6), np.array([0, 0, 1, 1, 1, 2]), 0)
    samples = np.array(["a", "b", "c", "c", "c", "d"])
    rng = np.random.default_rng(0)
    for _ in range(20):
        positive, negative = Partners(part, samples).drawn(np.arange(6), rng.random((6, 2)))
        assert positive[:2].tolist() == [1, 0]
        assert set(positive[2:5]) <= {2, 3, 4} and (positive[2:5] != [2, 3, 4]).all()
        assert positive[5] == 5
        assert (part.labels[negative] != part.labels).all()


def test_draws_are_even() -> None:
    part = Part(np.arange(9), np.array([0, 1, 0, 1, 2, 0, 2, 1, 0]), 0)
    draws = np.random.default_rng(0).random((30_000, 2))
    partners = Partners(part, np.arange(9))
    positive, negative = partners.drawn(np.full(30_000, 5), draws)
    near, far = np.bincount(positive, minlength=9), np.bincount(negative, minlength=9)
    assert np.flatnonzero(near).tolist() == [0, 2, 8]
    assert np.flatnonzero(far).tolist() == [1, 3, 4, 6, 7]
    assert near[[0, 2, 8]] / 30_000 == pytest.approx([1 / 3] * 3, abs=0.02)
    assert far[[1, 3, 4, 6, 7]] / 30_000 == pytest.approx([1 / 5] * 5, abs=0.02)


@pytest.mark.parametrize("labels", [None, np.array([2, 1, 0])])
def test_triplets_that_somebody_chose_come_as_they_are(
    tiny: Tiny, labels: np.ndarray | None
) -> None:
    chosen = Chosen(np.array([8, 3, 1]), np.array([2, 2, 2]), np.array([5, 9, 5]), labels)
    (batch,) = batches(chosen).triplets()
    trios = set(
        zip(
            *(one.rows.tolist() for one in (batch.data, batch.positive, batch.negative)),
            strict=True,
        )
    )
    assert trios == {(8, 2, 5), (3, 2, 9), (1, 2, 5)}
    assert len(set(batch.positive.keys.tolist())) == 3  # the same row, seen anew each time
    if labels is None:
        assert batch.labels is None and batch.to(torch.device("cpu")).labels is None
    else:
        assert batch.labels is not None
        assert dict(zip(batch.data.rows.tolist(), batch.labels.tolist(), strict=True)) == {
            8: 2,
            3: 1,
            1: 0,
        }


def test_one_class_has_no_triplets(tiny: Tiny) -> None:
    some = batches()
    kept = some.train.labels == 0
    train = msgspec.structs.replace(
        some.train, rows=some.train.rows[kept], labels=some.train.labels[kept]
    )
    with pytest.raises(StoreError, match="one class alone"):
        some.new(train=train).triplets()
