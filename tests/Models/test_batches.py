"""Who is in a batch, and in which order."""

import msgspec
import pandas as pd
import pytest
import torch

from Datasets import splits
from Datasets.errors import StoreError
from Datasets.randomness import place_of
from Datasets.tensors import Tensors
from Models.batches import Batches
from Models.ordering import Ordering
from Models.part import ids_of, keys_of, part_of, require_all_classes, unlabelled_of
from tests.Models.tiny import Tiny, draw, label_of, write


def test_training_sees_all_copies_and_the_others_copy_0(tiny: Tiny) -> None:
    tensors, folds = Tensors(), splits.read()
    copies = {
        name: tensors.index["copy"].iloc[part_of(tensors, folds, name, 0).rows].tolist()
        for name in ("train", "validation", "test")
    }
    assert sorted(copies["train"]) == [0] * 12 + [1] * 12
    assert copies["validation"] == copies["test"] == [0] * 12


def test_parts_of_a_fold_share_no_sample(tiny: Tiny) -> None:
    tensors, folds = Tensors(), splits.read()
    parts = [part_of(tensors, folds, name, 2) for name in ("train", "validation", "test")]
    seen = [set(ids_of(tensors, part.rows)["id"]) for part in parts]
    assert len(set.union(*seen)) == sum(len(one) for one in seen) == tiny.samples


def test_images_and_labels_of_a_batch_belong_together(tiny: Tiny) -> None:
    tensors, folds = Tensors(), splits.read()
    train = part_of(tensors, folds, "train", 0)
    batches = Batches(tensors, train, part_of(tensors, folds, "validation", 0), 5, seed=1)
    known = {
        draw(tiny, number, copy).tobytes(): label_of(tiny, number)
        for number in range(tiny.samples)
        for copy in (0, 1)
    }
    seen = [
        (known[image.numpy().tobytes()], tiny.classes[int(label)])
        for batch in batches.labelled()
        for image, label in zip(batch.images, batch.labels, strict=True)
    ]
    assert len(seen) == len(train.rows)
    assert all(shown == said for shown, said in seen)


def test_samples_without_a_single_label_are_left_out_and_counted(tiny: Tiny) -> None:
    write(msgspec.structs.replace(tiny, unlabelled=2, doubled=1))
    tensors, folds = Tensors(), splits.read()
    parts = [part_of(tensors, folds, name, 0) for name in ("train", "validation", "test")]
    assert sum(part.left_out for part in parts) == 3
    assert sum(len(set(ids_of(tensors, part.rows)["id"])) for part in parts) == tiny.samples - 3


def test_labels_that_may_not_be_seen_are_not_trained_on(tiny: Tiny) -> None:
    """All copies of those that may; validation and test are what they were."""
    tensors, folds = Tensors(), splits.read()
    trains = folds.table["id"][folds.part(folds.table["id"], "train", 0)]
    seen = pd.DataFrame({"fold": 0, "id": sorted(trains)[:3]})
    hidden = msgspec.structs.replace(folds, labelled=seen)
    part = part_of(tensors, hidden, "train", 0)
    assert set(ids_of(tensors, part.rows)["id"]) == set(seen["id"])
    assert len(part.rows) == 6 and part.left_out == len(trains) - 3
    for name in ("validation", "test"):
        rows = [part_of(tensors, one, name, 0).rows.tolist() for one in (folds, hidden)]
        assert rows[0] == rows[1]


def test_a_part_without_labels_is_refused(tiny: Tiny) -> None:
    write(msgspec.structs.replace(tiny, unlabelled=tiny.samples))
    with pytest.raises(StoreError, match=r"train part of fold 1 has no sample .* \(12 have none"):
        part_of(Tensors(), splits.read(), "train", 1)


def test_a_class_that_the_training_part_lacks_is_named(tiny: Tiny) -> None:
    write(msgspec.structs.replace(tiny, classes=("across", "along", "aslant", "zigzag")))
    tensors = Tensors()
    part = part_of(tensors, splits.read(), "train", 0)
    kept = part.labels != 3
    part = msgspec.structs.replace(part, rows=part.rows[kept], labels=part.labels[kept])
    with pytest.raises(StoreError, match="fold 0 has no sample of 1 classes: zigzag"):
        require_all_classes(part, tensors.store.about.classes, 0)


def test_rows_and_keys_name_the_samples_of_a_batch(tiny: Tiny) -> None:
    tensors, folds = Tensors(), splits.read()
    batches = Batches(
        tensors, part_of(tensors, folds, "train", 0), part_of(tensors, folds, "test", 0), 5, 1
    )
    for batch in batches.labelled():
        named = tensors.index[["id", "copy"]].iloc[batch.rows.numpy()].to_numpy()
        assert (batch.images.numpy() == tensors.gather(batch.rows.numpy())).all()
        places = [place_of(f"{sample}\0{copy}") for sample, copy in named]
        assert [key % 2**64 for key in batch.keys.tolist()] == places


