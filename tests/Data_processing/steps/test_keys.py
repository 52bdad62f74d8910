"""What is part of a row's key and what is not."""

import importlib.metadata
from argparse import Namespace

import pytest

from Data_processing import source
from Data_processing.interim import folder_of
from Data_processing.steps import keys, process
from Data_processing.steps.process import step_called, work_of
from Data_processing.steps.work import Work
from Datasets.code import Code
from Datasets.environment import installed, plain, processor_class
from Datasets.params import load
from Datasets.store import Store
from tests.Data_processing.conftest import Workspace

INSTALLED = installed()


def work(name: str = "flip") -> Work:
    params = load()
    return work_of(params, name, step_called(params, name), folder_of(name))


def key_of(copy: int, name: str = "flip", row: int = 0) -> bytes:
    """Return the key of the first row of the source for one copy."""
    table = Store(folder_of("source")).table
    return keys.unit_keys(work(name), table, [(row, copy)])[0]


@pytest.fixture(autouse=True)
def indexed(workspace: Workspace) -> None:
    source.run(Namespace())


def test_each_row_and_copy_has_its_own() -> None:
    table = Store(folder_of("source")).table
    units = [(row, copy) for row in range(table.num_rows) for copy in range(3)]
    found = keys.unit_keys(work(), table, units)
    assert len(set(found)) == len(units) == 36
    assert {len(key) for key in found} == {16}


@pytest.mark.parametrize(
    ("old", "new", "copies"),
    [
        ("HorizontalFlip: {p: 0.5}", "HorizontalFlip: {p: 0.6}", (1,)),
        ("seed: 7", "seed: 8", (1,)),
        (
            "[{HorizontalFlip: {p: 0.5}}]",
            "[{HorizontalFlip: {p: 0.5}}, {pad: {height: 99, width: 99}}]",
            (0, 1),
        ),
        ("colour: rgb", "colour: gray", (0, 1)),
        ("copies: 2", "copies: 5", ()),
        ("n_folds: 3", "n_folds: 4", ()),
        ("letterbox: {height: 16", "letterbox: {height: 17", ()),
    ],
)
def test_parameters_of_the_step_alone(
    workspace: Workspace, old: str, new: str, copies: tuple[int, ...]
) -> None:
    before = [key_of(0), key_of(1)]
    workspace.params(old, new)
    if "colour" in old:
        source.run(Namespace())
    after = [key_of(0), key_of(1)]
    assert tuple(i for i in (0, 1) if before[i] != after[i]) == copies


def changed(monkeypatch: pytest.MonkeyPatch, of: str) -> None:
    """Let a distribution have another version."""
    monkeypatch.setattr(keys, "installed", lambda: {**INSTALLED, of: "0.0"})


def test_versions_are_those_that_the_distributions_say() -> None:
    told = {plain(one.metadata["Name"]): one.version for one in importlib.metadata.distributions()}
    assert INSTALLED == told
    found = keys.versions(["albumentations", "cv2", "PIL", "os", "nothing_of_that_name"])
    assert found["pillow"] == importlib.metadata.version("pillow")
    assert found["albucore"] == importlib.metadata.version("albucore")
    assert "os" not in found


@pytest.mark.parametrize(
    ("of", "is_part"),
    [
        ("albumentations", True),
        ("opencv-python-headless", True),
        ("numpy", True),
        ("pytest", False),
    ],
)
def test_libraries_that_the_code_imports(
    monkeypatch: pytest.MonkeyPatch, of: str, is_part: bool
) -> None:
    before = key_of(1)
    changed(monkeypatch, of)
    assert (key_of(1) != before) == is_part


def test_the_class_of_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key_of(0)
    assert processor_class() == processor_class()
    monkeypatch.setattr(keys, "processor_class", lambda: "another")
    assert key_of(0) != before


def test_the_code_that_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the step's own operations, and of what calls them."""
    process.run(Namespace(step="flip"))
    asked: list[list[str]] = []
    key = Code.key

    def noted(code: Code, modules: list[str]) -> str:
        asked.append(modules)
        return key(code, modules)

    monkeypatch.setattr(Code, "key", noted)
    key_of(0)
    key_of(0, "shrink")
    steps = "Data_processing.steps"
    letterbox = [f"{steps}.operation", f"{steps}.letterbox"]
    assert asked == [
        [f"{steps}.operation", "Data_processing.raw"],  # copy 0: transforms leave it alone
        [f"{steps}.operation", "Data_processing.raw", f"{steps}.transforms"],
        letterbox,
        letterbox,
    ]
