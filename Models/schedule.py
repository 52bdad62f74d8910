"""Schedules: what a setting is at a share of the training, as pure functions."""

import math
from typing import Literal

ScheduleName = Literal["one_cycle", "cosine", "constant"]

TURN = 7 / 16
"""Of pi, where the cosine of ``cosine`` ends."""


def share(schedule: ScheduleName, progress: float, warmup: float) -> float:
    """Return the share of the peak learning rate at ``progress`` (0 to 1) of all steps.

    Each rises in a straight line during ``warmup`` (0 to 1). ``one_cycle`` then falls along half a
    cosine to zero (Smith and Topin, 2017, https://arxiv.org/abs/1708.07120, with the cosine of
    Loshchilov and Hutter, 2016, https://arxiv.org/abs/1608.03983); ``cosine`` falls along the first
    7/16 of it, to a fifth (Sohn and others, 2020, https://arxiv.org/abs/2001.07685, section 2.4);
    ``constant`` stays.

    >>> [round(share("one_cycle", p, warmup=0.5), 2) for p in (0.0, 0.25, 0.5, 0.75, 1.0)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    >>> [round(share("cosine", p, warmup=0.0), 2) for p in (0.0, 0.5, 1.0)]
    [1.0, 0.77, 0.2]
    """
    if progress < warmup:
        return progress / warmup
    if warmup >= 1.0:
        return 1.0
    after = (progress - warmup) / (1.0 - warmup)
    match schedule:
        case "one_cycle":
            return 0.5 * (1.0 + math.cos(math.pi * after))
        case "cosine":
            return math.cos(math.pi * TURN * after)
        case "constant":
            return 1.0
