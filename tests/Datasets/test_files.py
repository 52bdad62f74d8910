"""Files and folders are there whole or not at all."""

import hashlib
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Datasets.files import (
    TEMPORARY,
    content_hash,
    link_or_copy,
    new_folder,
    open_plain,
    sha256_of,
    sha256_of_file,
    write_bytes,
    write_json,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_appears_when_its_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "out"
    with new_folder(target) as folder:
        (folder / "a").write_text("1")
        assert not target.exists()
    assert names(target) == ["a"]
    assert names(target.parent) == ["out"]


def test_a_folder_replaces_the_old_one_whole(tmp_path: Path) -> None:
    for name in ("old", "new"):
        with new_folder(tmp_path / "out") as folder:
            (folder / name).touch()
    assert names(tmp_path / "out") == ["new"]


def test_a_folder_that_is_not_to_be_replaced_stays(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").touch()
    with pytest.raises(FileExistsError), new_folder(tmp_path / "out", replaces=False) as folder:
        (folder / "new").touch()
    assert names(tmp_path) == ["out"] and names(tmp_path / "out") == ["mine"]


def test_a_failed_block_leaves_the_old_folder(tmp_path: Path) -> None:
    with new_folder(tmp_path / "out") as folder:
        (folder / "old").touch()
    with pytest.raises(RuntimeError, match="half way"), new_folder(tmp_path / "out") as folder:
        (folder / "new").touch()
        raise RuntimeError("half way")
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["old"]


def test_what_a_killed_run_of_this_machine_left_is_swept(tmp_path: Path) -> None:
    with new_folder(tmp_path / "out") as folder:
        mine = folder.name.removesuffix(str(os.getpid()))
    kept = [f"{TEMPORARY}out-00000000-123", mine.replace("out", "other") + "123", f"{mine}more-123"]
    for name in (f"{mine}123", *kept):
        (tmp_path / name).mkdir()
    with new_folder(tmp_path / "out"):
        pass
    assert names(tmp_path) == sorted([*kept, "out"])


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    write_bytes(tmp_path / ("n" * 255), b"x")
    assert names(tmp_path) == ["n" * 255]


def test_a_file_is_replaced_by_rename(tmp_path: Path) -> None:
    """Whoever has the old file open goes on reading it, and a hard link keeps it."""
    file, link = tmp_path / "a" / "f", tmp_path / "link"
    write_bytes(file, b"old")
    os.link(file, link)
    write_bytes(file, b"new")
    assert (file.read_bytes(), link.read_bytes()) == (b"new", b"old")
    assert names(tmp_path / "a") == ["f"]


def test_a_file_that_cannot_be_renamed_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    with pytest.raises(OSError, match="f"):
        write_bytes(tmp_path / "f", b"x")
    assert names(tmp_path) == ["f"]


def test_json_is_for_people_and_ends_in_a_newline(tmp_path: Path) -> None:
    class Row(msgspec.Struct):
        name: str
        boxes: list[int]

    write_json(tmp_path / "f.json", Row("é", []))
    expected = '{\n  "name": "é",\n  "boxes": []\n}\n'
    assert (tmp_path / "f.json").read_text(encoding="utf-8") == expected


def test_a_link_shares_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    link_or_copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a").samefile(tmp_path / "b")


def test_where_links_are_impossible_a_copy_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("another file system")

    (tmp_path / "a").write_bytes(b"x")
    monkeypatch.setattr(os, "link", refuse)
    link_or_copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"x"
    assert not (tmp_path / "a").samefile(tmp_path / "b")


@given(st.binary(max_size=200))
def test_hashes_are_the_published_ones(content: bytes) -> None:
    assert sha256_of(content) == hashlib.sha256(content).hexdigest()
    assert content_hash(memoryview(content)) == content_hash(content)
    assert len(content_hash(content)) == 32


def test_hashes_of_known_content(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    assert sha256_of_file(tmp_path / "f") == sha256_of(b"abc")
    assert sha256_of(b"abc").startswith("ba7816bf8f01cfea")
    assert content_hash(b"") == "99aa06d3014798d86001c324468d497f"  # from xxHash's own tests


def test_only_a_plain_file_is_opened(tmp_path: Path) -> None:
    """At once: a pipe is not waited for, a device has no end."""
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    (tmp_path / "folder").mkdir()
    for name in ("a", "link"):
        with open_plain(tmp_path / name) as file:
            assert file.read() == b"1"
            assert file.name == str(tmp_path / name)
    for name in ("pipe", "device", "folder"):
        with pytest.raises(OSError, match="it is no file but a folder, a pipe or a device"):
            open_plain(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        open_plain(tmp_path / "gone")
