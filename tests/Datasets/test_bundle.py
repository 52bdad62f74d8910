import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from Datasets import bundle
from Datasets.bundle import Input, Manifest
from Datasets.errors import StoreError
from Datasets.files import sha256_of

MANIFEST = Manifest(
    classes=("cat", "dog"),
    input=Input("rgb", "uint8", 48, 64, 3, 3, "uint8"),
    network="e001_small_cnn",
    framework="supervised",
    fold=2,
    parameters={"seed": "42"},
    data={"Datasets/tensors/index.parquet": "a" * 64},
    files={},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scripts/Models").mkdir(parents=True)
    (tmp_path / "model.onnx").write_bytes(b"graph")
    (tmp_path / "scripts/Models/module.py").write_text("code")
    bundle.write(tmp_path, MANIFEST)
    return tmp_path


def test_what_was_written_is_read_with_the_hash_of_every_file(folder: Path) -> None:
    files = {"model.onnx": sha256_of(b"graph"), "scripts/Models/module.py": sha256_of(b"code")}
    assert bundle.read(folder) == replace(MANIFEST, files=files)


def test_the_manifest_depends_on_content_only(folder: Path, tmp_path_factory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "scripts/Models").mkdir(parents=True)
    (other / "scripts/Models/module.py").write_text("code")
    (other / "model.onnx").write_bytes(b"graph")
    bundle.write(other, MANIFEST)
    ours = (folder / bundle.MANIFEST_FILE).read_bytes()
    assert (other / bundle.MANIFEST_FILE).read_bytes() == ours
    bundle.write(folder, bundle.read(folder))  # once more, with the hashes of before
    assert (folder / bundle.MANIFEST_FILE).read_bytes() == ours


@given(place=st.integers(0, 4), bit=st.integers(0, 7))
def test_every_flipped_bit_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    folder = tmp_path_factory.mktemp("flipped")
    content = bytearray(b"graph")
    (folder / "model.onnx").write_bytes(content)
    bundle.write(folder, MANIFEST)
    content[place] ^= 1 << bit
    (folder / "model.onnx").write_bytes(content)
    with pytest.raises(StoreError, match=r"model\.onnx: its content is not what the manifest"):
        bundle.read(folder)


def test_files_that_are_gone_or_strange_are_named(folder: Path) -> None:
    (folder / "scripts/more.py").write_text("")
    with pytest.raises(StoreError, match=r"scripts/more\.py is not in the manifest"):
        bundle.read(folder)
    (folder / "scripts/more.py").unlink()
    (folder / "model.onnx").unlink()
    with pytest.raises(StoreError, match=r"model\.onnx is missing"):
        bundle.read(folder)


def test_compiled_code_that_nobody_vouches_for_is_refused(folder: Path) -> None:
    (folder / "scripts/Models/__pycache__").mkdir()
    (folder / "scripts/Models/__pycache__/module.cpython-311.pyc").write_bytes(b"\0")
    with pytest.raises(StoreError, match=r"module\.cpython-311\.pyc is not in the manifest"):
        bundle.read(folder)


@pytest.mark.parametrize("target", ["absent", "model.onnx", "scripts"])
@pytest.mark.parametrize("act", [bundle.read, lambda folder: bundle.write(folder, MANIFEST)])
def test_a_link_is_refused_wherever_it_leads(
    folder: Path, target: str, act: Callable[[Path], object]
) -> None:
    (folder / "scripts/link").symlink_to(folder / target)
    with pytest.raises(StoreError, match=r"scripts/link is a link, a bundle holds plain files"):
        act(folder)


def test_a_listed_file_that_became_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    moved = (folder / "model.onnx").rename(tmp_path.with_suffix(".onnx"))
    (folder / "model.onnx").symlink_to(moved)
    with pytest.raises(StoreError, match=r"model\.onnx is a link"):
        bundle.read(folder)


def test_a_pipe_is_refused_and_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(StoreError, match="pipe is no plain file"):
        bundle.read(folder)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not a manifest of format 2"),
        ('{"classes": [], "made": "today"}', "not a manifest of format 2"),
    ],
)
def test_a_manifest_of_another_kind_is_refused(folder: Path, text: str, said: str) -> None:
    (folder / bundle.MANIFEST_FILE).write_text(text)
    with pytest.raises(StoreError, match=said):
        bundle.read(folder)


def test_a_manifest_of_another_format_is_refused(folder: Path) -> None:
    bundle.write(folder, replace(MANIFEST, format=9))
    with pytest.raises(StoreError, match="format 9, this code reads 2"):
        bundle.read(folder)


def test_no_bundle_says_which_stage_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"holds no bundle; `dvc repro export` makes it"):
        bundle.read(tmp_path)
