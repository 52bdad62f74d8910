"""Keys of units of work: equal keys, equal rows.

A unit is what a step makes of one row that it reads for one copy: one row, or several tiles. Its
key is made of the step's operations and their arguments, the code that they reach, the versions of
the libraries that this code imports, the class of the processor, the pixels and boxes of the row
that is read, and (seed, step, sample id, copy). What only travels along with a row, its labels,
group and columns, is no part of it.
"""

import importlib.metadata
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import msgspec
import numpy as np
import pyarrow as pa
import xxhash

from Data_processing.steps.entries import SOURCE
from Data_processing.steps.plan import fixed_of, modules_of
from Data_processing.steps.work import Work
from Datasets import store
from Datasets.code import Code
from Datasets.environment import installed, plain, processor_class
from Datasets.stage import STATE

CODE = STATE / "code.json"
FORMAT = 1
"""Raised by hand when the runner changes what it makes of a row."""
CALLED_BY = "Data_processing.steps.operation"
READ_BY = "Data_processing.raw"
DISTRIBUTIONS = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "ruamel": "ruamel.yaml",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
}
"""Where a library is imported by another name than it is installed by."""
BEHIND = {
    "albumentations": ("albucore", "opencv-python-headless", "scipy", "simsimd", "stringzilla"),
    "scipy": ("numpy",),
}
"""Libraries that do a library's work, and which nothing of ours imports."""


class Context(msgspec.Struct, frozen=True):
    """What all keys of a step have in common: for copy 0, and for copies that may be drawn."""

    fixed: bytes
    drawn: bytes


def unit_keys(work: Work, rows: pa.Table, units: Sequence[tuple[int, int]]) -> list[bytes]:
    """Return the keys of ``units``, 16 bytes each.

    Args:
        work: the step.
        rows: the index of the store that it reads.
        units: of each the position in ``rows`` and the copy that is made.
    """
    both = context(work)
    reads = list(_raw_marks(work, rows) if work.step.from_ == SOURCE else _stored_marks(rows))
    boxes = list(_box_marks(rows))
    return [
        xxhash.xxh3_128_digest(
            b"%b\0%b\0%b\0%d" % (both.drawn if copy else both.fixed, reads[row], boxes[row], copy)
        )
        for row, copy in units
    ]


def context(work: Work) -> Context:
    """Return what does not depend on a row."""
    is_raw = work.step.from_ == SOURCE
    called_by = [CALLED_BY, READ_BY] if is_raw else [CALLED_BY]
    colour = work.raw.colour if is_raw else None
    code = Code(CODE)

    def digest(names: list[str], **more: object) -> bytes:
        return made_by(code, [*called_by, *names], colour=colour, **more)

    fixed, ops = fixed_of(work.name, work.step), work.step.ops
    both = Context(
        digest(fixed.modules, ops=fixed.entries),
        digest(modules_of(work.name, work.step), ops=ops, seed=work.seed, step=work.name),
    )
    code.remember()
    return both


def made_by(code: Code, modules: Sequence[str], **more: object) -> bytes:
    """Return what tells apart whatever may make other bytes of the same: 16 bytes.

    Args:
        code: the house's.
        modules: the code that does it; what they reach and the libraries that this imports count.
        more: what else decides.
    """
    base = {"format": [FORMAT, store.FORMAT], "processor": processor_class()}
    made = {"code": code.key(modules), "libraries": versions(code.foreign(modules))}
    return xxhash.xxh3_128_digest(
        msgspec.json.encode({**base, **made, **more}, order="deterministic")
    )


def versions(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of the distributions that top-level ``names`` are imported from.

    With those that do the work behind them: a transform's pixels are opencv's.
    """
    there = installed()
    found: dict[str, str] = {}
    for name in sorted(set(names) - sys.stdlib_module_names):
        wanted = DISTRIBUTIONS.get(name, name)
        known = [wanted] if plain(wanted) in there else _makers(name)
        for one in (*known, *BEHIND.get(name, ())):
            found[one] = there.get(plain(one), "")
    return found


def _makers(name: str) -> list[str]:
    """Return the distributions that bring a top-level name, where it is not their own."""
    return sorted(set(importlib.metadata.packages_distributions().get(name, [])))


def _raw_marks(work: Work, rows: pa.Table) -> Iterator[bytes]:
    """Yield what tells the raw pixels and the masks of each row."""
    values: dict[str, str] = {}
    hashes = ("sha256", "window", "window_hash", "raw_instances_hash", "raw_mask_hash")
    names = ("id", "dataset", *hashes)
    for id_, dataset, *marks in zip(*(rows[name].to_pylist() for name in names), strict=True):
        mapping = ""
        if marks[-1]:
            if dataset not in values:
                values[dataset] = work.raw.values(dataset).tobytes().hex()
            mapping = values[dataset]
        yield repr((id_, *marks, mapping)).encode()


def _stored_marks(rows: pa.Table) -> Iterator[bytes]:
    """Yield what tells the stored pixels and the masks of each row."""
    hashes = ("image_hash", "mask_hash", "instances_hash")
    names = ("id", *hashes, "height", "width", "channels", "dtype")
    for marks in zip(*(rows[name].to_pylist() for name in names), strict=True):
        yield repr(marks).encode()


def _box_marks(rows: pa.Table) -> Iterator[bytes]:
    """Yield the boxes of each row as bytes."""
    names = rows["box_names"].to_pylist()
    corners = rows["box_corners"].combine_chunks()
    numbers = rows["box_annotations"].combine_chunks()
    for found, sides, own in zip(names, _bytes(corners), _bytes(numbers), strict=True):
        yield b"%b\0%b\0%b" % (repr(found).encode(), sides, own) if found else b""


def _bytes(lists: pa.ListArray) -> Iterator[bytes]:
    """Yield the numbers of each list as bytes."""
    values = lists.flatten().to_numpy()
    content = values.tobytes()
    ends = (np.cumsum(lists.value_lengths().to_numpy()) * values.itemsize).tolist()
    return (content[start:end] for start, end in pairwise([0, *ends]))
