"""How a training goes: how long, by which optimiser, along which schedule."""

import msgspec

from Models.networks.network import Optimiser
from Models.schedule import ScheduleName


class Course(msgspec.Struct, frozen=True):
    """How a training goes.

    ``epochs``: how often each row is seen. ``peak``: the optimiser, its learning rate the highest
    of ``schedule``, which is reached after ``warmup``, a share (0 to 1) of all steps. ``ema``: how
    much of the averaged weights stays at each step; 0: none are averaged. ``spread``: the rate of
    the first layers over that of the head (``Models.optimisers``).
    """

    epochs: int
    peak: Optimiser
    warmup: float = 0.2
    schedule: ScheduleName = "one_cycle"
    ema: float = 0.0
    spread: float = 1.0
