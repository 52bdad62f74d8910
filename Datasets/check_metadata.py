"""The verb ``check``: is a metadata folder what the format says?"""

import argparse
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path, PurePosixPath

import msgspec
import pyarrow as pa

from Datasets.check_rows import is_below, wrong_row
from Datasets.errors import AnnotationError, ImageError, StoreError
from Datasets.image import decode, read_header
from Datasets.metadata import (
    CLASSES_FILE,
    IMAGES_FILE,
    SAMPLES_FILE,
    ImageMetadata,
    SampleRow,
    read_classes,
    read_rows,
)
from Datasets.metadata_folder import metadata_folder
from Datasets.regions import IGNORE, run_lengths
from Datasets.terminal import answer, one_line

SHOWN = 10
MASKS, INSTANCES, NODATA = "masks", "instances", "nodata"
"""Folders of PNG files below a metadata folder."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb ``check``."""
    parser.add_argument("folder", type=Path, help="a metadata folder, or the name of its data set")


def run(arguments: argparse.Namespace) -> None:
    """Check a folder and print how many images and annotations it holds.

    Raises:
        StoreError: there is no such folder, or something in it is wrong; the first ten are named by
            file and line.
    """
    folder = Path(arguments.folder)
    if not (folder / SAMPLES_FILE).is_file():  # else it is one, though something may be missing
        folder = metadata_folder(folder)
    checker = Checker(folder)
    problems: list[str] = []
    count = 0
    for problem in checker.problems():
        count += 1
        problems += [problem] if count <= SHOWN else []
    if count:
        more = [f"  ... and {count - SHOWN:,} more"] if count > SHOWN else []
        shown = [f"  {one_line(problem)}" for problem in problems]
        head = f"{folder}: {count:,} problems; run the stage convert again"
        raise StoreError("\n".join([head, *shown, *more]))
    answer(f"{folder}: {checker.images:,} images, {checker.boxes:,} boxes: nothing wrong")


class Checker:
    """Walks a metadata folder once, with flat memory but for the names of its masks.

    Args:
        folder: a metadata folder.

    Raises:
        StoreError: a file is missing or cannot be read at all.
    """

    def __init__(self, folder: Path) -> None:
        for name in (IMAGES_FILE, SAMPLES_FILE, CLASSES_FILE):
            if not (folder / name).is_file():
                raise StoreError(f"{folder / name} is missing; the stage convert writes it")
        self._folder = folder
        try:
            self._classes = read_classes(folder)
        except msgspec.DecodeError as error:
            raise StoreError(f"{folder / CLASSES_FILE}: {error}; run convert again") from None
        self._known = frozenset(self._classes)
        self._drawn: set[str] = set()
        self._last: tuple[str, int, str] = ("", 0, "")
        self.images = 0
        self.boxes = 0

    def problems(self) -> Iterator[str]:
        """Yield what is wrong, with file and line."""
        if list(self._classes) != sorted(self._known):
            yield f"{CLASSES_FILE}: names must be sorted and occur once"
        pairs = zip_longest(self._lines(), self._rows())
        for number, (line, row) in enumerate(pairs, 1):
            where = f"{IMAGES_FILE}:{number}"
            if line is None or row is None:
                yield f"{where}: {SAMPLES_FILE} and {IMAGES_FILE} have different numbers of images"
                return
            if isinstance(line, str) or isinstance(row, str):
                yield from (f"{where}: {text}" for text in (line, row) if isinstance(text, str))
                continue
            self.images += 1
            self.boxes += len(line.bounding_boxes)
            yield from (f"{where}: {problem}" for problem in self._wrong(line, row))
        yield from self._orphans()

    def _lines(self) -> Iterator[ImageMetadata | str]:
        decoder = msgspec.json.Decoder(ImageMetadata)
        with (self._folder / IMAGES_FILE).open("rb") as lines:
            for line in lines:
                try:
                    yield decoder.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    yield f"not of the format: {error}"

    def _rows(self) -> Iterator[SampleRow | str]:
        try:
            yield from read_rows(self._folder)
        except (pa.ArrowException, msgspec.ValidationError, OSError) as error:
            yield f"{SAMPLES_FILE} cannot be read from here on: {error}"

    def _wrong(self, line: ImageMetadata, row: SampleRow) -> Iterator[str]:
        if line.image != row.image:
            yield f"the row in {SAMPLES_FILE} is of {row.image}"
            return
        if not row.id.endswith(f"/{line.image}"):
            yield f"the id {row.id} does not end with the image's path"
        order = _order(row)
        if order <= self._last:
            yield f"the id {row.id} comes too late; ids must be sorted and occur once"
        self._last = order
        yield from (f"{row.image}: {problem}" for problem in wrong_row(row))
        yield from wrong_boxes(line, row)
        yield from wrong_names(line, row, self._known)
        yield from self._wrong_mask(line, row)
        yield from self._wrong_drawing(row.instance_mask, INSTANCES, row, "uint16", len(row.rles))
        yield from self._wrong_drawing(row.nodata_mask, NODATA, row, "uint8", IGNORE)
        for file in filter(is_below, row.files if row.is_embedded else ()):
            if not (self._folder / file).is_file():
                yield f"the image {file}, once embedded in its annotations, is missing"

    def _wrong_mask(self, line: ImageMetadata, row: SampleRow) -> Iterator[str]:
        name = line.segmentation_mask
        if name is None:
            if row.has_mask and line.bounding_boxes:
                yield "has_mask is true and there are boxes, but no mask"
        elif not row.has_mask:
            yield f"there is a mask, {name}, but has_mask is false"
        yield from self._wrong_drawing(name, MASKS, row, "uint8", len(self._classes))

    def _wrong_drawing(
        self, name: str | None, folder: str, row: SampleRow, dtype: str, highest: int
    ) -> Iterator[str]:
        if name is None:
            return
        if not is_below(name) or PurePosixPath(name).parts[0] != folder:
            yield f"the mask {name} must lie in {folder}/"
            return
        if name in self._drawn:
            yield f"the mask {name} belongs to an image before it"
        self._drawn.add(name)
        yield from wrong_mask(self._folder / name, row, dtype, highest)

    def _orphans(self) -> Iterator[str]:
        for folder in (INSTANCES, MASKS, NODATA):
            for path in sorted((self._folder / folder).rglob("*.png")):
                name = path.relative_to(self._folder).as_posix()
                if name not in self._drawn:
                    yield f"{name}: no image has this mask"


