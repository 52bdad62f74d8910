"""Write what a trained network sees as an ONNX file: ``python -m Models features --to FILE``.

``audit`` can be told to ask it which pictures look alike (docs/splits.md).
"""

import argparse
from pathlib import Path

from Datasets import fold_range, scaler
from Datasets.errors import StageError
from Datasets.files import write_bytes
from Datasets.fold_range import Place
from Datasets.params import load
from Datasets.scaler import SCALERS
from Datasets.terminal import one_line, say
from Models import checkpoint
from Models.checkpoint import WEIGHTS
from Models.export_graph import features_graph
from Models.params import read_export, require_trained


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take a fold, a file, and whether it may be replaced."""
    parser.add_argument(
        "--fold",
        type=fold_range.parse_place,
        help="whose best weights, said as export.fold is: 1, or 0-4/1 inside a fold range; "
        "export.fold by default",
    )
    parser.add_argument("--to", type=Path, required=True, help="file to write, FILE.onnx")
    parser.add_argument("--force", action="store_true", help="replace the file if it is there")


def run(arguments: argparse.Namespace) -> None:
    """Write the file.

    Raises:
        ParamsError: train.folds does not train the fold, or trains it by another fold range.
        StageError: it is there already, or its place is none for a file.
        StoreError: the fold was not trained, or its weights or scaler are damaged.
    """
    place = _place(arguments.fold)
    to: Path = arguments.to
    _check_place(to, arguments.force)
    weights = WEIGHTS / str(place)
    trained = checkpoint.read_about(weights)
    module = checkpoint.read(weights, scaler.read(SCALERS / str(place)))
    graph = features_graph(module, trained.parts.input)
    write_bytes(to, graph)
    told = (
        f"features: {trained.parts.network} of fold {place}, {len(graph) / 1e6:.1f} MB: {to}; in "
        f"params.yaml audit.features: warn and audit.network: {to.name} let audit ask it"
    )
    say(one_line(told))


def _place(asked: Place | None) -> Place:
    """Return the fold that is asked for, or that of export.fold."""
    params = load()
    if asked is None:
        return read_export(params).place()
    require_trained(asked, params, "--fold")
    return asked


def _check_place(to: Path, is_forced: bool) -> None:
    if to.is_dir() or to.suffix != ".onnx":
        raise StageError(f"{one_line(str(to))}: the name of a file was expected, ending in .onnx")
    if to.exists() and not is_forced:
        raise StageError(
            f"{one_line(str(to))} is there already; choose another name, or replace it with --force"
        )
