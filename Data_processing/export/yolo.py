"""The verb ``export-yolo``: a data set's metadata as YOLO labels that Ultralytics can train on.

FOLDER gets ``data.yaml`` (the names of the classes), ``images.txt`` (a line an image) and a text
file an image below ``labels``. Images are not copied: ``images`` in FOLDER is a link to the raw
folder, or to what is called ``images`` below that, as Ultralytics looks for labels where the last
``images`` in a path is ``labels``. ``yolo detect train data=FOLDER/data.yaml`` runs as it is, but
``train`` and ``val`` in data.yaml both name all images: divide ``images.txt`` first.

A line is a class and the centre, width and height of its box, as shares of the frame. With
--segments it is a class and one polygon: parts are joined by lines without width, as Ultralytics
does with COCO's; run lengths become their outline along the pixels; an object without region
becomes the corners of its box.

YOLO has no crowds and no images that nobody looked at: both are left out, and counted.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from Data_processing.convert.readers.yolo import ultralytics
from Data_processing.export.outlines import joined, outlines
from Data_processing.export.output import Summary, folder_for, metadata_of, sayable
from Data_processing.export.output import arguments as common
from Datasets.dataset import dataset_called
from Datasets.metadata import Annotated, read_classes, read_samples
from Datasets.params import load
from Datasets.regions import Region

DIGITS = 12
"""Significant ones of a share: a millionth of a pixel in images of a million pixels a side."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb ``export-yolo``."""
    common(parser, "the folder to write")
    parser.add_argument("--segments", action="store_true", help="polygons in place of boxes")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = __doc__


def run(arguments: argparse.Namespace) -> None:
    """Write one YOLO folder.

    Raises:
        StoreError: the data set was not converted yet.
        StageError: the folder is there already, or the data set has no boxes.
    """
    metadata = metadata_of(arguments.dataset)
    raw = Path(dataset_called(load(), metadata.name).path)
    classes = read_classes(metadata)
    layout, lines = Layout(metadata, raw), _Lines(classes, arguments.segments)
    with folder_for(arguments.out, metadata) as folder:
        (folder / "data.yaml").write_text(_data_yaml(classes), "utf-8")
        with (folder / "images.txt").open("w", encoding="utf-8") as images:
            for sample in sayable(metadata, lines.summary):
                place = layout.place(sample)
                label = folder / ultralytics(place)
                label.parent.mkdir(parents=True, exist_ok=True)
                label.write_text("".join(lines.of(sample)))
                images.write(f"./{place}\n")
        layout.link(folder)
    lines.summary.tell(arguments.out)


class Layout:
    """Where each image is below the folder, so that its labels can be beside the raw folder.

    Args:
        metadata: the metadata folder.
        raw: the raw folder.
    """

    def __init__(self, metadata: Path, raw: Path) -> None:
        rows = read_samples(metadata, ["files", "is_embedded"])
        self._links: dict[_Root, str] = {}
        self._roots = {True: metadata.resolve(), False: raw.resolve()}
        for files, is_embedded in zip(rows["files"], rows["is_embedded"], strict=True):
            self._take(_split(files[0], bool(is_embedded)).root)

    def place(self, sample: Annotated) -> str:
        """Return the path of an image below the folder."""
        split = _split(sample.row.files[0], sample.row.is_embedded)
        return f"{self._links[split.root]}/{split.rest}"

    def link(self, folder: Path) -> None:
        """Make the links below ``folder`` by which images are found."""
        for root, name in self._links.items():
            link = folder / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(self._roots[root.is_embedded] / root.folder)

    def _take(self, root: "_Root") -> None:
        if root in self._links:
            return
        name, number = root.folder or "images", 1
        while any(_meet(name, other) for other in self._links.values()):
            number += 1
            name = f"{number}/images"
        self._links[root] = name


class _Root(msgspec.Struct, frozen=True):
    """A folder of images: below the metadata folder, if they were embedded, else below the raw."""

    folder: str
    is_embedded: bool


class _Split(msgspec.Struct, frozen=True):
    root: _Root
    rest: str


def _split(file: str, is_embedded: bool) -> _Split:
    """Return a path cut after the last ``images`` in it."""
    head, found, rest = f"/{file}".rpartition("/images/")
    if not found:
        return _Split(_Root("", is_embedded), file)
    return _Split(_Root(f"{head}/images".strip("/"), is_embedded), rest)


def _meet(one: str, other: str) -> bool:
    """Return whether one of two paths leads into the other."""
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _data_yaml(classes: tuple[str, ...]) -> str:
    # JSON's quoted text is YAML's too.
    names = [f"  {i}: {msgspec.json.encode(name).decode()}" for i, name in enumerate(classes)]
    head = ["train: images.txt  # all images: divide them before you train", "val: images.txt"]
    return "\n".join([*head, "names:" if names else "names: {}", *names, ""])


class _Lines:
    """Writes objects as lines, and counts what YOLO cannot say."""

    def __init__(self, classes: tuple[str, ...], segments: bool) -> None:
        self.summary = Summary()
        self._number_of = {name: i for i, name in enumerate(classes)}
        self._segments = segments

    def of(self, sample: Annotated) -> Iterator[str]:
        """Yield a line an object."""
        row = sample.row
        self.summary.images += 1
        for i, box in enumerate(sample.image.bounding_boxes):
            if row.iscrowd[i]:
                self.summary.count("crowd regions left out, as YOLO has none")
                continue
            has_region = bool(row.polygons[i]) or row.rles[i] is not None
            if has_region and not self._segments:
                self.summary.count("regions written as boxes (--segments writes them)")
            if row.keypoints[i]:
                self.summary.count("objects without their keypoints")
            if self._segments:
                sides = (row.width, row.height)
                numbers = (_outline(sample, i) / sides).clip(0.0, 1.0).reshape(-1)
            else:
                centre = [(box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2]
                extent = [box.x2 - box.x1, box.y2 - box.y1]
                numbers = np.array([*centre, *extent]) / [*((row.width, row.height) * 2)]
            shares = " ".join(f"{number:.{DIGITS}g}" for number in numbers.tolist())
            self.summary.annotations += 1
            yield f"{self._number_of[box.name]} {shares}\n"


def _outline(sample: Annotated, i: int) -> np.ndarray:
    """Return one ring around the ``i``-th object, (n, 2) x, y in pixels."""
    row, box = sample.row, sample.image.bounding_boxes[i]
    if row.rles[i] is not None:
        rings = outlines(Region((), row.rles[i], row.height, row.width).pixels())
        if rings:  # run lengths may be of nothing
            return joined(rings)
    if row.polygons[i]:
        return joined([np.reshape(polygon, (-1, 2)) for polygon in row.polygons[i]])
    return np.array([[box.x1, box.y1], [box.x2, box.y1], [box.x2, box.y2], [box.x1, box.y2]])
