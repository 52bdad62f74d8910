"""Files that are named and looked at: hash, header, and what is wrong with how they are named."""

import hashlib
import os
import tracemalloc
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from Data_processing.convert.inspect import inspect, inspect_content, inspect_files
from Datasets.errors import ImageError
from Datasets.files import sha256_of
from Datasets.image import Header
from tests.Datasets.broken_images import BMP, JPEG, PNG, directory, picture, plain, tiff


def sentence(root: Path, file: str) -> str:
    with pytest.raises(ImageError) as caught:
        inspect(root, file)
    return str(caught.value)


def test_hash_and_header_of_a_file_and_of_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    seen = inspect(tmp_path, "a.png")
    assert seen.sha256 == hashlib.sha256(PNG).hexdigest()
    assert seen.header == Header(64, 48, 3, "uint8", 1)
    assert inspect_content(PNG, "a.json") == seen


def test_the_file_is_not_read_into_memory(tmp_path: Path) -> None:
    """Some gigabytes behind the pixels, which no decoder looks at: a hole in the file."""
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEG)
    os.truncate(path, 64 << 20)
    inspect(tmp_path, "a.jpg")
    tracemalloc.start()
    inspect(tmp_path, "a.jpg")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000  # of 67 million bytes


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("trailer.jpg", JPEG + b"what a telephone adds"),
        ("trailer.png", PNG + bytes(9)),
        ("no-end.png", PNG[:-12]),
        ("length.bmp", BMP[:2] + bytes(4) + BMP[6:]),
    ],
)
def test_an_unusual_end_is_no_damage_where_all_pixels_are_there(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    assert inspect(tmp_path, name).header == Header(64, 48, 3, "uint8", 1)


def test_a_large_file_that_was_cut_short_is_found(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1_000, 1_000, 3), np.uint8)
    for kind, suffix in (("JPEG", "jpg"), ("PNG", "png"), ("TIFF", "tif"), ("WebP", "webp")):
        content = picture(noise, kind, **({"quality": 100} if suffix in ("jpg", "webp") else {}))
        path = tmp_path / f"a.{suffix}"
        path.write_bytes(content)
        assert inspect(tmp_path, path.name).header.width == 1_000
        os.truncate(path, len(content) - 100)
        assert len(content) > 1 << 20 or suffix == "webp"
        assert sentence(tmp_path, path.name).startswith(f"{path.name}: ")


def test_a_raster_larger_than_the_limit_may_be_read_by_windows(tmp_path: Path) -> None:
    tags = plain(width=40_000, height=40_000, rows=1, offsets=(4, 40_000, 400))
    (tmp_path / "a.tif").write_bytes(directory({**tags, 279: (4, 40_000, 400)}) + bytes(200_000))
    assert "40000 x 40000 pixels are more than" in sentence(tmp_path, "a.tif")
    assert inspect(tmp_path, "a.tif", in_windows=True).header.width == 40_000


def test_a_missing_file_is_named_and_one_like_it_too(tmp_path: Path) -> None:
    (tmp_path / "Fotos").mkdir()
    accent = unicodedata.normalize("NFC", "né.jpg")
    for name in ("IMG.jpg", "Fotos/a.JPG", unicodedata.normalize("NFD", accent)):
        (tmp_path / name).write_bytes(JPEG)
    for name in ("b.jpg", "no/b.jpg"):
        says = "the annotations name it, but there is no such file; add it, or correct the name"
        assert sentence(tmp_path, name) == f"{name}: {says}"
    assert sentence(tmp_path, "IMG.jpg/b.jpg").startswith("IMG.jpg/b.jpg: cannot be read: Not a")
    assert sentence(tmp_path, "IMG.JPG") == (
        "there is no file IMG.JPG, but IMG.jpg: names differ by case; rename one"
    )
    assert "but Fotos/a.JPG: names differ by case" in sentence(tmp_path, "fotos/a.jpg")
    assert "names differ in how their accents are encoded; rename one" in sentence(tmp_path, accent)
    (tmp_path / "b.JPG").write_bytes(JPEG)  # names are not remembered for too long
    assert "but b.JPG: names differ by case" in sentence(tmp_path, "b.jpg")


def test_only_files_inside_the_folder_are_opened(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "out.jpg").write_bytes(JPEG)
    (root / "in.jpg").write_bytes(JPEG)
    (root / "out.jpg").symlink_to(tmp_path / "out.jpg")
    (root / "link.jpg").symlink_to("in.jpg")
    (root / "round.jpg").symlink_to("round.jpg")
    (root / "gone.jpg").symlink_to("nowhere.jpg")
    (root / "folder.jpg").mkdir()
    os.mkfifo(root / "pipe.jpg")
    assert inspect(root, "link.jpg") == inspect(root, "in.jpg")
    assert "out.jpg: a link leads out of the data set's folder" in sentence(root, "out.jpg")
    assert "gone.jpg: is a link that leads nowhere" in sentence(root, "gone.jpg")
    for name in ("folder.jpg", "pipe.jpg"):
        assert f"{name}: is no file but a folder or a device" in sentence(root, name)
    assert "cannot be read: Too many levels of symbolic" in sentence(root, "round.jpg")


def test_bands_are_one_image_with_one_hash(tmp_path: Path) -> None:
    gray = np.zeros((4, 5), np.uint16)
    contents = {"b.tif": tiff(gray), "a.png": picture(gray, "PNG")}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    seen = inspect_files(tmp_path, ["b.tif", "a.png"])
    digests = "".join(sha256_of(contents[name]) for name in ("b.tif", "a.png"))
    assert seen.sha256 == sha256_of(digests.encode())
    assert seen.header == Header(5, 4, 2, "uint16", 1, has_bands=True)
    (tmp_path / "c.png").write_bytes(PNG)
    with pytest.raises(ImageError, match=r"^c\.png: a band must have 1 channel, this has 3"):
        inspect_files(tmp_path, ["b.tif", "c.png"])
    with pytest.raises(ImageError, match=r"^b\.tif: 17 bands are more than 16"):
        inspect_files(tmp_path, ["b.tif"] * 17)
