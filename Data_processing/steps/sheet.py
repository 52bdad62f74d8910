"""The contact sheet of a step.

The same six samples before and after, copy 0 and two copies, boxes drawn.
"""

from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from Data_processing.interim import folder_of
from Data_processing.steps.entries import SOURCE
from Data_processing.steps.keys import CODE, made_by
from Data_processing.steps.work import Work
from Datasets.code import Code
from Datasets.files import content_hash, write_bytes, write_json
from Datasets.image import encode_png
from Datasets.index import Row, rows_of
from Datasets.layout import KINDS, NOWHERE
from Datasets.randomness import place_of
from Datasets.sample import Sample
from Datasets.stage import STATE
from Datasets.store import Store
from Datasets.thumbnail import thumbnail

SHEETS = Path("Datasets/sheets")
DRAWN = STATE / "sheets"
"""The last sheet of each step, kept so that one which would be the same is not drawn again."""
SEAL_BYTES = 32
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


class Drawn(msgspec.Struct, frozen=True):
    """Both files of a sheet, and what tells whether another run would draw the same."""

    key: bytes
    png: bytes
    sheet: Sheet


class _Line(msgspec.Struct, frozen=True):
    """What a line of the sheet shows: a row of the store before, and rows of the one after it."""

    before: Row
    after: tuple[Row, ...]


def write_sheet(work: Work, before: Store, rows: pa.Table) -> None:
    """Write the step's sheet, PNG and JSON, as it was where it would be drawn the same.

    Args:
        work: the step.
        before: the store that it read.
        rows: the index of the store that it wrote.
    """
    after = Store(folder_of(work.name))
    lines = _lines(before.table, rows, _shown(after))
    key = _key(work, after, lines)
    drawn = _remembered(work.name, key)
    if drawn is None:
        drawn = _drawn(work, before, after, lines, key)
        _remember(work.name, drawn)
    write_bytes(SHEETS / f"{work.name}.png", drawn.png)
    write_json(SHEETS / f"{work.name}.json", drawn.sheet)


def _lines(before: pa.Table, after: pa.Table, shown: range) -> list[_Line]:
    ids = after.filter(pc.equal(after["copy"], 0))["id"].to_pylist()
    chosen = sorted(ids, key=place_of)[:SAMPLES]
    rows_after = _by_copy(after, chosen)
    parents = [row.parent for row in rows_after.values()]
    rows_before = _by_copy(before, [*chosen, *parents])
    return [
        _Line(
            rows_before.get((id_, 0)) or rows_before[rows_after[id_, 0].parent, 0],  # of a tile
            tuple(rows_after[id_, copy] for copy in shown),
        )
        for id_ in chosen
    ]


def _shown(after: Store) -> range:
    return range(1 + min(COPIES, after.about.copies))


def _drawn(work: Work, before: Store, after: Store, lines: list[_Line], key: bytes) -> Drawn:
    columns = ("before", *(f"copy {copy}" for copy in _shown(after)))
    canvas = np.full((_offset(len(lines)), _offset(len(columns)), 3), GROUND, np.uint8)
    cells = []
    for number, line in enumerate(lines):
        first = work.raw.sample(line.before) if _is_raw(work) else before.sample(line.before)
        for column, sample in enumerate([first, *(after.sample(row) for row in line.after)]):
            cells.append(_put(canvas, sample, number, column, after.about.classes))
    sheet = Sheet(work.name, work.step.from_, columns, tuple(cells))
    return Drawn(key, encode_png(canvas), sheet)


def _is_raw(work: Work) -> bool:
    return work.step.from_ == SOURCE


def _key(work: Work, after: Store, lines: list[_Line]) -> bytes:
    """Return what tells whether a sheet would be drawn the same: all of it but where rows lie."""
    shown = [_anywhere(row) for line in lines for row in (line.before, *line.after)]
    code, colour = Code(CODE), work.raw.colour if _is_raw(work) else None
    more = {"step": work.name, "from": work.step.from_, "classes": after.about.classes}
    key = made_by(code, [__name__], rows=shown, colour=colour, **more)
    code.remember()
    return key


def _anywhere(row: Row) -> Row:
    nowhere = {f"{name}_offset": NOWHERE for name in KINDS.values()}
    return msgspec.structs.replace(row, shard=0, **nowhere)


def _remembered(name: str, key: bytes) -> Drawn | None:
    """Return the sheet that was drawn last, if it has this key and is sound."""
    try:
        content = (DRAWN / name).read_bytes()
        if content_hash(content[SEAL_BYTES:]).encode() != content[:SEAL_BYTES]:
            return None
        drawn = msgspec.msgpack.decode(content[SEAL_BYTES:], type=Drawn)
    except (OSError, msgspec.DecodeError):
        return None
    return drawn if drawn.key == key else None


def _remember(name: str, drawn: Drawn) -> None:
    """Write it down for the next run. Where that fails it is drawn anew."""
    content = msgspec.msgpack.encode(drawn)
    with suppress(OSError):
        write_bytes(DRAWN / name, content_hash(content).encode() + content)


def _by_copy(table: pa.Table, ids: list[str]) -> dict[tuple[str, int], Row]:
    rows = rows_of(table.filter(pc.is_in(table["id"], pa.array(ids, pa.string()))))
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
