"""The stage ``split``: every sample of ``split.from`` gets its fold."""

import argparse
from collections.abc import Sequence

import msgspec
import numpy as np
import pandas as pd

from Data_processing.fingerprints.kin import families, for_merging, kin, merging, roots_of
from Data_processing.labelled import read_labelled
from Data_processing.sections import GROUPED, Audit, Split
from Data_processing.split.schemes import Dealt, Draw, dealer_of, refuse_empty
from Data_processing.split.subset import subset
from Data_processing.split.unlabelled import always_train
from Datasets import compute, splits
from Datasets.files import new_folder
from Datasets.params import load
from Datasets.splits import ALWAYS_TRAINS, HOLDOUT, SPLITS, About, Folds, column_of
from Datasets.stage import running


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take none."""


def run(arguments: argparse.Namespace) -> None:
    """Write the folds."""
    with running("split") as stage:
        params = load()
        split, asked = params.section("split", Split), params.section("audit", Audit)
        samples = read_labelled(split)
        together = merging(asked)
        if together:
            columns = kin(roots_of(params, split), for_merging(asked), compute.load())
            samples = samples.merge(columns, on="id", validate="one_to_one")
        dealt = assign(samples, split, params.section("seed", int), together)
        with new_folder(SPLITS) as folder:
            folds = dealt.folds
            splits.write(folder, folds.about, folds.table, folds.labelled)
        stage.summary = dealt.summary


class Assigned(msgspec.Struct, frozen=True):
    """The folds of all samples, and what the stage says of them."""

    folds: Folds
    summary: str


def assign(
    samples: pd.DataFrame, split: Split, seed: int, together: Sequence[str] = ()
) -> Assigned:
    """Return the folds of all samples.

    Samples that share a value in one of the columns ``together`` get one fold: as one group where
    groups are dealt out, else that of the first of them.

    Args:
        samples: as ``read_labelled`` returns them.
        split: the section of params.yaml.
        seed: the project's.
        together: columns of ``samples``.

    Raises:
        ParamsError: the samples do not suffice for the scheme; class, column or number is named.
    """
    train = always_train(samples, split, together)
    dealt = _dealt(samples[~train].reset_index(drop=True), split, seed, together)
    columns = {}
    for name, own in dealt.columns.items():
        columns[name] = np.full(len(samples), ALWAYS_TRAINS)
        columns[name][~train] = own
    first = dealt.first
    about = About(
        first.n_folds,
        split.scheme,
        split.group,
        first.rule,
        first.validation,
        split.repeats,
        str(split.labelled),
    )
    folds = Folds(about, pd.DataFrame({"id": samples["id"], **columns}))
    labelled = subset(samples, folds, split, seed)
    told = [_summary(about, msgspec.structs.replace(first, folds=dealt.columns["fold"]))]
    if train.any():
        told.append(f"{train.sum():,} without annotation train in each")
    if dealt.moved:
        told.append(f"{dealt.moved:,} moved to the fold of what is like them")
    if labelled is not None:
        trains = folds.part(samples["id"], "train", 0).sum()
        kept = (labelled["fold"] == 0).sum()
        told.append(f"{kept:,} of {trains:,} training samples of fold 0 keep their label")
    return Assigned(msgspec.structs.replace(folds, labelled=labelled), ", ".join(told))


class _Deals(msgspec.Struct, frozen=True):
    """The folds of each repetition, by their column, and how the first was dealt out."""

    columns: dict[str, np.ndarray]
    first: Dealt
    moved: int
    """Samples that went to the fold of what is like them."""


def _dealt(samples: pd.DataFrame, split: Split, seed: int, together: Sequence[str]) -> _Deals:
    """Deal the samples out, as often as ``split.repeats`` says, and keep together what must be."""
    deal = dealer_of(split.scheme)
    if together and split.scheme in GROUPED:
        joint = families(samples, ["group", *together])
        has_place = samples["group"].notna() | samples["lacks_group"]
        samples = samples.assign(group=joint.where(has_place, None))
    every = [deal(samples, split, Draw(seed, repeat)) for repeat in range(split.repeats)]
    columns = {column_of(repeat): one.folds for repeat, one in enumerate(every)}
    if together and split.scheme not in GROUPED:
        joint = families(samples, list(together))
        columns = {name: merged(folds, joint) for name, folds in columns.items()}
    first = every[0]
    for own in columns.values() if together else ():
        what = "what is merged is most of the samples; set audit to warn, or ask for fewer folds"
        refuse_empty(own, first.n_folds, what)
    return _Deals(columns, first, int((columns["fold"] != first.folds).sum()))


def merged(folds: np.ndarray, families: pd.Series) -> np.ndarray:
    """Return the folds, (N,), after each family went to the fold of its first."""
    told = pd.Series(folds).groupby(families.to_numpy()).transform("first")
    return told.where(families.notna().to_numpy(), folds).to_numpy(int)


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
