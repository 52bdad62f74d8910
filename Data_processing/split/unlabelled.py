"""Samples that nobody annotated train whichever fold is tested: there is nothing to test."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from Data_processing.fingerprints.kin import families
from Data_processing.sections import GROUPED, Scheme, Split

DEALT: tuple[Scheme, ...] = ("time", "given")
"""Schemes that say themselves where such a sample belongs: what is later must not train."""


def always_train(samples: pd.DataFrame, split: Split, together: Sequence[str]) -> np.ndarray:
    """Return who trains in every fold, (N,) bool.

    A sample that must stay with annotated ones, of its group where groups are kept whole or of what
    is merged, falls where they fall. One without a group may be of theirs: it is left to the
    scheme, which refuses it, but in a data set that tells no groups at all. Where nobody annotated
    anything, all are dealt out.

    Args:
        samples: as ``read_labelled`` returns them.
        split: the section of params.yaml.
        together: columns of ``samples`` that are merged.
    """
    is_annotated = samples["is_annotated"].to_numpy(bool)
    if split.scheme in DEALT or not is_annotated.any():
        return np.zeros(len(samples), bool)
    columns = ["group", *together] if split.scheme in GROUPED else list(together)
    if not columns or is_annotated.all():
        return ~is_annotated
    family = families(samples, columns)
    tied = family.isin(family[is_annotated].dropna()).to_numpy(bool, copy=True)
    if split.scheme in GROUPED:
        tied |= (samples["group"].isna() & ~samples["lacks_group"]).to_numpy()
    return ~is_annotated & ~tied
