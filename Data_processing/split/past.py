"""The scheme ``time``: the past trains, what comes next validates, what comes after that is tested.

The samples fall into n_folds + 2 spells of time with about as many each; samples of one moment stay
together. Fold k tests spell k + 2 and trains on the spells up to k.
"""

import numpy as np
import pandas as pd

from Data_processing.sections import Split
from Data_processing.split import holdout
from Data_processing.split.schemes import WHERE, Dealt, Draw, fewer, refuse_gaps
from Datasets.errors import ParamsError
from Datasets.splits import HOLDOUT, SPELLS_BEFORE, past_fold


def deal(samples: pd.DataFrame, split: Split, draw: Draw) -> Dealt:
    """Deal samples out by their time; the holdout is what is latest.

    Raises:
        ParamsError: a sample has no time, or times do not suffice.
    """
    if not split.time:
        raise ParamsError(f"{WHERE}.time: the scheme time needs a column; name one")
    refuse_gaps(samples, "time", "time", f"fill the gaps of the column {split.time}")
    times = _moments(samples, str(split.time))
    order = np.argsort(times, kind="stable")
    is_first = np.concatenate([[True], times[order][1:] != times[order][:-1]])
    starts = np.flatnonzero(is_first)  # positions in order at which another moment begins
    cut = len(order) - holdout.count_of(split, len(order))
    cut = int(starts[starts <= cut].max()) if cut < len(order) else cut
    spells = split.n_folds + SPELLS_BEFORE
    wanted = np.arange(1, spells) * cut / spells
    inner = starts[(starts > 0) & (starts < cut)]
    after = " after the holdout" if split.holdout else ""
    if len(inner) < spells - 1:
        raise ParamsError(
            f"{WHERE}.n_folds: {split.n_folds} folds need {spells} moments, but column "
            f"{split.time} has {len(inner) + 1}{after}; {fewer(split, 'choose another scheme')}"
        )
    bounds = _nearest(inner, wanted)
    folds = np.full(len(order), HOLDOUT)
    spell = np.searchsorted(bounds, np.arange(cut), side="right")
    folds[order[:cut]] = past_fold(spell)
    return Dealt(folds, split.n_folds, rule="past")


def _moments(samples: pd.DataFrame, column: str) -> np.ndarray:
    """Return the time of each sample as a number, (N,) int64 or float64."""
    times = samples["time"]
    if pd.api.types.is_numeric_dtype(times):
        return times.to_numpy(float)
    moments = pd.to_datetime(times, errors="coerce", utc=True, format="ISO8601")
    if moments.isna().any():
        first = samples[moments.isna().to_numpy()].iloc[0]
        raise ParamsError(
            f"{WHERE}.time: {first['id']} has '{first['time']}' in column {column}, which is no "
            "number and no date; write 2024-05-31 or 2024-05-31T12:00:00"
        )
    # Microseconds: nanoseconds would wrap around beyond the year 2262.
    return moments.dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)


def _nearest(inner: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return for each wanted cut one of ``inner`` near it, ascending and each once."""
    chosen: list[int] = []
    for number, cut in enumerate(wanted):
        first = inner.searchsorted(chosen[-1], side="right") if chosen else 0
        last = len(inner) - (len(wanted) - 1 - number)  # the cuts to come need one each
        free = inner[first:last]
        chosen.append(int(free[np.abs(free - cut).argmin()]))
    return np.array(chosen)
