"""Frames of many rows at once are those that the rows say one by one, and are read with care."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Datasets.frame import Form, Frame, FrameReader, header
from Datasets.layout import KINDS, NOWHERE, Layout, shard_name
from Datasets.sample import NO_BOXES, Sample
from Datasets.store import Store
from tests.Datasets.stores import drawn_samples, write_store


@settings(max_examples=40)
@given(data=st.data(), samples=drawn_samples())
def test_frames_are_where_each_row_says(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, samples: list[Sample]
) -> None:
    folder = tmp_path_factory.mktemp("store")
    write_store(folder, samples)
    rows = Store(folder).rows()
    asked = np.array(data.draw(st.lists(st.integers(0, len(rows) - 1))), np.int64)
    layout = Layout(Store(folder).table)
    for kind, name in KINDS.items():
        for number, frame in zip(asked.tolist(), layout.frames(kind, asked), strict=True):
            row = rows[number]
            if getattr(row, f"{name}_offset") == NOWHERE:
                assert frame is None
                continue
            pixels = Store(folder)._pixels(kind, row)
            assert pixels is not None and frame is not None
            assert (frame.offset, frame.hash) == (
                getattr(row, f"{name}_offset"),
                getattr(row, f"{name}_hash"),
            )
            assert (frame.form.shape, frame.form.dtype) == (pixels.shape, pixels.dtype.name)
            room = bytearray(frame.form.nbytes)
            with FrameReader(folder / shard_name(kind, row.shard)) as reader:
                assert reader.read(frame, memoryview(room))
            assert room == pixels.tobytes()


def test_shards_follow_each_other(tmp_path: Path) -> None:
    rows = write_store(tmp_path, [_sample(str(number)) for number in range(30)], bits=2)
    layout = Layout(Store(tmp_path).table)
    for shard in range(5):
        span = layout.span(shard)
        assert span.stop - span.start == sum(row.shard == shard for row in rows)
        assert set(layout.shards[span].tolist()) <= {shard}


@pytest.mark.parametrize("harm", ["one bit", "too short", "another place", "none"])
def test_what_was_not_written_is_not_taken(tmp_path: Path, harm: str) -> None:
    (row,) = write_store(tmp_path, [_sample("a")], bits=0)
    path = tmp_path / shard_name("images", 0)
    content = bytearray(path.read_bytes())
    content[-1] ^= harm == "one bit"
    path.write_bytes(content[:-1] if harm == "too short" else content)
    frame = Frame(int(harm == "another place"), Form((4, 5, 3), "uint8"), row.image_hash)
    with FrameReader(path) as reader:
        assert reader.read(frame, memoryview(bytearray(60))) is (harm == "none")


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_header_is_numpys_own(tmp_path: Path, dtype: str) -> None:
    """Numpy pads to 64 bytes, we to one length: it reads the same in both."""
    array = np.zeros((7, 2, 3, 4), dtype)
    path = tmp_path / "a.npy"
    path.write_bytes(header({Form((2, 3, 4), dtype)}, 7, array.nbytes) + array.tobytes())
    found = np.load(path, allow_pickle=False)
    assert (found.shape, found.dtype) == (array.shape, array.dtype)
    mixed = header({Form((2, 3, 4), dtype), Form((1, 3, 4), dtype)}, 7, array.nbytes)
    path.write_bytes(mixed + array.tobytes())
    assert np.load(path, allow_pickle=False).shape == (array.nbytes,)


def _sample(name: str) -> Sample:
    image = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    return Sample(name, 0, image, None, NO_BOXES)
