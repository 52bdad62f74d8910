"""What a network says of all samples: asked once, and remembered on this machine."""

from collections.abc import Iterable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np

from Data_processing.fingerprints.gather import Chunks, Wanted, recalled, remember, wanted
from Data_processing.fingerprints.network import Named, Network, opened
from Data_processing.fingerprints.view import VIEWS, pixels_for, views_of
from Datasets.compute import Compute
from Datasets.engines import HERE, engine_of, map_tasks
from Datasets.errors import ImageError, ParamsError, SampleError
from Datasets.files import content_hash
from Datasets.stage import STATE
from Datasets.terminal import one_line, say

FORMAT = 1
"""Raised by hand when others would be made of the same pixels."""
CHUNK = 32
"""Pictures a task."""
KEPT = np.float16
"""Directions are kept in it: 11 bits of a number of at most 1."""


class Found(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a network says of the views of a picture.

    ``directions`` are (VIEWS, D) float16 of length 1; "" where there is nothing to say, as the
    picture is flat, has too few channels, or cannot be read.
    """

    directions: bytes = b""
    is_read: bool = True


class Features(msgspec.Struct, frozen=True):
    """What a network says of pictures: their ids, and directions (VIEWS, N, D) float16."""

    ids: list[str]
    directions: np.ndarray


def gather_features(
    names: Iterable[str], roots: Mapping[str, Path], network: Network, compute: Compute
) -> Features:
    """Return what a network says of the samples of some data sets, but of those that say nothing.

    Args:
        names: the data sets.
        roots: the raw folder of each.
        network: asked for each sample.
        compute: which processes ask it.

    Raises:
        ParamsError: it says of a picture what is no number, which is named.
    """
    found: dict[str, bytes] = {}
    for name in names:
        found |= _of_set(name, roots[name], network.named, compute)
    rows = np.frombuffer(b"".join(found.values()), KEPT)
    shape = (len(found), VIEWS, -1) if found else (0, VIEWS, 1)
    return Features(list(found), rows.reshape(shape).transpose(1, 0, 2))


def _of_set(name: str, root: Path, named: Named, compute: Compute) -> dict[str, bytes]:
    """Return what is said of the samples of a data set, by id."""
    memory = STATE / "fingerprints" / f"{name}.features"  # no data set has a dot in its name
    known = recalled(memory, Found)
    asked = [(id_, _keyed(one, named)) for id_, one in wanted(name, root)]
    new = [one for _, one in asked if one.key not in known]
    if new:
        engine = HERE if len(new) <= CHUNK else engine_of(compute)
        tasks = Chunks(new, CHUNK)
        made = map_tasks(partial(_ask, named), tasks, engine, f"features of {name}")
        every = [one for chunk in made for one in chunk]
        known |= {one.key: found for one, found in zip(new, every, strict=True)}
        kept = {one.key: known[one.key] for _, one in asked}
        remember(memory, {key: one for key, one in kept.items() if one.is_read})
    silent = sum(not known[one.key].directions for _, one in asked)
    if silent:
        say(
            f"{silent:,} images of {name} have no features: they are flat, cannot be decoded, or "
            "have other channels than the network takes"
        )
    said = {id_: known[one.key].directions for id_, one in asked}
    return {id_: directions for id_, directions in said.items() if directions}


def _keyed(one: Wanted, named: Named) -> Wanted:
    """Return what is wanted by a key that tells network and versions too."""
    told = [FORMAT, one.key, named.sha256, named.mean, named.std, version("onnxruntime")]
    return Wanted(content_hash(msgspec.json.encode(told)), one.raw)


def _ask(named: Named, chunk: tuple[Wanted, ...]) -> list[Found]:
    network = opened(named)
    return [_found(network, one) for one in chunk]


def _found(network: Network, one: Wanted) -> Found:
    try:
        pixels = pixels_for(one.raw, network.takes)
    except (ImageError, SampleError):
        return Found(is_read=False)
    views = None if pixels is None else views_of(pixels, network)
    if views is None:
        return Found()
    features = network.features(views).astype(np.float64)  # (VIEWS, D)
    if not np.isfinite(features).all():
        raise ParamsError(
            f"{network.named.where}: of {one_line(one.raw.name)} it gives what is no number; look "
            "at the picture, or choose another network"
        )
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    if not lengths.min() > 0:
        return Found()
    return Found((features / lengths).astype(KEPT).tobytes())
