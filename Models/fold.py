"""One fold: what it is trained with, its training, and what came of it."""

from pathlib import Path

import msgspec
from lightning.pytorch import Callback

from Datasets import scaler
from Datasets.errors import StageError
from Datasets.fold_range import Place
from Datasets.interruption import Interruption
from Datasets.randomness import seed_for
from Datasets.scaler import SCALERS
from Datasets.splits import Folds
from Datasets.tensors import Tensors
from Datasets.terminal import say
from Models import checkpoint
from Models.batches import Batches
from Models.callbacks import Bar, BestWeights
from Models.checkpoint import Frozen, Trained
from Models.course import Course
from Models.figures import EpochFigures
from Models.freezing import identity_of
from Models.guard import Diverged
from Models.isolation import isolated
from Models.key import Setting, key_of
from Models.learner import Conditions, Learner
from Models.loading import Source
from Models.module import Module, Parts, build
from Models.neighbours import Neighbours
from Models.networks.network import InputShape, Optimiser
from Models.ordering import Ordering
from Models.params import Train
from Models.part import NOBODY, ids_of, part_of, unlabelled_of
from Models.pretrained import shelf
from Models.pretrained.fit import begin_with
from Models.resume import CHECKPOINTS, Checkpoints
from Models.saving import Saving

PRETRAINED = "params.yaml: train.pretrained"
GOOD = "good"
"""The folder beside the checkpoints with the best weights of a training that has diverged."""


class FoldMetrics(msgspec.Struct, frozen=True):
    """What is said of a fold's training. Rows count copies; ``left_out`` counts samples.

    ``unlabelled_rows`` are those that were learned from without a label; they are not left out.
    Models/metrics/folds/<fold range>.json holds those of its fold, or of each by its number.
    """

    fold: int
    train_rows: int
    validation_samples: int
    left_out: int
    epochs: int
    best_epoch: int
    train_loss: float
    validation_loss: float
    validation_accuracy: float
    unlabelled_rows: int = 0


class Outcome(msgspec.Struct, frozen=True):
    """What came of training one fold; ``weights`` is the sha256 of the best."""

    metrics: FoldMetrics
    history: tuple[EpochFigures, ...]
    weights: str


class Ground(msgspec.Struct, frozen=True):
    """What every fold of a fold range is trained with, loaded once; ``key`` is that of it all."""

    train: Train
    conditions: Conditions
    tensors: Tensors
    folds: Folds
    source: Source
    key: str


