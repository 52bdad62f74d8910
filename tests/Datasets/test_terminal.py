"""Results go to stdout, all else to stderr."""

import pytest

from Datasets.terminal import answer, progress, say


def test_results_and_remarks_do_not_mix(capsys: pytest.CaptureFixture[str]) -> None:
    say("working")
    answer("42")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("42\n", "working\n")


def test_a_bar_passes_everything_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress(iter("abc"), 3, "letters")) == ["a", "b", "c"]
    assert capsys.readouterr().err == ""
