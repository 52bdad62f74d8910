"""Schedules: what a setting is at a share of the training, as pure functions."""

import math


def one_cycle(progress: float, warmup: float) -> float:
    """Return the share of the peak learning rate at ``progress`` (0 to 1) of all steps.

    It rises in a straight line during ``warmup`` (0 to 1), then falls along half a cosine to zero
    (Smith and Topin, 2017, https://arxiv.org/abs/1708.07120, with the cosine of Loshchilov and
    Hutter, 2016, https://arxiv.org/abs/1608.03983).

    >>> [round(one_cycle(p, warmup=0.5), 2) for p in (0.0, 0.25, 0.5, 0.75, 1.0)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    if progress < warmup:
        return progress / warmup
    if warmup >= 1.0:
        return 1.0
    return 0.5 * (1.0 + math.cos(math.pi * (progress - warmup) / (1.0 - warmup)))
