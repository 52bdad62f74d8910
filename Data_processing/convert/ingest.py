"""A data set's way in: extract, look at each file, transform, load. The three are handed in."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Protocol

import msgspec
import pyarrow as pa
import xxhash

from Data_processing.convert.bands import Bands
from Data_processing.convert.canonical import Canonical, Made, refused
from Data_processing.convert.found import Extract, FoundImage, Source
from Data_processing.convert.inspect import Inspected
from Data_processing.convert.labels import look_alikes
from Data_processing.convert.look import look_at
from Data_processing.convert.memory import Known, Memory, Notes, packed
from Data_processing.convert.report import Change, Report
from Data_processing.convert.tally import Tally
from Datasets.engines import Engine, map_tasks
from Datasets.errors import AnnotationError, ImageError, StageError
from Datasets.metadata_writer import Encoded, MetadataWriter, encoded
from Datasets.rejections import Rejection

if TYPE_CHECKING:  # with pandas and SQLAlchemy it takes as long as a thousand images
    from Data_processing.convert.join import Beside

LONGEST_NAME = 240
"""Bytes: file systems allow 255, and what is drawn adds a suffix."""
CHUNK = 1024
"""Images a task. With fewer a pool would be started where one process is done sooner."""
NOTHING = Memory()


class Transform(Protocol):
    """What makes a found image canonical. Runs in the workers."""

    def classes(self, found: tuple[str, ...]) -> tuple[str, ...]:
        """Return the class names of the metadata, sorted."""
        ...

    def check(self, found: tuple[str, ...], corrected: set[str], where: str) -> None:
        """Return nothing if all rules and corrections had something to do."""
        ...

    def notes(self, found: tuple[str, ...]) -> list[str]:
        """Return what is odd about class names, for the stage's summary."""
        ...

    def __call__(
        self, found: FoundImage, file: Inspected, classes: tuple[str, ...] | None
    ) -> Canonical:
        """Return the image in the fixed format, or why it is rejected."""
        ...


class Load(Protocol):
    """What writes. ``draw`` runs in the workers, the rest where the stage runs."""

    def draw(self, made: Made) -> None:
        """Write what belongs to one sample alone."""
        ...

    def writer(self, columns: pa.Schema) -> MetadataWriter:
        """Return the writer of lines and rows."""
        ...

    def note_about(self, about: str) -> None:
        """Write what the annotations say of the data set as a whole, JSON."""
        ...

    def note_rejected(self, lines: bytes) -> None:
        """Write what was left out, JSON lines."""
        ...


class Ingest:
    """Composes the three. Formats differ in ``extract`` alone.

    Args:
        extract: the reader of the format.
        transform: checks and makes canonical.
        load: writes.
        memory: what the files were found to be when they were last looked at; none by default.
    """

    def __init__(
        self, extract: Extract, transform: Transform, load: Load, memory: Memory = NOTHING
    ) -> None:
        self.extract = extract
        self.transform = transform
        self.load = load
        self.memory = memory

    def run(self, source: Source, table: "Beside | None", report: Report, engine: Engine) -> Tally:
        """Return the tally after everything is written, in the order of the images' paths.

        Args:
            source: the data set.
            table: what more is known of its images, if anything is.
            report: is told of all that is left out or changed.
            engine: what looks at the files.

        Raises:
            RejectedError: something was rejected, and the policy is strict.
        """
        extraction = self.extract(source, report)
        known = extraction.names
        classes = None if known is None else self.transform.classes(known)
        work = partial(_converted, source, classes, self.transform, self.load.draw)
        tally = Tally()
        corrected: set[str] = set()
        columns = table.columns if table else pa.schema([])
        with self.load.writer(columns) as writer, self.memory.opened() as notes:
            images = _watched(extraction.images, table, report, source)
            for chunk in map_tasks(work, _tasks(images, notes), engine, source.name):
                notes.add(chunk.known)
                report.rejections.extend(chunk.rejected)
                report.note(chunk.changes)
                corrected.update(chunk.corrected)
                if table is None:
                    writer.write(chunk.encoded, {})
                else:
                    joined = table.columns_of(chunk.names, chunk.images)
                    writer.write(chunk.encoded, joined.values, joined.groups)
                tally.images_out += chunk.images_out
                tally.annotations_out += chunk.annotations_out
                tally.samples += len(chunk.names)
            notes.complete()
            names = tuple(sorted(extraction.seen.names)) if known is None else known
            self.transform.check(names, corrected, source.where)
            final = self.transform.classes(names)
            writer.close(final)
        tally.count_in(extraction.seen, len(final))
        tally.notes = tuple(extraction.notes)
        if table is not None:
            table.name_unused(report)
            tally.notes += tuple(table.notes())
        tally.notes += (*self.transform.notes(names), *look_alikes(final))
        if extraction.about is not None:
            self.load.note_about(extraction.about)
        self.load.note_rejected(report.settle())
        tally.close(report)
        report.write(tally)
        return tally


