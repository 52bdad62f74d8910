"""Say in five lines what came out: ``python -m Models summary``."""

import argparse
from pathlib import Path

from Datasets import fold_range, splits
from Datasets.params import load
from Datasets.splits import HOLDOUT, SPLITS, Folds
from Datasets.stage import Timing, require, timings
from Datasets.terminal import answer
from Models import crossval
from Models.crossval import Crossval
from Models.params import Train, read_train
from Models.report.walk import plan

REPORT = Path("Models/report.html")
NAMED = 6
"""Stages that are named with their seconds, the others are added up; and folds, one by one."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare nothing."""


def run(arguments: argparse.Namespace) -> None:
    """Print the five lines."""
    answer(
        "\n".join(
            lines(
                splits.read(require(SPLITS, "split")),
                crossval.read(),
                read_train(load()),
                _of_this_walk(timings()),
            )
        )
    )


def lines(folds: Folds, joined: Crossval, train: Train, spent: dict[str, Timing]) -> list[str]:
    """Return five lines: samples, accuracy, time, report, serving."""
    kept = int((folds.table["fold"] == HOLDOUT).sum())
    holdout = f", {kept:,} of them held out" if kept else ""
    made = f"{folds.about.every} folds ({folds.about.scheme})"
    tested = "fold" + "s" * (len(joined.folds) > 1) + " " + _named(joined.folds)
    return [
        f"samples   {len(folds.table):,} in {made}{holdout}",
        f"accuracy  {joined.out_of_fold} on {joined.n:,} test samples of {tested}, {train.model}",
        f"time      {_spent(list(spent.values()))}",
        f"report    {REPORT}" + ("" if REPORT.exists() else " (`dvc repro report` makes it)"),
        "serve     python -m Deployment predict IMAGE...",
    ]


def _named(folds: tuple[int, ...]) -> str:
    """Return the folds one by one, or as fold ranges where they are many."""
    return ", ".join(fold_range.written(folds) if len(folds) > NAMED else map(str, folds))


def _of_this_walk(spent: dict[str, Timing]) -> dict[str, Timing]:
    """Return the timings of stages that params.yaml asks for: others ran once, for another set."""
    stages = {*plan(load()).stages(), "report"}
    return {name: timing for name, timing in spent.items() if name in stages}


def _spent(spent: list[Timing]) -> str:
    """Return the seconds of the longest stages, in words."""
    if not spent:
        return "no stage ran on this machine: all came from the cache"
    longest = sorted(spent, key=lambda timing: (-timing.seconds, timing.stage))
    named = [f"{timing.stage} {timing.seconds:.1f}" for timing in longest[:NAMED]]
    rest = longest[NAMED:]
    if rest:
        named.append(f"{len(rest)} others {sum(timing.seconds for timing in rest):.1f}")
    return f"{sum(timing.seconds for timing in spent):.1f} s: {', '.join(named)}"
