"""The stage ``split``: every sample of ``split.from`` gets its fold."""

import argparse

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, GroupShuffleSplit, StratifiedKFold, train_test_split

from Data_processing.labelled import read_labelled
from Data_processing.sections import Split
from Datasets import splits
from Datasets.errors import ParamsError
from Datasets.files import new_folder
from Datasets.params import load
from Datasets.randomness import seed_for
from Datasets.splits import HOLDOUT, SPLITS, About
from Datasets.stage import running


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take none."""


def run(arguments: argparse.Namespace) -> None:
    """Write the folds."""
    with running("split") as stage:
        params = load()
        split = params.section("split", Split)
        samples = read_labelled(split)
        table = pd.DataFrame(
            {"id": samples["id"], "fold": assign(samples, split, params.section("seed", int))}
        )
        with new_folder(SPLITS) as folder:
            splits.write(folder, About(split.n_folds, split.scheme, split.group), table)
        held = int((table["fold"] == HOLDOUT).sum())
        stage.summary = f"{len(table):,} samples into {split.n_folds} folds by {split.scheme}" + (
            f", {held:,} held out" if held else ""
        )


def assign(samples: pd.DataFrame, split: Split, seed: int) -> np.ndarray:
    """Return the fold of each sample, (N,) int, ``HOLDOUT`` for those that are held out.

    Raises:
        ParamsError: the samples do not suffice for the scheme; class, column or number is named.
    """
    folds = np.full(len(samples), HOLDOUT)
    if split.scheme == "samples":
        return _by_id(samples["id"], split, seed)
    if split.scheme == "group":
        _check_groups(samples, split)
    else:
        _check_classes(samples, split)
    drawn = seed_for(seed, "split") % 2**32
    kept = _without_holdout(samples, split, drawn)
    rest = samples.iloc[kept]
    if split.scheme == "group":
        by_fold = GroupKFold(split.n_folds, shuffle=True, random_state=drawn).split(
            rest, groups=rest["group"]
        )
    else:
        by_fold = StratifiedKFold(split.n_folds, shuffle=True, random_state=drawn).split(
            rest, rest["label"]
        )
    for fold, (_, tested) in enumerate(by_fold):
        folds[kept[tested]] = fold
    return folds


def _by_id(ids: pd.Series, split: Split, seed: int) -> np.ndarray:
    """Return folds by hash: a sample falls where it falls, whatever others are added."""
    place = np.array([seed_for(seed, "split", id_) / 2**63 for id_ in ids])
    spread = (place - split.holdout) / (1 - split.holdout) * split.n_folds
    return np.where(
        place < split.holdout, HOLDOUT, np.minimum(spread.astype(int), split.n_folds - 1)
    )


def _without_holdout(samples: pd.DataFrame, split: Split, drawn: int) -> np.ndarray:
    everyone = np.arange(len(samples))
    if not split.holdout:
        return everyone
    if split.scheme == "group":
        splitter = GroupShuffleSplit(1, test_size=split.holdout, random_state=drawn)
        kept, _ = next(splitter.split(samples, groups=samples["group"]))
    else:
        kept, _ = train_test_split(
            everyone, test_size=split.holdout, random_state=drawn, stratify=samples["label"]
        )
    return np.sort(kept)


def _check_groups(samples: pd.DataFrame, split: Split) -> None:
    ungrouped = samples[samples["group"].isna()]
    if len(ungrouped):
        raise ParamsError(
            f"params.yaml: split.scheme: {len(ungrouped)} samples have no group, first "
            f"{ungrouped['id'].iloc[0]}; "
            "name a column in split.group, fill the gaps, or choose the scheme stratified"
        )
    n_groups = samples["group"].nunique()
    if n_groups < split.n_folds:
        raise ParamsError(
            f"params.yaml: split.n_folds: {split.n_folds} folds were asked for, but there "
            f"are {n_groups} groups; "
            f"ask for {n_groups} folds at most"
        )


def _check_classes(samples: pd.DataFrame, split: Split) -> None:
    for label, count in samples["label"].value_counts().items():
        if count < split.n_folds:
            raise ParamsError(
                f"params.yaml: split.scheme: class '{label}' has {count} samples, fewer "
                f"than {split.n_folds} folds; "
                "choose the scheme samples, fewer folds, or add samples"
            )
