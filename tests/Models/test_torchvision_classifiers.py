"""torchvision's classifiers: every name, any channels, features that are torchvision's own."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.overrides import TorchFunctionMode
from torchvision import models
from torchvision.models.resnet import BasicBlock, ResNet

from Datasets.errors import ParamsError
from Datasets.scaler import StandardImage
from Models.batch import Batch
from Models.export_graph import model_graph
from Models.frameworks.framework import Moment
from Models.isolation import isolated
from Models.module import Module, Parts, build
from Models.networks.arguments import Argument
from Models.networks.families import FAMILIES, FAMILY_OF, TORCHVISION, WINDOW
from Models.networks.named import network
from Models.networks.network import InputShape, Network
from Models.networks.pooling import MeanOfCells

WHERE = "params.yaml: train.model"
SMALL = {
    family: names.names[0] for family, names in FAMILIES.items() if family not in ("MaxViT", "ViT")
}
"""A small network of each family that takes many sides."""
DRAWN = sorted({*SMALL.values(), "vit_b_32"} - {"vgg11"})  # which takes seconds, as vgg11_bn does


class Weightless(TorchFunctionMode):
    """Parameters without memory, as on the meta device, while all that is counted stays real."""

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        told = dict(kwargs or {})
        if func in (torch.empty, torch.zeros, torch.ones):
            told["device"] = "meta"
        return func(*args, **told)


def sides(name: str) -> int:
    """Return a side that the network takes, as small as may be."""
    family = FAMILY_OF[name]
    if family.sides == "patches":
        return 2 * int(name.rpartition("_")[2])
    return WINDOW if family.sides == "windows" else max(32, family.least)


def make(name: str, channels: int = 3, side: int | None = None, **told: Argument) -> Network:
    side = side or sides(name)
    return network(name, InputShape(side, side, channels, "uint8"), told, WHERE)


def own(name: str, side: int) -> nn.Module:
    """Return torchvision's own, with its head."""
    if name in ("googlenet", "inception_v3"):
        return models.get_model(
            name, weights=None, aux_logits=False, transform_input=False, init_weights=True
        )
    told: dict[str, dict[str, object]] = {
        "vit": {"image_size": side},
        "maxvit": {"input_size": (side, side)},
    }
    return models.get_model(name, weights=None, **told.get(name.partition("_")[0], {}))


def count(layer: nn.Module) -> int:
    return sum(one.numel() for one in layer.parameters())


def first_of(body: nn.Module) -> nn.Conv2d:
    return next(layer for layer in body.modules() if isinstance(layer, nn.Conv2d))


def head_of(body: nn.Module) -> str:
    return [n for n, m in body.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)][-1]


class Drawn(NamedTuple):
    """A network as it is drawn and torchvision's own, to answer; for reading only."""

    name: str
    made: Network
    whole: nn.Module


@pytest.fixture(scope="module", params=DRAWN)
def drawn(request: pytest.FixtureRequest) -> Drawn:
    """Return a network of each family: drawing one takes up to seconds."""
    name: str = request.param
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Drawn(name, make(name).eval(), own(name, sides(name)).eval())


def test_the_names_are_torchvision_s() -> None:
    assert list(TORCHVISION) == models.list_models(module=models)


@pytest.mark.parametrize("name", TORCHVISION)
def test_every_name_is_torchvision_s_without_the_head_for_four_channels(name: str) -> None:
    """As wide as what the head would get; as many parameters, but for one channel more."""
    with Weightless():
        made, whole = make(name, channels=4), own(name, sides(name))
    made.to("meta").eval()  # buffers too
    features = made(torch.zeros(2, 4, sides(name), sides(name), device="meta"))
    head = whole.get_submodule(head_of(whole))
    assert features.shape == (2, made.width) == (2, head.weight.shape[1])  # type: ignore[index]
    assert count(made) - first_of(made).weight[:, 0].numel() == count(whole) - count(head)


def test_features_are_what_torchvision_s_last_layer_gets(drawn: Drawn) -> None:
    """SqueezeNet's last layer is a convolution, whose maps are averaged behind it."""
    side = sides(drawn.name)
    seen: list[Tensor] = []
    hook = drawn.whole.get_submodule(head_of(drawn.whole)).register_forward_hook(
        lambda _, given, __: seen.append(given[0])
    )
    images = torch.randn(2, 3, side, side)
    with torch.no_grad(), hook:
        functional_call(drawn.whole, drawn.made.get_submodule("body").state_dict(), images)
        features = drawn.made(images)
    expected = seen[0].mean(dim=(2, 3)) if seen[0].ndim == 4 else seen[0]
    torch.testing.assert_close(features, expected, rtol=1e-4, atol=1e-5)
    assert features.std() > 0


def test_the_first_convolution_is_drawn_as_its_family_draws(drawn: Drawn) -> None:
    """For 3 channels: deviation, range and biases of torchvision's own."""
    made, whole = first_of(drawn.made), first_of(drawn.whole)
    ours, theirs = made.weight.detach(), whole.weight.detach()
    assert ours.shape == theirs.shape
    assert float(ours.std()) == pytest.approx(float(theirs.std()), rel=0.12)
    extremes = [float(one.abs().max() / one.std()) for one in (ours, theirs)]
    assert abs(extremes[0] - extremes[1]) < 0.8  # 1.7 of an even distribution, above 3 of a normal
    assert (made.bias is None) == (whole.bias is None)
    if made.bias is not None and whole.bias is not None:
        assert bool(made.bias.any()) == bool(whole.bias.any())


