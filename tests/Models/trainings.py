"""Short trainings that can be broken off at any step, for every framework of the table."""

from pathlib import Path

import lightning.pytorch as lightning
import msgspec
import torch
from torch import Tensor
from torch.nn import functional as F

from Datasets import splits
from Datasets.interruption import Interruption
from Datasets.tensors import Tensors
from Models.batch import Joined
from Models.batches import Batches
from Models.callbacks import BestWeights, task_of
from Models.course import Course
from Models.figures import EpochFigures
from Models.frameworks.framework import Encoder, Framework, Loss, Moment, Problem
from Models.isolation import isolated
from Models.learner import Conditions, Learner
from Models.loading import source_of
from Models.module import Module, Parts, build
from Models.networks.arguments import Argument
from Models.networks.network import InputShape, Optimiser
from Models.ordering import Ordering
from Models.part import part_of, unlabelled_of
from Models.resume import Checkpoints
from Models.saving import Saving

CPU = torch.device("cpu")
SEED = 7
EPOCHS = 3


class Joining(Framework[Joined]):
    """Labelled and unlabelled rows, noise of its own, and two losses to look at."""

    wants = "joined"
    ratio = 2

    def training_loss(self, encoder: Encoder, batch: Joined, moment: Moment) -> Loss:
        """Return a cross-entropy, and how unsure the network is of the others."""
        known = F.cross_entropy(self(encoder(batch.labelled.images)), batch.labelled.labels)
        logits = self(encoder(batch.unlabelled.images))
        guessed = (logits + 0.1 * torch.randn_like(logits)).softmax(dim=1)
        unsure = -(guessed * guessed.clamp_min(1e-6).log()).sum(dim=1).mean()
        total = known + moment.progress * unsure
        return Loss(total, {"known": known.detach(), "unsure": unsure.detach()})


class Case(msgspec.Struct, frozen=True):
    """What is trained, and how; ``framework`` "joining" is the one above."""

    framework: str = "supervised"
    algorithm: str = "adamw"
    ema: float = 0.0
    resident: bool = False
    order: str = "samples"
    network: str = "e001_small_cnn"
    momentum: float = 0.9
    device: torch.device = CPU

    def __str__(self) -> str:
        """Return a name for a test."""
        source = "resident" if self.resident else "mapped"
        words = (self.framework, self.network, self.algorithm, f"ema {self.ema}", source)
        return ", ".join((*words, self.order, f"momentum {self.momentum}"))


class Fitted(msgspec.Struct, frozen=True):
    """What a training comes to."""

    weights: dict[str, Tensor]
    last: dict[str, Tensor]
    best: dict[str, Tensor]
    figures: EpochFigures | None
    history: list[EpochFigures]

    def same(self, other: "Fitted") -> bool:
        """Return whether the other is equal to the last bit."""
        tensors = all(
            mine.keys() == theirs.keys() and all(torch.equal(mine[n], theirs[n]) for n in mine)
            for mine, theirs in (
                (self.weights, other.weights),
                (self.last, other.last),
                (self.best, other.best),
            )
        )
        return tensors and (self.figures, self.history) == (other.figures, other.history)


class Killed(Exception):
    """Stands for a process that dies."""


class Kill(lightning.Callback):
    """Kills a training after so many steps, or so many batches of validation."""

    def __init__(self, steps: int = -1, validated: int = -1) -> None:
        self._steps = steps
        self._validated = validated

    def on_train_batch_end(
        self, trainer: object, pl_module: lightning.LightningModule, *others: object
    ) -> None:
        """Count a step."""
        self._steps -= 1
        if self._steps == 0:
            raise Killed

    def on_validation_batch_end(self, *others: object) -> None:
        """Count a batch of the validation."""
        self._validated -= 1
        if self._validated == 0:
            raise Killed


class Steps(lightning.Callback):
    """Notes which steps were done."""

    def __init__(self) -> None:
        self.done: list[int] = []

    def on_train_batch_end(
        self, trainer: object, pl_module: lightning.LightningModule, *others: object
    ) -> None:
        """Note a step."""
        self.done.append(task_of(pl_module).step())


def batches_of(case: Case) -> Batches:
    """Return the batches of fold 0."""
    tensors, folds = Tensors(), splits.read()
    train, validation = (part_of(tensors, folds, name, 0) for name in ("train", "validation"))
    return Batches(
        tensors,
        train,
        validation,
        8,
        SEED,
        Ordering(case.order, 4),  # type: ignore[arg-type]
        source_of(tensors, case.device, case.resident),
        unlabelled_of(tensors, folds, 0),
    )


def module_of(case: Case) -> Module:
    """Return a new module, the same each time."""
    tensors = Tensors()
    shape = InputShape(*tensors.shape, tensors.dtype.name)
    classes = tensors.store.about.classes
    named = case.framework if case.framework != "joining" else "supervised"
    small: dict[str, Argument] = {"base": 4, "dropout": 0.2}
    arguments = small if case.network == "e001_small_cnn" else {}
    with isolated(3, 1):
        module = build(Parts(case.network, arguments, named, {}, classes, shape), ())
        if case.framework == "joining":
            problem = Problem(module.network.width, len(classes), shape)
            module = Module(module.scaling, module.network, Joining(problem))
    return module


def fit(
    case: Case,
    folder: Path | None = None,
    asked: Interruption | None = None,
    *callbacks: lightning.Callback,
) -> Fitted:
    """Train; with a folder go on from the checkpoint in it, and write one when it is time."""
    module, best = module_of(case), BestWeights()
    checkpoints = Checkpoints(folder, "key") if folder else None
    looking: list[lightning.Callback] = [best]
    if checkpoints:
        looking.append(Saving("train@0", checkpoints, best, asked or Interruption()))
    learner = Learner(
        batches_of(case), module, [*looking, *callbacks], Conditions(SEED, 1, case.device)
    )
    peak = Optimiser(5e-3, 0.05, case.algorithm, case.momentum)  # type: ignore[arg-type]
    course = Course(EPOCHS, peak, warmup=0.25, ema=case.ema)
    history = learner.fit(course, checkpoints.read() if checkpoints else None)
    weights = {name: one.clone() for name, one in module.learned().items()}
    return Fitted(weights, best.last, best.weights, best.figures, history)
