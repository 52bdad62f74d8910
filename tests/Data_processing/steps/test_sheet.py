"""A contact sheet is drawn again where another would come out, and then only."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

from Data_processing import source
from Data_processing.steps import process, sheet
from Datasets.sample import Sample
from tests.Data_processing.conftest import Workspace

STEPS = ("flip", "shrink")
LINES = Path("Datasets/metadata/shapes/metadata.jsonl")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Yield a list that fills with the samples that are really drawn."""
    found: list[str] = []
    put = sheet._put

    def noted(canvas: object, sample: Sample, *more: object) -> object:
        found.append(sample.id)
        return put(canvas, sample, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(sheet, "_put", noted)
    yield found


def walk() -> dict[str, bytes]:
    source.run(Namespace())
    for step in STEPS:
        process.run(Namespace(step=step))
    return {path.name: path.read_bytes() for path in sorted(sheet.SHEETS.iterdir())}


def test_a_sheet_that_would_be_the_same_is_not_drawn(
    workspace: Workspace, drawn: list[str]
) -> None:
    before = walk()
    assert len(drawn) == len(STEPS) * 24
    drawn.clear()
    for path in sheet.SHEETS.iterdir():
        path.unlink()  # as DVC does
    assert walk() == before
    assert drawn == []


def test_what_is_shown_is_drawn_anew(workspace: Workspace, drawn: list[str]) -> None:
    """A box's name, though no pixel changed."""
    before = walk()
    (first, *_) = drawn
    image = first.removeprefix("shapes/")
    lines = LINES.read_text().splitlines(keepends=True)
    LINES.write_text(
        "".join(
            line.replace('"bright"', '"dark"') if f'"{image}"' in line else line for line in lines
        )
    )
    drawn.clear()
    after = walk()
    assert drawn
    assert after["flip.json"] != before["flip.json"]
    for path in sheet.DRAWN.iterdir():
        path.unlink()
    assert walk() == after


@pytest.mark.parametrize("harm", ["flip", "cut", "empty"])
def test_a_damaged_memory_is_not_believed(
    workspace: Workspace, drawn: list[str], harm: str
) -> None:
    before = walk()
    for path in sheet.DRAWN.iterdir():
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        whole = {"flip": content, "cut": content[: len(content) // 2], "empty": bytearray()}
        path.write_bytes(whole[harm])
    drawn.clear()
    assert walk() == before
    assert len(drawn) == len(STEPS) * 24


def test_a_memory_that_cannot_be_written_stops_nothing(
    workspace: Workspace, drawn: list[str]
) -> None:
    sheet.DRAWN.parent.mkdir()
    sheet.DRAWN.write_text("a file")
    before = walk()
    assert walk() == before
    assert len(drawn) == 2 * len(STEPS) * 24
