"""Check this room's sections of params.yaml: ``python -m Models check-params``."""

import argparse

import msgspec

from Datasets.errors import ParamsError
from Datasets.params import Params, load
from Models.networks.table import TIMM
from Models.params import read_export, read_train


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing: params.yaml says it all."""


def run(arguments: argparse.Namespace) -> None:
    """Check params.yaml, and that it says what dvc.yaml compares."""
    params = load()
    check(params)
    require_all_keys(params)


def check(params: Params) -> None:
    """Check the sections ``train`` and ``export``.

    Raises:
        ParamsError: an unknown key or name, a wrong value, a fold that cannot be.
    """
    model = read_train(params).model
    read_export(params)
    if model.startswith(TIMM):
        _check_timm(model.removeprefix(TIMM), f"{params.path}: train.model")


def require_all_keys(params: Params) -> None:
    """Check that no key of ``train`` is left to its default: DVC compares them one by one.

    Raises:
        ParamsError: some are; what to write is said.
    """
    train, written = read_train(params), params.section("train", dict[str, object])
    lacking = [name for name in train.__struct_fields__ if name not in written]
    if lacking:
        defaults = ", ".join(
            f"`{name}: {msgspec.json.encode(getattr(train, name)).decode()}`" for name in lacking
        )
        raise ParamsError(
            f"{params.path}: train lacks {', '.join(lacking)}; dvc.yaml compares each key with "
            f"what it was, so write what it is where it is not said: {defaults}"
        )


def _check_timm(name: str, where: str) -> None:
    """Check that timm is installed and has the network: this imports torch, which is slow."""
    from Models.networks.timm_classifiers import require_timm

    try:
        require_timm(name)
    except ParamsError as error:
        raise ParamsError(f"{where}: {error}") from None
