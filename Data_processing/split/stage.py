"""The stage ``split``: every sample of ``split.from`` gets its fold."""

import argparse

import msgspec
import numpy as np
import pandas as pd

from Data_processing.labelled import read_labelled
from Data_processing.sections import Split
from Data_processing.split.schemes import Dealt, Draw, dealer_of
from Datasets import splits
from Datasets.files import new_folder
from Datasets.params import load
from Datasets.splits import HOLDOUT, SPLITS, About, Folds, column_of
from Datasets.stage import running


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take none."""


def run(arguments: argparse.Namespace) -> None:
    """Write the folds."""
    with running("split") as stage:
        params = load()
        split = params.section("split", Split)
        dealt = assign(read_labelled(split), split, params.section("seed", int))
        with new_folder(SPLITS) as folder:
            splits.write(folder, dealt.folds.about, dealt.folds.table)
        stage.summary = dealt.summary


class Assigned(msgspec.Struct, frozen=True):
    """The folds of all samples, and what the stage says of them."""

    folds: Folds
    summary: str


def assign(samples: pd.DataFrame, split: Split, seed: int) -> Assigned:
    """Deal the samples out, as often as ``split.repeats`` says.

    Args:
        samples: as ``read_labelled`` returns them.
        split: the section of params.yaml.
        seed: the project's.

    Raises:
        ParamsError: the samples do not suffice for the scheme; class, column or number is named.
    """
    deal = dealer_of(split.scheme)
    every = [deal(samples, split, Draw(seed, repeat)) for repeat in range(split.repeats)]
    columns = {column_of(repeat): one.folds for repeat, one in enumerate(every)}
    first = every[0]
    about = About(
        first.n_folds, split.scheme, split.group, first.rule, first.validation, split.repeats
    )
    table = pd.DataFrame({"id": samples["id"], **columns})
    return Assigned(Folds(about, table), _summary(about, first))


def _summary(about: About, dealt: Dealt) -> str:
    held = int((dealt.folds == HOLDOUT).sum())
    tested = dealt.folds[dealt.folds >= 0]
    counts = np.bincount(tested, minlength=about.n_folds) if about.rule != "parts" else tested
    parts = [f"{len(dealt.folds):,} samples into {about.every:,} folds by {about.scheme}"]
    if about.rule == "parts":
        train, validation, test = ((dealt.folds == code).sum() for code in (2, 1, 0))
        parts = [f"{train:,} samples train, {validation:,} validate, {test:,} are tested"]
    elif counts.max() > counts.min() + 1:
        parts.append(f"of {counts.min():,} to {counts.max():,} samples")
    if dealt.note:
        parts.append(dealt.note)
    if held:
        parts.append(f"{held:,} held out")
    return ", ".join(parts)
