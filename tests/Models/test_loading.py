"""Where images come from: the same bits from files and device; kept as long as somebody looks."""

import gc

import msgspec
import numpy as np
import pytest
import torch

from Datasets import splits
from Datasets.tensors import Tensors
from Models.batch import Batch
from Models.batches import Batches
from Models.loading import BUFFERS, CPU, Buffers, Mapped, Resident, Source, source_of
from Models.part import part_of
from tests.Models.tiny import Tiny, write

DTYPES = ("uint8", "uint16", "float32")
UINT8 = np.dtype(np.uint8)


def batches_of(source: Source, tensors: Tensors) -> list[Batch]:
    """Return all batches of an epoch of training and of validation, kept at the same time."""
    folds = splits.read()
    parts = [part_of(tensors, folds, name, 0) for name in ("train", "validation")]
    both = Batches(tensors, parts[0], parts[1], 5, 1, source=source)
    return [*both.labelled(), *both.validating()]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("side", [4, 5])
def test_a_resident_set_gives_the_same_bits(tiny: Tiny, dtype: str, side: int) -> None:
    write(msgspec.structs.replace(tiny, dtype=dtype, side=side, channels=1))
    tensors = Tensors()
    mapped = batches_of(source_of(tensors, CPU, resident=False), tensors)
    resident = batches_of(source_of(tensors, CPU, resident=True), tensors)
    for one, other in zip(mapped, resident, strict=True):
        for name in Batch.__struct_fields__:
            assert torch.equal(getattr(one, name), getattr(other, name))
        assert one.images.dtype == other.images.dtype == getattr(torch, dtype)


@pytest.mark.parametrize("kind", [Mapped, Resident])
def test_batches_that_are_kept_are_not_written_over(
    tiny: Tiny, kind: type[Mapped | Resident]
) -> None:
    tensors = Tensors()
    kept = batches_of(kind(tensors), tensors)
    assert len(kept) > BUFFERS
    for batch in kept:
        assert (batch.images.numpy() == tensors.gather(batch.rows.numpy())).all()


@pytest.mark.parametrize("kind", [Mapped, Resident])
@pytest.mark.parametrize(
    "look",
    [
        lambda images: images[1:, :2],
        lambda images: images.permute(0, 3, 1, 2),
        lambda images: images.numpy()[1:],
        lambda images: np.asarray(images)[1:][:, 2:],
        lambda images: memoryview(images.numpy()),
        lambda images: images.detach().view(-1),
    ],
)
def test_whatever_looks_into_a_batch_keeps_it(
    tiny: Tiny, kind: type[Mapped | Resident], look
) -> None:
    source = kind(Tensors())
    seen = look(source.images(np.arange(4)))
    before = bytes(np.ascontiguousarray(seen).data)
    gc.collect()
    for start in range(4, 4 + 3 * BUFFERS):
        source.images(np.arange(start, start + 4))
    assert bytes(np.ascontiguousarray(seen).data) == before


@pytest.mark.parametrize("kind", [Mapped, Resident])
def test_memory_is_used_again_when_nobody_looks(tiny: Tiny, kind: type[Mapped | Resident]) -> None:
    source = kind(Tensors())
    places = set()
    last = None
    for start in range(30):
        last, before = source.images(np.arange(start, start + 4 - start % 2)), last
        assert before is None or before.data_ptr() != last.data_ptr()
        places.add(last.data_ptr())
        del before
    assert len(places) <= BUFFERS


def test_buffers_that_do_not_fit_make_room() -> None:
    buffers = Buffers(2)
    small = buffers.take((2, 3), UINT8)
    large = buffers.take((9, 3), UINT8)
    assert not np.shares_memory(small, large)
    third = buffers.take((9, 3), UINT8)  # none is free: it gets memory that is not kept
    assert not np.shares_memory(third, large)
    place = large.ctypes.data
    del small, large, third
    assert buffers.take((9, 3), UINT8).ctypes.data == place
    floats = buffers.take((9, 3), np.dtype(np.float32))
    assert floats.dtype == np.float32


def test_reading_in_advance_changes_nothing(tiny: Tiny) -> None:
    tensors = Tensors()
    before = tensors.gather(np.arange(len(tensors)))
    for run in (np.arange(3), np.arange(len(tensors)), np.array([len(tensors) - 1])):
        Mapped(tensors).will_need(run)
    assert (tensors.gather(np.arange(len(tensors))) == before).all()


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("resident", [False, True])
def test_a_cuda_device_gets_the_same_bits(tiny: Tiny, dtype: str, resident: bool) -> None:
    write(msgspec.structs.replace(tiny, dtype=dtype))
    tensors, device = Tensors(), torch.device("cuda")
    here = batches_of(Mapped(tensors), tensors)
    there = batches_of(source_of(tensors, device, resident), tensors)
    for one, other in zip(here, there, strict=True):
        for name in Batch.__struct_fields__:
            assert getattr(other, name).is_cuda
            assert torch.equal(getattr(one, name), getattr(other, name).cpu())
