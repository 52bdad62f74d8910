"""The verb ``sample``: all that is known of a sample, as JSON; corrections need ids and hashes."""

import argparse
from pathlib import Path

import msgspec

from Datasets.errors import StoreError
from Datasets.metadata import IMAGES_FILE
from Datasets.show import chosen
from Datasets.terminal import answer


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb ``sample``."""
    parser.add_argument("folder", type=Path, help="a metadata folder")
    parser.add_argument("ids", nargs="+", help="samples, by id or by path below the raw folder")


def run(arguments: argparse.Namespace) -> None:
    """Print the line and the row of each sample.

    Raises:
        StageError: a sample that was asked for is not in the folder.
        StoreError: the folder is no metadata folder.
    """
    folder = Path(arguments.folder)
    if not (folder / IMAGES_FILE).is_file():
        raise StoreError(f"{folder} is no metadata folder; the stage convert writes one")
    for sample in chosen(folder, arguments.ids, 0):
        answer(msgspec.json.format(msgspec.json.encode(sample), indent=2).decode())
