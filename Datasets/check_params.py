"""``check-params``: the frame of params.yaml.

It runs last of all rooms and writes what the first stages depend on.
"""

import argparse
from pathlib import Path

from Datasets import compute
from Datasets.files import write_bytes
from Datasets.params import load
from Datasets.stage import running

CHECKED = Path("Datasets/checked.txt")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take none."""


def run(arguments: argparse.Namespace) -> None:
    """Check seed and compute.yaml, then write a constant.

    ``check`` re-runs when params change, nothing else does.
    """
    with running("check") as stage:
        params = load()
        params.section("seed", int)
        compute.load()
        write_bytes(CHECKED, b"params.yaml was checked by every room\n")
        stage.summary = f"{params.path} fits"
