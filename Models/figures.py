"""What an epoch of training came to."""

import msgspec


class EpochFigures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
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
