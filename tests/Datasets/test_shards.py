"""A shard is a .npy file that any numpy reads, written as a stream."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from Datasets.frame import HEADER_BYTES
from Datasets.layout import NOWHERE, shard_name
from Datasets.sample import NO_BOXES, Sample
from Datasets.shards import ShardWriter
from tests.Datasets.stores import drawn_samples, row_of


def write(folder: Path, samples: list[Sample]) -> ShardWriter:
    writer = ShardWriter(folder, 0)
    for sample in samples:
        writer.add(row_of(sample.id), sample)
    return writer


@settings(max_examples=40)
@given(samples=drawn_samples(jagged=False))
def test_equal_shapes_are_one_array(
    tmp_path_factory: pytest.TempPathFactory, samples: list[Sample]
) -> None:
    folder = tmp_path_factory.mktemp("shard")
    write(folder, samples).close()
    array = np.load(folder / shard_name("images", 0), allow_pickle=False)
    stacked = np.stack([sample.image for sample in samples])
    assert (array.shape, array.dtype) == (stacked.shape, stacked.dtype)
    assert array.tobytes() == stacked.tobytes()


def test_jagged_shapes_stand_end_to_end(tmp_path: Path) -> None:
    shapes = [(2, 3, 1), (1, 1, 4), (5, 2, 3)]
    images = [np.full(shape, i, np.uint8) for i, shape in enumerate(shapes)]
    samples = [Sample(str(i), 0, image, None, NO_BOXES) for i, image in enumerate(images)]
    rows = write(tmp_path, samples).close()
    flat = np.load(tmp_path / shard_name("images", 0), allow_pickle=False)
    assert flat.tolist() == [0] * 6 + [1] * 4 + [2] * 30
    assert [row.image_offset for row in rows] == [0, 6, 10]
    assert [(row.height, row.width, row.channels) for row in rows] == shapes


def test_masks_have_a_file_only_where_there_are_any(tmp_path: Path) -> None:
    image, mask = np.zeros((2, 2, 3), np.uint8), np.ones((2, 2), np.uint8)
    instances = np.full((2, 2), 300, np.uint16)
    without = Sample("a", 0, image, None, NO_BOXES)
    (row,) = write(tmp_path, [without]).close()
    assert (row.mask_offset, row.mask_hash) == (NOWHERE, "")
    assert (row.instances_offset, row.instances_hash) == (NOWHERE, "")
    assert [path.name for path in tmp_path.iterdir()] == [shard_name("images", 0)]
    rows = write(tmp_path, [without, Sample("b", 0, image, mask, NO_BOXES)]).close()
    assert [row.mask_offset for row in rows] == [NOWHERE, 0]
    assert np.load(tmp_path / shard_name("masks", 0)).tolist() == [mask.tolist()]
    assert not (tmp_path / shard_name("instances", 0)).exists()
    found = [Sample(name, 0, image, None, NO_BOXES, instances) for name in "cd"]
    rows = write(tmp_path, [without, *found]).close()
    assert [row.instances_offset for row in rows] == [NOWHERE, 0, 8]
    stored = np.load(tmp_path / shard_name("instances", 0))
    assert stored.dtype == np.uint16 and stored.tolist() == [instances.tolist()] * 2


def test_an_empty_shard_leaves_no_file(tmp_path: Path) -> None:
    assert write(tmp_path, []).close() == []
    assert list(tmp_path.iterdir()) == []


def test_an_image_that_is_a_view_is_written_as_it_is_seen(tmp_path: Path) -> None:
    image = np.arange(24, dtype=np.uint16).reshape(4, 2, 3)[::-1, :, ::-1]
    write(tmp_path, [Sample("a", 0, image, None, NO_BOXES)]).close()
    assert (np.load(tmp_path / shard_name("images", 0))[0] == image).all()


def test_the_header_leaves_room_for_any_count(tmp_path: Path) -> None:
    image = np.zeros((1, 1, 1), np.uint8)
    write(tmp_path, [Sample(str(i), 0, image, None, NO_BOXES) for i in range(12)]).close()
    path = tmp_path / shard_name("images", 0)
    assert path.stat().st_size == HEADER_BYTES + 12
