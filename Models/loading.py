"""Loading: images by the batch, from memory-mapped shards or from the device itself.

Rule of the buffers: a batch on the CPU lies in one of ``BUFFERS`` buffers, which is written again
when nothing refers to the batch's images any more: no tensor, no view of one, no array made of it.
Who keeps a batch keeps its pixels; if all buffers are kept, the next batch gets a new one.
"""

import weakref
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from Datasets.tensors import Tensors

BUFFERS = 3
"""One in use, one fetched in advance, one that somebody still looks at."""
FILLED_AT_ONCE = 256
CPU = torch.device("cpu")


class Source(Protocol):
    """Where images come from."""

    device: torch.device

    def images(self, rows: np.ndarray) -> Tensor:
        """Return the images at ``rows``, (len(rows), H, W, C) as stored, on ``device``."""
        ...

    def will_need(self, rows: np.ndarray) -> None:
        """Prepare for a run of neighbouring rows."""
        ...


class Buffers:
    """Memory for batches, used again as the rule of this module says."""

    def __init__(self, count: int = BUFFERS) -> None:
        self._slots: list[_Slot] = []
        self._count = count

    def take(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """Return an array that nobody else holds. What holds it must hold this very object."""
        free = [slot for slot in self._slots if slot.is_free()]
        fitting = [slot for slot in free if slot.fits(shape, dtype)]
        if fitting:
            return fitting[0].lend(shape[0])
        slot = _Slot(np.empty(shape, dtype))
        if free:
            self._slots.remove(free[0])
        if len(self._slots) < self._count:
            self._slots.append(slot)
        return slot.lend(shape[0])


class _Slot:
    def __init__(self, memory: np.ndarray) -> None:
        self._memory = memory
        self._lent: weakref.ref[np.ndarray] | None = None

    def is_free(self) -> bool:
        return self._lent is None or self._lent() is None

    def fits(self, shape: tuple[int, ...], dtype: np.dtype) -> bool:
        mine = self._memory
        return mine.dtype == dtype and mine.shape[1:] == shape[1:] and len(mine) >= shape[0]

    def lend(self, rows: int) -> np.ndarray:
        """Return a view of its own; torch.from_numpy keeps it alive as long as any tensor lives."""
        view = self._memory[:rows]
        self._lent = weakref.ref(view)
        return view


class Mapped:
    """Images gathered from memory-mapped shards; pinned on their way to a CUDA device."""

    def __init__(self, tensors: Tensors, device: torch.device = CPU) -> None:
        self.device = device
        self._tensors = tensors
        self._buffers = Buffers()

    def images(self, rows: np.ndarray) -> Tensor:
        """Return the images at ``rows``."""
        shape = (len(rows), *self._tensors.shape)
        if self.device.type == "cuda":
            # torch keeps pinned blocks for later, and gives none out before its copy has ended.
            dtype = getattr(torch, self._tensors.dtype.name)
            pinned = torch.empty(shape, dtype=dtype, pin_memory=True)
            self._tensors.gather(rows, pinned.numpy())
            return pinned.to(self.device, non_blocking=True)
        buffer = self._buffers.take(shape, self._tensors.dtype)
        return torch.from_numpy(self._tensors.gather(rows, buffer)).to(self.device)

    def will_need(self, rows: np.ndarray) -> None:
        """Ask the system to read a run of rows by now."""
        self._tensors.will_need(rows)


class Resident:
    """All images, copies included, kept on the device and gathered there."""

    def __init__(self, tensors: Tensors, device: torch.device = CPU) -> None:
        self.device = device
        self._shape = tensors.shape
        self._dtype = tensors.dtype
        self._buffers = Buffers()
        row_bytes = int(np.prod(tensors.shape)) * tensors.dtype.itemsize
        # The widest integers that a row is made of: gathering moves elements, and fewer are faster.
        wide = next(
            w for w in (np.int64, np.int32, np.int16, np.uint8) if not row_bytes % w().nbytes
        )
        self._wide = np.dtype(wide)
        width = row_bytes // self._wide.itemsize
        torch_type = getattr(torch, self._wide.name)
        self._rows = torch.empty((len(tensors), width), dtype=torch_type, device=device)
        for start in range(0, len(tensors), FILLED_AT_ONCE):
            some = np.arange(start, min(start + FILLED_AT_ONCE, len(tensors)))
            flat = tensors.gather(some).reshape(len(some), -1).view(self._wide)
            self._rows[start : start + len(some)] = torch.from_numpy(flat).to(device)

    def images(self, rows: np.ndarray) -> Tensor:
        """Return the images at ``rows``."""
        shape = (len(rows), *self._shape)
        if self.device.type == "cpu":
            buffer = self._buffers.take(shape, self._dtype)
            flat = buffer.reshape(len(rows), -1).view(self._wide)
            # numpy's is faster than index_select here; unless told to clip it makes a copy more.
            self._rows.numpy().take(rows, axis=0, out=flat, mode="clip")
            return torch.from_numpy(buffer)
        chosen = self._rows.index_select(0, moved(rows, self.device))
        return chosen.view(getattr(torch, self._dtype.name)).reshape(shape)

    def will_need(self, rows: np.ndarray) -> None:
        """Do nothing: all is here."""


def source_of(tensors: Tensors, device: torch.device, resident: bool) -> Source:
    """Return where batches come from, the same batches bit for bit whichever it is."""
    return Resident(tensors, device) if resident else Mapped(tensors, device)


def moved(array: np.ndarray, device: torch.device) -> Tensor:
    """Return a small array on ``device``, without waiting for what the device does now."""
    tensor = torch.from_numpy(array)
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
