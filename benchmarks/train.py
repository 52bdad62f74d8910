"""What a step costs beside the work itself: ``python -m benchmarks.train [--rounds 9]``.

A plain loop (batches, loss, backward, step) and a learner's, on the tiny network and the same
batches, in turns in this process; printed are medians of CPU time a step. The plain loop runs
twice: the second line shows what the measurement is worth. What a checkpoint costs is said apart:
they are written so seldom that it is less than a hundredth of a training.

With a CUDA device a learner's steps are timed against the plain loop there, too.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import lightning.pytorch as lightning
import torch

from Datasets import splits
from Datasets.interruption import Interruption
from Datasets.tensors import Tensors
from Models.batches import Batches
from Models.callbacks import Bar, BestWeights, task_of
from Models.course import Course
from Models.frameworks.framework import Moment
from Models.isolation import isolated
from Models.learner import Conditions, Learner
from Models.loading import source_of
from Models.module import Module, Parts, build
from Models.networks.network import InputShape, Optimiser
from Models.part import part_of
from Models.resume import Checkpoints
from Models.saving import Saving
from tests.Models.tiny import Tiny, write

PEAK = Optimiser(1e-3, 0.05)
WARM = 10
"""Steps before the clock runs."""


class Clock(lightning.Callback):
    """Measures the CPU seconds of a step, from the first steps of an epoch to its last."""

    def __init__(self, steps: int, now: Callable[[], float]) -> None:
        self._steps = steps
        self._now = now
        self._began = 0.0
        self.seconds = 0.0

    def on_train_batch_end(
        self, trainer: object, pl_module: lightning.LightningModule, *others: object
    ) -> None:
        """Look at the clock after the first steps and after the last."""
        step = task_of(pl_module).step()
        if step == WARM:
            self._began = self._now()
        if step == self._steps:
            self.seconds = (self._now() - self._began) / (self._steps - WARM)


def module_of(tensors: Tensors) -> Module:
    """Return the tiny network, new."""
    shape = InputShape(*tensors.shape, tensors.dtype.name)
    classes = tensors.store.about.classes
    with isolated(3, 1):
        return build(Parts("e001_small_cnn", {"base": 4}, "supervised", {}, classes, shape), ())


def batches_of(tensors: Tensors, device: torch.device) -> Batches:
    """Return batches of 8, from memory."""
    folds = splits.read()
    train, validation = (part_of(tensors, folds, name, 0) for name in ("train", "validation"))
    return Batches(tensors, train, validation, 8, 7, source=source_of(tensors, device, True))


def now_on(device: torch.device) -> Callable[[], float]:
    """Return a clock: CPU time, or where a GPU works what passes until it has done so."""
    if device.type == "cpu":
        return time.process_time

    def now() -> float:
        torch.cuda.synchronize()
        return time.perf_counter()

    return now


def plain(batches: Batches, module: Module, device: torch.device) -> float:
    """Return the seconds of a step of a plain loop."""
    now, began = now_on(device), 0.0
    with isolated(7, 1):
        module.to(device)
        module.to(memory_format=torch.channels_last).train()
        optimiser = torch.optim.AdamW(module.parameters(), lr=1e-3, weight_decay=0.05, fused=True)
        loader = batches.labelled()
        steps = len(loader)
        for step, batch in enumerate(loader, 1):
            optimiser.zero_grad()
            module.training_loss(batch, Moment(7, 0, step - 1, steps)).total.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            if step == WARM:
                began = now()
        return (now() - began) / (steps - WARM)


def learnt(batches: Batches, module: Module, device: torch.device, whole: bool) -> float:
    """Return the seconds of a step of a learner; ``whole``: with all that ``train`` hands it."""
    clock = Clock(len(batches.labelled()), now_on(device))
    callbacks: list[lightning.Callback] = [clock]
    if whole:
        best = BestWeights()
        saving = Saving("train@0", Checkpoints(Path("checkpoints"), "key"), best, Interruption())
        callbacks = [best, Bar("train@0"), saving, clock]
    Learner(batches, module, callbacks, Conditions(7, 1, device)).fit(Course(1, PEAK))
    return clock.seconds


def checkpoint(batches: Batches, module: Module) -> float:
    """Return the seconds that a checkpoint of a module takes."""
    taken: list[float] = []

    class Once(lightning.Callback):
        def on_train_batch_end(
            self, trainer: object, pl_module: lightning.LightningModule, *others: object
        ) -> None:
            began = time.perf_counter()
            Checkpoints(Path("checkpoints"), "key").write(task_of(pl_module).state(None, {}))
            taken.append(time.perf_counter() - began)

    Learner(batches, module, [Once()], Conditions(7, 1, torch.device("cpu"))).fit(Course(1, PEAK))
    return statistics.median(taken)


def main() -> None:
    """Measure, in turns."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        write(Tiny(samples=900))
        tensors = Tensors()
        devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
        for device in map(torch.device, devices):
            _table(tensors, device, rounds)
        if len(devices) == 1:
            sys.stdout.write("no CUDA device is here: nothing was measured on one\n")
        seconds = checkpoint(batches_of(tensors, torch.device("cpu")), module_of(tensors))
        sys.stdout.write(f"a checkpoint of the tiny network: {seconds * 1e3:.1f} ms\n")
        os.chdir("/")


def _table(tensors: Tensors, device: torch.device, rounds: int) -> None:
    batches = batches_of(tensors, device)
    sides: dict[str, Callable[[], float]] = {
        "a plain loop": lambda: plain(batches, module_of(tensors), device),
        "the same again": lambda: plain(batches, module_of(tensors), device),
        "a learner, bare": lambda: learnt(batches, module_of(tensors), device, whole=False),
        "a learner, as train has it": lambda: learnt(batches, module_of(tensors), device, True),
    }
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds + 1):
        for name, side in sides.items():
            seconds = side()
            if turn:  # the first is to warm up
                taken[name].append(seconds * 1e3)
    medians = {name: statistics.median(every) for name, every in taken.items()}
    first = medians["a plain loop"]
    sys.stdout.write(f"{f'on {device}':<28}{'ms a step':>10}{'ratio':>8}{'more':>9}\n")
    for name, median in medians.items():
        sys.stdout.write(f"{name:<28}{median:>10.3f}{median / first:>8.3f}{median - first:>9.3f}\n")


if __name__ == "__main__":
    main()
