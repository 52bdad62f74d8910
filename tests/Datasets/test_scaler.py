"""Scalers: their formulas against slow versions, and the round trip through files."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from Datasets import scaler
from Datasets.errors import StoreError
from Datasets.scaler import Affine, ChannelMatrix, ImageMatrix, Map, PatchMatrix, StandardImage

finite = st.floats(-1e3, 1e3, width=32)


def arrays(*shape: int) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.float32, shape, elements=finite)


affine = st.one_of(
    st.builds(Affine, arrays(2), arrays(2)), st.builds(Affine, arrays(3, 4, 2), arrays(3, 4, 2))
)
maps = st.lists(
    st.one_of(
        st.builds(StandardImage, st.floats(1e-9, 1)),
        affine,
        st.builds(ChannelMatrix, arrays(2), arrays(2, 2)),
        st.builds(PatchMatrix, arrays(2), arrays(2, 2, 3, 3), arrays(2)),
        st.builds(ImageMatrix, arrays(3, 4, 2), arrays(24, 24)),
    ),
    max_size=3,
).map(tuple)
batches = hnp.arrays(np.uint8, (2, 3, 4, 2))


@settings(deadline=None)
@given(maps=maps, batch=batches)
def test_what_is_written_scales_alike(
    tmp_path_factory: pytest.TempPathFactory, maps: tuple[Map, ...], batch: np.ndarray
) -> None:
    folder = tmp_path_factory.mktemp("scaler")
    scaler.write(folder, maps)
    found = scaler.read(folder)
    assert [type(one) for one in found] == [type(one) for one in maps]
    np.testing.assert_array_equal(scaler.apply(found, batch), scaler.apply(maps, batch))


@given(batches)
def test_standard_per_image(batch: np.ndarray) -> None:
    scaled = scaler.apply((StandardImage(),), batch)
    for image, result in zip(batch.astype(np.float64), scaled, strict=True):
        expected = (image - image.mean()) / np.sqrt(image.var() + scaler.TINY)
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)


@given(batch=batches, shift=arrays(2), gain=arrays(2))
def test_affine(batch: np.ndarray, shift: np.ndarray, gain: np.ndarray) -> None:
    scaled = scaler.apply((Affine(shift, gain),), batch)
    at = (1, 2, 3, 1)
    assert scaled[at] == (np.float32(batch[at]) - shift[1]) * gain[1]


@given(batch=batches, shift=arrays(2), matrix=arrays(2, 2))
def test_channel_matrix(batch: np.ndarray, shift: np.ndarray, matrix: np.ndarray) -> None:
    scaled = scaler.apply((ChannelMatrix(shift, matrix),), batch)
    pixel = batch[1, 2, 3].astype(np.float64) - shift
    expected = [sum(matrix[i, j] * pixel[j] for j in range(2)) for i in range(2)]
    np.testing.assert_allclose(scaled[1, 2, 3], expected, rtol=1e-4, atol=1.0)


@given(
    batch=batches,
    shift=arrays(2),
    kernel=st.sampled_from([1, 3, 5]).flatmap(lambda side: arrays(2, 2, side, side)),
    bias=arrays(2),
)
def test_patch_matrix(
    batch: np.ndarray, shift: np.ndarray, kernel: np.ndarray, bias: np.ndarray
) -> None:
    """Also at the border, beyond which the image is mirrored."""
    scaled = scaler.apply((PatchMatrix(shift, kernel, bias),), batch)
    image, side = batch[1].astype(np.float64) - shift, kernel.shape[2]
    for row in range(3):
        for column in range(4):
            rows = [2 - abs(2 - abs(row + step - side // 2)) for step in range(side)]
            columns = [3 - abs(3 - abs(column + step - side // 2)) for step in range(side)]
            patch = image[np.ix_(rows, columns)].transpose(2, 0, 1)
            expected = (kernel * patch).sum(axis=(1, 2, 3)) + bias
            small = 1e-6 * (1 + float(np.abs(kernel * patch).sum()))
            np.testing.assert_allclose(scaled[1, row, column], expected, rtol=1e-5, atol=small)


@given(batch=batches, shift=arrays(3, 4, 2), seed=st.integers(0, 99))
def test_image_matrix(batch: np.ndarray, shift: np.ndarray, seed: int) -> None:
    matrix = np.random.default_rng(seed).normal(size=(3, 4, 2, 3, 4, 2)).astype(np.float32)
    scaled = scaler.apply((ImageMatrix(shift, matrix.reshape(24, 24)),), batch)
    image = batch[1].astype(np.float64) - shift
    expected = (matrix[2, 1, 0] * image).sum()
    small = 1e-6 * (1 + float(np.abs(matrix[2, 1, 0] * image).sum()))
    np.testing.assert_allclose(scaled[1, 2, 1, 0], expected, rtol=1e-5, atol=small)


def test_no_map_gives_floats() -> None:
    batch = np.full((1, 2, 2, 1), 7, np.uint16)
    scaled = scaler.apply((), batch)
    assert scaled.dtype == np.float32
    assert (scaled == 7).all()


def test_nothing_is_changed_in_place() -> None:
    batch = np.ones((1, 2, 2, 2), np.float32)
    scaler.apply((StandardImage(), Affine(np.ones(2, np.float32), np.ones(2, np.float32))), batch)
    assert (batch == 1).all()


def test_an_array_that_was_changed_is_refused(tmp_path: Path) -> None:
    scaler.write(tmp_path, (Affine(np.zeros(2, np.float32), np.ones(2, np.float32)),))
    path = tmp_path / "0-gain.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"0-gain\.npy is not the array that was fitted"):
        scaler.read(tmp_path)
    path.unlink()
    with pytest.raises(StoreError, match=r"0-gain\.npy"):
        scaler.read(tmp_path)


def test_a_scaler_that_is_not_there_names_its_stage(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="dvc repro scale@3"):
        scaler.read(tmp_path / "3")
