"""Weights into a network: by name, all of them or an error that says what does not fit."""

from collections.abc import Mapping

from safetensors.torch import load
from torch import Tensor

from Datasets.errors import StoreError
from Models.networks.network import Network
from Models.pretrained import shelf

OWN = "network."
"""Before the names of a network's tensors in weights that were trained here."""
BODY = "body."
"""Before those of a library's network inside ours."""
COUNTED = "num_batches_tracked"
"""What weights of old versions of torch lack, and no answer depends on."""
SHOWN = 10


def begin_with(network: Network, name: str, where: str) -> list[str]:
    """Put the weights called ``name`` into ``network``, as ``fill`` does.

    Args:
        network: all its tensors are replaced.
        name: what they were called when they were added.
        where: the key that asks for them, for messages.

    Raises:
        ParamsError: nothing is known by that name.
        StoreError: they are not here, are not those that were added, or do not fit.
    """
    return fill(network, load(shelf.content_of(name, where)), f"{where}: {shelf.path_of(name)}")


def fill(network: Network, weights: Mapping[str, Tensor], where: str) -> list[str]:
    """Put ``weights`` into ``network``; return the names of those that it has no place for.

    They may be named as ``network`` names its tensors, as trained modules of this house do, or as
    the library does whose network it is. What belongs to a head is not taken over.

    Args:
        network: all its tensors are replaced.
        weights: by name.
        where: whose they are, for messages.

    Raises:
        StoreError: a tensor of the network is missing, or has another shape; they are named.
    """
    own = network.state_dict()
    named = _named(own, weights)
    lacking = [name for name in own if name not in named and not name.endswith(COUNTED)]
    wrong = [f"{name} is missing" for name in lacking]
    wrong += [
        f"{name} is {list(weights[theirs].shape)}, the network has {list(own[name].shape)}"
        for name, theirs in named.items()
        if weights[theirs].shape != own[name].shape
    ]
    if wrong:
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise StoreError(
            f"{where}: {len(wrong)} of {len(own)} tensors do not fit: "
            f"{'; '.join(wrong[:SHOWN])}{more}; they must be of the same network, with as many "
            "channels (train.model, train.model_arguments, decode.colour)"
        )
    network.load_state_dict(
        {name: weights[theirs].to(own[name].dtype) for name, theirs in named.items()}, strict=False
    )
    used = set(named.values())
    return sorted(name for name in weights if name not in used)


def _named(own: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> dict[str, str]:
    """Return, for each tensor of a network that ``weights`` have, what it is called there."""
    ways = (
        {name: OWN + name for name in own},
        {name: name for name in own},
        {name: name.removeprefix(BODY) for name in own},
    )
    found = [{name: way[name] for name in own if way[name] in weights} for way in ways]
    return max(found, key=len)
