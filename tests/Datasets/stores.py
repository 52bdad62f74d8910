"""Small stores for the tests of this room, drawn by hypothesis or made by hand."""

from pathlib import Path

import msgspec
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from Datasets import store
from Datasets.index import Row, table_of
from Datasets.layout import NOWHERE
from Datasets.randomness import place_of
from Datasets.recipe import Recipe
from Datasets.sample import NO_BOXES, Boxes, Sample
from Datasets.shards import ShardWriter
from Datasets.store import About

RECIPE = Recipe("rgb", ())
names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6)


def row_of(sample_id: str, bits: int = 1) -> Row:
    """Return what an index knows of a sample before its pixels are written."""
    return Row(
        id=sample_id,
        parent=sample_id,
        tile=(),
        copy=0,
        shard=place_of(sample_id) % 2**bits,
        image_offset=NOWHERE,
        height=0,
        width=0,
        channels=0,
        dtype="",
        image_hash="",
        mask_offset=NOWHERE,
        mask_hash="",
        dataset="drawn",
        files=(sample_id,),
        is_embedded=False,
        sha256="0" * 64,
        window=(),
        window_hash="",
        raw_mask=None,
        raw_mask_hash="",
        raw_nodata=None,
        raw_channels=3,
        raw_dtype="uint8",
        group=None,
        labels=("a",),
        count_names=("a", "b"),
        count_values=(1, 2),
        box_names=(),
        box_corners=(),
        box_annotations=(),
        has_labels=True,
        has_counts=True,
        has_boxes=True,
        has_mask=True,
    )


@st.composite
def drawn_samples(draw: st.DrawFn, jagged: bool = True) -> list[Sample]:
    """Draw samples in up to three copies; where not ``jagged``, all of one shape and dtype."""
    sides = st.integers(1, 5)
    shapes = st.tuples(sides, sides, st.integers(1, 4))
    dtypes = st.sampled_from(["uint8", "uint16", "float32"])
    shape, dtype = draw(shapes), draw(dtypes)
    samples = []
    for name in draw(st.lists(names, min_size=1, max_size=6, unique=True)):
        for copy in range(draw(st.integers(1, 3))):
            if jagged:
                shape, dtype = draw(shapes), draw(dtypes)
            image = draw(hnp.arrays(dtype, shape))
            mask = draw(st.none() | hnp.arrays(np.uint8, shape[:2]))
            instances = draw(st.none() | hnp.arrays(np.uint16, shape[:2]))
            samples.append(Sample(name, copy, image, mask, draw(boxes()), instances))
    return samples


@st.composite
def boxes(draw: st.DrawFn) -> Boxes:
    """Draw up to three boxes."""
    count = draw(st.integers(0, 3))
    if not count:
        return NO_BOXES
    corners = draw(hnp.arrays(np.float64, (count, 4), elements=st.floats(0, 1e6)))
    called = tuple(draw(st.lists(names, min_size=count, max_size=count)))
    return Boxes(called, corners, np.arange(count, dtype=np.int32))


def write_store(folder: Path, samples: list[Sample], bits: int = 1) -> list[Row]:
    """Write ``samples`` as a store and return its rows, in the order they were written."""
    writers = {number: ShardWriter(folder, number) for number in range(2**bits)}
    for sample in sorted(samples, key=lambda one: (one.id, one.copy)):
        row = row_of(sample.id, bits)
        writers[row.shard].add(row, sample)
    rows = [row for writer in writers.values() for row in writer.close()]
    store.write_index(folder, table_of(rows), About(bits, 2, ("a", "b")), RECIPE)
    return rows


def same(one: Sample, other: Sample) -> bool:
    """Return whether two samples are equal to the bit, NaN included."""
    planes = [
        [None if m is None else (m.shape, m.dtype, m.tobytes()) for m in (s.mask, s.instances)]
        for s in (one, other)
    ]
    return (
        msgspec.structs.astuple(one)[:2] == msgspec.structs.astuple(other)[:2]
        and (one.image.shape, one.image.dtype) == (other.image.shape, other.image.dtype)
        and one.image.tobytes() == other.image.tobytes()
        and planes[0] == planes[1]
        and one.boxes.names == other.boxes.names
        and np.array_equal(one.boxes.corners, other.boxes.corners)
        and np.array_equal(one.boxes.annotations, other.boxes.annotations)
    )
