"""CPU time from a JPEG of 0.25 megapixels to a stored, augmented sample of 224 x 224.

``python -m benchmarks.prepare`` runs the same operations, at the same probabilities and of like
strength, through our engine (raw files checked by their hashes, a store written), through
torchvision v2 (uint8 tensors, written to a memory map) and, where it is installed, through fastai;
and decodes the same files alone. All in one process with one thread, in turns; medians of CPU time.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from Data_processing.raw import RawFiles
from Data_processing.steps.entries import SOURCE, Entry, Step
from Data_processing.steps.runner import Task, Unit, run_shard
from Data_processing.steps.work import Work
from Datasets.files import sha256_of_file
from Datasets.index import MADE, Row, table_of
from Datasets.layout import NOWHERE
from Datasets.recipe import Recipe
from Datasets.store import About, Store, write_index

RAW_SIDE, SIDE = 500, 224
QUALITY = 90
BATCH = 64
ROUNDS = 5
DATASET = "bench"
CROP_FIRST, CROP_LAST = "crop first", "crop last"
GOALS = {"torchvision v2": "goal at least 3, stretch 4.5", "decode": "goal at most 4.5, stretch 3"}

Work_ = Callable[[list[Path]], int]
"""Prepares files, and returns how many samples it stored."""


def make_images(folder: Path, count: int) -> list[Path]:
    """Write ``count`` JPEGs with edges, ramps and noise."""
    folder.mkdir(parents=True)
    rows, columns = np.mgrid[:RAW_SIDE, :RAW_SIDE]
    paths = []
    for i in range(count):
        draws = np.random.default_rng(i)
        a, b, c = draws.uniform(10, 60, 3)
        waves = [np.sin(columns / a) * np.cos(rows / b), np.sin((rows + columns) / c)]
        pixels = 128 + 80 * np.stack([*waves, np.cos(columns / c - rows / a)], axis=2)
        noisy = np.clip(pixels + draws.normal(0, 8, pixels.shape), 0, 255).astype(np.uint8)
        paths.append(folder / f"{i:04d}.jpg")
        Image.fromarray(noisy).save(paths[-1], quality=QUALITY)
    return paths


def our_ops(order: str, p: float) -> tuple[Entry, ...]:
    """Return the operations as a step of params.yaml has them."""
    changes: list[Entry] = [
        {"HorizontalFlip": {"p": 0.5}},
        {
            "Affine": {
                "rotate": [-15, 15],
                "scale": [0.9, 1.1],
                "translate_percent": [-0.1, 0.1],
                "p": p,
            }
        },
        {
            "ColorJitter": {
                "brightness": [0.8, 1.2],
                "contrast": [0.8, 1.2],
                "saturation": [0.8, 1.2],
                "hue": [-0.05, 0.05],
                "p": p,
            }
        },
        {"GaussianBlur": {"blur_limit": [5, 5], "sigma_limit": [0.1, 2.0], "p": p}},
        {"GaussNoise": {"std_range": [0.04, 0.04], "p": p}},
        {"ImageCompression": {"quality_range": [60, 95], "p": p}},
    ]
    crop: Entry = {"crop": {"height": SIDE, "width": SIDE}}
    return (crop, *changes) if order == CROP_FIRST else (*changes, crop)


def ours(folder: Path, paths: list[Path], order: str, p: float) -> Work_:
    """Return our engine at work on a source store of ``paths``, one drawn copy of each."""
    source = folder / f"source {order}"
    source.mkdir()
    rows = [_row(path) for path in paths]
    write_index(source, table_of(rows), About(0, 1, ("a",)), Recipe("rgb"))
    raw = RawFiles({DATASET: paths[0].parent}, "rgb", ("a",))

    def work(paths: list[Path]) -> int:
        with tempfile.TemporaryDirectory(dir=folder) as writes:
            step = Step(SOURCE, our_ops(order, p))
            asked = Work("prepare", step, source, Path(writes), raw, 42, 0)
            before = Store(source)
            units = tuple(Unit(i, row.id, i, 1, row, None) for i, row in enumerate(before.rows()))
            made = run_shard(asked, Task(0, units, before.table.select(MADE).slice(0, 0))).made
            table = before.table.drop_columns(MADE)
            for name in MADE:
                table = table.append_column(name, made[name])
            write_index(Path(writes), table, About(0, 1, ("a",)), Recipe("rgb"))
            return len(units)

    return work


def _row(path: Path) -> Row:
    name = f"{DATASET}/{path.name}"
    return Row(
        id=name,
        parent=name,
        tile=(),
        copy=1,
        shard=0,
        image_offset=NOWHERE,
        height=RAW_SIDE,
        width=RAW_SIDE,
        channels=3,
        dtype="uint8",
        image_hash="",
        mask_offset=NOWHERE,
        mask_hash="",
        dataset=DATASET,
        files=(path.name,),
        is_embedded=False,
        sha256=sha256_of_file(path),
        window=(),
        window_hash="",
        raw_mask=None,
        raw_mask_hash="",
        raw_nodata=None,
        raw_channels=3,
        raw_dtype="uint8",
        group=None,
        labels=(),
        count_names=(),
        count_values=(),
        box_names=(),
        box_corners=(),
        box_annotations=(),
        has_labels=False,
        has_counts=False,
        has_boxes=False,
        has_mask=False,
    )


def torchvision_v2(folder: Path, order: str, p: float) -> Work_:
    """Return torchvision at work: uint8 throughout, its own decoder, written to a memory map."""
    from torchvision import tv_tensors
    from torchvision.io import decode_jpeg
    from torchvision.transforms import v2

    bilinear = v2.InterpolationMode.BILINEAR
    changes = [
        v2.RandomHorizontalFlip(0.5),
        *(
            v2.RandomApply([transform], p=p)
            for transform in (
                v2.RandomAffine(15, (0.1, 0.1), (0.9, 1.1), interpolation=bilinear),
                v2.ColorJitter(0.2, 0.2, 0.2, 0.05),
                *blur_noise_jpeg(),
            )
        ),
    ]
    crop = v2.RandomCrop(SIDE)
    every = v2.Compose([crop, *changes] if order == CROP_FIRST else [*changes, crop])

    def work(paths: list[Path]) -> int:
        with tempfile.TemporaryDirectory(dir=folder) as writes:
            shape = (len(paths), SIDE, SIDE, 3)
            store = np.lib.format.open_memmap(Path(writes) / "x.npy", "w+", np.uint8, shape)
            for i, path in enumerate(paths):
                content = torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.uint8)
                drawn = every(tv_tensors.Image(decode_jpeg(content)))
                store[i] = drawn.permute(1, 2, 0).numpy()
            store.flush()
            return len(store)

    return work


def fastai(folder: Path, p: float, rest: bool) -> Work_:
    """Return fastai at work: items by Pillow, then batches of floats, which is its habit.

    It has no blur, no noise and no JPEG. With ``rest`` torchvision v2 does them, image by image, so
    that the operations are the same; without, less is done.
    """
    from torchvision.transforms import v2

    fast = import_module("fastai.vision.all")  # in no lock of ours

    item = fast.Pipeline([fast.PILImage.create, fast.RandomCrop(SIDE), fast.ToTensor()], 0)
    colours = [fast.Saturation(0.2, p=p), fast.Hue(0.05, p=p)]
    changes = fast.aug_transforms(
        max_rotate=15,
        min_zoom=0.9,  # about a random place, which is its shift
        max_zoom=1.1,
        max_lighting=0.2,
        max_warp=0,
        p_affine=p,
        p_lighting=p,
        pad_mode="zeros",
        xtra_tfms=colours,
    )
    batch = fast.Pipeline([fast.IntToFloatTensor(), *changes], 0)
    more = v2.Compose([v2.RandomApply([one], p=p) for one in blur_noise_jpeg()])

    def work(paths: list[Path]) -> int:
        with tempfile.TemporaryDirectory(dir=folder) as writes:
            shape = (len(paths), SIDE, SIDE, 3)
            store = np.lib.format.open_memmap(Path(writes) / "x.npy", "w+", np.uint8, shape)
            for start in range(0, len(paths), BATCH):
                items = [item(path) for path in paths[start : start + BATCH]]
                drawn = batch(fast.TensorImage(torch.stack(items))).as_subclass(torch.Tensor)
                pixels = (drawn * 255).round_().clamp_(0, 255).to(torch.uint8)
                if rest:
                    pixels = torch.stack([more(one) for one in pixels])
                store[start : start + len(items)] = pixels.permute(0, 2, 3, 1).numpy()
            store.flush()
            return len(store)

    return work


def blur_noise_jpeg() -> list[torch.nn.Module]:
    """Return torchvision's blur, noise and JPEG."""
    from torchvision.transforms import v2

    return [v2.GaussianBlur(5, (0.1, 2.0)), v2.GaussianNoise(0.0, 0.04), v2.JPEG((60, 95))]


