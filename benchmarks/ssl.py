"""Learning with few labels: ``python -m benchmarks.ssl [--seeds 0 1 2 3 4] [--default]``.

Digits of 8 x 8 pixels, scikit-learn's ``load_digits``. Each seed draws 500 test images and 40
labelled ones, 4 a digit; the other 1,257 have no label. Every arm has the same network, optimiser,
views and averaging, 500 steps, and 144 images a step. The supervised arms see labelled images
alone: ``weak + strong`` each once weakly and once strongly, ``strong`` all of them strongly. What
is measured are the averaged weights after the last step; nothing is chosen by the test images.

``--default`` trains on the default set of the walk, whose other 597 digits nobody annotated: run it
where ``dvc repro split stack scale -S 'split.labelled="4 per class"'`` has been.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from Datasets import scaler, splits
from Datasets.layout import shard_name
from Datasets.randomness import rng_for, seed_for
from Datasets.scaler import SCALERS, Map, StandardImage
from Datasets.store import INDEX_FILE, STORE_FILE, About
from Datasets.tensors import Tensors
from Models.batches import Batches
from Models.course import Course
from Models.experiments.e001_small_cnn import SmallCNN
from Models.frameworks.fixmatch import FixMatch
from Models.frameworks.framework import Problem
from Models.frameworks.mixmatch import MixMatch
from Models.frameworks.supervised import Supervised
from Models.isolation import isolated
from Models.learner import Conditions, Learner
from Models.loading import CPU
from Models.module import AnyFramework, Module
from Models.networks.network import InputShape, Network, Optimiser
from Models.ordering import Ordering, Sampling
from Models.part import Part, part_of, unlabelled_of
from Models.scaling import Scaling
from Models.views.arguments import Strong, Weak

STEPS = 500
EPOCHS = 25
"""Of 20 steps: as many as 1,257 images last at 64 a step."""
TESTED = 500
EACH = 4
"""Labelled images a class."""
CLASSES = tuple("0123456789")
WEAK = Weak("none", 0.125)
STRONG = Strong(
    ops=(
        *("autocontrast", "brightness", "contrast", "sharpness", "posterize"),
        *("rotate", "shear_x", "shear_y", "translate_x", "translate_y"),
    ),
    cutout=0.25,
)
"""Not solarize: a digit in white on black is none in black on white."""
PEAK = Optimiser(0.03, 5e-3, "sgd", 0.9)
ADAM = Optimiser(2e-3, 0.02)
AVERAGED = 0.999


class Arm(msgspec.Struct, frozen=True):
    """How one side learns: ``batch`` labelled images a step, 144 with all views and all others."""

    makes: type[AnyFramework]
    batch: int
    arguments: dict[str, object]
    peak: Optimiser = PEAK


ARMS = {
    "weak + strong": Arm(Supervised, 72, {"weak": WEAK, "strong": STRONG}),
    "strong": Arm(Supervised, 144, {"strong": STRONG}),
    "fixmatch": Arm(FixMatch, 16, {"ratio": 4, "weak": WEAK, "strong": STRONG}),
    "mixmatch": Arm(MixMatch, 16, {"ratio": 4, "weak": WEAK}, ADAM),
}


class Ground(msgspec.Struct, frozen=True):
    """What all arms of a seed learn from, and are tested on."""

    tensors: Tensors
    labelled: Part
    tested: Part
    unlabelled: np.ndarray
    maps: tuple[Map, ...]


class SmallNetwork(Network):
    """Four convolutions for 8 x 8 pixels: two in full, two at half the size."""

    def __init__(self, shape: InputShape, base: int = 32) -> None:
        super().__init__()
        self.width = 2 * base
        self.body = nn.Sequential(
            *_convolution(shape.channels, base),
            *_convolution(base, base),
            nn.MaxPool2d(2),
            *_convolution(base, 2 * base),
            *_convolution(2 * base, 2 * base),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of ``images`` (N, C, H, W), (N, width)."""
        return torch.amax(self.body(images), dim=(2, 3))


def _convolution(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)


@contextmanager
def written() -> Iterator[Tensors]:
    """Give the digits as ``stack`` would write them, in a folder that is removed in the end."""
    images = load_digits().images * 15  # 0 to 16 becomes 0 to 240
    n, height, width = images.shape
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / shard_name("images", 0), images.astype(np.uint8)[..., None])
        table = pd.DataFrame({"id": [f"{i:04d}" for i in range(n)], "copy": 0, "shard": 0})
        table["height"], table["width"] = height, width
        table["channels"], table["dtype"] = 1, "uint8"
        table.to_parquet(folder / INDEX_FILE)
        (folder / STORE_FILE).write_bytes(msgspec.json.encode(About(0, 0, CLASSES)))
        yield Tensors(folder)


