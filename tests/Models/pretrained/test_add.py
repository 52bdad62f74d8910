"""Weights are taken over checked, without running code, and read back only if they are the same."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load, save_file

from Datasets.command import main
from Datasets.errors import ParamsError, StageError, StoreError
from Datasets.files import sha256_of_file
from Models.__main__ import VERBS
from Models.pretrained import shelf
from Models.pretrained.command import add, listed
from Models.pretrained.download import download

TENSORS = {"b.weight": torch.arange(6.0).reshape(2, 3), "a.count": torch.tensor(3)}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(name: str, where: str) -> dict[str, torch.Tensor]:
    return load(shelf.content_of(name, where))


def saved(content: object, name: str = "theirs.pth") -> str:
    torch.save(content, name)
    return name


def same(found: dict[str, torch.Tensor]) -> bool:
    return found.keys() == TENSORS.keys() and all(
        torch.equal(found[name], TENSORS[name]) for name in found
    )


@pytest.mark.parametrize(
    "content",
    [
        TENSORS,
        {"epoch": 3, "state_dict": TENSORS},
        {"model": {f"module.{name}": one for name, one in TENSORS.items()}, "arch": "resnet18"},
        {**TENSORS, "note": "kept by somebody"},
    ],
)
def test_state_dicts_are_taken_over_however_they_are_wrapped(content: object) -> None:
    about = add("theirs", saved(content), licence="BSD-3-Clause")
    assert same(read("theirs", "here"))
    assert (about.tensors, about.numbers, about.licence) == (2, 7, "BSD-3-Clause")
    assert about.sha256 == sha256_of_file(shelf.path_of("theirs"))
    assert shelf.read_about("theirs", "here") == about


def test_safetensors_are_taken_over_and_the_same_weights_are_the_same_bytes() -> None:
    save_file(TENSORS, "theirs.safetensors")
    one = add("one", "theirs.safetensors")
    other = add("other", saved(dict(reversed(TENSORS.items()))))
    assert one.sha256 == other.sha256


def test_tensors_that_share_memory_are_each_whole() -> None:
    whole = torch.arange(12.0)
    add("shared", saved({"all": whole, "some": whole[3:6], "turned": whole.reshape(3, 4).T}))
    found = read("shared", "here")
    assert found["some"].tolist() == [3, 4, 5]
    assert torch.equal(found["turned"], whole.reshape(3, 4).T)


class Harmful:
    """Leaves a file behind when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("was-run",)


@pytest.mark.parametrize("wrapped", [True, False])
def test_no_code_of_a_file_is_run(wrapped: bool, folder: Path) -> None:
    content = {"state_dict": TENSORS, "hook": Harmful()} if wrapped else Harmful()
    saved(content)
    (folder / "plain.pkl").write_bytes(pickle.dumps(content))
    for name in ("theirs.pth", "plain.pkl"):
        with pytest.raises(StoreError, match="cannot be read as tensors alone"):
            add("theirs", name)
    assert not (folder / "was-run").exists()
    assert not shelf.SHELF.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([1, 2], "a state dict was expected, got list"),
        ({"epoch": 3}, "there is no tensor in it"),
        ({"a": torch.tensor([1.0, float("nan")])}, "1 tensors hold numbers that are not finite: a"),
        ({"module.a": torch.ones(1), "a": torch.ones(1)}, "two tensors have one name"),
    ],
)
def test_what_is_no_state_dict_is_said(content: object, said: str) -> None:
    with pytest.raises(StoreError, match=said):
        add("theirs", saved(content))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"\x80\x02}q\x00.", b"\xff" * 64])
def test_broken_files_are_refused(content: bytes, folder: Path) -> None:
    (folder / "broken").write_bytes(content)
    with pytest.raises(StoreError, match="broken: "):
        add("theirs", "broken")


def test_a_header_that_lies_is_refused(folder: Path) -> None:
    save_file(TENSORS, "theirs.safetensors")
    content = bytearray((folder / "theirs.safetensors").read_bytes())
    content[:8] = (2**40).to_bytes(8, "little")
    (folder / "theirs.safetensors").write_bytes(content)
    with pytest.raises(StoreError, match=r"theirs\.safetensors: "):
        add("theirs", "theirs.safetensors")


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "none", "a\nb", "x" * 200])
def test_names_stay_in_the_folder(name: str) -> None:
    with pytest.raises(ParamsError, match="cannot be the name of weights"):
        add(name, saved(TENSORS))


def test_a_file_that_was_not_meant_is_refused() -> None:
    path = saved(TENSORS)
    with pytest.raises(StoreError, match=r"its sha256 is .* not 00: it is not the file"):
        add("theirs", path, sha256="00")
    add("theirs", path, sha256=sha256_of_file(Path(path)).upper())


def test_weights_are_replaced_only_when_told() -> None:
    add("theirs", saved(TENSORS))
    with pytest.raises(StageError, match="are there already"):
        add("theirs", saved({"other": torch.ones(1)}))
    assert same(read("theirs", "here"))
    add("theirs", saved({"other": torch.ones(1)}), replaces=True)
    assert list(read("theirs", "here")) == ["other"]


def test_a_bit_that_fell_over_is_noticed() -> None:
    add("theirs", saved(TENSORS))
    path = shelf.path_of("theirs")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError, match="is not what was added"):
        read("theirs", "here")
    path.unlink()
    with pytest.raises(StoreError, match=r"is not here; `dvc checkout Datasets/weights/theirs"):
        read("theirs", "here")


def test_unknown_names_get_the_nearest() -> None:
    add("resnet18_mine", saved(TENSORS))
    with pytest.raises(ParamsError, match=r"there are no weights 'resnet18_min' .*resnet18_mine"):
        read("resnet18_min", "params.yaml: train.pretrained")


def test_an_about_of_another_kind_is_said() -> None:
    add("theirs", saved(TENSORS))
    shelf.about_path("theirs").write_text('{"source": 3}')
    with pytest.raises(StoreError, match="add the weights anew"):
        read("theirs", "here")


@pytest.mark.parametrize("url", ["http://127.0.0.1/a.pth", "file:///etc/hosts", "ftp://x/y"])
def test_only_https_is_fetched(url: str, folder: Path) -> None:
    with pytest.raises(StoreError, match="https:// was expected"):
        add("theirs", url)


def test_nobody_who_answers_is_said(folder: Path) -> None:
    with pytest.raises(StoreError, match="fetch it by hand"):
        download("https://127.0.0.1:9/a.pth", folder / "a.pth")


def test_the_command_says_what_to_do_next(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("weights", "add", "theirs", "--from", saved(TENSORS), "--licence", "MIT")
    assert main("Models", VERBS, words) == 0
    said = capsys.readouterr().out
    assert "Datasets/weights/theirs.safetensors: 2 tensors, 7 numbers, licence MIT" in said
    assert "`train.pretrained: theirs`" in said and "dvc add" in said
    assert main("Models", VERBS, ("weights", "list")) == 0
    assert capsys.readouterr().out.startswith("theirs: 7 numbers, from theirs.pth (")
    shelf.path_of("theirs").unlink()
    assert "not here: `dvc pull" in listed()


def test_numpy_numbers_beside_the_tensors_do_not_matter() -> None:
    """Many checkpoints keep an accuracy as numpy's float: torch refuses that one, in a sentence."""
    with pytest.raises(StoreError, match="cannot be read as tensors alone"):
        add("theirs", saved({"state_dict": TENSORS, "best": np.float64(0.5)}))
