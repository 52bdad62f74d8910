"""Stacked tensors: any rows in any order, equal to what the store holds."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Datasets.errors import StackError, StoreError
from Datasets.sample import NO_BOXES, Sample
from Datasets.tensors import Tensors
from tests.Datasets.stores import drawn_samples, write_store


@settings(max_examples=40)
@given(samples=drawn_samples(jagged=False), bits=st.integers(0, 2), data=st.data())
def test_gather_gives_the_rows_that_were_asked_for(
    tmp_path_factory: pytest.TempPathFactory, samples: list[Sample], bits: int, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("tensors")
    write_store(folder, samples, bits)
    tensors = Tensors(folder)
    assert len(tensors) == len(samples)
    assert (tensors.shape, tensors.dtype) == (samples[0].image.shape, samples[0].image.dtype)
    asked = st.lists(st.integers(0, len(samples) - 1), min_size=1, max_size=9)
    rows = np.array(data.draw(asked))
    image_of = {(sample.id, sample.copy): sample.image for sample in samples}
    keys = tensors.index[["id", "copy"]].iloc[rows]
    expected = np.stack([image_of[str(key[0]), int(key[1])] for key in keys.to_numpy()])
    assert tensors.gather(rows).tobytes() == expected.tobytes()


def test_gather_writes_into_a_buffer_that_is_brought(tmp_path: Path) -> None:
    images = [np.full((2, 2, 1), i, np.uint8) for i in range(4)]
    write_store(tmp_path, [Sample(str(i), 0, one, None, NO_BOXES) for i, one in enumerate(images)])
    tensors = Tensors(tmp_path)
    out = np.empty((2, 2, 2, 1), np.uint8)
    assert tensors.gather(np.array([3, 1]), out) is out
    assert (out == tensors.gather(np.array([3, 1]))).all()
    assert tensors.gather(np.array([], np.int64)).shape == (0, 2, 2, 1)


def test_samples_of_different_shapes_are_refused(tmp_path: Path) -> None:
    shapes = [(2, 2, 3), (2, 3, 3)]
    samples = [
        Sample(str(i), 0, np.zeros(shape, np.uint8), None, NO_BOXES)
        for i, shape in enumerate(shapes)
    ]
    write_store(tmp_path, samples)
    with pytest.raises(StackError, match="2 different shapes"):
        Tensors(tmp_path)


def test_tensors_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no store"):
        Tensors(tmp_path)
