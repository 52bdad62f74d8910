"""Averaged weights: an exponential mean of what training went through, better than where it ends.

Tarvainen and Valpola, "Mean teachers are better role models", 2017,
https://arxiv.org/abs/1703.01780, section 2.
"""

import torch
from torch import Tensor

from Models.module import Module


def kept(keep: float, step: int) -> float:
    """Return how much of the mean stays after ``step`` steps, counted from 1.

    >>> [round(kept(0.9, step), 2) for step in (1, 10, 80, 81, 1000)]
    [0.18, 0.55, 0.9, 0.9, 0.9]
    """
    return min(keep, (1 + step) / (10 + step))


class Average:
    """Follows the weights of a module: of the mean, ``keep`` stays at each step.

    At first less of it stays, (1 + step) / (10 + step), or a short training would end near the
    random weights that it began with. What counts (a number of batches) and what normalisation
    keeps of the batches is copied: it is a mean already.

    Attributes:
        weights: the mean, by the names of ``Module.learned``.
    """

    def __init__(self, module: Module, keep: float) -> None:
        """Begin with the weights as they are, and where they are. ``keep`` in [0, 1)."""
        self.keep = keep
        self.weights = {name: one.detach().clone() for name, one in module.learned().items()}
        self._learned = dict(module.learned())
        parameters = {name for name, _ in module.named_parameters()}
        self._averaged = [name for name in self.weights if name in parameters]
        self._copied = [name for name in self.weights if name not in parameters]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move the mean towards the weights, after ``step`` steps of the optimiser."""
        means = [self.weights[name] for name in self._averaged]
        now = [self._learned[name] for name in self._averaged]
        torch._foreach_lerp_(means, now, 1 - kept(self.keep, step))
        for name in self._copied:
            self.weights[name].copy_(self._learned[name])

    @torch.no_grad()
    def load(self, weights: dict[str, Tensor]) -> None:
        """Take the mean over that was saved."""
        for name, tensor in weights.items():
            self.weights[name].copy_(tensor)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the mean and the module's weights; twice, and all is as it was."""
        for name, own in self._learned.items():
            kept = own.clone()
            own.copy_(self.weights[name])
            self.weights[name].copy_(kept)
