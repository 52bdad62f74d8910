"""Who trains, who validates, who tests.

``folds.parquet`` gives each sample its fold, and parts follow from that.

For fold k of n: the test part is fold k, the validation part fold (k + 1) mod n, the training part
the rest. Fold -1 is the holdout, which no part ever touches.
"""

from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import pandas as pd

from Datasets.errors import StoreError
from Datasets.files import write_json

SPLITS = Path("Datasets/splits")
FOLDS_FILE = "folds.parquet"
ABOUT_FILE = "split.json"
HOLDOUT = -1

Part = Literal["train", "validation", "test"]


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """split.json: how many folds there are, by which scheme they were made.

    And the column whose groups were kept whole.
    """

    n_folds: int
    scheme: str
    group: str | None = None


class Folds(msgspec.Struct, frozen=True):
    """The fold of every sample."""

    about: About
    table: pd.DataFrame
    """Columns: id (str), fold (int32)."""

    def part(self, ids: pd.Series, part: Part, fold: int) -> np.ndarray:
        """Return which of ``ids`` belong to ``part`` when ``fold`` is tested, (N,) bool.

        Raises:
            StoreError: there is no such fold, or an id has none.
        """
        if not 0 <= fold < self.about.n_folds:
            raise StoreError(
                f"fold {fold} was asked for, but {self.about.n_folds} exist (0 to "
                f"{self.about.n_folds - 1}); "
                "raise split.n_folds or change train.folds"
            )
        of_sample = self.table.set_index("id")["fold"]
        missing = ids[~ids.isin(of_sample.index)]
        if len(missing):
            raise StoreError(
                f"{len(missing)} samples have no fold, first {missing.iloc[0]}; run `dvc "
                "repro split`"
            )
        folds: np.ndarray = of_sample.loc[ids].to_numpy()
        validation = (fold + 1) % self.about.n_folds
        if part == "train":
            return np.isin(folds, [fold, validation, HOLDOUT], invert=True)
        return np.isin(folds, [fold if part == "test" else validation])


def read(folder: Path = SPLITS) -> Folds:
    """Return the folds that the stage ``split`` wrote.

    Raises:
        StoreError: there are none.
    """
    if not (folder / ABOUT_FILE).exists():
        raise StoreError(f"{folder} holds no folds; `dvc repro split` makes them")
    about = msgspec.json.decode((folder / ABOUT_FILE).read_bytes(), type=About)
    return Folds(about, pd.read_parquet(folder / FOLDS_FILE))


def write(folder: Path, about: About, table: pd.DataFrame) -> None:
    """Write the folds of all samples; ``table`` has the columns id and fold."""
    ordered = table.sort_values("id").astype({"fold": "int32"})[["id", "fold"]]
    ordered.to_parquet(folder / FOLDS_FILE, index=False)
    write_json(folder / ABOUT_FILE, about)