def test_keys_stay_when_other_samples_come(tiny: Tiny) -> None:
    def keys(samples: int) -> dict[str, int]:
        write(msgspec.structs.replace(tiny, samples=samples))
        tensors = Tensors()
        part = part_of(tensors, splits.read(), "test", 0)
        return dict(
            zip(ids_of(tensors, part.rows)["id"], keys_of(tensors, part.rows).tolist(), strict=True)
        )

    few, more = keys(27), keys(36)
    assert few.items() < more.items()
    assert len(set(more.values())) == len(more)


def test_joined_batches_have_rows_of_both_kinds_and_no_label_of_the_unlabelled(tiny: Tiny) -> None:
    """Whose label is hidden and who never had one are seen alike, each once an epoch."""
    write(msgspec.structs.replace(tiny, unlabelled=4))
    tensors, folds = Tensors(), splits.read()
    every = folds.table["id"][folds.part(folds.table["id"], "train", 0)]
    seen = pd.DataFrame({"fold": 0, "id": sorted(every)[-3:]})
    hidden = msgspec.structs.replace(folds, labelled=seen)
    train, rows = part_of(tensors, hidden, "train", 0), unlabelled_of(tensors, hidden, 0)
    assert set(ids_of(tensors, rows)["id"]) == set(every) - set(seen["id"])
    batches = Batches(tensors, train, train, 4, 1, unlabelled=rows, wants="joined", ratio=2)
    found = list(batches.joined())
    assert len(found) == len(batches.joined()) == -(-len(rows) // 8)
    assert sorted(torch.cat([b.unlabelled.rows for b in found]).tolist()) == rows.tolist()
    assert [len(batch) for batch in found] == [4] * len(found)
    for batch in found:
        rows_seen = batch.unlabelled.rows.numpy()
        assert (batch.unlabelled.images.numpy() == tensors.gather(rows_seen)).all()
        assert not hasattr(batch.unlabelled, "labels")
    keys = torch.cat([batch.labelled.keys for batch in found]).tolist()
    assert len(set(keys)) == len(keys) > len(train.rows)  # a row that comes again draws anew


@pytest.mark.parametrize("first", [0, 1, 2])
def test_joined_batches_go_on_at_any_batch(tiny: Tiny, first: int) -> None:
    write(msgspec.structs.replace(tiny, unlabelled=18))
    tensors, folds = Tensors(), splits.read()
    train, rows = part_of(tensors, folds, "train", 0), unlabelled_of(tensors, folds, 0)
    loader = Batches(tensors, train, train, 2, 1, unlabelled=rows, ratio=2).joined()

    def said(begin: int) -> list[list[int]]:
        loader.set_epoch(3)
        loader.start_at(begin)
        return [[*b.labelled.keys.tolist(), *b.unlabelled.keys.tolist()] for b in loader]

    assert said(first) == said(0)[first:]


def test_joined_batches_of_nobody_are_refused(tiny: Tiny) -> None:
    tensors, folds = Tensors(), splits.read()
    train = part_of(tensors, folds, "train", 0)
    with pytest.raises(StoreError, match="learns from images without a label too"):
        Batches(tensors, train, train, 2, 1, wants="joined").training()


def test_new_changes_what_is_said_and_keeps_the_rest(tiny: Tiny) -> None:
    tensors, folds = Tensors(), splits.read()
    train = part_of(tensors, folds, "train", 0)
    batches = Batches(tensors, train, train, 4, 1, Ordering("blocks", 2), ratio=3)
    other = batches.new(batch=2)
    assert (other.batch, other.seed, other.ordering, other.ratio) == (2, 1, batches.ordering, 3)
    assert (other.tensors, other.train, other.source) == (tensors, train, batches.source)
    assert batches.batch == 4
    with pytest.raises(TypeError, match="bach"):
        batches.new(bach=2)


@pytest.mark.parametrize("ordering", [Ordering(), Ordering("blocks", 2)])
@pytest.mark.parametrize("first", [0, 2, 4])
def test_an_epoch_goes_on_at_any_batch(tiny: Tiny, ordering: Ordering, first: int) -> None:
    tensors, folds = Tensors(), splits.read()
    part = part_of(tensors, folds, "train", 0)

    def passes(begin: int) -> list[list[bytes]]:
        loader = Batches(tensors, part, part, 5, 1, ordering).labelled()
        loader.set_epoch(3)
        loader.start_at(begin)
        return [[batch.images.numpy().tobytes() for batch in loader] for _ in range(2)]

    whole = passes(0)
    assert len(whole[0]) == 5
    assert passes(first) == [whole[0][first:], whole[0]]
