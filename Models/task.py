"""A module as Lightning wants it: what a step, an epoch and a validation are."""

import math

import lightning.pytorch as lightning
import msgspec
import torch
from torch import Tensor

from Datasets.errors import StageError
from Datasets.randomness import seed_for
from Models.average import Average
from Models.batch import Batch, Joined, Triplets
from Models.course import Course
from Models.frameworks.framework import Moment
from Models.loaders import Loader
from Models.module import Module
from Models.schedule import share


class EpochFigures(msgspec.Struct, frozen=True):
    """What an epoch came to. Epochs count from 1; ``learning_rate`` is the last step's.

    ``parts`` are the means of what the training loss is made of, by name, as the framework tells;
    ``checks`` what others measured.
    """

    epoch: int
    train_loss: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    parts: dict[str, float] = {}
    checks: dict[str, float] = {}


class Task(lightning.LightningModule):
    """A module, and how it is trained.

    Attributes:
        module: what is trained.
        course: how.
        average: its averaged weights from the beginning on, None where none are asked for.
        history: the figures of each epoch that has ended.
        steps: how many there are in all.
    """

    def __init__(
        self,
        module: Module,
        loader: Loader[Batch] | Loader[Joined] | Loader[Triplets],
        course: Course,
        seed: int,
    ) -> None:
        """Take what is trained, on what and how; ``seed`` is that of all noise."""
        super().__init__()
        self.module = module
        self.course = course
        self.average: Average | None = None
        self.history: list[EpochFigures] = []
        self.steps = course.epochs * len(loader)
        self._loader = loader
        self._seed = seed
        self._rate = 0.0
        self._training = _Sums()
        self._validation = _Sums()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimiser; what has one axis only (biases, norms) does not decay."""
        parameters = [p for p in self.module.parameters() if p.requires_grad]
        peak = self.course.peak
        groups = [
            {
                "params": [p for p in parameters if p.ndim >= 2],
                "weight_decay": peak.weight_decay,
            },
            {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
        ]
        if peak.algorithm == "sgd":
            momentum = peak.momentum
            return torch.optim.SGD(
                groups, peak.learning_rate, momentum, nesterov=momentum > 0, fused=True
            )
        return torch.optim.AdamW(groups, lr=peak.learning_rate, fused=True)

    def on_fit_start(self) -> None:
        """Begin to average, now that the weights lie where they stay."""
        if self.course.ema:
            self.average = Average(self.module, self.course.ema)

    def on_train_epoch_start(self) -> None:
        """Tell the loader which epoch's order is next."""
        self._loader.set_epoch(self.current_epoch)

    def on_train_batch_start(self, batch: object, batch_idx: int) -> None:
        """Set what a step draws and how far it goes, as functions of the step alone."""
        moment = self.moment()
        torch.manual_seed(seed_for(self._seed, "step", moment.step))
        course = self.course
        of_peak = share(course.schedule, moment.progress, course.warmup)
        self._rate = course.peak.learning_rate * of_peak
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self._rate

    def training_step(self, batch: Batch | Joined | Triplets, batch_idx: int) -> Tensor:
        """Return the loss of one step."""
        loss = self.module.training_loss(batch, self.moment())
        told = {"loss": loss.total, **loss.parts}
        samples = len(batch)
        self._training.add(samples, **{name: one.detach() * samples for name, one in told.items()})
        return loss.total

    def on_train_batch_end(self, outputs: object, batch: object, batch_idx: int) -> None:
        """Move the averaged weights, after the optimiser's step."""
        if self.average is not None:
            self.average.update(self.global_step)

    def moment(self) -> Moment:
        """Return when this step is."""
        return Moment(self._seed, self.current_epoch, self.global_step, self.steps)

    def on_validation_start(self) -> None:
        """Let the averaged weights be those that are tested."""
        if self.average is not None:
            self.average.swap()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Add one batch to the validation's sums."""
        logits = self.module(batch.images)
        losses = self.module.framework.losses(logits, batch.labels)
        right = (logits.argmax(dim=1) == batch.labels).sum()
        self._validation.add(len(batch), loss=losses.sum(), right=right)

    def on_validation_end(self) -> None:
        """Let training go on with its own weights."""
        if self.average is not None:
            self.average.swap()

    def on_validation_epoch_end(self) -> None:
        """Close the epoch's figures; Lightning validates at the end of each training epoch."""
        trained, validated = self._training.means(), self._validation.means()
        figures = EpochFigures(
            epoch=self.current_epoch + 1,
            train_loss=trained.pop("loss"),
            validation_loss=validated["loss"],
            validation_accuracy=validated["right"],
            learning_rate=self._rate,
            parts=trained,
        )
        self.history.append(figures)
        self._training, self._validation = _Sums(), _Sums()
        if not math.isfinite(figures.train_loss):
            raise StageError(
                f"the loss is {figures.train_loss} in epoch {figures.epoch}; "
                f"lower train.learning_rate (now {self.course.peak.learning_rate})"
            )

    def weights(self) -> dict[str, Tensor]:
        """Return what is kept of the training by now: the averaged weights, if there are any."""
        return dict(self.module.learned()) if self.average is None else self.average.weights


class _Sums:
    """Running sums over samples, kept on the device until somebody asks."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor | float] = {}
        self._samples = 0

    def add(self, samples: int, **sums: Tensor) -> None:
        for name, one in sums.items():
            self._sums[name] = self._sums.get(name, 0.0) + one
        self._samples += samples

    def means(self) -> dict[str, float]:
        return {name: float(one) / self._samples for name, one in self._sums.items()}
