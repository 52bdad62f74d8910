"""Optimisers: which parameters decay, and which learn more slowly."""

from collections.abc import Iterable

import torch
from torch import nn

from Models.module import Module
from Models.networks.network import Optimiser

SHARE = "share"
"""The key of a group that says which share of the learning rate is its own."""


def optimiser_of(module: Module, peak: Optimiser, spread: float = 1.0) -> torch.optim.Optimizer:
    """Return the optimiser of what learns in ``module``.

    What has one axis only (biases, normalisations) does not decay.

    Args:
        module: what learns; frozen parameters are left out.
        peak: its settings.
        spread: the learning rate of the network's first part over that of the head, in (0, 1];
            those between rise by equal factors (Howard and Ruder, 2018,
            https://arxiv.org/abs/1801.06146, section 3.2). Each group has its share, ``SHARE``.
    """
    groups: list[dict[str, object]] = []
    for share, parameters in _parts(module, spread):
        learning = [p for p in parameters if p.requires_grad]
        for some, decay in (
            ([p for p in learning if p.ndim >= 2], peak.weight_decay),
            ([p for p in learning if p.ndim < 2], 0.0),
        ):
            if some:
                groups.append({"params": some, "weight_decay": decay, SHARE: share})
    if peak.algorithm == "sgd":
        momentum = peak.momentum
        return torch.optim.SGD(
            groups, peak.learning_rate, momentum, nesterov=momentum > 0, fused=True
        )
    return torch.optim.AdamW(groups, lr=peak.learning_rate, fused=True)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Let each group learn at its share of ``rate``."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group[SHARE]


def _parts(module: Module, spread: float) -> Iterable[tuple[float, list[nn.Parameter]]]:
    """Yield the parameters of each part, from the images on, with its share of the rate."""
    if spread == 1.0:
        yield 1.0, list(module.parameters())
        return
    parts: dict[str, list[nn.Parameter]] = {}
    for name, parameter in module.network.named_parameters():
        parts.setdefault(_part_of(name), []).append(parameter)
    for number, parameters in enumerate(parts.values()):
        yield spread ** (1 - number / len(parts)), parameters
    yield 1.0, list(module.framework.parameters())


def _part_of(name: str) -> str:
    """Return the part that a tensor belongs to: ``body.layer1.0.conv1.weight`` to body.layer1."""
    words = name.split(".")
    return ".".join(words[: 3 if words[1:2] == ["features"] else 2])
