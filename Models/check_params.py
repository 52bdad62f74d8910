"""Check this room's sections of params.yaml: ``python -m Models check-params``."""

import argparse

from Datasets.params import Params, load
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
    read_train(params)
    read_export(params)
