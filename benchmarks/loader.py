"""Speed of batches: ``python -m benchmarks.loader [--sides 224 64] [--rounds 15]``.

All sides of a table run in this process, in turns, an epoch each; what is printed are ratios of the
medians of their CPU time. First loaders, over ``memcpy``: copying as many bytes from memory into a
buffer, the least a batch can cost. Then what a set that is not in memory makes a loader wait for.
Then views, over a loop of torchvision's transforms over the images. (``--only`` names one part.)
"""

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torchvision.transforms import v2

from Datasets.layout import shard_name
from Datasets.store import INDEX_FILE, STORE_FILE, About
from Datasets.tensors import Tensors
from Models.batch import Batch
from Models.batches import Batches
from Models.loaders import Loader, RowsLoader
from Models.loading import CPU, source_of
from Models.networks.network import InputShape
from Models.ordering import Ordering
from Models.part import Part
from Models.views.arguments import Strong, Weak
from Models.views.strong import StrongView
from Models.views.weak import WeakView

BATCH = 64
SHARD_BYTES = 16 * 2**20
SET_BYTES = 512 * 2**20
"""Beyond any cache of a processor."""
BLOCK = 128
Work = Callable[[], object]


def write_set(folder: Path, side: int) -> None:
    """Write a set of random RGB images in shards as ``stack`` makes them."""
    row_bytes = side * side * 3
    per_shard = max(64, SHARD_BYTES // row_bytes)
    shards = max(2, SET_BYTES // (row_bytes * per_shard))
    for shard in range(shards):
        rng = np.random.default_rng(shard)
        pixels = rng.integers(0, 256, (per_shard, side, side, 3), np.uint8)
        np.save(folder / shard_name("images", shard), pixels)
    n = shards * per_shard
    table = pd.DataFrame({"id": [f"{i:08d}" for i in range(n)], "copy": 0})
    table["shard"] = np.arange(n) // per_shard
    table["height"] = table["width"] = side
    table["channels"], table["dtype"] = 3, "uint8"
    table.to_parquet(folder / INDEX_FILE)
    (folder / STORE_FILE).write_bytes(msgspec.json.encode(About(0, 0, ("a", "b"))))


def loader(tensors: Tensors, order: str = "samples", resident: bool = False) -> Loader[Batch]:
    """Return our loader of all rows."""
    n = len(tensors)
    part = Part(np.arange(n), np.arange(n) % 2, 0)
    ordering = Ordering("blocks", BLOCK) if order == "blocks" else Ordering()
    source = source_of(tensors, CPU, resident)
    return Batches(tensors, part, part, BATCH, 1, ordering, source).labelled()


class Items(torch.utils.data.Dataset[tuple[Tensor, int]]):
    """What people write: the rows of memory-mapped arrays, one at a time."""

    def __init__(self, folder: Path) -> None:
        paths = sorted(folder.glob("images-*.npy"))
        self._shards = [np.load(path, mmap_mode="r") for path in paths]
        self._rows = [(i, row) for i, one in enumerate(self._shards) for row in range(len(one))]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        shard, row = self._rows[place]
        return torch.from_numpy(np.array(self._shards[shard][row])), place % 2


def copies(tensors: Tensors) -> Work:
    """Return an epoch of copies from memory, a batch each, from places in a mixed order."""
    everything = tensors.gather(np.arange(len(tensors)))
    buffers = [np.empty((BATCH, *tensors.shape), tensors.dtype) for _ in range(3)]
    starts = np.random.default_rng(0).permutation(len(tensors) // BATCH) * BATCH

    def work() -> None:
        for turn, start in enumerate(starts.tolist()):
            np.copyto(buffers[turn % 3], everything[start : start + BATCH])

    return work


def epoch(batches: "Loader[Batch] | torch.utils.data.DataLoader[object]") -> Work:
    """Return an epoch of a loader; an epoch of ours is another each time."""
    turns = iter(range(10**9))

    def work() -> None:
        if isinstance(batches, RowsLoader):
            batches.set_epoch(next(turns))
        for _ in batches:
            pass

    return work


def ratios(sides: dict[str, Work], rounds: int) -> dict[str, float]:
    """Return medians of CPU time by name, over that of the first; a first round does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds + 1):
        for name, work in sides.items():
            started = time.process_time()
            work()
            seconds[name].append(time.process_time() - started)
    medians = {name: statistics.median(all_[1:]) for name, all_ in seconds.items()}
    least = medians[next(iter(sides))]
    return {name: median / least for name, median in medians.items()}


def loaders(side: int, rounds: int) -> None:
    """Print what loaders cost over memcpy."""
    with written(side) as folder:
        tensors = Tensors(folder)
        per_item = torch.utils.data.DataLoader(Items(folder), BATCH, shuffle=True)
        sides = {
            "memcpy": copies(tensors),
            "samples": epoch(loader(tensors)),
            "blocks": epoch(loader(tensors, "blocks")),
            "resident": epoch(loader(tensors, resident=True)),
            "DataLoader": epoch(per_item),
        }
        if find_spec("fastai"):
            from fastai.data.load import DataLoader as FastaiLoader  # type: ignore[import-not-found]

            sides["fastai"] = epoch(FastaiLoader(Items(folder), bs=BATCH, shuffle=True))
        measured = ratios(sides, rounds)
    times = "".join(f"{name}{ratio:7.2f}   " for name, ratio in measured.items())
    print(f"{side:4} x {side:<4} {times}")
    if not find_spec("fastai"):
        print("            fastai is not installed: not measured")


def waits(side: int, rounds: int) -> None:
    """Print major faults a batch, for a set that is in no memory yet.

    A major fault is a read that nobody had asked for before the row was needed.
    """
    faults: dict[str, list[float]] = {"samples": [], "blocks": []}
    seconds: dict[str, list[float]] = {"samples": [], "blocks": []}
    with written(side) as folder:
        for _ in range(rounds):
            for order in faults:
                forget(folder)
                fresh = loader(Tensors(folder), order)
                started, before = time.perf_counter(), major_faults()
                for batch in fresh:
                    batch.images.sum()
                faults[order].append((major_faults() - before) / len(fresh))
                seconds[order].append(time.perf_counter() - started)
                del fresh, batch  # the system drops no page that is mapped
    each = ", ".join(f"{order} {statistics.median(all_):.1f}" for order, all_ in faults.items())
    ratio = statistics.median(seconds["blocks"]) / statistics.median(seconds["samples"])
    print(f"{side:4} x {side:<4} {each}; wall time, blocks over samples: {ratio:.2f}")


def forget(folder: Path) -> None:
    """Ask the system to drop the set's pages."""
    for path in folder.glob("images-*.npy"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def major_faults() -> int:
    """Return how often this process waited for a page from the disk."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_majflt


def views(side: int, rounds: int) -> None:
    """Print what our views cost over torchvision's, called for one image after the other."""
    images = torch.from_numpy(
        np.random.default_rng(0).integers(0, 256, (BATCH, side, side, 3), np.uint8)
    )
    planes, keys = images.permute(0, 3, 1, 2).contiguous(), torch.arange(BATCH)
    strong = StrongView(Strong(), InputShape(side, side, 3, "uint8"))
    weak = WeakView(Weak())
    bilinear = v2.RandAugment(interpolation=v2.InterpolationMode.BILINEAR)
    theirs_strong = v2.Compose([bilinear, v2.RandomErasing(1.0)])
    crop = v2.RandomCrop(side, padding=round(side / 8), padding_mode="reflect")
    theirs_weak = v2.Compose([v2.RandomHorizontalFlip(), crop])

    def loop(transform: v2.Transform) -> Work:
        return lambda: torch.stack([transform(one) for one in planes])

    for name, ours, theirs in (("weak", weak, theirs_weak), ("strong", strong, theirs_strong)):
        epochs = iter(range(10**9))
        mine = lambda ours=ours, epochs=epochs: ours(images, keys, next(epochs))  # noqa: E731
        measured = ratios({"ours": mine, "torchvision": loop(theirs)}, rounds)
        print(f"{side:4} x {side:<4} {name:7} torchvision over ours {measured['torchvision']:6.2f}")


@contextmanager
def written(side: int) -> Iterator[Path]:
    """Give a set of random images in a folder that is removed in the end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_set(folder, side)
        yield folder


PARTS: dict[str, Callable[[int, int], None]] = {
    "loaders": loaders,
    "waits": waits,
    "views": views,
}


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser("python -m benchmarks.loader", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--sides", type=int, nargs="+", default=[224, 64, 32])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", choices=tuple(PARTS))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(f"batches of {BATCH}, uint8 RGB, medians of {asked.rounds} rounds")
    for name, part in PARTS.items():
        if asked.only in (None, name):
            print(name)
            for side in asked.sides:
                part(side, asked.rounds)


if __name__ == "__main__":
    main()
