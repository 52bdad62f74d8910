"""What of a process may change a byte, and how it is told."""

from pathlib import Path

import msgspec
import pytest

from Datasets import environment
from Datasets.environment import Environment, difference

ONE = Environment("3.11", "code", "x86_64 AVX2", {"a": "1", "b": "2", "c": "3", "d": "4"})


def test_equal_processes_differ_in_nothing() -> None:
    assert difference(environment.here(), environment.here()) == ""
    assert difference(ONE, msgspec.structs.replace(ONE)) == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"python": "3.12"}, "runs Python 3.12, not 3.11"),
        ({"code": "edited"}, "has loaded this project's code before it changed, or another"),
        ({"processor": "x86_64"}, "has another class of processor, whose last digits may differ"),
        (
            {"libraries": {**ONE.libraries, "a": "0", "e": "5"}},
            "has other libraries (a 0, e 5; wanted: 1, none)",
        ),
        (
            {"libraries": {}},
            "has other libraries (a is missing, b is missing, c is missing; wanted: 1, 2, 3, and 1 "
            "more)",
        ),
    ],
)
def test_what_a_process_has_otherwise_is_named(changed: dict[str, object], said: str) -> None:
    assert difference(msgspec.structs.replace(ONE, **changed), ONE).startswith(said)


def test_code_is_read_where_code_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Data may lie beside it, by the million, and be called as it likes."""
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    for folder in ("Datasets/raw/a", "Data_processing/steps/own"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("Datasets/__init__.py", "Data_processing/__init__.py"):
        (tmp_path / name).touch()
    for name in ("steps", "steps/own"):
        (tmp_path / "Data_processing" / name / "__init__.py").touch()
    before = environment._code()
    (tmp_path / "Datasets/raw/a/script.py").write_text("x = 1")
    assert environment._code() == before
    (tmp_path / "Data_processing/steps/own/mine.py").write_text("x = 1")
    assert environment._code() != before
