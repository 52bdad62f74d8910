"""The stage ``process@<step>``.

One step of the walk, from the store that ``from`` names to a store of its own.
"""

import argparse
from pathlib import Path

import msgspec

from Data_processing.interim import folder_of
from Data_processing.raw import RawFiles
from Data_processing.steps.operation import Operation
from Data_processing.steps.plan import (
    SOURCE,
    Step,
    check_name,
    operations,
    recipe_ops,
    walk_to,
)
from Data_processing.steps.runner import ShardResult, Work, refuse_full_disk, walk
from Data_processing.steps.sheet import write_sheet
from Datasets import compute
from Datasets.dataset import Dataset, datasets_of
from Datasets.errors import ParamsError
from Datasets.files import new_folder
from Datasets.params import Params, load, nearest
from Datasets.rejections import Rejections
from Datasets.stage import require, running
from Datasets.store import Store, write_index

REJECTED_FILE = "rejected.jsonl"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take the name of the step."""
    parser.add_argument("step", help="an entry of `preprocess` in params.yaml")


def run(arguments: argparse.Namespace) -> None:
    """Write the step's store and its contact sheet."""
    with running(f"process@{arguments.step}") as stage:
        params = load()
        step = step_called(params, arguments.step)
        with new_folder(folder_of(arguments.step)) as folder:
            work = work_of(params, arguments.step, step, folder)
            stage.summary = _process(work, params, compute.load().worker_count())
        write_sheet(arguments.step, step, work.raw)


def step_called(params: Params, name: str) -> Step:
    """Return the step ``name`` of params.yaml.

    Raises:
        ParamsError: there is none of that name, and the nearest ones are offered; or no folder
            can have that name, or it reads from what is no step.
    """
    steps = params.section("preprocess", dict[str, Step])
    if name not in steps:
        raise ParamsError(
            f"{params.path}: preprocess: there is no step '{name}'; {nearest(name, steps)}"
        )
    check_name(name, str(params.path))
    walk_to(name, steps, str(params.path))
    return steps[name]


def work_of(params: Params, name: str, step: Step, writes: Path) -> Work:
    """Return what the step needs to know to run.

    Raises:
        StoreError: the store that it reads is missing; the stage that makes it is named.
    """
    made_by = SOURCE if step.from_ == SOURCE else f"process@{step.from_}"
    reads = require(folder_of(step.from_), made_by)
    store = Store(reads)
    roots = {dataset: Path(entry.path) for dataset, entry in datasets_of(params).items()}
    copies = params.section("copies", int) if fans_out(store, operations(name, step)) else 0
    return Work(
        name,
        step,
        reads,
        writes,
        RawFiles(roots, store.recipe.colour, store.about.classes),
        params.section("seed", int),
        copies,
    )


def fans_out(reads: Store, ops: tuple[Operation, ...]) -> bool:
    """Return whether copies begin at a step with ``ops``: it draws, and no step before it did."""
    return reads.about.copies == 0 and any(op.draws for op in ops)


def _process(work: Work, params: Params, workers: int) -> str:
    """Write the store, and return what the stage's last line says."""
    before = Store(work.reads)
    rows = before.rows()
    refuse_full_disk(work, rows)
    results = walk(work, workers)
    _settle(work, results, datasets_of(params))
    about = msgspec.structs.replace(before.about, copies=work.copies or before.about.copies)
    recipe = before.recipe.then(recipe_ops(operations(work.name, work.step)))
    written = [row for result in results for row in result.rows]
    write_index(work.writes, written, about, recipe, before.tabular())
    return _summary(rows_in=len(rows), rows_out=len(written), work=work, results=results)


def _settle(work: Work, results: list[ShardResult], datasets: dict[str, Dataset]) -> None:
    """Apply each data set's policy to what was rejected, and leave the list in the store."""
    left_out = b""
    for name, dataset in sorted(datasets.items()):
        rejections = Rejections(f"process@{work.name}", dataset.on_bad, f"datasets.{name}.on_bad")
        found = (one for result in results for one in result.rejections)
        rejections.extend(one for one in found if one.sample.startswith(f"{name}/"))
        left_out += rejections.settle()
    if left_out:
        (work.writes / REJECTED_FILE).write_bytes(left_out)


def _summary(rows_in: int, rows_out: int, work: Work, results: list[ShardResult]) -> str:
    rejected = sum(len(result.rejections) for result in results)  # samples, all their rows
    dropped = sum(result.boxes_dropped for result in results)
    parts = [f"{rows_in:,} rows in, {rows_out:,} out"]
    if work.copies:
        parts.append(f"{work.copies} copies of each drawn")
    if rejected:
        parts.append(f"{rejected:,} samples rejected")
    if dropped:
        parts.append(f"{dropped:,} boxes left the frame")
    return ", ".join(parts)
