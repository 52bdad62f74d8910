"""``python -m Models`` in a process that gets a signal after a step: SIGNAL STEP WORD...

Checkpoints are written after every step, so that each kind of step is one that goes on.
"""

import os
import sys
from signal import Signals

import lightning.pytorch as lightning

from Datasets.command import main
from Models import saving
from Models.__main__ import VERBS
from Models.callbacks import task_of


def die(number: Signals, step: int) -> None:
    """Let this process get a signal after ``step`` steps of a training, before it is saved."""
    saves = saving.Saving.on_train_batch_end

    def dies(
        self: saving.Saving,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        if task_of(pl_module).step() == step:
            os.kill(os.getpid(), number)
        saves(self, trainer, pl_module, outputs, batch, batch_idx)

    saving.Saving.on_train_batch_end = dies  # type: ignore[method-assign]
    saving.EVERY_S, saving.PRICE = 0.0, 0


if __name__ == "__main__":
    die(Signals[sys.argv[1]], int(sys.argv[2]))
    sys.exit(main("Models", VERBS, sys.argv[3:]))
