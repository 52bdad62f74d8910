"""Parts of a network that training leaves as they are: which, and how to know them again."""

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from Datasets.errors import ParamsError
from Datasets.params import nearest

WHOLE = "network"
"""Stands for all of a network: only the head learns."""


def names_of(network: nn.Module, frozen: str | tuple[str, ...], where: str) -> frozenset[str]:
    """Return the names of the tensors, parameters and buffers, that ``frozen`` means.

    Args:
        network: whose they are.
        frozen: ``network`` for all, or how names begin: ``body.conv1``, ``body.layer1``.
        where: the key that says it, for messages.

    Raises:
        ParamsError: a beginning that none of the network's names has.
    """
    every = list(network.state_dict())
    if frozen == WHOLE:
        return frozenset(every)
    beginnings = (frozen,) if isinstance(frozen, str) else frozen
    for one in beginnings:
        if not any(_begins(name, one) for name in every):
            parts = sorted({".".join(name.split(".")[:2]) for name in every})
            raise ParamsError(f"{where}: the network has no part '{one}'; {nearest(one, parts)}")
    return frozenset(name for name in every if any(_begins(name, one) for one in beginnings))


def freeze(network: nn.Module, names: frozenset[str]) -> None:
    """Let the parameters among ``names`` not learn, and all others learn."""
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name not in names)


def hold(network: nn.Module, names: frozenset[str]) -> None:
    """Let each layer whose tensors are all among ``names`` do in training what it does in use.

    A normalisation then takes the statistics that it has, and does not change them.
    """
    for path, layer in network.named_modules():
        own = [*layer.named_parameters(recurse=False), *layer.named_buffers(recurse=False)]
        if own and all(f"{path}.{name}" in names for name, _ in own):
            layer.eval()


def identity_of(tensors: Mapping[str, Tensor]) -> str:
    """Return a sha256 of names, dtypes, shapes and values, whatever the order."""
    whole = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        whole.update(f"{name}\0{tensor.dtype}\0{list(tensor.shape)}\0".encode())
        whole.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return whole.hexdigest()


def _begins(name: str, beginning: str) -> bool:
    return name == beginning or name.startswith(f"{beginning.rstrip('.')}.")
