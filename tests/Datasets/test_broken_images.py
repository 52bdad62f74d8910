"""Whatever the bytes are: a sentence of our own, no warning, nothing else comes out."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing.convert.inspect import inspect
from Datasets.errors import ImageError
from Datasets.image import decode, read_header
from tests.Datasets import broken_images as made
from tests.Datasets.broken_images import CASES, Broken

SOUND = {
    "a.jpg": made.JPEG,
    "a.png": made.PNG,
    "a.webp": made.WEBP,
    "a.bmp": made.BMP,
    "a.tif": made.TIFF,
    "tiled.tif": made.TILED,
    "deep.tif": made.DEEP,
    "deep.png": made.picture(made.RGB[:, :, 0].astype(np.uint16), "PNG"),
    "palette.tif": made.tiff(
        made.RGB[:, :, 0],
        photometric="palette",
        colormap=np.arange(768, dtype=np.uint16).reshape(3, 256) << 6,
    ),
    "jpeg.tif": made.tiff(made.RGB, compression="jpeg", photometric="rgb", rowsperstrip=16),
    "lzw.tif": made.tiff(made.RGB, compression="lzw", predictor=True, photometric="rgb"),
    "big.tif": made.tiff(made.RGB, bigtiff=True, planarconfig="separate", photometric="rgb"),
}


def sentence(action: Callable[[], object]) -> str:
    with pytest.raises(ImageError) as caught:
        action()
    return str(caught.value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}: {case.sentence[:30]}")
def test_the_sentence(case: Broken, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / case.name
    path.write_bytes(case.content)
    looks: list[Callable[[], object]] = [lambda: decode(case.content, case.name, "unchanged")]
    if not case.has_header:
        looks.append(lambda: read_header(case.content, case.name))
    if not (case.has_header and case.has_end):
        looks.append(lambda: inspect(tmp_path, case.name))
    else:
        assert read_header(case.content, case.name) == inspect(tmp_path, case.name).header
    for look in looks:
        says = sentence(look)
        assert case.sentence in says
        assert says.startswith(f"{case.name}: ") and len(says) < 300 and "\n" not in says
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_the_corpus_is_large_and_each_case_is_one_of_a_kind() -> None:
    assert len(CASES) >= 40
    assert len({case.content for case in CASES}) == len(CASES)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.jpg", made.PNG, "a.jpg: .jpg promises JPEG, but the content is PNG; rename the file"),
        ("a.TIF", made.JPEG, "a.TIF: .TIF promises TIFF, but the content is JPEG; rename the file"),
        ("b/a.webp", made.BMP, "b/a.webp: .webp promises WebP, but the content is BMP"),
    ],
)
def test_a_mislabelled_image_is_no_secret(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / name).write_bytes(content)
    assert sentence(lambda: inspect(tmp_path, name)).startswith(says)
    assert decode(content, name).shape == made.RGB.shape  # what has no name to keep is read


def test_a_suffix_that_promises_nothing_is_no_lie(tmp_path: Path) -> None:
    for name in ("a", "a.jfif", "a.JPEG", "a.jpg.1"):
        (tmp_path / name).write_bytes(made.JPEG)
        assert inspect(tmp_path, name).header.width == 64


@pytest.mark.parametrize("name", SOUND)
@given(data=st.data())
def test_damage_raises_nothing_else(name: str, data: st.DataObject) -> None:
    """Bytes flipped, written over, cut off: an image or a sentence, never a traceback."""
    content = bytearray(SOUND[name])
    for _ in range(data.draw(st.integers(0, 4))):
        near = st.integers(0, min(len(content) - 1, 400)) | st.integers(0, len(content) - 1)
        content[data.draw(near)] = data.draw(st.sampled_from([0, 1, 255]) | st.integers(0, 255))
    damaged = bytes(content[: data.draw(st.none() | st.integers(0, len(content)))])
    try:
        header = read_header(damaged, name)
        pixels = decode(damaged, name, "unchanged")
    except ImageError as error:
        assert str(error).startswith(f"{name}: ")
    else:
        assert pixels.shape == (header.height, header.width, header.channels)
        assert pixels.dtype == header.dtype
