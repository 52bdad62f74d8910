"""A learner joins batches, a module and callbacks, and lets Lightning, bare, run the loop.

Training is a function of its inputs: the order of an epoch comes from (seed, epoch), the noise of
a step from (seed, step), the learning rate from the step. Nothing that is set here stays set.
"""

from collections.abc import Sequence

import lightning.pytorch as lightning
import msgspec
import torch

from Models import blame
from Models.batches import Batches
from Models.course import Course
from Models.figures import EpochFigures
from Models.guard import Diverged
from Models.isolation import isolated
from Models.module import Module
from Models.networks.network import Optimiser
from Models.rate_finder import Trial, try_rates
from Models.state import State
from Models.task import Task


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

    def fit(self, course: Course, start: State | None = None) -> list[EpochFigures]:
        """Train, from the beginning or from the state ``start`` on; return each epoch's figures.

        Raises:
            StageError: the loss is no finite number or beyond all bounds, or memory is full.
            StoreError: the framework wants rows without a label, and there are none.
        """
        loader = self.batches.training()
        self.module.framework.begin(self.batches.train.labels)
        task = Task(self.module, loader, course, self.conditions.seed, start)
        with isolated(self.conditions.seed, self.conditions.threads):
            self.module.to(memory_format=torch.channels_last)
            try:
                self._trainer(task).fit(task, task.rest(), self.batches.validating())
            except Diverged as error:
                raise blame.of_divergence(error, self.batches, course) from error
            except (MemoryError, RuntimeError) as error:
                told = blame.of_memory(error, self.batches)
                if told is None:
                    raise
                raise told from None
        return task.history

    def find_rate(self, peak: Optimiser, steps: int = 100) -> Trial:
        """Try learning rates on a copy of the module; return the losses, and a suggestion.

        Args:
            peak: the optimiser's settings but for its rate.
            steps: at most.

        Raises:
            StageError: nothing can be said, as the loss is no number from the start.
        """
        self.module.framework.begin(self.batches.train.labels)
        seed, threads = self.conditions.seed, self.conditions.threads
        self.module.to(self.conditions.device)
        return try_rates(self.module, self.batches.training(), peak, seed, threads, steps)

    def _trainer(self, task: Task) -> lightning.Trainer:
        """Return what trains for the epochs that are left.

        What Lightning calls its sanity check, a validation before the first step, is that of an
        epoch whose steps lie behind.
        """
        waits = task.is_to_be_validated()
        return lightning.Trainer(
            accelerator=self.conditions.device.type,
            devices=1,
            max_epochs=task.course.epochs - task.at.epoch - waits,
            callbacks=list(self.callbacks),
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=-1 if waits else 0,
            use_distributed_sampler=False,
        )
