"""Small files are read whole, and only what is a file below the folder."""

import os
from pathlib import Path

import pytest

from Data_processing.convert.readers.small_files import Files
from Datasets.errors import AnnotationError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "raw"
    (made / "labels").mkdir(parents=True)
    (made / "labels/a.txt").write_bytes(b"0 1 2 3 4\n" * 9_000)
    (tmp_path / "secret.txt").write_text("mine")
    return made


def test_a_file_is_read_whole(root: Path) -> None:
    assert Files(root).read("labels/a.txt") == b"0 1 2 3 4\n" * 9_000


def test_a_link_is_followed_within_the_folder_only(root: Path) -> None:
    (root / "b.txt").symlink_to("labels/a.txt")
    (root / "folder").symlink_to("labels")
    for file in ("b.txt", "folder/a.txt"):
        assert len(Files(root).read(file)) == 90_000
    (root / "c.txt").symlink_to("../secret.txt")
    (root / "out").symlink_to("..")
    for file in ("c.txt", "out/secret.txt"):
        with pytest.raises(AnnotationError, match=f"{file}: .* leads out"):
            Files(root).read(file)


@pytest.mark.parametrize("content", [b"", b" \n\t"])
def test_an_empty_file_is_named(root: Path, content: bytes) -> None:
    (root / "b.txt").write_bytes(content)
    with pytest.raises(AnnotationError, match=r"b\.txt: the file is empty"):
        Files(root).read("b.txt")


def test_what_is_no_file_is_named_and_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe.txt")
    for file in ("labels", "pipe.txt", "gone.txt"):
        with pytest.raises(AnnotationError, match=f"^{file}: "):
            Files(root).read(file)
