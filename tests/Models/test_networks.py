"""Every network in the table: features of the width it says, of any channels, without a softmax."""

import inspect
import subprocess
import sys

import pytest
import torch

from Datasets.errors import ParamsError
from Models.frameworks.table import FRAMEWORKS
from Models.module import Module, Parts, build
from Models.networks.arguments import Argument
from Models.networks.named import network as named
from Models.networks.network import InputShape, Network
from Models.networks.table import ARGUMENTS, NETWORKS, arguments_of
from tests.conftest import ROOT

WHERE = "params.yaml: train.model"
SOME = [*NETWORKS, "resnet18"]
"""All scripts of the house, and one of torchvision's, which have tests of their own."""


def make(name: str, channels: int, **arguments: Argument) -> Network:
    return named(name, InputShape(32, 24, channels, "uint8"), arguments, WHERE)


def parts(network: str, framework: str = "supervised") -> Parts:
    return Parts(network, {}, framework, {}, ("a", "b", "c"), InputShape(32, 24, 3, "uint8"))


@pytest.mark.parametrize("channels", [1, 3, 8])
@pytest.mark.parametrize("name", SOME)
def test_features_are_as_wide_as_the_network_says(name: str, channels: int) -> None:
    network = make(name, channels)
    features = network(torch.randn(2, channels, 32, 24))
    assert features.shape == (2, network.width)
    assert not torch.allclose(features.sum(dim=1), torch.ones(2))
    assert network.optimiser.learning_rate > 0


def test_wrn_28_2_has_as_many_parameters_as_the_paper_s_table_says() -> None:
    """Counted by hand: 16, then four blocks of 32, 64 and 128 channels, norms of two a channel."""
    count, inputs = 3 * 16 * 9, 16
    for outputs in (32, 64, 128):
        for _ in range(4):
            count += 2 * inputs + inputs * outputs * 9 + 2 * outputs + outputs * outputs * 9
            count += inputs * outputs if inputs != outputs else 0
            inputs = outputs
    count += 2 * 128
    network = make("wrn_28_2", 3)
    assert sum(one.numel() for one in network.parameters()) == count == 1_467_610 - 10 * 129
    with pytest.raises(ValueError, match="depth of 6 n"):
        make("wrn_28_2", 3, depth=30)


def test_a_block_adds_what_came_in() -> None:
    """With its second convolution at zero a group of equal width changes nothing."""
    network = make("wrn_28_2", 3).eval()
    block = network.get_submodule("blocks.1")
    torch.nn.init.zeros_(block.get_submodule("second").get_parameter("weight"))
    images = torch.randn(2, 32, 8, 8)
    assert torch.equal(block(images), images)


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("network", SOME)
def test_every_pair_answers_and_learns(network: str, framework: str) -> None:
    module = build(parts(network, framework), ())
    assert isinstance(module, Module)
    images = torch.randint(0, 256, (2, 32, 24, 3), dtype=torch.uint8)
    assert module(images).shape == (2, 3)
    assert all(p.requires_grad for p in module.parameters())


def test_the_beginning_is_a_function_of_the_seed() -> None:
    modules = []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        modules.append(build(parts("e001_small_cnn"), ()))
    first, second, third = (module.framework.head.weight for module in modules)
    assert torch.equal(first, second)
    assert not torch.equal(first, third)


def test_what_params_yaml_may_say_is_what_the_constructor_takes() -> None:
    """Arguments are checked without torch, so they stand twice."""
    assert set(ARGUMENTS) <= set(NETWORKS)
    for name in SOME:
        kind = arguments_of(name)
        taken = inspect.signature(type(make(name, 3)).__init__).parameters
        assert set(kind.__struct_fields__) <= set(taken)


def test_a_script_without_a_line_of_arguments_takes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NETWORKS, "e999_mine", "Models.experiments.e999_mine:Mine")
    assert arguments_of("e999_mine").__struct_fields__ == ()


def test_a_misspelt_network_gets_the_nearest_name() -> None:
    with pytest.raises(ParamsError, match="unknown network 'resnet81'; did you mean 'resnet18'"):
        build(parts("resnet81"), ())


def test_names_are_known_without_torch() -> None:
    """Checking params.yaml stays quick: nothing heavy is imported for it."""
    script = "import sys; import Models.check_params; print(*{'torch', 'numpy'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "")