def _order(row: SampleRow) -> tuple[str, int, str]:
    """Return what samples are sorted by: the file, and of one file the parts by number."""
    if not row.window and len(row.files) < 2:
        return row.image, 0, ""
    file, _, part = row.image.rpartition("#")
    return file, len(part), part


def wrong_boxes(line: ImageMetadata, row: SampleRow) -> Iterator[str]:
    """Yield what is wrong with the boxes and with the columns that run parallel to them."""
    for number, box in enumerate(line.bounding_boxes, 1):
        corners = (box.x1, box.y1, box.x2, box.y2)
        shown = f"box {number} from ({box.x1:g}, {box.y1:g}) to ({box.x2:g}, {box.y2:g})"
        if not all(map(math.isfinite, corners)):
            yield f"{shown} has a coordinate that is no finite number"
        elif box.x1 >= box.x2 or box.y1 >= box.y2:
            yield f"{shown} is empty or reversed"
        elif box.x1 < 0 or box.y1 < 0 or box.x2 > row.width or box.y2 > row.height:
            yield f"{shown} leaves the image of {row.width} x {row.height} pixels"
    for name in ("annotation_ids", "iscrowd", "areas", "polygons", "rles", "keypoints", "extras"):
        length = len(getattr(row, name))
        if length != len(line.bounding_boxes):
            yield f"{len(line.bounding_boxes)} boxes, but {length} entries of {name}"
    for rle in row.rles:
        try:
            if rle is not None and sum(run_lengths(rle)) != row.width * row.height:
                yield "run lengths do not sum to the image's pixels"
        except AnnotationError as error:
            yield str(error)


def wrong_names(line: ImageMetadata, row: SampleRow, known: frozenset[str]) -> Iterator[str]:
    """Yield what is wrong with labels, counts and the names of boxes."""
    labels, counts = line.label_names(), line.class_counts()
    boxes = Counter(box.name for box in line.bounding_boxes)
    for name in sorted({*labels, *counts, *boxes} - known):
        yield f"the class '{name}' is not in {CLASSES_FILE}"
    if _repeats(labels) or (not isinstance(line.counts, dict) and _repeats(_names(line.counts))):
        yield "a class occurs twice in labels or counts"
    for looked, there, what in (
        (row.has_labels, bool(labels), "labels"),
        (row.has_counts, bool(counts), "counts"),
        (row.has_boxes, bool(boxes), "boxes"),
    ):
        if there and not looked:
            yield f"there are {what}, but has_{what} is false"
    if row.has_counts and row.has_boxes and counts != boxes:
        yield f"counts {counts} differ from the boxes' {dict(sorted(boxes.items()))}"
    if row.has_labels and row.has_boxes and not set(boxes) <= set(labels):
        yield f"labels {list(labels)} lack a class that has a box"


def wrong_mask(path: Path, row: SampleRow, dtype: str, highest: int) -> Iterator[str]:
    """Yield what is wrong with a mask file.

    Args:
        path: the file.
        row: the sample that it belongs to.
        dtype: what its one channel must be.
        highest: the highest value that means something; 255 means "ignore" in 8 bits.
    """
    try:
        content = path.read_bytes()
        header = read_header(content, path.name)
        if (header.channels, header.dtype) != (1, dtype):
            yield f"the mask {path.name} must have one channel of {dtype}"
            return
        mask = decode(content, path.name, "unchanged")[:, :, 0]
    except (OSError, ImageError) as error:
        yield f"the mask cannot be read: {error}"
        return
    if mask.shape != (row.height, row.width):
        yield f"the mask has shape {mask.shape}, the image {(row.height, row.width)}"
    known = mask[mask != IGNORE] if dtype == "uint8" else mask
    value = int(known.max(initial=0))
    if value > highest:
        yield f"the mask holds {value}, but only 0 to {highest} mean something"


def _repeats(names: Iterable[str]) -> bool:
    return any(n > 1 for n in Counter(names).values())


def _names(counts: tuple[dict[str, int], ...]) -> Iterator[str]:
    return (name for one in counts for name in one)
