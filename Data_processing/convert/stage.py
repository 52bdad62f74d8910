"""The stage ``convert@<dataset>``: raw data in, the fixed metadata format out."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, cast

from Data_processing.convert.bands import problem_of
from Data_processing.convert.corrections import read_corrections
from Data_processing.convert.formats import FORMATS, READS
from Data_processing.convert.found import Extract, Source
from Data_processing.convert.ingest import Ingest
from Data_processing.convert.load import ToFolder
from Data_processing.convert.memory import memory_of
from Data_processing.convert.report import Report
from Data_processing.convert.transform import ToCanonical
from Datasets import compute
from Datasets.dataset import CORRECTIONS, METADATA, Dataset, dataset_called, datasets_of
from Datasets.engines import engine_of
from Datasets.errors import AnnotationError, ParamsError
from Datasets.files import new_folder
from Datasets.metadata import REJECTED_FILE
from Datasets.params import Params, load, nearest
from Datasets.parts import find
from Datasets.rejections import Rejections
from Datasets.stage import running

if TYPE_CHECKING:  # see _beside
    from Data_processing.convert.join import Beside

OF_FORMATS = sorted({key for keys in READS.values() for key in keys})
"""Keys that mean something to some formats only."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb ``convert``."""
    parser.add_argument("dataset", help="name of a data set in params.yaml")


def run(arguments: argparse.Namespace) -> None:
    """Convert one data set.

    Raises:
        RejectedError: something cannot be taken over, and ``on_bad`` is strict.
    """
    name = str(arguments.dataset)
    with running(f"convert@{name}") as stage:
        params = load()
        dataset = dataset_called(params, name)
        problems = [f"{_where(params, name)}.{one}" for one in _problems(dataset, params, name)]
        if problems:
            raise ParamsError("\n".join(problems))
        source = Source(name, _root(dataset, params, name), dataset, _where(params, name))
        beside = _beside(source)
        corrections = read_corrections(CORRECTIONS / f"{name}.jsonl", name)
        rejections = Rejections(stage.name, dataset.on_bad, f"{source.where}.on_bad")
        transform = ToCanonical(name, dataset, source.root, corrections)
        with new_folder(METADATA / name) as folder, Report(folder, rejections) as report:
            extract, memory = _reader(dataset, source.where), memory_of(name, dataset)
            ingest = Ingest(extract, transform, ToFolder(folder), memory)
            tally = ingest.run(source, beside, report, engine_of(compute.load()))
            if not tally.images_out:
                raise AnnotationError(
                    f"{source.where}: nothing is left: {tally.sentence()}. Most of it: "
                    f"{report.commonest()}"
                )
        kept = f"; what was rejected: {METADATA / name / REJECTED_FILE}" if len(rejections) else ""
        stage.summary = tally.sentence() + kept


def check(params: Params) -> None:
    """Return nothing if the section ``datasets`` can be used.

    Raises:
        ParamsError: names, keys or formats do not exist or do not fit; all are listed.
    """
    problems = []
    for name, dataset in datasets_of(params).items():
        where = _where(params, name)
        problems += [f"{where}.{problem}" for problem in _problems(dataset, params, name)]
    problems += _strays(datasets_of(params))
    if problems:
        raise ParamsError("\n".join(problems))


def check_raw(params: Params) -> None:
    """Return nothing if the raw folders exist, but for those that the stage ``demo`` makes.

    Raises:
        ParamsError: some do not; all are listed.
    """
    problems = []
    made = params.section("demo", dict[str, object])
    for name, dataset in datasets_of(params).items():
        if name not in made:
            try:
                _root(dataset, params, name)
            except ParamsError as error:
                problems.append(str(error))
    if problems:
        raise ParamsError("\n".join(problems))


def _strays(datasets: dict[str, Dataset]) -> list[str]:
    """Return the files of corrections that are of no data set."""
    return [
        f"{path}: there is no data set '{path.stem}' in params.yaml; "
        f"{nearest(path.stem, list(datasets))}"
        for path in sorted(CORRECTIONS.glob("*.jsonl"))
        if path.stem not in datasets
    ]


def _problems(dataset: Dataset, params: Params, name: str) -> list[str]:
    where = _where(params, name)
    if dataset.format not in FORMATS:
        return [f"format: unknown format '{dataset.format}'; {nearest(dataset.format, FORMATS)}"]
    default = Dataset(dataset.format, dataset.path)
    problems = [
        f"{key}: the format {dataset.format} has no use for it; remove it"
        for key in OF_FORMATS
        if key not in READS[dataset.format] and getattr(dataset, key) != getattr(default, key)
    ]
    for key in ("annotations", "images"):
        path = Path(getattr(dataset, key))
        if path.is_absolute() or ".." in path.parts:
            problems.append(f"{key}: must be a path below {where}.path, got '{path}'")
    if dataset.bands and (problem := problem_of(dataset.bands)):
        problems.append(f"bands.{problem}")
    return problems


def _where(params: Params, name: str) -> str:
    return f"{params.path}: datasets.{name}"


def _root(dataset: Dataset, params: Params, name: str) -> Path:
    root = Path(dataset.path)
    if not root.is_dir():
        home = "write the path out, without ~" if dataset.path.startswith("~") else ""
        raise ParamsError(
            f"{_where(params, name)}.path: there is no folder {root}; "
            f"{home or 'correct the path, or put the raw data there'}"
        )
    if dataset.images and not (root / dataset.images).is_dir():
        raise ParamsError(
            f"{_where(params, name)}.images: there is no folder {dataset.images} in {root}"
        )
    return root


def _reader(dataset: Dataset, where: str) -> Extract:
    return cast(Extract, find(FORMATS, dataset.format, "format", f"{where}.format"))


def _beside(source: Source) -> "Beside | None":
    """Return what the data set's table and lists say of its images; None where it has neither.

    Raises:
        ParamsError: both have a column of one name.
    """
    dataset = source.dataset
    if dataset.table is None and not dataset.lists:
        return None
    # pandas and SQLAlchemy take half a second
    from Data_processing.convert.join import Both, read_table
    from Data_processing.convert.lists import COLUMN, read_lists

    table = read_table(source.root, dataset, source.where)
    if not dataset.lists:
        return table
    if COLUMN in table.columns.names:
        raise ParamsError(
            f"{source.where}.lists: they make a column '{COLUMN}', which the table has already; "
            "rename the table's, or name it as split.given"
        )
    lists = read_lists(source.root, dataset.lists, source.where)
    return Both(table, lists) if dataset.table else lists
