"""The fingerprints of all samples: pixels decoded once, and remembered on this machine.

What is remembered of a sample is known again by the hashes that ``convert`` gave it, so a re-run
decodes what is new. ``rm -r .darkroom/fingerprints`` forgets all.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import pandas as pd

from Data_processing.fingerprints.perceptual import Hash, looks_of
from Data_processing.fingerprints.tone import Tone, tone_of
from Datasets import metadata
from Datasets.compute import Compute
from Datasets.dataset import METADATA
from Datasets.engines import HERE, engine_of, map_tasks
from Datasets.errors import ImageError, SampleError
from Datasets.files import content_hash, write_bytes
from Datasets.raw_image import RawImage
from Datasets.stage import STATE
from Datasets.terminal import say

FORMAT = 3
"""Raised by hand when another fingerprint would be made of the same pixels."""
DECODERS = ("imagecodecs", "numpy", "opencv-python-headless", "pillow", "tifffile")
MARKS = ("id", "files", "is_embedded", "sha256", "window", "window_hash")
"""Columns of samples.parquet that say where pixels lie."""
CHUNK = 128
"""Images a task."""
SEAL_BYTES = 32

T = TypeVar("T")


class Fingerprint(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the pixels of a sample are known again by.

    ``pixels`` is their xxh3-128 with shape and dtype, "" if they cannot be decoded. ``upright`` and
    ``mirrored`` are perceptual hashes, None of a flat picture. ``tone`` is None of none.
    """

    pixels: str
    upright: Hash | None = None
    mirrored: Hash | None = None
    tone: Tone | None = None


class Wanted(msgspec.Struct, frozen=True):
    """A sample's pixels, and the key that their fingerprint is remembered by."""

    key: str
    raw: RawImage


def gather(names: Iterable[str], roots: Mapping[str, Path], compute: Compute) -> pd.DataFrame:
    """Return the fingerprints of all samples of some data sets.

    Columns id, pixels (str, "" where the file cannot be decoded: the first step will say why),
    upright and mirrored (``Hash``, None of what is flat), tone (``Tone``, None of what cannot be
    decoded).

    Args:
        names: the data sets.
        roots: the raw folder of each.
        compute: which processes decode.
    """
    parts = [_of_set(name, roots[name], compute) for name in names]
    return pd.concat(parts, ignore_index=True)


def _of_set(name: str, root: Path, compute: Compute) -> pd.DataFrame:
    memory = STATE / "fingerprints" / name
    known = recalled(memory, Fingerprint)
    ids, asked = [], []
    for id_, one in wanted(name, root):
        ids.append(id_)
        asked.append(one)
    new = [one for one in asked if one.key not in known]
    if new:
        engine = HERE if len(new) <= CHUNK else engine_of(compute)
        found = map_tasks(_fingerprints, Chunks(new, CHUNK), engine, f"fingerprints of {name}")
        made = [one for chunk in found for one in chunk]
        known |= {one.key: print_ for one, print_ in zip(new, made, strict=True)}
        seen = {one.key: known[one.key] for one in asked}
        # What could not be decoded is not remembered: the file may be put back.
        remember(memory, {key: one for key, one in seen.items() if one.pixels})
    prints = [known[one.key] for one in asked]
    unread = sum(not one.pixels for one in prints)
    if unread:
        say(f"{unread:,} images of {name} cannot be decoded; the first step will name them")
    return pd.DataFrame(
        {
            "id": ids,
            "pixels": [one.pixels for one in prints],
            "upright": [one.upright for one in prints],
            "mirrored": [one.mirrored for one in prints],
            "tone": [one.tone for one in prints],
        }
    )


def wanted(name: str, root: Path) -> Iterator[tuple[str, Wanted]]:
    """Yield the id of each sample of a data set with what is to be looked at.

    Args:
        name: the data set.
        root: its raw folder.
    """
    read = metadata.read_columns(METADATA / name, list(MARKS))
    versions = [version(decoder) for decoder in DECODERS]
    for image, row in zip(read.images, read.table.to_pylist(), strict=True):
        raw = raw_image(name, root, image, row)
        drawn = content_hash(raw.mask.read_bytes()) if raw.mask else ""
        told = [FORMAT, versions, row["sha256"], row["window"], row["window_hash"], drawn]
        yield row["id"], Wanted(content_hash(msgspec.json.encode(told)), raw)


def raw_image(
    name: str, root: Path, image: metadata.ImageMetadata, row: Mapping[str, Any]
) -> RawImage:
    """Return where the pixels of a sample lie.

    Args:
        name: its data set.
        root: the raw folder of that.
        image: its line of the metadata.
        row: its values in the columns ``MARKS`` of samples.parquet.
    """
    folder = METADATA / name
    # A mask cuts the object of a window out; of a whole image it changes nothing.
    mask = image.segmentation_mask if row["window"] else None
    return RawImage(
        folder if row["is_embedded"] else root,
        tuple(row["files"]) or (image.image,),
        row["sha256"],
        tuple(row["window"]),
        row["window_hash"],
        folder / mask if mask else None,
    )


class Chunks:
    """Tasks of a few images each."""

    def __init__(self, every: list[Wanted], length: int) -> None:
        """Take all, and how many are a task."""
        self._every = every
        self._length = length

    def __len__(self) -> int:
        """Return how many tasks there are."""
        return -(-len(self._every) // self._length)

    def __iter__(self) -> Iterator[tuple[Wanted, ...]]:
        left = iter(self._every)
        return iter(partial(lambda: tuple(islice(left, self._length))), ())


def _fingerprints(chunk: tuple[Wanted, ...]) -> list[Fingerprint]:
    return [_fingerprint(one.raw) for one in chunk]


def _fingerprint(raw: RawImage) -> Fingerprint:
    try:
        pixels = raw.pixels("unchanged")
    except (ImageError, SampleError):
        return Fingerprint("")
    form = f"{pixels.shape} {pixels.dtype}".encode()
    digest = content_hash(form + content_hash(np.ascontiguousarray(pixels).data).encode())
    looks, tone = looks_of(pixels), tone_of(pixels)
    if looks is None:
        return Fingerprint(digest, tone=tone)
    return Fingerprint(digest, looks.upright, looks.mirrored, tone)


def recalled(memory: Path, kind: type[T]) -> dict[str, T]:
    """Return what is remembered, by key; nothing where it is damaged, or of another version."""
    try:
        content = memory.read_bytes()
    except OSError:
        return {}
    seal, body = content[:SEAL_BYTES], content[SEAL_BYTES:]
    if content_hash(body).encode() != seal:
        return {}
    try:
        return msgspec.msgpack.decode(body, type=dict[str, kind])  # type: ignore[valid-type]
    except msgspec.DecodeError:  # of another version of this code
        return {}


def remember(memory: Path, known: Mapping[str, object]) -> None:
    """Write down what was found, by key. Where that fails all is found anew next time."""
    body = msgspec.msgpack.encode(known)
    try:
        write_bytes(memory, content_hash(body).encode() + body)
    except OSError as error:
        say(f"{memory}: fingerprints cannot be remembered ({error.strerror})")
