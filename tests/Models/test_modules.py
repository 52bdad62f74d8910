"""Every pair has a class of its own name, one object, which pickle finds again."""

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from Datasets.scaler import StandardImage
from Models import modules
from Models.frameworks.table import FRAMEWORKS
from Models.module import Module, build
from Models.modules import PairModule, class_name, pair
from Models.networks.network import InputShape
from Models.networks.table import TIMM, names
from tests.conftest import ROOT

SHAPE = InputShape(32, 24, 3, "uint8")
CLASSES = ("a", "b", "c")
AGAIN = """
import pickle, sys
from pathlib import Path
import torch
module, images, expected = pickle.loads(Path(sys.argv[1]).read_bytes())
with torch.inference_mode():
    print(type(module).__name__, torch.equal(module.eval()(images), expected))
"""


def test_every_pair_is_listed_found_and_one_object() -> None:
    listed = [name for name in dir(modules) if name.endswith("Module")]
    expected = {class_name(n, f): (n, f) for n in names() for f in FRAMEWORKS}
    assert len(expected) == len(names()) * len(FRAMEWORKS)  # no two of one name
    assert set(listed) == {*expected, "Module", "PairModule"}
    for name, (network, framework) in expected.items():
        found = getattr(modules, name)
        assert found is getattr(modules, name) is pair(network, framework)
        assert issubclass(found, Module)
        assert (found.network_name, found.framework_name) == (network, framework)
        assert (found.__module__, found.__qualname__) == ("Models.modules", name)


@pytest.mark.parametrize(
    ("network", "name"),
    [
        ("resnet18", "ResNet18"),
        ("efficientnet_b1", "EfficientNetB1"),
        ("efficientnet_v2_s", "EfficientNetV2S"),
        ("e001_small_cnn", "E001SmallCNN"),
        ("wrn_28_2", "WRN28_2"),
        ("mnasnet0_5", "MNASNet0_5"),
        ("regnet_x_1_6gf", "RegNetX1_6gf"),
        ("resnext101_32x8d", "ResNeXt101_32x8d"),
        ("shufflenet_v2_x0_5", "ShuffleNetV2X0_5"),
        ("vgg11_bn", "VGG11Bn"),
        ("vit_b_16", "ViTB16"),
        ("convnext_tiny", "ConvNeXtTiny"),
    ],
)
def test_names_are_spelled_as_papers_do(network: str, name: str) -> None:
    assert class_name(network, "supervised") == f"{name}SupervisedModule"


def test_a_class_builds_what_its_parts_build() -> None:
    from Models.modules import WRN28_2SupervisedModule

    torch.manual_seed(2)
    made = WRN28_2SupervisedModule(
        SHAPE, CLASSES, (StandardImage(),), {"slope": 0.2}, {"label_smoothing": 0.3}
    )
    torch.manual_seed(2)
    built = build(made.parts, (StandardImage(),))
    ours, theirs = made.state_dict(), built.state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    images = torch.randint(0, 256, (2, 32, 24, 3), dtype=torch.uint8)
    assert torch.equal(made.eval()(images), built.eval()(images))


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_it_is_copied_and_pickled(framework: str, tmp_path: Path) -> None:
    made = pair("e001_small_cnn", framework)(SHAPE, CLASSES).eval()
    images = torch.randint(0, 256, (2, 32, 24, 3), dtype=torch.uint8)
    with torch.inference_mode():
        expected = made(images)
        for other in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):  # noqa: S301  # ours
            assert type(other) is type(made)
            assert torch.equal(other(images), expected)
    file = tmp_path / "module.pickle"
    file.write_bytes(pickle.dumps((made, images, expected.clone())))
    done = subprocess.run(
        [sys.executable, "-c", AGAIN, str(file)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.split() == [type(made).__name__, "True"], done.stderr


@pytest.mark.parametrize("name", ["ResNet17SupervisedModule", "ResNet18SuperviseModule"])
def test_an_unknown_name_gets_the_nearest(name: str) -> None:
    with pytest.raises(AttributeError, match="did you mean 'ResNet18SupervisedModule'"):
        getattr(modules, name)
    with pytest.raises(ImportError):
        exec(f"from Models.modules import {name}")  # noqa: S102


def test_what_python_asks_of_a_module_is_not_offered() -> None:
    assert not hasattr(modules, "__path__")
    assert isinstance(modules.PairModule, type) and issubclass(PairModule, Module)


def test_timm_s_networks_have_classes_too() -> None:
    timm = pytest.importorskip("timm", reason="timm, an extra, is not installed")
    called = {class_name(TIMM + name, "supervised") for name in timm.list_models()}
    assert len(called) == len(timm.list_models())
    made = modules.TimmResNet10tSupervisedModule(SHAPE, CLASSES)
    assert type(pickle.loads(pickle.dumps(made))) is type(made)  # noqa: S301  # ours
    with pytest.raises(AttributeError, match="did you mean 'TimmResNet18SupervisedModule'"):
        getattr(modules, "TimmResNet81SupervisedModule")  # noqa: B009