class Task(msgspec.Struct, frozen=True):
    """Some images, and what is known of the files of each."""

    images: tuple[FoundImage, ...]
    known: tuple[Known | None, ...]


class Chunk(msgspec.Struct, frozen=True):
    """What a task gives back: its samples as they are written, and what became of the rest.

    ``names`` is what the annotations call each sample's image, ``images`` the path of its file,
    ``known`` what is to be remembered of the files.
    """

    names: tuple[str, ...]
    images: tuple[str, ...]
    encoded: Encoded
    images_out: int
    annotations_out: int
    rejected: tuple[Rejection, ...]
    changes: tuple[Change, ...]
    corrected: tuple[str, ...]
    known: bytes


def _tasks(images: Iterator[FoundImage], notes: Notes) -> Iterator[Task]:
    while some := tuple(islice(images, CHUNK)):
        yield Task(some, tuple(notes.find(found.file) for found in some))


def _watched(
    images: Iterator[FoundImage], table: "Beside | None", report: Report, source: Source
) -> Iterator[FoundImage]:
    """Yield the images but those that cannot be joined, before anything is drawn.

    Names that differ by case alone are noticed: elsewhere they are one file.
    """
    files_of = _bands_of(source)
    seen: set[int] = set()
    last = ""
    for found in images:
        if found.file <= last:
            raise StageError(
                f"{source.where}: the reader of {source.dataset.format} gives {found.file} after "
                f"{last}; it must give each image once, with all that is on it, in the order of "
                "their paths"
            )
        last = found.file
        plain = unicodedata.normalize("NFC", found.file).casefold()
        folded = xxhash.xxh3_64_intdigest(plain.encode())
        if folded in seen:
            reason = "its name differs from another's by case alone: one file on other systems"
            report.notice(found.file, reason)
        seen.add(folded)
        try:
            if "#" in found.file and (source.dataset.bands or source.dataset.samples == "box"):
                raise AnnotationError("its name holds a #, which separates parts; rename it")
            if len(found.file.rpartition("/")[2].encode()) > LONGEST_NAME:
                raise AnnotationError("its name is too long for a mask to bear it; shorten it")
            if table is not None:
                table.check(found.name, found.file)
            files = files_of(found.file)
        except AnnotationError as error:
            report.rejections.extend(refused(found, str(error), error.kind).rejected)
        else:
            yield msgspec.structs.replace(found, files=files) if files else found


def _bands_of(source: Source) -> Callable[[str], tuple[str, ...]]:
    """Return what gives the files of a sample's bands; none where a sample is one file."""
    if not source.dataset.bands:
        return lambda name: ()
    bands = Bands(source.dataset.bands)
    samples: Mapping[str, Mapping[str, str]] = source.bands()
    return lambda name: bands.files(name, samples.get(name, {}))


def _converted(
    source: Source,
    classes: tuple[str, ...] | None,
    transform: Transform,
    draw: Callable[[Made], None],
    task: Task,
) -> Chunk:
    outcomes, seen = [], []
    in_windows = source.dataset.samples == "box"
    for found, known in zip(task.images, task.known, strict=True):
        try:
            file = look_at(source.root, found, in_windows, known)
        except (AnnotationError, ImageError) as error:
            reason = str(error).removeprefix(f"{found.file}: ")
            outcomes.append(refused(found, reason, error.kind))
            continue
        seen.append(file)
        outcome = transform(found, file.inspected, classes)
        for made in outcome.made:
            draw(made)
        outcomes.append(outcome)
    return _joined(task, outcomes, seen)


def _joined(task: Task, outcomes: list[Canonical], seen: list[Known]) -> Chunk:
    pairs = [
        (found, made.sample)
        for found, one in zip(task.images, outcomes, strict=True)
        for made in one.made
    ]
    samples = [sample for _, sample in pairs]
    return Chunk(
        names=tuple(found.name for found, _ in pairs),
        images=tuple(found.file for found, _ in pairs),
        encoded=encoded(samples),
        images_out=sum(bool(one.made) for one in outcomes),
        annotations_out=sum(len(sample.image.bounding_boxes) for sample in samples),
        rejected=tuple(rejection for one in outcomes for rejection in one.rejected),
        changes=tuple(change for one in outcomes for change in one.changes),
        corrected=tuple(name for one in outcomes for name in one.corrected),
        known=packed(seen),
    )
