"""Rejections: strict stops with ten of them named, skip goes on."""

import json
from pathlib import Path

import pytest

from Datasets.errors import RejectedError
from Datasets.rejections import Rejection, Rejections


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_strict_names_ten_the_count_and_the_file() -> None:
    rejections = Rejections("process@crop", "strict", "params.yaml: on_bad")
    rejections.extend(Rejection(f"{i:04d}.png", "is too small") for i in reversed(range(1233)))
    rejections.add(Rejection("1233.png", "is too large"))
    with pytest.raises(RejectedError) as caught:
        rejections.settle()
    lines = str(caught.value).splitlines()
    assert lines[0] == "process@crop: 1,234 rejected"
    assert lines[1] == "  0000.png: is too small" and len(lines) == 13
    assert lines[11] == "  ... and 1,224 more"
    assert "set params.yaml: on_bad to skip" in lines[12]
    every = rejections.list_file.read_text().splitlines()
    assert len(every) == 1234
    assert json.loads(every[0]) == {
        "sample": "0000.png", "reason": "is too small", "whole": True, "annotations": 0,
        "kind": "broken sample",
    }  # fmt: skip


def test_one_reason_of_many_is_said_once() -> None:
    """Ten of them are named all the same."""
    rejections = Rejections("process@crop", "strict", "x")
    rejections.extend(Rejection(f"{i:04d}.png", "is too small") for i in range(1234))
    with pytest.raises(RejectedError) as caught:
        rejections.settle()
    names = ", ".join(f"{i:04d}.png" for i in range(10))
    lines = str(caught.value).splitlines()
    assert lines[1] == f"  {names} and 1,224 more: is too small"
    assert len(lines) == 3


def test_skip_gives_the_list_back_and_counts() -> None:
    rejections = Rejections("convert@a", "skip", "x")
    rejections.add(Rejection("b.png", "gone", annotations=3))
    rejections.add(Rejection("a.png", "box 2 is empty", whole=False, annotations=1))
    assert (len(rejections), rejections.samples, rejections.annotations) == (2, 1, 4)
    assert rejections.settle() == rejections.list_file.read_bytes()


def test_nothing_rejected_removes_an_old_list() -> None:
    old = Rejections("convert@a", "skip", "x")
    old.add(Rejection("a.png", "gone"))
    old.settle()
    new = Rejections("convert@a", "strict", "x")
    assert new.settle() == b"" and not new.list_file.exists()


def test_more_than_can_be_held_stop_the_stage_whatever_the_policy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("Datasets.rejections.MOST", 3)
    rejections = Rejections("convert@a", "skip", "x")
    rejections.extend(Rejection(f"{i}.png", "gone") for i in range(3))
    with pytest.raises(RejectedError, match=r"more than 3 rejected; .*\n  0\.png: gone\n"):
        rejections.add(Rejection("3.png", "gone"))
