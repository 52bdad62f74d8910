"""The verb ``export-coco``: a data set's metadata as a COCO file.

What came from COCO goes back as it came: ids, categories, licences and every key that COCO does not
know. Apart from that: images stand in the order of their paths, their annotations in that of ids;
run lengths are compressed; ``width``, ``height``, ``bbox``, ``segmentation``, ``area``, ``iscrowd``
and, beside ``keypoints``, ``num_keypoints`` are filled in where they were missing; boxes that
convert clipped or put in order, names that it changed and images that EXIF turned are as it left
them. What it rejected does not come back, nor do columns of a table, groups and semantic masks.

Ids and categories are numbered from 1 where the data set came from another format, from several
COCO files at once (--of gives one of them back), or in parts of rasters. An image that nobody
looked for boxes in is left out then, as it would look empty.

A part that ``samples: box`` cut out has the raster's file name, and its place there as ``window``.
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec
import pyarrow.compute as pc
import pyarrow.parquet as pq

from Data_processing.convert.readers.coco_schema import CocoAbout
from Data_processing.export.coco_entries import (
    Categories,
    Entry,
    annotation_entry,
    decoded,
    image_entry,
)
from Data_processing.export.output import NO_BOXES, Summary, check_boxes, metadata_of
from Data_processing.export.output import arguments as common
from Datasets.errors import StageError
from Datasets.files import new_file
from Datasets.metadata import ABOUT_FILE, SAMPLES_FILE, Annotated, read, read_classes
from Datasets.params import nearest

OF_FORMATS = frozenset({"id", "image_id", "category_id", "file_name", "width", "height"})
"""Keys of COCO that mean something else where another format said them."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb ``export-coco``."""
    common(parser, "the JSON file to write")
    parser.add_argument("--force", action="store_true", help="replace a file that is there already")
    parser.add_argument("--of", default="", help="of several COCO files, the one to give back")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = __doc__


def run(arguments: argparse.Namespace) -> None:
    """Write one COCO file.

    Raises:
        StoreError: the data set was not converted yet.
        StageError: the file is there already, ``--of`` names what was not read, or there are no
            boxes.
    """
    folder, out = metadata_of(arguments.dataset), arguments.out
    _check_free(out, arguments.force)
    about = _about(folder, arguments.of)
    if about is None:
        check_boxes(folder)
    document = _AsBefore(about) if about is not None else _Anew(read_classes(folder))
    with tempfile.TemporaryFile() as annotations, new_file(out) as file:
        document.write(read(folder), file, annotations)
    document.summary.tell(out)


def _check_free(path: Path, force: bool) -> None:
    if path.is_dir():
        raise StageError(f"{path} is a folder; name a file")
    if (path.exists() or path.is_symlink()) and not force:
        raise StageError(f"{path} exists already; name another place, or replace it by --force")


def _about(folder: Path, of: str) -> CocoAbout | None:
    """Return what is known of the COCO file to give back, or None where numbers must be new.

    Raises:
        StageError: ``of`` is none of the files that were read, or none can be given back.
    """
    path = folder / ABOUT_FILE
    files: list[CocoAbout] = []
    if path.exists():
        files = msgspec.json.decode(path.read_bytes(), type=_Kept).coco
    if of and of not in [one.file for one in files]:
        known = nearest(of, [one.file for one in files]) if files else "none was COCO"
        raise StageError(f"--of: '{of}' is no file that convert read: {known}")
    in_parts = _has_windows(folder)
    if of and in_parts:
        raise StageError("--of: parts of rasters are no images of a COCO file; leave it out")
    chosen = [one for one in files if not of or one.file == of]
    return chosen[0] if len(chosen) == 1 and not in_parts else None


def _has_windows(folder: Path) -> bool:
    windows = pq.read_table(folder / SAMPLES_FILE, columns=["window"])["window"]
    return bool(pc.max(pc.list_value_length(windows)).as_py())


class _Kept(msgspec.Struct, frozen=True):
    """What is known about a data set of any format."""

    coco: list[CocoAbout] = []


