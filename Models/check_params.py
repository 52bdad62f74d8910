"""Check this room's sections of params.yaml: ``python -m Models check-params``."""

import argparse

from Datasets.errors import ParamsError
from Datasets.params import Params, load
from Models.networks.table import TIMM
from Models.params import read_export, read_train


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: params.yaml says it all."""


def run(arguments: argparse.Namespace) -> None:
    """Check params.yaml."""
    check(load())


def check(params: Params) -> None:
    """Check the sections ``train`` and ``export``.

    Raises:
        ParamsError: an unknown key or name, a wrong value, a fold that cannot be.
    """
    model = read_train(params).model
    read_export(params)
    if model.startswith(TIMM):
        _check_timm(model.removeprefix(TIMM), f"{params.path}: train.model")


def _check_timm(name: str, where: str) -> None:
    """Check that timm is installed and has the network: this imports torch, which is slow."""
    from Models.networks.timm_classifiers import require_timm

    try:
        require_timm(name)
    except ParamsError as error:
        raise ParamsError(f"{where}: {error}") from None
