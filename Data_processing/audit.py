"""The stage ``audit``, a gate.

What stands in two folds stops the run before anything is trained.
"""

import argparse
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pandas as pd

from Data_processing.analytics import summarise
from Data_processing.labelled import read_labelled
from Data_processing.sections import Split
from Datasets import metadata, splits
from Datasets.dataset import METADATA
from Datasets.errors import GateError
from Datasets.files import new_folder, sha256_of_file, write_json
from Datasets.params import load
from Datasets.splits import SPLITS, column_of
from Datasets.stage import require, running
from Datasets.terminal import one_line

PASSED = Path("Datasets/audit/passed.json")
ANALYTICS = Path("Datasets/analytics")
SHOWN = 10


class Passed(msgspec.Struct, frozen=True):
    """passed.json: the sha256 of every file that was audited; it changes when one of them does."""

    inputs: dict[str, str]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take none."""


def run(arguments: argparse.Namespace) -> None:
    """Write the analytics, then pass or refuse.

    Raises:
        GateError: a file or a group stands in more than one fold; both are named.
    """
    with running("audit") as stage:
        split = load().section("split", Split)
        names = sorted(split.from_)
        folds = splits.read(require(SPLITS, "split"))
        samples = read_labelled(split).merge(folds.table, on="id", validate="one_to_one")
        contents = pd.concat(_contents(name) for name in names)
        samples = samples.merge(contents, on="id", validate="one_to_one")
        repeats = range(folds.about.repeats)
        inside, across = shared(samples, "content", repeats)
        with new_folder(ANALYTICS) as folder:
            write_json(folder / "summary.json", summarise(names, samples, len(inside)))
        _refuse(across, shared(samples, "group", repeats)[1])
        write_json(PASSED, Passed(_inputs(names)))
        stage.summary = f"{len(samples):,} samples, no duplicate or group in two folds" + (
            f"; {len(inside)} sets of duplicates inside a fold" if inside else ""
        )


def _contents(name: str) -> pd.DataFrame:
    """Return what each sample is made of: columns id and content, a hash of its file and window."""
    rows = metadata.read_samples(METADATA / name, ["id", "sha256", "window_hash"])
    return pd.DataFrame({"id": rows["id"], "content": rows["sha256"] + rows["window_hash"]})


class Shared(msgspec.Struct, frozen=True):
    """Samples that share a value, and their folds."""

    value: str
    ids: tuple[str, ...]
    folds: tuple[int, ...]


def shared(
    samples: pd.DataFrame, column: str, repeats: Iterable[int] = (0,)
) -> tuple[list[Shared], list[Shared]]:
    """Return what two samples or more share in ``column``.

    First inside one fold, of all repetitions, then across folds, of the first repetition in which
    it is that.
    """
    inside: list[Shared] = []
    across: list[Shared] = []
    known = samples.dropna(subset=[column])
    for value, group in known[known.duplicated(column, keep=False)].groupby(column, sort=True):
        dealt = [tuple(group[column_of(repeat)]) for repeat in repeats]
        apart = next((folds for folds in dealt if len(set(folds)) > 1), None)
        found = Shared(str(value), tuple(group["id"]), apart or dealt[0])
        (across if apart else inside).append(found)
    return inside, across


def _refuse(duplicates: list[Shared], groups: list[Shared]) -> None:
    lines = []
    for found, what, remedy in (
        (
            duplicates,
            "files stand in two folds",
            "remove one of each, or split by a group that joins them",
        ),
        (groups, "groups stand in two folds", "set split.scheme to group"),
    ):
        if found:
            lines.append(f"{len(found)} {what}; {remedy}:")
            lines += [f"  {one_line(_named(one))}" for one in found[:SHOWN]]
            lines += [f"  ... and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    if lines:
        raise GateError("audit: the folds leak\n" + "\n".join(lines))


def _named(one: Shared) -> str:
    folds = Counter(one.folds)
    where = ", ".join(f"fold {fold}: {count}" for fold, count in sorted(folds.items()))
    first = [f"{id_} (fold {fold})" for id_, fold in zip(one.ids[:2], one.folds[:2], strict=True)]
    return (
        " = ".join(first)
        if len(one.ids) == 2
        else f"{one.value[:40]}: {len(one.ids)} samples ({where})"
    )


def _inputs(names: list[str]) -> dict[str, str]:
    files = [SPLITS / splits.FOLDS_FILE, SPLITS / splits.ABOUT_FILE]
    for name in names:
        files += [METADATA / name / metadata.IMAGES_FILE, METADATA / name / metadata.SAMPLES_FILE]
    return {file.as_posix(): sha256_of_file(file) for file in files}
