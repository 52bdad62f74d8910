"""Saving: a checkpoint now and then, and one before the training ends because it is asked to.

When checkpoints are written depends on the clock, and changes no result.
"""

import time
from collections.abc import Callable

import lightning.pytorch as lightning

from Datasets.errors import StageError
from Datasets.interruption import Interruption
from Datasets.terminal import say
from Models.callbacks import BestWeights, task_of
from Models.resume import Checkpoints
from Models.task import Task

EVERY_S = 30.0
"""Seconds between two checkpoints, at least: so much work is lost when the process is killed."""
PRICE = 100
"""And so many times what the last one took, at least: they cost less than 1 % of a training."""


class Saving(lightning.Callback):
    """Writes checkpoints between two steps.

    Who asks the training to end gets one that is up to date, and an error that says where it ended.
    """

    def __init__(
        self,
        what: str,
        checkpoints: Checkpoints,
        best: BestWeights,
        asked: Interruption,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the words for the training, where to write, and who may ask it to end."""
        self._what = what
        self._checkpoints = checkpoints
        self._best = best
        self._asked = asked
        self._clock = clock
        self._next = clock() + EVERY_S

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Write a checkpoint if it is time, or end if somebody asks."""
        self._between(task_of(pl_module))

    def on_validation_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """End if somebody asks; the validation begins anew next time."""
        if self._asked.reason:
            task = task_of(pl_module)
            task.leave_validation()
            self._end(task)

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Write a checkpoint if it is time, or end if somebody asks, unless all is done."""
        task = task_of(pl_module)
        if task.step() < task.steps:
            self._between(task)

    def _between(self, task: Task) -> None:
        if self._asked.reason:
            self._end(task)
        if self._clock() >= self._next:
            try:
                self._save(task)
            except OSError as error:  # a full disk is no reason to stop what goes well
                say(f"{self._what}: no checkpoint could be written: {error}")
                self._next = self._clock() + EVERY_S

    def _end(self, task: Task) -> None:
        said = f"stopped after step {task.step():,} of {task.steps:,} ({self._asked.reason})"
        try:
            self._save(task)
        except OSError as error:
            raise StageError(
                f"{self._what}: {said}; no checkpoint could be written: {error}"
            ) from None
        raise StageError(f"{self._what}: {said}; run it again and it goes on from there")

    def _save(self, task: Task) -> None:
        began = self._clock()
        self._checkpoints.write(task.state(self._best.figures, self._best.weights))
        ended = self._clock()
        self._next = ended + max(EVERY_S, PRICE * (ended - began))
