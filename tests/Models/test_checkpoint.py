"""Weights come back as they were, or not at all."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from Datasets.errors import StoreError
from Datasets.scaler import StandardImage
from Models import checkpoint
from Models.checkpoint import Trained
from Models.module import Module, Parts, build
from Models.networks.network import InputShape

SHAPE = InputShape(16, 16, 3, "uint8")
PARTS = Parts("e001_small_cnn", {"base": 4}, "supervised", {}, ("a", "b", "c"), SHAPE)
MAPS = (StandardImage(),)


@pytest.fixture
def module() -> Module:
    return build(PARTS, MAPS).eval()


def save(folder: Path, module: Module) -> Trained:
    learned = dict(module.learned())
    other = {name: tensor + 1 for name, tensor in learned.items()}
    return checkpoint.write(folder, Trained(PARTS, 0, 5, 3, {}), learned, other)


def test_what_was_saved_answers_alike(tmp_path: Path, module: Module) -> None:
    trained = save(tmp_path, module)
    images = torch.randint(0, 256, (4, 16, 16, 3), dtype=torch.uint8)
    assert torch.equal(checkpoint.read(tmp_path, MAPS)(images), module(images))
    assert not torch.equal(checkpoint.read(tmp_path, MAPS, "last")(images), module(images))
    assert checkpoint.read_about(tmp_path) == trained


def test_the_same_weights_give_the_same_bytes(tmp_path: Path, module: Module) -> None:
    save(tmp_path, module)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    module.to(memory_format=torch.channels_last)  # another order in memory, the same weights
    save(tmp_path, module)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first


def test_the_scaler_is_not_among_the_weights(tmp_path: Path, module: Module) -> None:
    assert not [name for name in module.learned() if name.startswith("scaling")]


@given(bit=st.integers(min_value=0))
def test_any_flipped_bit_is_noticed(tmp_path_factory: pytest.TempPathFactory, bit: int) -> None:
    folder = tmp_path_factory.mktemp("weights")
    save(folder, build(PARTS, MAPS))
    path = folder / "best.safetensors"
    content = bytearray(path.read_bytes())
    content[bit // 8 % len(content)] ^= 1 << bit % 8
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"best\.safetensors is not what was trained"):
        checkpoint.read(folder, MAPS)


def test_what_is_not_there_names_its_stage(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"dvc repro train@3"):
        checkpoint.read(tmp_path / "3", MAPS)


def test_weights_that_do_not_fit_are_named_with_their_shapes(module: Module) -> None:
    weights = dict(module.learned())
    weights["framework.head.weight"] = torch.zeros(7, 16)
    weights["network.extra"] = weights.pop("framework.head.bias")
    with pytest.raises(StoreError) as caught:
        checkpoint.fill(module, weights, "here")
    for part in (
        "3 tensors do not fit",
        "framework.head.weight is [7, 16], the network has [3, 16]",
        "framework.head.bias is missing",
        "network.extra is not known",
    ):
        assert part in str(caught.value)
