"""Networks made by their name: a script of the house, a classifier of torchvision or of timm."""

from collections.abc import Mapping
from typing import Protocol

from Datasets.errors import ParamsError
from Datasets.parts import find
from Models.networks.arguments import Argument
from Models.networks.network import InputShape, Network
from Models.networks.table import NETWORKS, TIMM, check_name, path_of


class _MakesNetwork(Protocol):
    def __call__(self, shape: InputShape, **arguments: Argument) -> Network: ...


class _MakesClassifier(Protocol):
    def __call__(self, shape: InputShape, name: str, **arguments: Argument) -> Network: ...


def network(name: str, shape: InputShape, arguments: Mapping[str, Argument], where: str) -> Network:
    """Return the network called ``name`` for images of ``shape``, drawn from torch's generator.

    Args:
        name: what params.yaml says under ``train.model``.
        shape: of the images.
        arguments: what the network is told.
        where: file and key, for messages.

    Raises:
        ParamsError: no network has that name, or it cannot take such images.
    """
    check_name(name, where)
    if name in NETWORKS:
        script: _MakesNetwork = find(NETWORKS, name, "network", where)  # type: ignore[assignment]
        return script(shape, **arguments)
    classifier: _MakesClassifier = find({name: path_of(name)}, name, "network", where)  # type: ignore[assignment]
    try:
        return classifier(shape, name.removeprefix(TIMM), **arguments)
    except ParamsError as error:
        raise ParamsError(f"{where}: {error}") from None
