"""What a scheme is, and which ones there are. A module is imported when its scheme is asked for."""

from collections.abc import Callable
from importlib import import_module

import msgspec
import numpy as np
import pandas as pd

from Data_processing.sections import Scheme, Split
from Datasets.errors import ParamsError
from Datasets.splits import HOLDOUT, Rule
from Datasets.terminal import counted

WHERE = "params.yaml: split"
_DEALERS: dict[Scheme, str] = {
    "samples": "Data_processing.split.by_name",
    "stratified": "Data_processing.split.stratified",
    "group": "Data_processing.split.grouped",
    "stratified_group": "Data_processing.split.grouped",
    "leave_one_out": "Data_processing.split.one_out",
    "leave_one_group_out": "Data_processing.split.one_out",
    "time": "Data_processing.split.past",
    "given": "Data_processing.split.given",
}


FEWEST = 3
"""Folds: one to test, one to validate, one to train."""


class Draw(msgspec.Struct, frozen=True):
    """What chance comes from: the project's seed, and which repetition it is, from 0."""

    seed: int
    repeat: int = 0

    @property
    def names(self) -> tuple[int | str, ...]:
        """What the seeds of this repetition's folds begin with."""
        return (self.seed, "split", self.repeat) if self.repeat else (self.seed, "split")


class Dealt(msgspec.Struct, frozen=True):
    """The fold of each sample, and what folds mean.

    ``folds`` is (N,) int, ``HOLDOUT`` for what no fold touches; ``n_folds`` of them can be tested.
    ``validation`` counts the folds that validate while one is tested. ``note`` is for the stage's
    last line.
    """

    folds: np.ndarray
    n_folds: int
    rule: Rule = "rotate"
    validation: int = 1
    note: str = ""


Dealer = Callable[[pd.DataFrame, Split, Draw], Dealt]
"""Deals samples out: columns id, label, labels, group, and those that the scheme asks for."""


def dealer_of(scheme: Scheme) -> Dealer:
    """Return what deals samples out by ``scheme``."""
    dealer: Dealer = import_module(_DEALERS[scheme]).deal
    return dealer


def fewer(split: Split, other: str) -> str:
    """Return what may help where there is too little for the folds, else ``other``."""
    ways = ["ask for fewer folds"] if split.n_folds > FEWEST else []
    ways += ["hold out less"] if split.holdout else []
    return ", ".join([*ways, f"or {other}" if ways else other])


def refuse_empty(folds: np.ndarray, n_folds: int, remedy: str) -> None:
    """Return nothing if every fold has a sample.

    Raises:
        ParamsError: one has none.
    """
    counts = np.bincount(folds[folds != HOLDOUT], minlength=n_folds)
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        raise ParamsError(
            f"{WHERE}.n_folds: fold {empty[0]} of {n_folds} would have no sample: {remedy}"
        )


def refuse_gaps(samples: pd.DataFrame, column: str, what: str, remedy: str) -> None:
    """Return nothing if every sample has a value in ``column``.

    Raises:
        ParamsError: one has none; the first is named.
    """
    missing = samples[samples[column].isna()]
    if len(missing):
        raise ParamsError(
            f"{WHERE}.scheme: {counted(len(missing), 'sample')} without {what}, first "
            f"{missing['id'].iloc[0]}; {remedy}"
        )
