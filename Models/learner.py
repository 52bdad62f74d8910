"""A learner joins batches, a module and callbacks, and lets Lightning, bare, run the loop.

Training is a function of its inputs: the order of an epoch comes from (seed, epoch), the noise of
a step from (seed, step), the learning rate from the step. Nothing that is set here stays set.
"""

from collections.abc import Sequence

import lightning.pytorch as lightning
import msgspec
import torch

from Models.batches import Batches
from Models.course import Course
from Models.isolation import isolated
from Models.module import Module
from Models.task import EpochFigures, Task


class Conditions(msgspec.Struct, frozen=True):
    """Under which training runs: the seed of all noise, torch's CPU threads, the device."""

    seed: int
    threads: int
    device: torch.device


class Learner:
    """Trains ``module`` on ``batches``; ``callbacks`` look on and keep what they want."""

    def __init__(
        self,
        batches: Batches,
        module: Module,
        callbacks: Sequence[lightning.Callback],
        conditions: Conditions,
    ) -> None:
        """Take the parts; the batches become what the module's framework wants."""
        framework = module.framework
        self.batches = batches.new(wants=framework.wants, ratio=framework.ratio)
        self.module = module
        self.callbacks = callbacks
        self.conditions = conditions

    def fit(self, course: Course) -> list[EpochFigures]:
        """Train, and return the figures of each epoch.

        Raises:
            StageError: the loss is no longer a finite number.
            StoreError: the framework wants rows without a label, and there are none.
        """
        loader = self.batches.training()
        self.module.framework.begin(self.batches.train.labels)
        task = Task(self.module, loader, course, self.conditions.seed)
        with isolated(self.conditions.seed, self.conditions.threads):
            self.module.to(memory_format=torch.channels_last)
            self._trainer(course.epochs).fit(task, loader, self.batches.validating())
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
