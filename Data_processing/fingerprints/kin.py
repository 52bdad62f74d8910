"""Which samples are the same picture, or look alike: columns by which others group them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from Data_processing.fingerprints.gather import gather
from Data_processing.fingerprints.perceptual import FINE_BYTES, Hash
from Data_processing.fingerprints.search import Hashes, clusters
from Data_processing.labelled import joined
from Data_processing.sections import Audit, Split
from Datasets import metadata
from Datasets.compute import Compute
from Datasets.dataset import METADATA, datasets_of
from Datasets.params import Params

CONTENT, LOOK = "content", "look"
"""Columns: what a sample's pixels are; the first sample, by id, of all that look like it."""
TONE = "tone"
"""Column: how bright a sample is, None where it was not decoded."""


def kin(roots: Mapping[str, Path], asked: Audit, compute: Compute) -> pd.DataFrame:
    """Return columns id, content (text), look (an id, None where nothing looks alike) and tone.

    With ``near: off`` nothing is decoded: content is then told by files, look and tone are None.

    Args:
        roots: the raw folder of each data set that takes part.
        asked: the section ``audit``.
        compute: how many processes decode.
    """
    marks = ["id", "sha256", "window_hash"]
    rows = pd.concat(metadata.read_samples(METADATA / name, marks) for name in sorted(roots))
    table = pd.DataFrame({"id": rows["id"], CONTENT: rows["sha256"] + rows["window_hash"]})
    table = table.sort_values("id", ignore_index=True)
    if asked.near == "off":
        return table.assign(**{LOOK: None, TONE: None})
    prints = gather(sorted(roots), roots, compute).sort_values("id", ignore_index=True)
    is_read = prints["pixels"] != ""
    table[TONE] = prints["tone"]
    table[CONTENT] = prints["pixels"].where(is_read, table[CONTENT])
    seen = prints[prints["upright"].notna()]
    upright, mirrored = (hashes(seen[name].tolist()) for name in ("upright", "mirrored"))
    found = clusters(upright, mirrored, asked.distance)
    first = pd.Series(seen["id"].to_numpy()[found], seen.index)
    table[LOOK] = first.where(first.duplicated(keep=False)).reindex(table.index)
    one_picture = table.groupby(LOOK)[CONTENT].transform("nunique") == 1  # told as duplicates
    table[LOOK] = table[LOOK].mask(one_picture)
    table[LOOK] = table[LOOK].astype(object).where(table[LOOK].notna(), None)
    return table


def hashes(each: Sequence[Hash]) -> Hashes:
    """Return the hashes of many pictures as arrays."""
    fine = np.frombuffer(b"".join(one.fine for one in each), np.uint64)
    coarse = np.array([one.coarse for one in each], np.uint64)
    return Hashes(coarse, fine.reshape(len(each), FINE_BYTES // fine.itemsize))


def roots_of(params: Params, split: Split) -> dict[str, Path]:
    """Return the raw folder of each data set that takes part."""
    every = datasets_of(params)
    return {name: Path(every[name].path) for name in split.from_}


def merging(asked: Audit) -> list[str]:
    """Return the columns whose samples ``split`` is to keep in one fold."""
    kinds = {CONTENT: asked.duplicates, LOOK: asked.near}
    return [column for column, policy in kinds.items() if policy == "merge"]


def families(samples: pd.DataFrame, columns: list[str]) -> pd.Series:
    """Return for each sample who it must stay with: a name that they share."""
    return pd.Series(joined(samples[columns]), samples.index, dtype=object)
