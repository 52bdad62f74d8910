"""Keys of code change with what the code does, and with nothing else."""

import json
from pathlib import Path

import pytest

from Datasets.code import Code

OPERATION = '''"""Blur a sample."""

from Datasets.kernel import blur


def apply(sample, radius):
    """Return it blurred."""
    return blur(sample, radius)  # as is
'''
KERNEL = '''"""Kernels."""

import numpy as np


def blur(sample, radius):
    return np.full_like(sample, radius)
'''


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Return a house of three modules, of which one is reached by nobody."""
    for room in ("Datasets", "Data_processing"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text("")
    (tmp_path / "Data_processing/operation.py").write_text(OPERATION)
    (tmp_path / "Datasets/kernel.py").write_text(KERNEL)
    (tmp_path / "Datasets/other.py").write_text("X = 1\n")
    return tmp_path


def key(house: Path) -> str:
    return Code(house / "memory.json", house).key(["Data_processing.operation"])


def edit(house: Path, name: str, old: str, new: str) -> None:
    path = house / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_a_module_reaches_what_it_imports(house: Path) -> None:
    code = Code(house / "memory.json", house)
    assert code.reached(["Data_processing.operation"]) == {
        "Data_processing.operation",
        "Datasets.kernel",
    }
    assert code.foreign(["Data_processing.operation"]) == {"numpy"}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("Data_processing/operation.py", "# as is", "# otherwise said"),
        ("Data_processing/operation.py", "Return it blurred.", "Return another."),
        ("Data_processing/operation.py", '"""Blur a sample."""\n', ""),
        ("Datasets/kernel.py", "\n\n\ndef", "\n\n# said\n\ndef"),
        ("Datasets/kernel.py", "np.full_like(sample, radius)", "np.full_like(\n  sample, radius)"),
        ("Datasets/other.py", "X = 1", "X = 2"),
    ],
)
def test_words_and_layout_change_no_key(house: Path, name: str, old: str, new: str) -> None:
    before = key(house)
    edit(house, name, old, new)
    assert key(house) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("Data_processing/operation.py", "sample, radius)  #", "sample, radius + 1)  #"),
        ("Datasets/kernel.py", "np.full_like(sample, radius)", "np.full_like(sample, 2)"),
        ("Datasets/kernel.py", "import numpy as np", "import numpy as np, math"),
        ("Datasets/kernel.py", "full_like", "zeros_like"),
    ],
)
def test_what_is_done_changes_the_key(house: Path, name: str, old: str, new: str) -> None:
    before = key(house)
    edit(house, name, old, new)
    assert key(house) != before


def test_what_was_read_is_remembered_and_not_believed_blindly(house: Path) -> None:
    """By the hash of the source; damage is read anew."""
    memory = house / "memory.json"
    first = Code(memory, house)
    before = first.key(["Data_processing.operation"])
    first.remember()
    assert memory.exists()
    assert key(house) == before
    edit(house, "Datasets/kernel.py", "full_like", "zeros_like")
    changed = key(house)
    assert changed != before
    memory.write_text("{garbage")
    assert key(house) == changed


def test_what_one_reads_does_not_push_out_what_another_read(house: Path) -> None:
    """Steps of a walk reach different modules: each would read its own anew, at every run."""
    memory = house / "memory.json"
    for starts in (["Data_processing.operation"], ["Datasets.other"]):
        code = Code(memory, house)
        code.key(starts)
        code.remember()
    modules = [place.split()[0] for place in json.loads(memory.read_text())]
    assert sorted(modules) == ["Data_processing.operation", "Datasets.kernel", "Datasets.other"]
    edit(house, "Datasets/other.py", "X = 1", "X = 2")
    code = Code(memory, house)
    code.key(["Datasets.other"])
    code.remember()
    again = [place.split()[0] for place in json.loads(memory.read_text())]
    assert sorted(again) == sorted(modules)  # one reading a module, the last


def test_a_module_that_takes_the_place_of_a_name_is_followed(house: Path) -> None:
    """``from Datasets import kernel``: the name was in the package, now it is a module."""
    (house / "Data_processing/operation.py").write_text("from Datasets import extra\n")
    code = Code(house / "memory.json", house)
    before = code.key(["Data_processing.operation"])
    code.remember()
    (house / "Datasets/extra.py").write_text("Y = 1\n")
    assert key(house) != before


def test_a_memory_that_cannot_be_written_stops_nothing(house: Path) -> None:
    (house / "place").write_text("a file")
    code = Code(house / "place/memory.json", house)
    code.key(["Data_processing.operation"])
    code.remember()