@pytest.mark.parametrize("stem", ["standard", "small"])
def test_resnet18_begins_as_it_always_did(stem: str) -> None:
    """Weights of earlier runs still fit, and a seed still gives the same ones."""
    torch.manual_seed(3)
    body = ResNet(BasicBlock, [2, 2, 2, 2])
    kernel, stride, padding = (3, 1, 1) if stem == "small" else (7, 2, 3)
    body.conv1 = nn.Conv2d(5, 64, kernel, stride, padding, bias=False)
    nn.init.kaiming_normal_(body.conv1.weight, mode="fan_out", nonlinearity="relu")
    body.fc = nn.Identity()
    torch.manual_seed(3)
    made = make("resnet18", channels=5, stem=stem).state_dict()
    before = {f"body.{name}": value for name, value in body.state_dict().items()}
    assert list(made) == list(before)
    assert all(torch.equal(made[name], before[name]) for name in made)


@pytest.mark.parametrize("name", ["resnet50", "resnext50_32x4d", "wide_resnet50_2"])
def test_a_small_stem_keeps_every_place(name: str) -> None:
    with Weightless():
        body = make(name, stem="small").get_submodule("body")
    maps = body.get_submodule("conv1")(torch.zeros(1, 3, 32, 32, device="meta"))
    assert maps.shape == (1, 64, 32, 32)
    assert isinstance(body.get_submodule("maxpool"), nn.Identity)


@pytest.mark.parametrize(
    "name", [f.names[0] for f in FAMILIES.values() if "dropout" in f.arguments.__struct_fields__]
)
def test_dropout_is_told_wherever_there_is_one(name: str) -> None:
    with Weightless():
        layers = list(make(name, dropout=0.25).modules())
    shares = [layer.p for layer in layers if isinstance(layer, nn.Dropout)]
    shares += [float(one.drop_rate) for one in layers if hasattr(one, "drop_rate")]  # type: ignore[arg-type]
    assert shares and set(shares) == {0.25}


@pytest.mark.parametrize("name", SMALL.values())
def test_the_least_side_is_the_least(name: str) -> None:
    """Below it torchvision's own fails, or there is nothing."""
    least = FAMILY_OF[name].least
    with Weightless():
        made, whole = make(name, side=least), own(name, least)
    made.to("meta")(torch.zeros(2, 3, least, least + 3, device="meta"))
    if least == 1:
        return
    with pytest.raises(RuntimeError):
        whole.to("meta")(torch.zeros(2, 3, least - 1, least - 1, device="meta"))
    with pytest.raises(ParamsError, match=f"{name} takes images of {least} pixels a side or more"):
        make(name, side=least - 1)


@pytest.mark.parametrize(
    ("name", "height", "width", "said"),
    [
        (
            "vit_b_16",
            60,
            60,
            r"multiple of 16, got 60 x 60 .*height: 48, width: 48} or {height: 64",
        ),
        ("vit_b_16", 64, 48, "square images whose side is a multiple of 16, got 64 x 48"),
        ("vit_b_32", 16, 16, r"letterbox: {height: 32, width: 32}, or take another network"),
        ("maxvit_t", 224, 64, "multiples of 224, got 224 x 64"),
        ("inception_v3", 74, 200, "75 pixels a side or more, got 74 x 200"),
    ],
)
def test_images_that_do_not_fit_are_refused_with_sides_that_do(
    name: str, height: int, width: int, said: str
) -> None:
    with pytest.raises(ParamsError, match=said):
        network(name, InputShape(height, width, 3, "uint8"), {}, WHERE)


@pytest.mark.parametrize("side", [1, 2, 3, 7, 10, 14, 23])
def test_means_of_cells_are_torch_s(side: int) -> None:
    maps = torch.randn(2, 3, side, side + 1)
    torch.testing.assert_close(MeanOfCells(7)(maps), nn.AdaptiveAvgPool2d(7)(maps))


@pytest.mark.parametrize(
    "name", ["efficientnet_b0", "densenet121", "squeezenet1_1", "swin_t", "vit_b_32", "alexnet"]
)
def test_a_deterministic_step_teaches_every_layer(name: str) -> None:
    side = sides(name)
    shape = InputShape(side, side, 2, "uint8")
    module = build(Parts(name, {}, "supervised", {}, ("a", "b"), shape), (StandardImage(),))
    images = torch.randint(0, 256, (3, side, side, 2), dtype=torch.uint8)
    labels = torch.tensor([0, 1, 1])
    with isolated(1, 1):
        module.train().training_loss(
            Batch(images, labels, labels, labels), Moment(0, 0, 0, 1)
        ).total.backward()
    still = [
        n for n, p in module.named_parameters() if p.grad is None or not p.grad.isfinite().all()
    ]
    assert still == []


@pytest.mark.parametrize("name", ["efficientnet_b0", "vit_b_32"])
def test_the_exported_network_answers_as_it_does(name: str) -> None:
    shape = InputShape(64, 64, 4, "uint8")
    module = build(Parts(name, {}, "supervised", {}, ("a", "b"), shape), (StandardImage(),))
    assert isinstance(module, Module)
    if name == "vit_b_32":  # twelve layers alike, 7 million weights each: two tell as much
        encoder = module.network.get_submodule("body.encoder")
        assert isinstance(encoder.layers, nn.Sequential)
        encoder.layers = encoder.layers[:2]
    served = onnxruntime.InferenceSession(model_graph(module, shape))
    for batch in (1, 3):
        tensors = np.random.default_rng(batch).integers(0, 256, (batch, 64, 64, 4), np.uint8)
        (logits,) = served.run(["logits"], {"tensors": tensors})
        with torch.inference_mode():
            ours = module.eval()(torch.from_numpy(tensors)).numpy()
        assert np.abs(logits - ours).max() < 1e-4
