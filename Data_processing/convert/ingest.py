"""A data set's way in: extract, look at each file, transform, load. The three are handed in."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

import msgspec
import pyarrow as pa

from Data_processing.convert.found import Extract, FoundImage, Source
from Data_processing.convert.inspect import Inspected, inspect
from Data_processing.convert.join import Joined
from Data_processing.convert.transform import Canonical, refused
from Datasets.errors import AnnotationError, ImageError
from Datasets.metadata import Annotated, MetadataWriter
from Datasets.regions import MAX_CLASSES
from Datasets.rejections import Rejections
from Datasets.stage import map_tasks

CHUNK = 2048
"""Images a task. With fewer a pool would be started where one process is done sooner."""
WINDOW = 16
"""Chunks under way at a time, so that memory does not grow with the number of images."""


class Transform(Protocol):
    """What makes a found image canonical. Runs in the workers."""

    def classes(self, found: tuple[str, ...]) -> tuple[str, ...]:
        """Return the class names of the metadata, sorted."""
        ...

    def __call__(self, found: FoundImage, file: Inspected, classes: tuple[str, ...]) -> Canonical:
        """Return the image in the fixed format, or why it is rejected."""
        ...


class Load(Protocol):
    """What writes. ``draw`` runs in the workers, the rest where the stage runs."""

    def draw(self, sample: Annotated, classes: tuple[str, ...]) -> None:
        """Write what belongs to one sample alone."""
        ...

    def writer(self, columns: pa.Schema) -> MetadataWriter:
        """Return the writer of lines and rows."""
        ...

    def note_rejected(self, lines: bytes) -> None:
        """Write what was left out, JSON lines."""
        ...


class Tally(msgspec.Struct):
    """What came in and went out. In is out and rejected, always."""

    images_in: int
    annotations_in: int
    classes: int
    images_out: int = 0
    annotations_out: int = 0
    images_rejected: int = 0
    annotations_rejected: int = 0
    clipped: int = 0
    notes: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Return the stage's summary.

        >>> Tally(3, 0, 2, images_out=3).sentence()
        '3 images in, 3 out; 2 classes'
        """
        both = self.annotations_in > 0
        parts = [
            f"{_amount(self.images_in, self.annotations_in, both)} in",
            f"{_bare(self.images_out, self.annotations_out, both)} out",
        ]
        if self.images_rejected or self.annotations_rejected:
            parts.append(f"{_bare(self.images_rejected, self.annotations_rejected, both)} rejected")
        classes = "1 class" if self.classes == 1 else f"{self.classes:,} classes"
        notes = [classes if self.classes else "no labels", *self.notes]
        if self.clipped:
            notes.append(f"{self.clipped:,} boxes clipped by a pixel or less")
        return "; ".join([", ".join(parts), *notes])


class Ingest:
    """Composes the three. Formats differ in ``extract`` alone.

    Args:
        extract: the reader of the format.
        transform: checks and makes canonical.
        load: writes.
    """

    def __init__(self, extract: Extract, transform: Transform, load: Load) -> None:
        self.extract = extract
        self.transform = transform
        self.load = load

    def run(self, source: Source, table: Joined, rejections: Rejections, workers: int) -> Tally:
        """Return the tally after everything is written, in the order of the images' paths.

        Raises:
            RejectedError: something was rejected, and the policy is strict.
        """
        extraction = self.extract(source, rejections)
        classes = self.transform.classes(extraction.classes)
        tally = Tally(extraction.n_images, extraction.n_annotations, len(classes))
        work = partial(_converted, source.root, classes, self.transform, self.load.draw)
        with self.load.writer(table.columns) as writer:
            images = _joinable(extraction.images, table, rejections)
            for chunk in _chunks(work, images, workers, source.name):
                for name, one in zip(chunk.names, chunk.outcomes, strict=True):
                    rejections.extend(one.rejected)
                    tally.clipped += one.clipped
                    if one.sample is not None:
                        sample = table(one.sample, name)
                        writer.add(sample.image, sample.row)
                        tally.images_out += 1
                        tally.annotations_out += len(one.sample.image.bounding_boxes)
            writer.close(classes)
        tally.notes = (*extraction.notes, *table.notes())
        if len(classes) > MAX_CLASSES:
            tally.notes += (f"no masks, as an 8-bit mask holds at most {MAX_CLASSES} classes",)
        self.load.note_rejected(rejections.settle())
        return _balanced(tally, rejections)


class Chunk(msgspec.Struct, frozen=True):
    """What a task gives back: what the annotations call its images, and what became of each."""

    names: tuple[str, ...]
    outcomes: tuple[Canonical, ...]


def _joinable(
    images: Iterator[FoundImage], table: Joined, rejections: Rejections
) -> Iterator[FoundImage]:
    """Yield the images but those with several rows in the table, before anything is drawn."""
    for found in images:
        try:
            table.check(found.name, found.file)
        except AnnotationError as error:
            rejections.extend(refused(found, str(error)).rejected)
        else:
            yield found


def _chunks(
    work: Callable[[tuple[FoundImage, ...]], Chunk],
    images: Iterator[FoundImage],
    workers: int,
    what: str,
) -> Iterator[Chunk]:
    """Yield finished chunks in order, a window of them under way at a time."""
    while window := list(islice(images, CHUNK * WINDOW)):
        tasks = [tuple(window[i : i + CHUNK]) for i in range(0, len(window), CHUNK)]
        yield from map_tasks(work, tasks, workers, what)


def _converted(
    root: Path,
    classes: tuple[str, ...],
    transform: Transform,
    draw: Callable[[Annotated, tuple[str, ...]], None],
    chunk: tuple[FoundImage, ...],
) -> Chunk:
    outcomes = []
    for found in chunk:
        try:
            file = inspect(root, found.file)
        except ImageError as error:
            outcomes.append(refused(found, str(error).removeprefix(f"{found.file}: ")))
            continue
        one = transform(found, file, classes)
        if one.sample is not None:
            draw(one.sample, classes)
        outcomes.append(one)
    return Chunk(tuple(found.name for found in chunk), tuple(outcomes))


def _balanced(tally: Tally, rejections: Rejections) -> Tally:
    tally.images_rejected = rejections.samples
    tally.annotations_rejected = rejections.annotations
    images = tally.images_out + tally.images_rejected
    annotations = tally.annotations_out + tally.annotations_rejected
    if (images, annotations) != (tally.images_in, tally.annotations_in):
        raise RuntimeError(f"a reader lost count: {tally}")  # a defect of ours, not of the data
    return tally


def _amount(images: int, annotations: int, both: bool) -> str:
    text = "1 image" if images == 1 else f"{images:,} images"
    if both:
        text += " and 1 annotation" if annotations == 1 else f" and {annotations:,} annotations"
    return text


def _bare(images: int, annotations: int, both: bool) -> str:
    return f"{images:,} and {annotations:,}" if both else f"{images:,}"
