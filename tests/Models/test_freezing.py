"""What is frozen does not move, whatever the batch; all else learns."""

import pytest
import torch

from Datasets.errors import ParamsError
from Models import freezing
from Models.batch import Batch
from Models.frameworks.framework import Moment
from Models.module import Module, Parts, build
from Models.networks.network import InputShape


def made(name: str = "resnet18") -> Module:
    torch.manual_seed(0)
    shape = InputShape(32, 32, 3, "uint8")
    return build(Parts(name, {}, "supervised", {}, ("a", "b"), shape), ())


def step(module: Module) -> None:
    images = torch.randint(0, 256, (6, 32, 32, 3), dtype=torch.uint8)
    numbers = torch.arange(6)
    optimiser = torch.optim.SGD([p for p in module.parameters() if p.requires_grad], 0.1)
    module.train()
    module.training_loss(
        Batch(images, numbers % 2, numbers, numbers), Moment(0, 0, 0, 1)
    ).total.backward()
    optimiser.step()


@pytest.mark.parametrize(
    ("frozen", "count"),
    [("network", 120), (("body.conv1", "body.bn1", "body.layer1"), 6 + 24), ((), 0)],
)
def test_a_step_moves_all_but_what_is_frozen(frozen: str | tuple[str, ...], count: int) -> None:
    module = made()
    module.freeze(frozen)
    before = {name: tensor.clone() for name, tensor in module.learned().items()}
    step(module)
    moved = {n for n, t in module.learned().items() if not torch.equal(t, before[n])}
    assert moved == before.keys() - module.rest().keys()
    assert len(module.rest()) == count


def test_frozen_normalisation_answers_as_in_use_and_the_others_learn() -> None:
    module = made()
    module.freeze(("body.layer1",))
    module.train()
    norms = {n: m for n, m in module.network.named_modules() if isinstance(m, torch.nn.BatchNorm2d)}
    assert {n for n, m in norms.items() if not m.training} == {
        n for n in norms if n.startswith("body.layer1.")
    }
    assert not module.eval().network.training
    module.freeze(())
    module.train()
    assert all(m.training for m in norms.values())
    assert all(p.requires_grad for p in module.parameters())


@pytest.mark.parametrize("frozen", [("body.layer9",), ("body.layer",), ("",)])
def test_a_part_that_is_not_there_is_refused(frozen: tuple[str, ...]) -> None:
    with pytest.raises(ParamsError, match=r"here: the network has no part '.*'; .*body\."):
        made().freeze(frozen, "here")


def test_the_identity_is_of_names_and_values_alone() -> None:
    one = {"a": torch.ones(2, 3), "b": torch.tensor(4)}
    same = {"b": torch.tensor(4), "a": torch.ones(3, 2).T}
    assert freezing.identity_of(one) == freezing.identity_of(same)
    others = (
        {"a": torch.ones(3, 2), "b": one["b"]},
        {"a": torch.ones(2, 3).double(), "b": one["b"]},
        {"a": torch.zeros(2, 3), "b": one["b"]},
        {"c": torch.ones(2, 3), "b": one["b"]},
    )
    assert len({freezing.identity_of(one), *map(freezing.identity_of, others)}) == 5
