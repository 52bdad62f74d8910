"""Which samples are the same picture, or look alike: columns by which others group them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd

from Data_processing.fingerprints.gather import gather
from Data_processing.fingerprints.perceptual import FINE_BYTES, Hash
from Data_processing.fingerprints.search import Hashes, clusters
from Data_processing.fingerprints.weights import named
from Data_processing.labelled import joined
from Data_processing.sections import Audit, Split
from Datasets import metadata
from Datasets.compute import Compute
from Datasets.dataset import METADATA, datasets_of
from Datasets.params import PARAMS_FILE, Params

CONTENT, LOOK, FEATURES = "content", "look", "features"
"""Columns: what a sample's pixels are; the first sample, by id, of all that look like it, by their
hashes and to a network."""
TONE = "tone"
"""Column: how bright a sample is, None where it was not decoded."""
LOUD = {"off": 0, "warn": 1, "merge": 2, "error": 3}
"""Policies, by what they do."""


def kin(roots: Mapping[str, Path], asked: Audit, compute: Compute) -> pd.DataFrame:
    """Return columns id, content (text), look and features (ids, None for what is alone), tone.

    With ``near: off`` nothing is decoded for it: content is then told by files, look and tone are
    None.
    With ``features: off`` no network is asked, and features is empty.

    Args:
        roots: the raw folder of each data set that takes part.
        asked: the section ``audit``.
        compute: how many processes decode.

    Raises:
        ParamsError: the network that ``asked`` names is not there, or none that can be asked.
    """
    marks = ["id", "sha256", "window_hash"]
    rows = pd.concat(metadata.read_samples(METADATA / name, marks) for name in sorted(roots))
    table = pd.DataFrame({"id": rows["id"], CONTENT: rows["sha256"] + rows["window_hash"]})
    table = table.sort_values("id", ignore_index=True).assign(
        **dict.fromkeys((LOOK, FEATURES, TONE))
    )
    if asked.near != "off":
        prints = gather(sorted(roots), roots, compute).sort_values("id", ignore_index=True)
        is_read = prints["pixels"] != ""
        table[CONTENT] = prints["pixels"].where(is_read, table[CONTENT])
        table[TONE] = prints["tone"]
        table[LOOK] = _looks(prints, asked.distance)
    if asked.features != "off":
        table[FEATURES] = _said(table["id"], roots, asked, compute)
    # What is told by others is not told twice: it is told by who does most about it.
    louder = [FEATURES] if LOUD[asked.features] > LOUD[asked.near] else []
    look = _untold(table, LOOK, [CONTENT, *louder])
    return table.assign(**{LOOK: look, FEATURES: _untold(table, FEATURES, _tellers(asked))})


def _looks(prints: pd.DataFrame, distance: int) -> pd.Series:
    """Return for each picture the first that looks like it, by id; NaN where none does."""
    seen = prints[prints["upright"].notna()]
    upright, mirrored = (hashes(seen[name].tolist()) for name in ("upright", "mirrored"))
    return _firsts(seen["id"], clusters(upright, mirrored, distance)).reindex(prints.index)


def _said(ids: pd.Series, roots: Mapping[str, Path], asked: Audit, compute: Compute) -> pd.Series:
    """Return for each picture the first that the network finds like it; NaN where none is."""
    # Here, as they take seconds to import, which nobody pays who asks no network.
    from Data_processing.fingerprints import cosine
    from Data_processing.fingerprints.features import gather_features
    from Data_processing.fingerprints.network import read_network

    network = read_network(asked, named(asked, PARAMS_FILE), f"{PARAMS_FILE}: audit.network")
    found = gather_features(sorted(roots), roots, network, compute)
    place = pd.Series(range(len(found.ids)), found.ids, dtype=int)
    seen = ids[ids.isin(place.index)]
    views = cosine.rounded(found.directions[:, place[seen].to_numpy(int)])
    return _firsts(seen, cosine.clusters(views, asked.cosine)).reindex(ids.index)


def _firsts(ids: pd.Series, cluster: np.ndarray) -> pd.Series:
    """Return the id of the first of each one's cluster; NaN where it is alone."""
    first = pd.Series(ids.to_numpy()[cluster], ids.index, dtype=object)
    return first.where(first.duplicated(keep=False))


def _tellers(asked: Audit) -> list[str]:
    """Return the columns that tell a pair as loudly as ``audit.features`` asks for it."""
    policies = {CONTENT: asked.duplicates, LOOK: asked.near}
    return [column for column, one in policies.items() if LOUD[one] >= LOUD[asked.features]]


def _untold(table: pd.DataFrame, column: str, tellers: list[str]) -> pd.Series:
    """Return ``column`` without the sets that one of ``tellers``, or a chain of them, tells."""
    kept = table[column].astype(object)
    if tellers:
        joint = pd.Series(joined(table[tellers]), table.index, dtype=object)
        alone = joint.where(joint.notna(), "\0" + table["id"])
        kept = kept.mask(alone.groupby(table[column]).transform("nunique") == 1)
    return kept.where(kept.notna(), None)


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
    kinds = {CONTENT: asked.duplicates, LOOK: asked.near, FEATURES: asked.features}
    return [column for column, policy in kinds.items() if policy == "merge"]


def for_merging(asked: Audit) -> Audit:
    """Return what ``split`` asks for: a network is not asked for what is not merged."""
    features = asked.features if asked.features == "merge" else "off"
    return msgspec.structs.replace(asked, features=features)


def families(samples: pd.DataFrame, columns: list[str]) -> pd.Series:
    """Return for each sample who it must stay with: a name that they share."""
    return pd.Series(joined(samples[columns]), samples.index, dtype=object)
