"""Who trains, who validates, who tests.

``folds.parquet`` gives each sample its fold, and parts follow from that by one of three rules.

``rotate``: when fold k of n is tested, the folds after it validate (one of them, more where folds
are single samples), in a circle, and the rest trains. ``past``: samples lie in spells of time; fold
k tests one, the spell before it validates, and what is before that trains. ``parts``: one fold is
tested, one validates, one trains.

Fold -1 is the holdout, which no part ever touches. Fold -4 trains whichever fold is tested. With
repetitions there is a column of folds for each, and fold k + r * n is fold k of repetition r.
"""

from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import pandas as pd

from Datasets.errors import StoreError
from Datasets.files import write_json
from Datasets.fold_range import require_fold
from Datasets.terminal import counted

SPLITS = Path("Datasets/splits")
FOLDS_FILE = "folds.parquet"
ABOUT_FILE = "split.json"
LABELLED_FILE = "labelled.parquet"
ALL = "all"
HOLDOUT = -1
SPELLS_BEFORE = 2
"""Spells of time before the first that is tested: one to train on, one to validate."""
_EARLIEST = HOLDOUT - SPELLS_BEFORE
"""The fold of the earliest spell; the next follows it, and fold 0 is the third."""
ALWAYS_TRAINS = _EARLIEST - 1
"""The fold of what nobody can be tested on."""

Part = Literal["train", "validation", "test"]
Rule = Literal["rotate", "past", "parts"]


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """split.json: how many folds there are in each repetition, and by which scheme they were made.

    ``group`` is the column, or the columns, whose groups were kept whole. ``validation`` counts the
    folds that validate while one is tested. ``labelled`` is who keeps a label, as it was asked for.
    """

    n_folds: int
    scheme: str
    group: str | tuple[str, ...] | None = None
    rule: Rule = "rotate"
    validation: int = 1
    repeats: int = 1
    labelled: str = ALL

    @property
    def every(self) -> int:
        """How many folds can be tested, over all repetitions."""
        return self.n_folds * self.repeats


class Folds(msgspec.Struct, frozen=True):
    """The fold of every sample."""

    about: About
    table: pd.DataFrame
    """Columns: id (str), fold (int32); with repetitions fold_1 and so on (int32)."""
    labelled: pd.DataFrame | None = None
    """Columns: fold (int32), id (str): whose labels may be seen in training; None where all may."""

    def keeps_label(self, ids: pd.Series, fold: int) -> np.ndarray:
        """Return whose label may be seen when ``fold`` is trained, (N,) bool."""
        if self.labelled is None:
            return np.ones(len(ids), bool)
        own = self.labelled["id"][self.labelled["fold"] == fold]
        kept: np.ndarray = ids.isin(own).to_numpy()
        return kept

    def part(self, ids: pd.Series, part: Part, fold: int) -> np.ndarray:
        """Return which of ``ids`` belong to ``part`` when ``fold`` is tested, (N,) bool.

        Raises:
            StoreError: there is no such fold, or an id has none.
        """
        about = self.about
        require_fold(fold, about.every)
        repeat, own = divmod(fold, about.n_folds)
        of_sample = self.table.set_index("id")[column_of(repeat)]
        missing = ids[~ids.isin(of_sample.index)]
        if len(missing):
            raise StoreError(
                f"{counted(len(missing), 'sample')} without fold, first {missing.iloc[0]}; run "
                "`dvc repro split`"
            )
        folds: np.ndarray = of_sample.loc[ids].to_numpy()
        if about.rule == "past":
            return _in_time(folds, part, own)
        n = 3 if about.rule == "parts" else about.n_folds
        validation = [(own + 1 + i) % n for i in range(about.validation)]
        if part == "train":
            return np.isin(folds, [own, *validation, HOLDOUT], invert=True)
        return np.isin(folds, [own] if part == "test" else validation)


def column_of(repeat: int) -> str:
    """Return the column that holds the folds of a repetition, from 0."""
    return f"fold_{repeat}" if repeat else "fold"


def fold_name(fold: int, rule: Rule) -> str:
    """Return what a fold is called where it is told.

    >>> fold_name(2, "rotate"), fold_name(2, "parts"), fold_name(-1, "past"), fold_name(-3, "past")
    ('fold 2', 'training part', 'holdout', 'earliest spell')
    """
    if rule == "parts" and fold >= 0:
        return ("test part", "validation part", "training part")[fold]
    others = {
        HOLDOUT: "holdout",
        _EARLIEST: "earliest spell",
        _EARLIEST + 1: "second spell",
        ALWAYS_TRAINS: "unlabelled, for training",
    }
    return others.get(fold, f"fold {fold}")


def past_fold(spell: np.ndarray) -> np.ndarray:
    """Return the fold of each spell of time, from 0: the first two come before fold 0."""
    return np.where(spell < SPELLS_BEFORE, spell + _EARLIEST, spell - SPELLS_BEFORE)


def _in_time(folds: np.ndarray, part: Part, own: int) -> np.ndarray:
    spell = np.where(folds < HOLDOUT, folds - _EARLIEST, folds + SPELLS_BEFORE)
    tested = own + SPELLS_BEFORE
    asked = spell < tested - 1 if part == "train" else spell == tested - (part == "validation")
    is_asked: np.ndarray = asked & (folds != HOLDOUT)
    return is_asked


def read(folder: Path = SPLITS) -> Folds:
    """Return the folds that the stage ``split`` wrote.

    Raises:
        StoreError: there are none.
    """
    if not (folder / ABOUT_FILE).exists():
        raise StoreError(f"{folder} holds no folds; `dvc repro split` makes them")
    about = msgspec.json.decode((folder / ABOUT_FILE).read_bytes(), type=About)
    hidden = about.labelled != ALL
    labelled = pd.read_parquet(folder / LABELLED_FILE) if hidden else None
    return Folds(about, pd.read_parquet(folder / FOLDS_FILE), labelled)


def write(
    folder: Path, about: About, table: pd.DataFrame, labelled: pd.DataFrame | None = None
) -> None:
    """Write the folds of all samples; the tables have the columns of ``Folds``."""
    columns = [column_of(repeat) for repeat in range(about.repeats)]
    ordered = table.sort_values("id").astype(dict.fromkeys(columns, "int32"))[["id", *columns]]
    ordered.to_parquet(folder / FOLDS_FILE, index=False)
    if labelled is not None:
        labelled.astype({"fold": "int32"}).to_parquet(folder / LABELLED_FILE, index=False)
    write_json(folder / ABOUT_FILE, about)
