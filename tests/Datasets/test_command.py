"""`python -m <Room> <verb>`: exit status 0, or one clear message."""

import argparse
import errno
import sys
from pathlib import Path
from types import ModuleType

import pytest

from Datasets.command import Verb, main
from Datasets.errors import ParamsError

VERBS = {
    "split": Verb(module="a_verb", says="Divide the samples.", example="python -m Room split 3"),
    "stack": Verb(module="another", says="Close the jagged part.", example="python -m Room stack"),
}


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("a_verb")
    seen: list[int] = []

    def arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("folds", type=int)

    def run(arguments: argparse.Namespace) -> None:
        seen.append(arguments.folds)

    vars(module).update(arguments=arguments, run=run, seen=seen)
    monkeypatch.setitem(sys.modules, "a_verb", module)
    return module


def fails(verb: ModuleType, error: BaseException) -> None:
    def run(_: argparse.Namespace) -> None:
        raise error

    vars(verb).update(run=run)


def test_a_verb_gets_its_arguments(verb: ModuleType) -> None:
    assert main("Room", VERBS, ["split", "3"]) == 0
    assert verb.seen == [3]


def test_other_verbs_are_not_imported(verb: ModuleType) -> None:
    main("Room", VERBS, ["split", "3"])
    assert "another" not in sys.modules


def test_an_error_of_the_house_is_one_message(
    verb: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    fails(verb, ParamsError("params.yaml: split: no"))
    assert main("Room", VERBS, ["split", "3"]) == 1
    assert capsys.readouterr().err == "error: params.yaml: split: no\n"


def test_a_full_disk_says_what_to_do(verb: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    fails(verb, OSError(errno.ENOSPC, "No space left on device"))
    assert main("Room", VERBS, ["split", "3"]) == 1
    assert "the disk is full" in capsys.readouterr().err


def test_a_defect_is_not_hidden(verb: ModuleType) -> None:
    fails(verb, PermissionError(errno.EACCES, "no"))
    with pytest.raises(PermissionError):
        main("Room", VERBS, ["split", "3"])


def test_a_missing_package_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "needy_verb.py").write_text("import package_that_nobody_has.part\n")
    monkeypatch.syspath_prepend(tmp_path)
    verbs = {"split": Verb(module="needy_verb", says="", example="")}
    assert main("Room", verbs, ["split"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("error: `python -m Room split` needs the package 'package_that_nobody_")
    assert "`make setup` installs all that requirements.lock lists" in said


def test_a_package_that_is_missed_late_is_one_sentence_too(
    verb: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    fails(verb, ModuleNotFoundError("No module named 'pandas'", name="pandas"))
    assert main("Room", VERBS, ["split", "3"]) == 1
    assert "needs the package 'pandas'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["Datasets", "Datasets.gone", "a_verb", "numpy.gone", "json", None]
)
def test_a_missing_module_of_the_house_is_a_defect(verb: ModuleType, name: str | None) -> None:
    fails(verb, ModuleNotFoundError("No module", name=name))
    with pytest.raises(ModuleNotFoundError):
        main("Room", VERBS, ["split", "3"])


def test_an_interrupt_ends_quietly(verb: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    fails(verb, KeyboardInterrupt())
    assert main("Room", VERBS, ["split", "3"]) == 130
    assert capsys.readouterr().err == "stopped\n"


@pytest.mark.parametrize("argv", [["splti"], []])
def test_an_unknown_verb_gets_the_list(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main("Room", VERBS, argv)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: python -m Room")


def test_help_lists_the_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main("Room", VERBS, ["--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert all(name in said and verb.says in said for name, verb in VERBS.items())


def test_help_of_a_verb_shows_an_example(
    verb: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main("Room", VERBS, ["split", "--help"])
    assert "example: python -m Room split 3" in capsys.readouterr().out
