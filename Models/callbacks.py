"""What looks on while a learner trains: a bar, the curves, the best weights."""

from collections.abc import Iterator

import lightning.pytorch as lightning
from torch import Tensor

from Datasets.terminal import progress
from Models.figures import EpochFigures
from Models.task import Task


class Bar(lightning.Callback):
    """A bar of steps on stderr; silent where that is no terminal."""

    def __init__(self, what: str) -> None:
        """Take the words in front of the bar."""
        self._what = what
        self._steps: Iterator[int] = iter(())

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Show it."""
        task = task_of(pl_module)
        behind = task.step()
        self._steps = progress(range(behind, task.steps), task.steps, self._what, behind)
        next(self._steps, None)

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Move it one step on; the last step takes it away."""
        next(self._steps, None)


class BestWeights(lightning.Callback):
    """Keeps the weights of the best epoch.

    Best is the highest validation accuracy, then the lowest validation loss, then the earliest.

    Attributes:
        figures: of that epoch, None before the first has ended.
        weights: what was learned by then, on the CPU.
        last: what was learned at the end.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self.figures: EpochFigures | None = None
        self.weights: dict[str, Tensor] = {}
        self.last: dict[str, Tensor] = {}

    def on_fit_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Take over what was best before the training was broken off."""
        start = task_of(pl_module).start
        if start is not None:
            self.figures, self.weights = start.numbers.best, start.part("best")

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Keep this epoch's weights if they are better."""
        task = task_of(pl_module)
        figures = task.history[-1]
        if self.figures is None or _rank(figures) > _rank(self.figures):
            self.figures = figures
            self.weights = {
                name: tensor.detach().cpu().clone() for name, tensor in task.weights().items()
            }

    def on_fit_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Keep the weights that all ended with."""
        self.last = task_of(pl_module).weights()


def task_of(module: lightning.LightningModule) -> Task:
    """Return the task that Lightning runs."""
    if not isinstance(module, Task):
        raise TypeError(f"these callbacks belong to a Learner's Task, got {type(module).__name__}")
    return module


def _rank(figures: EpochFigures) -> tuple[float, float]:
    return figures.validation_accuracy, -figures.validation_loss