def decode(paths: list[Path]) -> int:
    """Decode files by the fastest decoder that is here, and do nothing else."""
    if find_spec("simplejpeg"):
        by_turbo = import_module("simplejpeg").decode_jpeg  # in no lock of ours
    else:
        by_turbo = import_module("imagecodecs").jpeg8_decode
    return sum(by_turbo(path.read_bytes()).shape[0] == RAW_SIDE for path in paths)


def measure(works: dict[str, Work_], paths: list[Path], rounds: int) -> dict[str, float]:
    """Return the median CPU time of each in milliseconds an image, all in turns."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 1):
        for name, work in works.items():
            started = time.process_time()
            stored = work(paths)
            if turn:  # the first imports
                taken[name].append((time.process_time() - started) / len(paths) * 1e3)
            assert stored == len(paths), name
    return {name: statistics.median(times) for name, times in taken.items()}


def compare(folder: Path, paths: list[Path], order: str, p: float, rounds: int) -> None:
    """Print what each takes for one order of operations, and our ratios."""
    works: dict[str, Work_] = {"decode": decode, "ours": ours(folder, paths, order, p)}
    works["torchvision v2"] = torchvision_v2(folder, order, p)
    if order == CROP_FIRST and find_spec("fastai"):
        works["fastai"] = fastai(folder, p, rest=False)
        works["fastai + v2"] = fastai(folder, p, rest=True)
    taken = measure(works, paths, rounds)
    print(f"\n{order}, {len(paths)} images, p = {p:g}; CPU ms an image, median of {rounds}")
    for name, ms in taken.items():
        print(f"  {name:15}{ms:8.2f}")
    mine = taken.pop("ours")
    for name, ms in taken.items():
        ratio = (
            f"ours / decode {mine / ms:.2f}"
            if name == "decode"
            else f"{name} / ours {ms / mine:.2f}"
        )
        goal = GOALS.get(name, "") if order == CROP_FIRST else ""
        print(f"  {ratio}{f' ({goal})' if goal else ''}")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser("python -m benchmarks.prepare", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--p", type=float, default=1.0, help="of all but the flip, which has 0.5")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        paths = make_images(folder / "raw", asked.images)
        size = sum(path.stat().st_size for path in paths) / len(paths)
        raw = f"{RAW_SIDE} x {RAW_SIDE}, quality {QUALITY}, {size / 1e3:.0f} kB"
        print(f"JPEG of {raw}; to {SIDE} x {SIDE}")
        if not find_spec("fastai"):
            print("fastai is not installed: not measured")
        os.chdir(folder)  # nothing of this leaves traces in the project
        compare(folder, paths, CROP_FIRST, asked.p, asked.rounds)
        compare(folder, paths[: max(1, asked.images // 4)], CROP_LAST, asked.p, asked.rounds)


if __name__ == "__main__":
    main()
