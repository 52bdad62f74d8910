"""The verb ``show``: chosen samples with their boxes and masks, as one PNG to look at."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from Datasets.dataset import dataset_called
from Datasets.draw import colour_of, overlay
from Datasets.errors import StageError, StoreError
from Datasets.files import write_bytes
from Datasets.image import decode, encode_png
from Datasets.metadata import Annotated, ImageMetadata, read, read_classes
from Datasets.metadata_folder import metadata_folder
from Datasets.params import load, nearest
from Datasets.raw_image import RawImage
from Datasets.sample import NO_BOXES, Boxes
from Datasets.terminal import answer

CELL = 256  # pixels a side; images are fitted into it, never stretched
GAP = 16
LINE = 16  # pixels a line of text
COLUMNS = 4
COLOURS = 253
"""Instances that are told apart by a colour."""
GROUND = (18, 18, 18)
PAPER = (235, 232, 225)
FAINT = (150, 147, 140)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb ``show``."""
    parser.add_argument("folder", type=Path, help="a metadata folder, or the name of its data set")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--ids", nargs="+", help="samples, by id or by path below the raw folder")
    chosen.add_argument("--first", type=_positive, default=12, help="how many (default: 12)")
    parser.add_argument("--raw", type=Path, help="the raw folder (default: from params.yaml)")
    parser.add_argument("--out", type=Path, default=Path("panel.png"), help="default: panel.png")


def run(arguments: argparse.Namespace) -> None:
    """Draw the chosen samples and print where they are.

    Raises:
        StageError: a sample that was asked for is not in the folder, or no PNG can be written.
        StoreError: there is no such folder, or a raw file is missing.
        SampleError: a raw file is not the one that was converted.
    """
    out = Path(arguments.out)
    if out.suffix.lower() != ".png" or not out.parent.is_dir():
        raise StageError(f"--out: a .png file in a folder that exists was expected, got {out}")
    folder = metadata_folder(arguments.folder)
    raw = arguments.raw or Path(dataset_called(load(), folder.resolve().name).path)
    samples = chosen(folder, arguments.ids, arguments.first)
    classes = read_classes(folder)
    cells = [_cell(sample, folder, Path(raw), classes) for sample in samples]
    write_bytes(out, encode_png(panel(cells, classes)))
    answer(f"{arguments.out}: {len(cells)} samples")


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


def chosen(folder: Path, ids: Sequence[str] | None, first: int) -> list[Annotated]:
    """Return the samples of a metadata folder by id or path, or the first ones.

    Raises:
        StageError: there is no such sample.
    """
    if ids is None:
        return [sample for sample, _ in zip(read(folder), range(first), strict=False)]
    wanted = dict.fromkeys(ids)
    found: dict[str, Annotated] = {}
    known: list[str] = []
    for sample in read(folder):
        known.append(sample.row.id)
        found.update({n: sample for n in (sample.row.id, sample.row.image) if n in wanted})
    missing = [name for name in wanted if name not in found]
    if missing:
        raise StageError(f"{folder}: no sample '{missing[0]}'; {nearest(missing[0], known)}")
    return [found[name] for name in wanted]


def _cell(sample: Annotated, folder: Path, raw: Path, classes: tuple[str, ...]) -> Cell:
    line, row = sample.image, sample.row
    root = folder if row.is_embedded else raw
    files = row.files or (row.image,)
    missing = next((file for file in files if not (root / file).is_file()), None)
    if missing is not None:
        raise StoreError(
            f"{root / missing} does not exist; --raw names the folder with the raw images"
        )
    image = RawImage(root, files, row.sha256, row.window, row.window_hash).pixels("unchanged")
    return Cell(
        _picture(image, _mask(sample, folder), line, classes), line.image, line.label_names()
    )


def _mask(sample: Annotated, folder: Path) -> np.ndarray | None:
    """Return (H, W) uint8 to tint with: classes, else each instance in a colour of its own."""
    name = sample.image.segmentation_mask or sample.row.instance_mask
    if name is None:
        return None
    mask = decode((folder / name).read_bytes(), name, "unchanged")[:, :, 0]
    if mask.dtype == np.uint8:
        return mask
    return np.where(mask > 0, (mask - 1) % COLOURS + 1, 0).astype(np.uint8)


def _picture(
    image: np.ndarray, mask: np.ndarray | None, line: ImageMetadata, classes: tuple[str, ...]
) -> np.ndarray:
    """Return the image fitted into a cell. Boxes are drawn last, so they stay one pixel wide."""
    tinted = Image.fromarray(overlay(image, mask, NO_BOXES, classes))
    scale = CELL / max(tinted.size)
    if scale > 1:
        scale = max(int(scale), 1)  # whole pixels: what is small is looked at closely
    fitted = (max(round(tinted.width * scale), 1), max(round(tinted.height * scale), 1))
    kernel = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    boxes = line.bounding_boxes
    corners = np.array([(box.x1, box.y1, box.x2, box.y2) for box in boxes]).reshape(-1, 4)
    names = tuple(box.name for box in boxes)
    scaled = Boxes(names, corners * scale, np.arange(len(boxes), dtype=np.int32))
    return overlay(np.asarray(tinted.resize(fitted, kernel)), None, scaled, classes)


def _fitted(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """Return the end of ``text`` that fits a cell: names differ at their end."""
    if font.getlength(text) <= CELL:
        return text
    while text and font.getlength("…" + text) > CELL:
        text = text[1:]
    return "…" + text


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number above 0 was expected, got '{text}'")
    return int(text)