class Training:
    """The training of one fold, which goes on where it was broken off."""

    def __init__(self, place: Place, ground: Ground) -> None:
        """Build the module, and find the checkpoints of this very training; others go.

        Raises:
            StoreError: the fold lacks a scaler, or samples to train on.
        """
        self._place = place
        self._ground = ground
        tensors, train = ground.tensors, ground.train
        self._batches = _batches(ground, place.fold)
        self._parts = Parts(
            train.model,
            train.network_arguments(),
            train.framework,
            train.framework_arguments(),
            tensors.store.about.classes,
            InputShape(*tensors.shape, tensors.dtype.name),
        )
        maps = scaler.read(SCALERS / str(place))
        with isolated(seed_for(ground.conditions.seed, "initialise"), train.threads):
            self._module = build(self._parts, maps)
        pretrained = ""
        if train.pretrained != shelf.NONE:
            pretrained = shelf.read_about(train.pretrained, PRETRAINED).sha256
            begin_with(self._module.network, train.pretrained, PRETRAINED)
        if train.frozen != "none":
            self._module.freeze(train.frozen, "params.yaml: train.frozen")
        self._course = course(train, self._module)
        ordering = self._batches.ordering
        frozen = tuple(sorted(self._module.frozen))
        setting = Setting(self._parts, pretrained, frozen, self._course, train.batch, ordering)
        key = key_of(setting, ground.key, [SCALERS / str(place)])
        self.checkpoints = Checkpoints(CHECKPOINTS / str(place), key)
        self.checkpoints.clear()

    def run(self, folder: Path, what: str, asked: Interruption) -> Outcome:
        """Train, write the weights into an existing ``folder``, and return what came of it.

        Args:
            folder: where the weights go.
            what: words for this training.
            asked: who may ask it to end.

        Raises:
            StageError: it was asked to end, or cannot go on; the message says what to do.
        """
        start, best = self.checkpoints.read(), BestWeights()
        if start is not None:
            say(f"{what}: goes on after step {start.numbers.step:,} of {start.numbers.steps:,}")
        saving = Saving(what, self.checkpoints, best, asked)
        callbacks: list[Callback] = [best, Bar(what), saving]
        if self._module.framework.neighbours:
            callbacks.insert(0, Neighbours(self._batches, self._module.framework.neighbours))
        learner = Learner(self._batches, self._module, callbacks, self._ground.conditions)
        try:
            history = learner.fit(self._course, start)
        except StageError as error:
            if isinstance(error.__cause__, Diverged):
                error.args = (f"{error}; {self._keep(best)}",)
            raise
        chosen = best.figures or history[-1]
        whole = checkpoint.write(folder, self._trained(chosen), best.weights, best.last)
        beside = self._batches.unlabelled if learner.batches.has_unlabelled else NOBODY
        left_out = self._batches.train.left_out + self._batches.validation.left_out
        metrics = FoldMetrics(
            fold=self._place.fold,
            train_rows=len(self._batches.train.rows),
            validation_samples=len(self._batches.validation.rows),
            left_out=left_out - ids_of(self._ground.tensors, beside)["id"].nunique(),
            epochs=self._course.epochs,
            best_epoch=chosen.epoch,
            train_loss=chosen.train_loss,
            validation_loss=chosen.validation_loss,
            validation_accuracy=chosen.validation_accuracy,
            unlabelled_rows=len(beside),
        )
        return Outcome(metrics, tuple(history), whole.weights[checkpoint.file_name("best")])

    def _trained(self, chosen: EpochFigures) -> Trained:
        rest = self._module.rest()
        name = self._ground.train.pretrained
        frozen = Frozen(name, tuple(rest), identity_of(rest)) if rest else None
        return Trained(self._parts, self._place.fold, self._course.epochs, chosen.epoch, {}, frozen)

    def _keep(self, best: BestWeights) -> str:
        """Write the best weights of a training that has diverged, and return where they are."""
        if best.figures is None:
            return "no epoch had ended, so no weights were good enough to keep"
        folder = self.checkpoints.folder / GOOD
        folder.mkdir(parents=True, exist_ok=True)
        checkpoint.write(folder, self._trained(best.figures), best.weights, best.weights)
        return f"the best weights before, of epoch {best.figures.epoch}, are in {folder}"


def course(train: Train, module: Module) -> Course:
    """Return how training goes: as params.yaml says, else as framework and network like it."""
    framework = module.framework
    own = framework.optimiser or module.network.optimiser
    peak = Optimiser(
        own.learning_rate if train.learning_rate == "auto" else train.learning_rate,
        own.weight_decay if train.weight_decay == "auto" else train.weight_decay,
        own.algorithm if train.optimiser == "auto" else train.optimiser,
        own.momentum,
    )
    schedule = framework.schedule if train.schedule == "auto" else train.schedule
    ema = framework.ema if train.ema == "auto" else train.ema
    warmup = framework.warmup if train.warmup == "auto" else train.warmup
    return Course(train.epochs, peak, warmup, schedule, ema, train.spread)


def _batches(ground: Ground, fold: int) -> Batches:
    train, tensors = ground.train, ground.tensors
    training = part_of(tensors, ground.folds, "train", fold)
    validation = part_of(tensors, ground.folds, "validation", fold)
    order = Ordering(train.order, train.block, train.sampling)
    seed = ground.conditions.seed
    beside = unlabelled_of(tensors, ground.folds, fold)
    return Batches(tensors, training, validation, train.batch, seed, order, ground.source, beside)
