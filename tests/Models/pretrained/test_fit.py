"""Weights into networks: torchvision's as torchvision names them, ours as we do."""

import shutil
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import load_file, save_file

from Datasets import scaler
from Datasets.command import main
from Datasets.errors import StoreError
from Models import checkpoint
from Models.__main__ import VERBS
from Models.module import Parts, build
from Models.networks.network import InputShape
from Models.pretrained.command import add
from Models.pretrained.fit import begin_with, fill
from tests.Models.tiny import PARAMS, Tiny

RGB = InputShape(32, 32, 3, "uint8")


def network(name: str = "resnet18", shape: InputShape = RGB) -> torch.nn.Module:
    return build(Parts(name, {}, "supervised", {}, ("a", "b"), shape), ()).network


def test_torchvisions_weights_give_torchvisions_features() -> None:
    theirs = torchvision.models.resnet18(num_classes=7).eval()
    ours = network().eval()
    unused = fill(ours, theirs.state_dict(), "here")  # type: ignore[arg-type]
    assert sorted(unused) == ["fc.bias", "fc.weight"]
    images = torch.randn(2, 3, 32, 32)
    theirs.fc = torch.nn.Identity()
    assert torch.equal(ours(images), theirs(images))


def test_old_weights_without_a_count_of_batches_fit() -> None:
    old = {n: t for n, t in network().state_dict().items() if "num_batches_tracked" not in n}
    assert fill(network(), old, "here") == []  # type: ignore[arg-type]


def test_what_does_not_fit_is_named_with_its_shapes() -> None:
    four = network(shape=InputShape(32, 32, 4, "uint8"))
    weights = torchvision.models.resnet18().state_dict()
    del weights["layer1.0.bn1.weight"]
    before = {name: one.clone() for name, one in four.state_dict().items()}
    with pytest.raises(StoreError) as error:
        fill(four, weights, "params.yaml: train.pretrained: x")  # type: ignore[arg-type]
    said = str(error.value)
    assert said.startswith("params.yaml: train.pretrained: x: 2 of 120 tensors do not fit: ")
    assert "body.layer1.0.bn1.weight is missing" in said
    assert "body.conv1.weight is [64, 3, 7, 7], the network has [64, 4, 7, 7]" in said
    assert all(torch.equal(before[name], one) for name, one in four.state_dict().items())


def test_weights_of_another_network_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"120 tensors do not fit: .* and \d+ more"):
        fill(network(), network("e001_small_cnn").state_dict(), "here")  # type: ignore[arg-type]


def test_our_own_weights_go_the_same_road(tiny: Tiny) -> None:
    """Train, add what came of it, begin with it for no step at all but one of rate nearly 0."""
    assert main("Models", VERBS, ("train", "0")) == 0
    add("mine", "Models/weights/0/best.safetensors")
    first = checkpoint.read(Path("Models/weights/0"), scaler.read(Path("Datasets/scalers/0")))
    own = build(checkpoint.read_about(Path("Models/weights/0")).parts, ())
    unused = begin_with(own.network, "mine", "here")
    assert unused == ["framework.head.bias", "framework.head.weight"]
    for name, tensor in first.network.state_dict().items():
        assert torch.equal(own.network.state_dict()[name], tensor)
    params = PARAMS.replace("epochs: 3", "epochs: 1\n  pretrained: mine\n  learning_rate: 1.0e-12")
    Path("params.yaml").write_text(params.replace("folds: [0, 1]", "folds: [0]"))
    shutil.rmtree("Models/weights")
    assert main("Models", VERBS, ("train", "0")) == 0
    again = checkpoint.read(Path("Models/weights/0"), scaler.read(Path("Datasets/scalers/0")))
    for name, parameter in first.network.named_parameters():
        assert torch.allclose(again.network.get_parameter(name), parameter, atol=1e-6)


def test_what_is_frozen_is_not_saved_again_and_comes_back_from_where_it_was(tiny: Tiny) -> None:
    assert main("Models", VERBS, ("train", "0")) == 0
    add("mine", "Models/weights/0/best.safetensors")
    whole = load_file("Models/weights/0/best.safetensors")
    params = PARAMS.replace("epochs: 3", "epochs: 3\n  pretrained: mine\n  frozen: network")
    Path("params.yaml").write_text(params.replace("folds: [0, 1]", "folds: [0]"))
    assert main("Models", VERBS, ("train", "0")) == 0
    saved = load_file("Models/weights/0/best.safetensors")
    assert sorted(saved) == ["framework.head.bias", "framework.head.weight"]
    maps = scaler.read(Path("Datasets/scalers/0"))
    module = checkpoint.read(Path("Models/weights/0"), maps)
    for name, tensor in module.learned().items():
        assert torch.equal(tensor, saved[name] if name in saved else whole[name]), name
    assert not torch.equal(saved["framework.head.weight"], whole["framework.head.weight"])
    assert main("Models", VERBS, ("evaluate", "0")) == 0
    whole["network.body.0.0.weight"] += 1
    save_file(whole, "other.safetensors")
    add("mine", "other.safetensors", replaces=True)
    with pytest.raises(StoreError, match="came of the weights 'mine', which are others by now"):
        checkpoint.read(Path("Models/weights/0"), maps)


def test_nothing_to_freeze_is_said(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    params = PARAMS.replace("epochs: 3", "epochs: 3\n  frozen: network")
    Path("params.yaml").write_text(params)
    assert main("Models", VERBS, ("check-params",)) == 1
    assert "name weights in train.pretrained, or write `frozen: none`" in capsys.readouterr().err


def test_unknown_weights_stop_the_check(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    save_file({"a": torch.ones(1)}, "a.safetensors")
    add("resnet_mine", "a.safetensors")
    Path("params.yaml").write_text(
        PARAMS.replace("epochs: 3", "epochs: 3\n  pretrained: resnet_min")
    )
    assert main("Models", VERBS, ("check-params",)) == 1
    said = capsys.readouterr().err
    assert "params.yaml: train.pretrained: there are no weights 'resnet_min'" in said
    assert "resnet_mine" in said
