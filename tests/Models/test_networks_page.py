"""docs/networks.md: its scripts run, and its table says what the code says."""

import re
import sys
from types import ModuleType
from typing import NamedTuple

import pytest
import torch

from Models.module import Module, Parts, build
from Models.networks import table
from Models.networks.arguments import Dropout
from Models.networks.families import FAMILY_OF, TORCHVISION
from Models.networks.network import InputShape, Network
from tests.conftest import ROOT

PAGE = (ROOT / "docs/networks.md").read_text(encoding="utf-8")
SCRIPTS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
NAME = "e002_keen_resnet"


def run(script: str, name: str) -> ModuleType:
    module = ModuleType(name)
    exec(compile(script, name, "exec"), vars(module))  # noqa: S102  # our own page
    return module


def test_a_network_of_one_s_own_is_one_script(monkeypatch: pytest.MonkeyPatch) -> None:
    script, line, _ = SCRIPTS
    assert len([row for row in script.splitlines() if row.strip()]) <= 30
    path = re.search(rf'"{NAME}": "(.*):(.*)"', line)
    assert path is not None
    monkeypatch.setitem(sys.modules, path[1], run(script, path[1]))
    monkeypatch.setitem(table.NETWORKS, NAME, f"{path[1]}:{path[2]}")
    monkeypatch.setitem(table.ARGUMENTS, NAME, Dropout)
    assert table.arguments_of(NAME) is Dropout
    shape = InputShape(32, 40, 4, "uint8")
    parts = Parts(NAME, {"dropout": 0.2}, "supervised", {}, ("a", "b"), shape)
    module = build(parts, ())
    assert isinstance(module.network, Network)
    assert module.network.optimiser.learning_rate == 2e-3
    images = torch.zeros(2, 32, 40, 4, dtype=torch.uint8)
    assert module.network(module.scaling(images)).shape == (2, module.network.width) == (2, 1024)
    assert module(images).shape == (2, 2)


def test_the_script_for_a_notebook_runs() -> None:
    module = run(SCRIPTS[-1], "notebook").module
    assert isinstance(module, Module)
    assert type(module).__name__ == "EfficientNetB1SupervisedModule"


def test_the_table_names_every_network_with_its_arguments() -> None:
    rows = {name: row for row in rows_of() for name in row.names}
    assert set(rows) == set(table.names())
    assert sum(len(row.names) for row in rows_of()) == len(rows)  # none twice
    for name, row in rows.items():
        assert set(row.arguments) == set(table.arguments_of(name).__struct_fields__), name


def test_the_table_says_least_sides_and_rates() -> None:
    for row in rows_of():
        for name in set(row.names) & set(TORCHVISION):
            family = FAMILY_OF[name]
            assert float(row.rate) == family.learning_rate, name
            least = name.rpartition("_")[2] if family.sides == "patches" else str(family.least)
            assert least in re.findall(r"\d+", row.least), name


class Row(NamedTuple):
    """A row of the page's table."""

    names: list[str]
    least: str
    arguments: list[str]
    rate: str


def rows_of() -> list[Row]:
    """Return the rows; a name in two parts is a beginning and its endings."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| `") and "timm/" not in line]
    rows = []
    for _, first, least, told, rate, _ in (line.split("|") for line in lines[1:]):
        parts = re.findall(r"`([^`]+)`(?: `([^`]+)`)?", first)
        names = [start + end for start, ends in parts for end in (ends.split() or [""])]
        rows.append(Row(names, least, re.findall(r"`(\w+)`", told), rate))
    return rows
