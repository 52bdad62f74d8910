"""timm's networks by name: features, any channels and sides they take, and what is refused."""

from pathlib import Path

import pytest
import torch

from Datasets.errors import ParamsError
from Datasets.params import load
from Models import check_params
from Models.module import Parts, build
from Models.networks import timm_classifiers
from Models.networks.named import network
from Models.networks.network import InputShape
from tests.Models.tiny import PARAMS

WHERE = "params.yaml: train.model"
SHAPE = InputShape(64, 64, 5, "uint8")


@pytest.fixture
def timm() -> object:
    return pytest.importorskip("timm", reason="timm, an extra, is not installed")


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("resnet10t", 512),
        ("mobilenetv3_small_050", 1024),
        ("convnext_atto", 320),
        ("vit_tiny_patch16_224", 192),
        ("swin_tiny_patch4_window7_224", 768),
        ("mixer_s32_224", 512),
    ],
)
def test_a_name_gives_features_of_any_channels(timm: object, name: str, width: int) -> None:
    made = network(f"timm/{name}", SHAPE, {}, WHERE)
    assert made.training
    features = made(torch.randn(2, 5, 64, 64))
    assert features.shape == (2, made.width) == (2, width)
    assert made.optimiser.learning_rate > 0


def test_it_is_told_its_arguments_and_begins_by_the_seed(timm: object) -> None:
    parts = Parts(
        "timm/convnext_atto",
        {"dropout": 0.5, "drop_path": 0.3},
        "supervised",
        {},
        ("a", "b"),
        SHAPE,
    )
    made = []
    for seed in (4, 4, 5):
        torch.manual_seed(seed)
        made.append(build(parts, ()))
    first, second, third = (next(iter(one.network.parameters())) for one in made)
    assert torch.equal(first, second) and not torch.equal(first, third)
    shares = {float(getattr(layer, "drop_prob", 0.0)) for layer in made[0].modules()}
    assert max(shares) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("timm/resnet10x", "unknown network 'timm/resnet10x'; of timm's networks: did you mean"),
        (
            "timm/inception_v3",
            "cannot be made for images of 50 x 41 x 3 .* own sides are 299 x 299",
        ),
    ],
)
def test_what_does_not_fit_is_said(timm: object, name: str, said: str) -> None:
    with pytest.raises(ParamsError, match=said) as caught:
        network(name, InputShape(50, 41, 3, "uint8"), {}, WHERE)
    assert str(caught.value).startswith(WHERE)


def test_arguments_it_has_no_place_for_are_said(timm: object) -> None:
    with pytest.raises(ParamsError, match=r"with {'drop_path_rate': 0.1}"):
        network("timm/vgg11", SHAPE, {"drop_path": 0.1}, WHERE)


def test_a_misspelt_name_is_refused_by_the_check(timm: object, tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    text = PARAMS.replace("{base: 4}", "{}")
    path.write_text(text.replace("model: e001_small_cnn", "model: timm/resnet18"))
    check_params.check(load(path))
    path.write_text(text.replace("model: e001_small_cnn", "model: timm/resnet81"))
    with pytest.raises(ParamsError, match=r"params.yaml: train.model: .*did you mean 'resnet18'"):
        check_params.check(load(path))


def test_without_timm_the_command_that_installs_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timm_classifiers, "find_spec", lambda _: None)
    with pytest.raises(ParamsError, match=r"not installed: pip install 'timm>=1.0', or with uv"):
        network("timm/resnet18", SHAPE, {}, WHERE)
