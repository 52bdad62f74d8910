"""The stage ``process@<step>``.

One step of the walk, from the store that ``from`` names to a store of its own.
"""

import argparse
from collections import Counter
from pathlib import Path

import msgspec
import pyarrow.compute as pc

from Data_processing.interim import folder_of
from Data_processing.raw import RawFiles
from Data_processing.steps.entries import SOURCE, Step
from Data_processing.steps.plan import check_name, draws, recipe_ops, walk_to
from Data_processing.steps.sheet import write_sheet
from Data_processing.steps.walking import Walked, walk
from Data_processing.steps.work import Work
from Datasets import compute, row_cache
from Datasets.compute import Compute
from Datasets.dataset import Dataset, datasets_of
from Datasets.errors import ParamsError, StageError, StoreError
from Datasets.files import new_folder
from Datasets.params import Params, load, nearest
from Datasets.rejections import Rejection, Rejections
from Datasets.stage import require, running
from Datasets.store import Store, write_index
from Datasets.terminal import counted, one_line, say

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
            before, given = Store(work.reads), compute.load()
            walked = walk(work, before.table, given)
            stage.summary = _written(work, before, params, walked)
        _keep(msgspec.structs.replace(work, writes=folder_of(work.name)), walked, given)
        write_sheet(work, before, walked.table)


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
        StoreError: the store that it reads is missing, or of data sets that params.yaml does not
            name; the stage that makes it is named.
    """
    made_by = SOURCE if step.from_ == SOURCE else f"process@{step.from_}"
    reads = require(folder_of(step.from_), made_by)
    store = Store(reads)
    roots = {dataset: Path(entry.path) for dataset, entry in datasets_of(params).items()}
    strangers = sorted(set(pc.unique(store.table["dataset"]).to_pylist()) - set(roots))
    if strangers:
        raise StoreError(
            f"{reads} has samples of the data set '{strangers[0]}', which params.yaml does not "
            f"name; `dvc repro {made_by}` makes it anew"
        )
    copies = params.section("copies", int) if fans_out(store, name, step) else 0
    return Work(
        name,
        step,
        reads,
        writes,
        RawFiles(roots, store.recipe.colour, store.about.classes),
        params.section("seed", int),
        copies,
    )


def fans_out(reads: Store, name: str, step: Step) -> bool:
    """Return whether copies begin at a step: it draws, and no step before it did."""
    return reads.about.copies == 0 and draws(name, step)


def _written(work: Work, before: Store, params: Params, walked: Walked) -> str:
    """Write what a store needs beside its shards, and return what the stage's last line says."""
    _settle(work, walked.rejections, datasets_of(params))
    if walked.rejections and not walked.table.num_rows:
        raise StageError(
            f"process@{work.name}: nothing is left, {_commonest(walked.rejections)}; all of them: "
            f"{Rejections(f'process@{work.name}', 'skip', '').list_file}"
        )
    about = msgspec.structs.replace(before.about, copies=work.copies or before.about.copies)
    recipe = before.recipe.then(recipe_ops(work.name, work.step))
    write_index(work.writes, walked.table, about, recipe)
    return _summary(work, before, walked)


def _keep(work: Work, walked: Walked, given: Compute) -> None:
    """Keep the rows for the next run. The store is whole without that."""
    if not given.row_cache_gb:
        return
    try:
        row_cache.keep(work.name, work.writes, walked.keys, walked.units, given.row_cache_gb)
    except OSError as error:
        say(
            f"process@{work.name}: the row cache {row_cache.ROWS} cannot be written "
            f"({error.strerror}); the next run will make anew what this one made"
        )


def _settle(work: Work, found: list[Rejection], datasets: dict[str, Dataset]) -> None:
    """Apply each data set's policy to what was rejected, and leave the list in the store."""
    left_out = b""
    for name, dataset in sorted(datasets.items()):
        rejections = Rejections(f"process@{work.name}", dataset.on_bad, f"datasets.{name}.on_bad")
        rejections.extend(one for one in found if one.sample.startswith(f"{name}/"))
        left_out += rejections.settle()
    if left_out:
        (work.writes / REJECTED_FILE).write_bytes(left_out)


def _commonest(rejections: list[Rejection]) -> str:
    """Return how many samples were rejected, and why most of them were."""
    reason, count = Counter(one.reason for one in rejections).most_common(1)[0]
    first = next(one.sample for one in rejections if one.reason == reason)
    others = f" and {count - 1:,} more" if count > 1 else ""
    rejected = counted(len(rejections), "sample")
    return f"{rejected} rejected: {one_line(first)}{others}: {one_line(reason)}"


def _summary(work: Work, before: Store, walked: Walked) -> str:
    rows, rejected = walked.table.num_rows, len(walked.rejections)  # samples, all their rows
    lengths_in = pc.list_value_length(before.table["box_names"]).to_numpy()[walked.reads]
    lengths = pc.list_value_length(walked.table["box_names"]).to_numpy()
    boxes_in, boxes = lengths_in.sum(), lengths.sum()
    parts = [f"{before.table.num_rows:,} rows in, {rows:,} out"]
    if work.copies:
        parts.append(f"{counted(work.copies, 'copy', 'copies')} of each drawn")
    if walked.known:
        parts.append(f"{walked.known:,} known from before")
    if rejected:
        parts.append(f"{_commonest(walked.rejections)} ({folder_of(work.name) / REJECTED_FILE})")
    if boxes_in > boxes:
        parts.append(f"{boxes_in - boxes:,} boxes left the frame")
        emptied = (lengths_in > 0) & (lengths == 0)
        if emptied.any():
            parts.append(f"{emptied.sum():,} rows have none left")
    return ", ".join(parts)
