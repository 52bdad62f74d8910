"""The contact sheet of a step.

The same six samples before and after, copy 0 and two copies, boxes and masks drawn.
"""

from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from Data_processing.interim import folder_of
from Data_processing.raw import RawFiles
from Data_processing.steps.entries import SOURCE, Step
from Datasets.files import write_bytes, write_json
from Datasets.image import encode_png
from Datasets.index import Row, rows_of
from Datasets.randomness import place_of
from Datasets.sample import Sample
from Datasets.store import Store
from Datasets.thumbnail import thumbnail

SHEETS = Path("Datasets/sheets")
SAMPLES = 6
COPIES = 2
CELL = 128
GAP = 8
GROUND = 128
"""Pixels, but for the last: the neutral gray between the cells."""


class BoxOnSheet(msgspec.Struct, frozen=True):
    """A box in pixels of the sheet, for the name on hover."""

    name: str
    x: float
    y: float
    width: float
    height: float


class Cell(msgspec.Struct, frozen=True):
    """One picture of the sheet, in pixels of the sheet."""

    sample: str
    column: int
    x: int
    y: int
    width: int
    height: int
    boxes: tuple[BoxOnSheet, ...]


class Sheet(msgspec.Struct, frozen=True):
    """What stands beside the PNG: what each of its pictures shows."""

    step: str
    before: str
    columns: tuple[str, ...]
    cells: tuple[Cell, ...]


def write_sheet(name: str, step: Step, raw: RawFiles, before: Store) -> None:
    """Write the step's sheet, PNG and JSON, from the stores ``before`` and after it."""
    after = Store(folder_of(name))
    ids = after.table.filter(pc.equal(after.table["copy"], 0))["id"].to_pylist()
    chosen = sorted(ids, key=place_of)[:SAMPLES]
    rows_after = _by_copy(after, chosen)
    parents = [row.parent for row in rows_after.values()]
    rows_before = _by_copy(before, [*chosen, *parents])
    shown = range(1 + min(COPIES, after.about.copies))
    columns = ("before", *(f"copy {copy}" for copy in shown))
    canvas = np.full((_offset(len(chosen)), _offset(len(columns)), 3), GROUND, np.uint8)
    cells = []
    for line, id_ in enumerate(chosen):
        row = rows_before.get((id_, 0)) or rows_before[rows_after[id_, 0].parent, 0]  # of a tile
        first = raw.sample(row) if step.from_ == SOURCE else before.sample(row)
        for column, sample in enumerate(
            [first, *(after.sample(rows_after[id_, copy]) for copy in shown)]
        ):
            cells.append(_put(canvas, sample, line, column, after.about.classes))
    write_bytes(SHEETS / f"{name}.png", encode_png(canvas))
    write_json(SHEETS / f"{name}.json", Sheet(name, step.from_, columns, tuple(cells)))


def _by_copy(store: Store, ids: list[str]) -> dict[tuple[str, int], Row]:
    rows = rows_of(store.table.filter(pc.is_in(store.table["id"], pa.array(ids, pa.string()))))
    return {(row.id, row.copy): row for row in rows}


def _offset(number: int) -> int:
    """Return where cell ``number`` of a line begins, in pixels.

    For the number of cells, the sheet's side.
    """
    return GAP + number * (CELL + GAP)


def _put(
    canvas: np.ndarray, sample: Sample, line: int, column: int, classes: tuple[str, ...]
) -> Cell:
    """Draw ``sample`` in the middle of its cell and return where it is. Masks are left out."""
    small = thumbnail(sample.image, sample.boxes, classes, CELL)
    tall, wide = small.picture.shape[:2]
    top, left = _offset(line) + (CELL - tall) // 2, _offset(column) + (CELL - wide) // 2
    canvas[top : top + tall, left : left + wide] = small.picture
    boxes = small.boxes
    on_sheet = tuple(
        BoxOnSheet(name, left + x1, top + y1, x2 - x1, y2 - y1)
        for name, (x1, y1, x2, y2) in zip(boxes.names, boxes.corners.tolist(), strict=True)
    )
    return Cell(sample.id, column, left, top, wide, tall, on_sheet)
