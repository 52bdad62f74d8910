"""The stage ``split``: every sample of ``split.from`` gets its fold."""

import argparse
from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, StratifiedKFold

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

    Samples without a label are dealt out by their id, whichever way the others are.

    Raises:
        ParamsError: the samples do not suffice for the scheme; class, column or number is named.
    """
    folds = _by_id(samples["id"], split, seed)
    if split.scheme == "samples":
        return folds
    kinds = samples["group" if split.scheme == "group" else "label"]
    if split.scheme == "group":
        _check_groups(samples)
        dealt = np.arange(len(samples))
        held = _groups_held(kinds, split.holdout, seed)
    else:
        dealt = np.flatnonzero(kinds != "")
        held = _samples_held(samples.iloc[dealt], split.holdout, seed)
    folds[dealt] = HOLDOUT
    kept = dealt[~held]
    _check_counts(kinds.iloc[kept], split)
    for fold, tested in enumerate(_tested(kinds.iloc[kept], split, seed_for(seed, "split"))):
        folds[kept[tested]] = fold
    return folds


def _tested(kinds: pd.Series, split: Split, drawn: int) -> Iterator[np.ndarray]:
    """Yield who is tested by each fold, as positions among ``kinds`` (groups, or labels)."""
    state = drawn % 2**32
    if split.scheme == "group":
        grouped = GroupKFold(split.n_folds, shuffle=True, random_state=state)
        yield from (tested for _, tested in grouped.split(kinds, groups=kinds))
    else:
        stratified = StratifiedKFold(split.n_folds, shuffle=True, random_state=state)
        yield from (tested for _, tested in stratified.split(kinds, kinds))


def _by_id(ids: pd.Series, split: Split, seed: int) -> np.ndarray:
    """Return folds by hash: a sample falls where it falls, whatever others are added."""
    place = np.array([seed_for(seed, "split", id_) / 2**63 for id_ in ids])
    spread = (place - split.holdout) / (1 - split.holdout) * split.n_folds
    return np.where(
        place < split.holdout, HOLDOUT, np.minimum(spread.astype(int), split.n_folds - 1)
    )


def _samples_held(samples: pd.DataFrame, share: float, seed: int) -> np.ndarray:
    """Return who is held out, (N,) bool: the same share of each label, drawn by id."""
    place = samples["id"].map(lambda id_: seed_for(seed, "holdout", id_))
    rank = place.groupby(samples["label"]).rank(method="first")
    count = samples.groupby("label")["id"].transform("size")
    return (rank <= (count * share).round()).to_numpy(bool)


def _groups_held(groups: pd.Series, share: float, seed: int) -> np.ndarray:
    """Return who is held out, (N,) bool: whole groups, drawn by name."""
    names = sorted(groups.unique(), key=lambda name: seed_for(seed, "holdout", str(name)))
    return groups.isin(names[: round(len(names) * share)]).to_numpy(bool)


def _check_groups(samples: pd.DataFrame) -> None:
    ungrouped = samples[samples["group"].isna()]
    if len(ungrouped):
        raise ParamsError(
            f"params.yaml: split.scheme: {len(ungrouped)} samples have no group, first "
            f"{ungrouped['id'].iloc[0]}; "
            "name a column in split.group, fill the gaps, or choose the scheme stratified"
        )


def _check_counts(kinds: pd.Series, split: Split) -> None:
    """Refuse groups, or samples of a label, that do not suffice for the folds."""
    after = " after the holdout" if split.holdout else ""
    if split.scheme == "group" and kinds.nunique() < split.n_folds:
        raise ParamsError(
            f"params.yaml: split.n_folds: {split.n_folds} folds were asked for, but there are "
            f"{kinds.nunique()} groups{after}; ask for fewer folds, at least 3, or hold out less"
        )
    if split.scheme == "group":
        return
    if kinds.empty:
        raise ParamsError(
            f"params.yaml: split.scheme: no sample has a label{after}; choose the scheme samples"
        )
    for label, count in kinds.value_counts().items():
        if count < split.n_folds:
            raise ParamsError(
                f"params.yaml: split.scheme: {_named(str(label))} has {count} samples{after}, "
                f"fewer than {split.n_folds} folds; choose the scheme samples, or add samples of it"
            )


def _named(label: str) -> str:
    """Return a label, or several joined by +, in words."""
    return f"the set of labels {label}" if "+" in label else f"class '{label}'"
