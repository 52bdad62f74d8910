"""What broke a training, in words: the samples of a step, pixels that are no numbers, memory."""

from collections.abc import Iterator

import msgspec
import numpy as np
import torch

from Datasets.errors import StageError
from Datasets.terminal import counted
from Models.batch import Batch, Unlabelled
from Models.batches import Batches
from Models.course import Course
from Models.guard import Diverged
from Models.part import ids_of

SHOWN = 10
"""How many samples are named."""
FULL = ("not enough memory", "can't allocate memory", "out of memory")
"""What torch and the system say when there is no memory left."""


def of_divergence(error: Diverged, batches: Batches, course: Course) -> StageError:
    """Return what to tell when a training has diverged: where, on which samples, what to do."""
    loader = batches.training()
    epoch, number = divmod(error.step, len(loader))
    loader.set_epoch(epoch)
    loader.start_at(number)
    seen = next(iter(loader))
    ids = _ids(batches, (part.rows for part in _parts(seen)))
    broken = _broken(batches, seen)
    if not broken:
        broken = [one for batch in batches.validating() for one in _broken(batches, batch)]
    remedy = (
        f"{counted(len(broken), 'sample')} with pixels that are no finite numbers: "
        f"{_listed(broken)}; mend them, or take them out"
        if broken
        else f"lower train.learning_rate (now {course.peak.learning_rate:g}), or look at these"
    )
    return StageError(
        f"{error.what} at step {error.step + 1} of {course.epochs * len(loader)}, batch "
        f"{number + 1} of epoch {epoch + 1}, of {counted(len(ids), 'sample')}: {_listed(ids)}; "
        f"{remedy}"
    )


def of_memory(error: Exception, batches: Batches) -> StageError | None:
    """Return what to tell when there was no memory for a step; None if it was something else."""
    if not isinstance(error, MemoryError | torch.OutOfMemoryError) and not any(
        words in str(error).lower() for words in FULL
    ):
        return None
    tried = batches.batch
    beside = f" and {tried * batches.ratio:,} without" if batches.wants == "joined" else ""
    images = counted(tried, "image") + (f" with a label{beside}" if beside else "")
    remedy = (
        f"set train.batch to {tried // 2}"
        if tried > 1
        else "stack smaller images, or choose a smaller network"
    )
    resident = " or resident: false in compute.yaml," if tried > 1 else ""
    device = f"the device ({batches.source.device.type})"
    return StageError(
        f"{device} has not enough memory for train.batch {tried} ({images} a step); {remedy},"
        f"{resident} or free memory, and run again"
    )


def _parts(batch: object) -> Iterator[Batch | Unlabelled]:
    """Yield what has rows and images of a batch, whatever it is made of."""
    if isinstance(batch, Batch | Unlabelled):
        yield batch
    elif isinstance(batch, msgspec.Struct):
        for name in batch.__struct_fields__:
            yield from _parts(getattr(batch, name))


def _broken(batches: Batches, batch: object) -> list[str]:
    """Return the ids of the samples with pixels that are no finite numbers."""
    rows = [
        part.rows[~part.images.isfinite().flatten(1).all(dim=1)]
        for part in _parts(batch)
        if part.images.is_floating_point()
    ]
    return _ids(batches, iter(rows))


def _ids(batches: Batches, rows: Iterator[torch.Tensor]) -> list[str]:
    every = [one.cpu().numpy() for one in rows]
    found = np.concatenate(every) if every else np.zeros(0, np.int64)
    return list(dict.fromkeys(ids_of(batches.tensors, found)["id"]))


def _listed(ids: list[str]) -> str:
    more = f" and {len(ids) - SHOWN:,} more" if len(ids) > SHOWN else ""
    return ", ".join(ids[:SHOWN]) + more
