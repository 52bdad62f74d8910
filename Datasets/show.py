"""The verb ``show``: chosen samples with their boxes and masks, as one PNG to look at."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from Datasets.dataset import dataset_called
from Datasets.draw import boxes_of
from Datasets.errors import StageError, StoreError
from Datasets.files import write_bytes
from Datasets.image import decode, encode_png
from Datasets.metadata import Annotated, read, read_classes
from Datasets.metadata_folder import metadata_folder
from Datasets.panel import Cell, check_out, panel, picture
from Datasets.params import load, nearest
from Datasets.raw_image import RawImage
from Datasets.terminal import answer

COLOURS = 253
"""Instances that are told apart by a colour."""


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
    check_out(out)
    folder = metadata_folder(arguments.folder)
    raw = arguments.raw or Path(dataset_called(load(), folder.resolve().name).path)
    samples = chosen(folder, arguments.ids, arguments.first)
    classes = read_classes(folder)
    cells = [_cell(sample, folder, Path(raw), classes) for sample in samples]
    write_bytes(out, encode_png(panel(cells, classes)))
    answer(f"{arguments.out}: {len(cells)} samples")


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
        picture(image, _mask(sample, folder), boxes_of(line), classes),
        line.image,
        line.label_names(),
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


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number above 0 was expected, got '{text}'")
    return int(text)