class _AsBefore:
    """A document with the numbers of the COCO file that it came from."""

    def __init__(self, about: CocoAbout) -> None:
        self.summary = Summary()
        self._about = about
        self._categories = Categories(about.document.get("categories"))

    def write(self, samples: Iterator[Annotated], file: BinaryIO, annotations: BinaryIO) -> None:
        """Write the document into ``file``; ``annotations`` holds a part of it for a while."""
        encoder = msgspec.json.Encoder()
        head = {key: one for key, one in self._about.document.items() if key != "categories"}
        lines = _Lines(file, annotations, head)
        for sample in samples:
            more = decoded(sample.row.image_extras)
            origin = _origin(sample, more)
            if origin.file != self._about.file:
                continue
            lines.image(encoder.encode(image_entry(sample, origin.number, more)))
            for i, number in enumerate(sample.row.annotation_ids):
                category = self._categories.id_of(sample.image.bounding_boxes[i].name)
                entry = annotation_entry(sample, i, number, origin.number, category)
                lines.annotation(encoder.encode(entry))
        lines.close(self._categories.entries, self._about.has_annotations)
        self.summary.images, self.summary.annotations = lines.images, lines.annotations


class _Anew:
    """A document with numbers of its own, from 1."""

    def __init__(self, classes: tuple[str, ...]) -> None:
        self.summary = Summary()
        self._categories = Categories(names=classes)

    def write(self, samples: Iterator[Annotated], file: BinaryIO, annotations: BinaryIO) -> None:
        """Write the document into ``file``; ``annotations`` holds a part of it for a while."""
        encoder = msgspec.json.Encoder()
        lines = _Lines(file, annotations, {})
        for sample in samples:
            if not sample.row.has_boxes:
                self.summary.leave_out(sample.image.image, NO_BOXES)
                continue
            more = decoded(sample.row.image_extras)
            own = {key: one for key, one in more.items() if key not in OF_FORMATS}
            number = lines.images + 1
            lines.image(encoder.encode(image_entry(sample, number, own)))
            for i, box in enumerate(sample.image.bounding_boxes):
                category = self._categories.id_of(box.name)
                entry = annotation_entry(sample, i, lines.annotations + 1, number, category)
                lines.annotation(encoder.encode(entry))
        lines.close(self._categories.entries, True)
        self.summary.images, self.summary.annotations = lines.images, lines.annotations


class _Origin(msgspec.Struct, frozen=True):
    """The file that an image's entry stood in, and its id there."""

    file: str
    number: int | str


def _origin(sample: Annotated, more: Mapping[str, msgspec.Raw]) -> _Origin:
    source = sample.row.source
    if "id" in more:
        own = msgspec.json.decode(more["id"], type=str)
        return _Origin(source.removesuffix(f"#{own}"), own)
    file, _, number = source.rpartition("#")
    return _Origin(file, int(number))


class _Lines:
    """A document as a stream: annotations wait in a file until all images are written."""

    def __init__(self, file: BinaryIO, annotations: BinaryIO, head: dict[str, msgspec.Raw]) -> None:
        self.images = self.annotations = 0
        self._file, self._annotations = file, annotations
        file.write(b"{")
        for key, value in head.items():
            file.write(msgspec.json.encode(key) + b": " + bytes(value) + b",\n")
        file.write(b'"images": [')

    def image(self, entry: bytes) -> None:
        """Write an entry of ``images``."""
        self._file.write((b",\n" if self.images else b"\n") + entry)
        self.images += 1

    def annotation(self, entry: bytes) -> None:
        """Write an entry of ``annotations``."""
        self._annotations.write((b",\n" if self.annotations else b"\n") + entry)
        self.annotations += 1

    def close(self, categories: list[Entry], has_annotations: bool) -> None:
        """Finish the document."""
        self._file.write(b"\n],\n")
        if has_annotations or self.annotations:
            self._file.write(b'"annotations": [')
            self._annotations.seek(0)
            shutil.copyfileobj(self._annotations, self._file, 1 << 20)
            self._file.write(b"\n],\n")
        self._file.write(b'"categories": ' + msgspec.json.encode(categories) + b"}\n")
