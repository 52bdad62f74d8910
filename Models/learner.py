"""A learner joins batches, a module and callbacks, and lets Lightning, bare, run the loop.

Training is a function of its inputs: the order of an epoch comes from (seed, epoch), the noise of
a step from (seed, step), the learning rate from the step. Nothing that is set here stays set.
"""

import math
from collections.abc import Sequence

import lightning.pytorch as lightning
import msgspec
import torch
from torch import Tensor

from Datasets.errors import StageError
from Datasets.randomness import seed_for
from Models.batches import Batch, Batches, Loader
from Models.isolation import isolated
from Models.module import Module
from Models.networks.network import Optimiser
from Models.schedule import one_cycle


class Conditions(msgspec.Struct, frozen=True):
    """Under which training runs: the seed of all noise, torch's CPU threads, the device."""

    seed: int
    threads: int
    device: torch.device


class EpochFigures(msgspec.Struct, frozen=True):
    """What an epoch came to. Epochs count from 1; ``learning_rate`` is the last step's."""

    epoch: int
    train_loss: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float


class Task(lightning.LightningModule):
    """A module as Lightning wants it. Callbacks find ``module`` and ``history`` here."""

    def __init__(
        self,
        module: Module,
        loader: Loader,
        epochs: int,
        optimiser: Optimiser,
        warmup: float,
        seed: int,
    ) -> None:
        """Take what is trained, on what, for how long and how."""
        super().__init__()
        self.module = module
        self.history: list[EpochFigures] = []
        self.steps = epochs * len(loader)
        self._loader = loader
        self._optimiser = optimiser
        self._warmup = warmup
        self._seed = seed
        self._rate = 0.0
        self._training = _Sums()
        self._validation = _Sums()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return AdamW; what has one axis only (biases, normalisations) does not decay."""
        parameters = [p for p in self.module.parameters() if p.requires_grad]
        groups = [
            {
                "params": [p for p in parameters if p.ndim >= 2],
                "weight_decay": self._optimiser.weight_decay,
            },
            {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=self._optimiser.learning_rate, fused=True)

    def on_train_epoch_start(self) -> None:
        """Tell the loader which epoch's order is next."""
        self._loader.order.set_epoch(self.current_epoch)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Set what a step draws and how far it goes, as functions of the step alone."""
        step = self.trainer.global_step
        torch.manual_seed(seed_for(self._seed, "step", step))
        share = one_cycle((step + 0.5) / self.steps, self._warmup)
        self._rate = self._optimiser.learning_rate * share
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self._rate

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of one step."""
        loss = self.module.training_loss(batch)
        self._training.add(loss.detach() * len(batch.labels), len(batch.labels))
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Add one batch to the validation's sums."""
        logits = self.module(batch.images)
        losses = self.module.framework.losses(logits, batch.labels)
        right = (logits.argmax(dim=1) == batch.labels).sum()
        self._validation.add(losses.sum(), len(batch.labels), right)

    def on_validation_epoch_end(self) -> None:
        """Close the epoch's figures; Lightning validates at the end of each training epoch."""
        figures = EpochFigures(
            epoch=self.current_epoch + 1,
            train_loss=self._training.mean_loss(),
            validation_loss=self._validation.mean_loss(),
            validation_accuracy=self._validation.accuracy(),
            learning_rate=self._rate,
        )
        self.history.append(figures)
        self._training, self._validation = _Sums(), _Sums()
        if not math.isfinite(figures.train_loss):
            raise StageError(
                f"the loss is {figures.train_loss} in epoch {figures.epoch}; "
                f"lower train.learning_rate (now {self._optimiser.learning_rate})"
            )


class Learner:
    """Trains ``module`` on ``batches``; ``callbacks`` look on and keep what they want."""

    def __init__(
        self,
        batches: Batches,
        module: Module,
        callbacks: Sequence[lightning.Callback],
        conditions: Conditions,
    ) -> None:
        """Take the parts; nothing happens yet."""
        self.batches = batches
        self.module = module
        self.callbacks = callbacks
        self.conditions = conditions

    def fit_one_cycle(self, epochs: int, peak: Optimiser, warmup: float) -> list[EpochFigures]:
        """Train for ``epochs`` and return the figures of each.

        Args:
            epochs: how often each row of the training part is seen.
            peak: the optimiser's settings; its learning rate is the highest of the cycle.
            warmup: share of all steps (0 to 1) until the learning rate is there.

        Raises:
            StageError: the loss is no longer a finite number.
        """
        loader = self.batches.training()
        task = Task(self.module, loader, epochs, peak, warmup, self.conditions.seed)
        with isolated(self.conditions.seed, self.conditions.threads):
            self.module.to(memory_format=torch.channels_last)
            self._trainer(epochs).fit(task, loader, self.batches.validating())
        return task.history

    def _trainer(self, epochs: int) -> lightning.Trainer:
        return lightning.Trainer(
            accelerator=self.conditions.device.type,
            devices=1,
            max_epochs=epochs,
            callbacks=list(self.callbacks),
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
        )


class _Sums:
    """Running sums of an epoch, kept on the device until somebody asks."""

    def __init__(self) -> None:
        self._loss: Tensor | float = 0.0
        self._right: Tensor | float = 0.0
        self._samples = 0

    def add(self, loss: Tensor, samples: int, right: Tensor | float = 0.0) -> None:
        self._loss = self._loss + loss
        self._right = self._right + right
        self._samples += samples

    def mean_loss(self) -> float:
        return float(self._loss) / self._samples

    def accuracy(self) -> float:
        return float(self._right) / self._samples