def drawn(tensors: Tensors, seed: int) -> Ground:
    """Return who is tested, who is labelled and who is not, drawn by ``seed``."""
    truth = load_digits().target.astype(np.int64)
    order = rng_for(seed, "ssl", "digits").permutation(len(truth))
    tested, rest = np.sort(order[:TESTED]), order[TESTED:]
    known = np.sort(np.concatenate([rest[truth[rest] == one][:EACH] for one in range(10)]))
    others = np.setdiff1d(rest, known)
    labelled, tests = (Part(rows, truth[rows], 0) for rows in (known, tested))
    return Ground(tensors, labelled, tests, others, (StandardImage(),))


def default_ground() -> Ground:
    """Return fold 0 of the walk: a seed draws nobody here."""
    tensors, folds = Tensors(), splits.read()
    labelled, tests = (part_of(tensors, folds, name, 0) for name in ("train", "test"))
    others = unlabelled_of(tensors, folds, 0)
    return Ground(tensors, labelled, tests, others, scaler.read(SCALERS / "0"))


def error(arm: Arm, ground: Ground, seed: int) -> float:
    """Return the error of an arm in per cent."""
    tensors = ground.tensors
    shape = InputShape(*tensors.shape, tensors.dtype.name)
    with isolated(seed_for(seed, "initialise"), 1):
        network = SmallNetwork(shape) if shape.height <= 8 else SmallCNN(shape)
        problem = Problem(network.width, len(tensors.store.about.classes), shape)
        framework = arm.makes(problem, **arm.arguments)
        module = Module(Scaling(ground.maps), network, framework)
    ordering = Ordering("balanced", sampling=Sampling(rows=STEPS // EPOCHS * arm.batch))
    parts = (ground.labelled, ground.tested)
    batches = Batches(tensors, *parts, arm.batch, seed, ordering, unlabelled=ground.unlabelled)
    learner = Learner(batches, module, [], Conditions(seed, 1, CPU))
    epochs = round(STEPS / len(learner.batches.training()))
    history = learner.fit(Course(epochs, arm.peak, 0.0, "cosine", AVERAGED))
    return 100 * (1 - history[-1].validation_accuracy)


def table(grounds: dict[int, Ground]) -> dict[str, list[float]]:
    """Print the errors of all arms, a line a seed, and return them by arm."""
    errors: dict[str, list[float]] = {name: [] for name in ARMS}
    print("seed " + "".join(f"{name:>15}" for name in ARMS))
    for seed, ground in grounds.items():
        print(f"{seed:4} ", end="", flush=True)
        for name, arm in ARMS.items():
            errors[name].append(error(arm, ground, seed))
            print(f"{errors[name][-1]:15.1f}", end="", flush=True)
        print()
    print("mean " + "".join(f"{statistics.fmean(every):15.2f}" for every in errors.values()))
    if len(grounds) > 1:
        print("  sd " + "".join(f"{statistics.stdev(every):15.2f}" for every in errors.values()))
    return errors


def judged(errors: dict[str, list[float]]) -> list[str]:
    """Return in words what FixMatch was asked for, and whether it did it."""
    fixmatch = errors["fixmatch"]
    supervised = [errors["weak + strong"], errors["strong"]]
    better = [min(pair) for pair in zip(*supervised, strict=True)]
    wins = sum(mine < theirs for mine, theirs in zip(fixmatch, better, strict=True))
    mean, least = statistics.fmean(fixmatch), statistics.fmean(better)
    asked = -(-4 * len(better) // 5)
    said = {
        f"a mean error of 3.5 % at most: {mean:.2f} % (3.0 % hoped for)": mean <= 3.5,
        f"below the better supervised arm on {asked} of {len(better)} seeds: {wins}": wins >= asked,
        f"at most 0.65 of that arm's mean error: {mean / least:.2f} of {least:.2f} %": (
            mean <= 0.65 * least
        ),
    }
    return [f"{'yes' if is_so else 'NO '}  {claim}" for claim, is_so in said.items()]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser("python -m benchmarks.ssl", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--default", action="store_true", help="the default set of the walk")
    asked = parser.parse_args()
    started = time.process_time()
    if asked.default:
        print("error in per cent on the test part of fold 0 of the default set")
        table({seed: default_ground() for seed in asked.seeds})
    else:
        print(f"error in per cent on {TESTED} digits, {EACH} of each class labelled")
        with written() as tensors:
            errors = table({seed: drawn(tensors, seed) for seed in asked.seeds})
        print(*judged(errors), sep="\n")
    print(f"{time.process_time() - started:.0f} s of one processor")


if __name__ == "__main__":
    main()
