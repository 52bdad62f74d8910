"""The learning rate that a network learns fastest at: tried from very low to far too high."""

import copy
import math
from collections.abc import Iterator

import msgspec
import numpy as np
import torch

from Datasets.errors import StageError
from Datasets.randomness import seed_for
from Models.batch import Batch, Joined, Triplets
from Models.frameworks.framework import Moment
from Models.isolation import isolated
from Models.loaders import Loader
from Models.module import Module
from Models.networks.network import Optimiser
from Models.optimisers import optimiser_of, set_rate

KEPT = 0.9
"""How much of the smoothed loss stays at each step."""
TOO_HIGH = 4.0
"""Times the lowest loss, where the trial ends."""
FEWEST = 10
"""Steps below which nothing can be said."""


class Trial(msgspec.Struct, frozen=True):
    """What a trial came to: ``losses`` (n,), smoothed, of steps at ``rates`` (n,), rising.

    ``suggestion`` is the rate at which the loss fell fastest.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    suggestion: float


def try_rates(
    module: Module,
    loader: Loader[Batch] | Loader[Joined] | Loader[Triplets],
    peak: Optimiser,
    seed: int,
    threads: int = 1,
    steps: int = 100,
    lowest: float = 1e-7,
    highest: float = 10.0,
) -> Trial:
    """Train a copy of ``module`` at rates that rise by equal factors, and return what it came to.

    Smith, 2015, https://arxiv.org/abs/1506.01186, section 3.3, with rates that rise by factors. The
    trial ends early where the loss has become four times its lowest, or is no number. ``module``
    stays as it is.

    Args:
        module: what learns.
        loader: the training part; it is begun anew as often as it takes.
        peak: the optimiser's settings but for its rate.
        seed: of all noise.
        threads: of the processor.
        steps: at most, at least 10.
        lowest: the rate of the first step.
        highest: that of the last.

    Raises:
        StageError: the loss was no number before anything could be said.
    """
    tried = copy.deepcopy(module).train()
    optimiser = optimiser_of(tried, peak)
    rates = np.geomspace(lowest, highest, max(steps, FEWEST))
    smoothed, mean = [], 0.0
    with isolated(seed, threads):
        for step, batch in zip(range(len(rates)), _endless(loader), strict=False):
            torch.manual_seed(seed_for(seed, "step", step))
            moment = Moment(seed, step // len(loader), step, len(rates))
            loss = tried.training_loss(batch, moment).total
            mean = KEPT * mean + (1 - KEPT) * float(loss.detach())
            now = mean / (1 - KEPT ** (step + 1))
            if not math.isfinite(now):
                break
            smoothed.append(now)
            if now > TOO_HIGH * min(smoothed):
                break
            set_rate(optimiser, float(rates[step]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    if len(smoothed) < FEWEST:
        raise StageError(
            f"the loss was no number, or rose, after {len(smoothed)} steps at rates up to "
            f"{rates[len(smoothed)]:.1e}: look at the images and the scaler first"
        )
    tried_rates = rates[: len(smoothed)]
    return Trial(
        tuple(tried_rates.tolist()), tuple(smoothed), _steepest(tried_rates, np.array(smoothed))
    )


def _steepest(rates: np.ndarray, losses: np.ndarray) -> float:
    """Return the rate at which the loss falls fastest over the rate's logarithm, before its lowest.

    Slopes are those of a line through five steps: one step tells little.
    """
    until = max(int(losses.argmin()), 4)
    x = np.log(rates)
    slopes = [np.polyfit(x[i - 2 : i + 3], losses[i - 2 : i + 3], 1)[0] for i in range(2, until)]
    return float(rates[2 + int(np.argmin(slopes))])


def _endless(
    loader: Loader[Batch] | Loader[Joined] | Loader[Triplets],
) -> Iterator[Batch | Joined | Triplets]:
    epoch = 0
    while True:
        loader.set_epoch(epoch)
        yield from loader
        epoch += 1
