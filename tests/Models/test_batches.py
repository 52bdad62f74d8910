"""Who is in a batch, and in which order."""

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from Datasets import splits
from Datasets.errors import StoreError
from Datasets.tensors import Tensors
from Models.batches import Batches, InOrder, Shuffled, ids_of, part_of, require_all_classes
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
    seen = [set(ids_of(tensors, part)) for part in parts]
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
        for batch in batches.training()
        for image, label in zip(batch.images, batch.labels, strict=True)
    ]
    assert len(seen) == len(train.rows)
    assert all(shown == said for shown, said in seen)


def test_samples_without_a_single_label_are_left_out_and_counted(tiny: Tiny) -> None:
    write(msgspec.structs.replace(tiny, unlabelled=2, doubled=1))
    tensors, folds = Tensors(), splits.read()
    parts = [part_of(tensors, folds, name, 0) for name in ("train", "validation", "test")]
    assert sum(part.left_out for part in parts) == 3
    assert sum(len(set(ids_of(tensors, part))) for part in parts) == tiny.samples - 3


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


@given(n=st.integers(1, 200), batch=st.integers(1, 64), seed=st.integers(0, 2**40))
def test_an_epoch_sees_every_row_once(n: int, batch: int, seed: int) -> None:
    order = Shuffled(n, batch, seed)
    groups = list(order)
    assert len(groups) == len(order)
    assert sorted(np.concatenate(groups)) == list(range(n))
    lengths = [len(group) for group in groups]
    assert max(lengths) <= batch
    assert max(lengths) - min(lengths) <= 1


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        shuffled = Shuffled(50, 8, seed)
        shuffled.set_epoch(epoch)
        return np.concatenate(list(shuffled)).tolist()

    np.random.seed(0)  # noqa: NPY002 - a global state that must not matter
    torch.manual_seed(0)
    assert order(1, 3) == order(1, 3)
    assert order(1, 3) != order(1, 4)
    assert order(1, 3) != order(2, 3)


@given(n=st.integers(1, 100), batch=st.integers(1, 40))
def test_in_order_is_in_order(n: int, batch: int) -> None:
    assert np.concatenate(list(InOrder(n, batch))).tolist() == list(range(n))
