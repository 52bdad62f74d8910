"""The verb ``sample``: all that is known of a sample, as JSON; corrections need ids and hashes."""

import argparse
from pathlib import Path

import msgspec

from Datasets.metadata_folder import metadata_folder
from Datasets.show import chosen
from Datasets.terminal import answer


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb ``sample``."""
    parser.add_argument("folder", type=Path, help="a metadata folder, or the name of its data set")
    parser.add_argument("ids", nargs="+", help="samples, by id or by path below the raw folder")


def run(arguments: argparse.Namespace) -> None:
    """Print the line and the row of each sample.

    Raises:
        StageError: a sample that was asked for is not in the folder.
        StoreError: there is no such folder.
    """
    folder = metadata_folder(arguments.folder)
    for sample in chosen(folder, arguments.ids, 0):
        answer(msgspec.json.format(msgspec.json.encode(sample), indent=2).decode())
