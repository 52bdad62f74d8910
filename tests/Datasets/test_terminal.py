"""Results go to stdout, all else to stderr."""

import json

import pytest

from Datasets.terminal import answer, one_line, progress, say


def test_results_and_remarks_do_not_mix(capsys: pytest.CaptureFixture[str]) -> None:
    say("working")
    answer("42")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("42\n", "working\n")


def test_a_bar_passes_everything_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress(iter("abc"), 3, "letters")) == ["a", "b", "c"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("sign", "shown"),
    [
        ("\x1b", r"\x1b"),
        ("\r", r"\x0d"),
        ("\0", r"\x00"),
        ("\x7f", r"\u007f"),
        ("\x9b", r"\u009b"),
        ("\u2028", r"\u2028"),
        ("\u202e", r"\u202e"),
        ("\u200b", r"\u200b"),
        ("\U000e0041", r"\udb40\udc41"),
        ("\u2067", r"\u2067"),
        ("\udcff", r"\udcff"),
    ],
)
def test_what_a_terminal_obeys_is_shown_escaped(
    sign: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    say(f"a{sign}[31mb")
    answer(f"a{sign}[31mb")
    said = capsys.readouterr()
    assert said.out == said.err == f"a{shown}[31mb\n"


def test_lines_tabs_and_letters_stay(capsys: pytest.CaptureFixture[str]) -> None:
    answer("läuft\n\t猫 \u200d👍")
    assert capsys.readouterr().out == "läuft\n\t猫 \u200d👍\n"


def test_json_stays_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a\x1b\x7f\x9b\u202e\nb"
    answer(json.dumps(name, ensure_ascii=False))
    printed = capsys.readouterr().out
    assert json.loads(printed) == name and printed.rstrip("\n").isprintable()


def test_a_newline_in_a_name_begins_no_line() -> None:
    assert one_line("a\nb") == r"a\nb"
