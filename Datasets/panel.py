"""A panel to look at: pictures with their boxes and masks side by side, as one PNG."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from Datasets.draw import colour_of, overlay
from Datasets.errors import StageError
from Datasets.sample import NO_BOXES, Boxes

CELL = 256  # pixels a side; images are fitted into it, never stretched
GAP = 16
LINE = 16  # pixels a line of text
COLUMNS = 4
GROUND = (18, 18, 18)
PAPER = (235, 232, 225)
FAINT = (150, 147, 140)


def check_out(out: Path) -> None:
    """Refuse a file that no panel can be written to, before anything is drawn.

    Raises:
        StageError: it is no .png, or in no folder that exists.
    """
    if out.suffix.lower() != ".png" or not out.parent.is_dir() or out.is_dir():
        raise StageError(f"--out: a .png file in a folder that exists was expected, got {out}")


class Cell(msgspec.Struct, frozen=True):
    """A picture, (H, W, 3) uint8 of at most ``CELL`` a side, and what stands under it."""

    picture: np.ndarray
    title: str
    labels: tuple[str, ...]


def panel(cells: Sequence[Cell], classes: tuple[str, ...]) -> np.ndarray:
    """Return the cells as a contact sheet, (H, W, 3) uint8, read from left to right."""
    columns = min(COLUMNS, max(len(cells), 1))
    rows = -(-len(cells) // columns)
    pitch = CELL + GAP
    sheet = Image.new("RGB", (columns * pitch + GAP, rows * (pitch + 2 * LINE + GAP) + GAP), GROUND)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(12)
    for place, cell in enumerate(cells):
        x = GAP + place % columns * pitch
        y = GAP + place // columns * (pitch + 2 * LINE + GAP)
        height, width = cell.picture.shape[:2]
        corner = (x + (CELL - width) // 2, y + (CELL - height) // 2)
        sheet.paste(Image.fromarray(cell.picture), corner)
        pen.text((x, y + CELL + 6), _fitted(cell.title, font), PAPER, font)
        _write_labels(pen, (x, y + CELL + 6 + LINE), cell.labels, classes, font)
    return np.asarray(sheet)


def picture(
    image: np.ndarray,
    mask: np.ndarray | None,
    boxes: Boxes,
    classes: tuple[str, ...],
    instances: np.ndarray | None = None,
) -> np.ndarray:
    """Return the image fitted into a cell, (H, W, 3) uint8 of at most ``CELL`` a side.

    Boxes and edges of objects are drawn last, so they stay one pixel wide.

    Args:
        image: (H, W, C) of any channels and dtype.
        mask: (H, W) uint8, as in ``Datasets.draw.overlay``, or None.
        boxes: in pixels of the image.
        classes: all names, sorted.
        instances: (H, W) uint16, as in ``Datasets.draw.overlay``, or None. They are drawn where
            there is no mask.
    """
    tinted = Image.fromarray(overlay(image, mask, NO_BOXES, classes))
    scale = CELL / max(tinted.size)
    if scale > 1:
        scale = max(int(scale), 1)  # whole pixels: what is small is looked at closely
    fitted = (max(round(tinted.width * scale), 1), max(round(tinted.height * scale), 1))
    kernel = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    scaled = Boxes(boxes.names, boxes.corners * scale, boxes.annotations)
    objects = None if mask is not None or instances is None else _nearest(instances, fitted)
    return overlay(np.asarray(tinted.resize(fitted, kernel)), None, scaled, classes, objects)


def _nearest(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return (H, W) values at the centres of (width, height) pixels."""
    height, width = plane.shape
    rows = (2 * np.arange(size[1]) + 1) * height // (2 * size[1])
    columns = (2 * np.arange(size[0]) + 1) * width // (2 * size[0])
    near: np.ndarray = plane[rows[:, None], columns]
    return near


def _write_labels(
    pen: ImageDraw.ImageDraw,
    at: tuple[int, int],
    labels: tuple[str, ...],
    classes: tuple[str, ...],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    x, end = float(at[0]), at[0] + CELL
    if not labels:
        pen.text(at, "no label", FAINT, font)
    for label in labels:
        width = font.getlength(label)
        if x + width > end:
            pen.text((min(x, end - 10), at[1]), "…", FAINT, font)
            return
        colour = colour_of(classes.index(label)) if label in classes else FAINT
        pen.text((x, at[1]), label, tuple(int(c) for c in colour), font)
        x += width + 8


def _fitted(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """Return the end of ``text`` that fits a cell: names differ at their end."""
    if font.getlength(text) <= CELL:
        return text
    while text and font.getlength("…" + text) > CELL:
        text = text[1:]
    return "…" + text
