"""Tables of boxes or of labels, from CSV, Parquet or a database.

A row is a box: its image, its class, and its corners (x1, y1, x2, y2; also called xmin and so on)
or its upper left corner and sides (x, y, box_width, box_height). A row with neither class nor box
says that its image was looked at and that nothing is there. Without columns for a box a row is a
label: the labels of an image are those of all its rows, and several in one value stand between |,
or are a list, as Parquet has it and as JSON writes it. Rows of an image need not be neighbours, and
their order means nothing. A row that says all the same as another is rejected once.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager

import msgspec

from Data_processing.convert.files import annotation_files, one_annotation_file
from Data_processing.convert.found import (
    BOXES,
    LABELLED,
    Extraction,
    FoundAnnotation,
    FoundImage,
    Seen,
    Source,
)
from Data_processing.convert.frames import PARQUET, Frame, file_frame
from Data_processing.convert.geometry import half_open, sized
from Data_processing.convert.labels import check_name
from Data_processing.convert.listing import Listing
from Data_processing.convert.readers.table_columns import SIZED, Columns, columns_in
from Data_processing.convert.readers.table_places import Places
from Data_processing.convert.readers.table_repeats import check_repeats
from Data_processing.convert.readers.table_rows import NOTHING, UNSTATED, Row, Rows
from Data_processing.convert.readers.table_values import short
from Data_processing.convert.report import Report
from Data_processing.convert.sql import sql_frame
from Datasets.errors import AnnotationError, ParamsError
from Datasets.metadata import Scalar

BETWEEN = "|"
"""What stands between the labels of an image in one value."""
_LIST = msgspec.json.Decoder(list[Scalar])
SUFFIXES = {"csv": (".csv", ".tsv"), "parquet": PARQUET}
UNUSED = "a column of the annotations that no word stands for; see columns"


def extract(source: Source, report: Report) -> Extraction:
    """Return the images that the tables name, each with the boxes or labels of its rows.

    Raises:
        AnnotationError: a table cannot be read, has no row, or says other things than the first.
        ParamsError: columns, files or the query do not exist, or it is not clear which is meant.
    """
    present = source.present(report)
    seen, rows = Seen(), Rows()
    notes: list[str] = []
    columns: Columns | None = None
    for opened in _tables(source, present):
        with opened as frame:
            found = columns_in(frame, source.dataset.columns, source.where)
            if columns is not None and columns.at.keys() != found.at.keys():
                raise AnnotationError(_differs(frame, found, columns), "mixed tables")
            columns = found
            _read(frame, columns, rows, seen, report)
            _leave_out_columns(source, frame, columns, report)
            notes += frame.notes
    if columns is None or not (len(rows) or len(report.rejections)):
        raise AnnotationError(f"{source.where}: the table has no row; there is nothing to convert")
    if source.dataset.on_bad == "strict":  # else rows are rejected one by one
        check_repeats(rows, source.where)
    seen.annotations += rows.n_boxes
    places = Places(source, rows, present, report)
    seen.images = len(places.names)
    images = _Images(source, rows, columns, seen, report)
    return Extraction(images.walk(places), seen, None, notes=notes)


def _tables(source: Source, present: Listing) -> list[AbstractContextManager[Frame]]:
    """Return the tables, to be opened one after the other."""
    dataset = source.dataset
    if dataset.format == "sql":
        if dataset.sql is None:
            raise ParamsError(f"{source.where}.sql: is missing; give it url_env and query")
        return [sql_frame(dataset.sql, f"{source.where}.sql")]
    suffixes = SUFFIXES[dataset.format]
    joined = dataset.table.file if dataset.table else ""
    others = tuple(name for name in present.others if name != joined)
    present = msgspec.structs.replace(present, others=others)
    if dataset.annotations:
        names = annotation_files(source, present, suffixes)
    else:
        names = [one_annotation_file(source, present, suffixes)]
    return [file_frame(source.root, name) for name in names]


def _read(frame: Frame, columns: Columns, rows: Rows, seen: Seen, report: Report) -> None:
    rows.begin(frame)
    lost = int(bool(columns.box))
    for batch in frame.batches:
        rows.add(batch, columns)
        for ragged in batch.ragged:
            seen.annotations += lost
            kind = "wrong number of fields"
            says = frame.complaint(ragged)
            report.reject(frame.name, says, kind, whole=False, annotations=lost)


def _leave_out_columns(source: Source, frame: Frame, columns: Columns, report: Report) -> None:
    table = source.dataset.table
    if table is None or table.file != frame.name:  # else its columns are joined
        for name in columns.unused(frame.header):
            report.leave_out(frame.name, UNUSED, name)


def _differs(frame: Frame, found: Columns, columns: Columns) -> str:
    return (
        f"{frame.name} has {', '.join(sorted(found.at))}, the tables before it have "
        f"{', '.join(sorted(columns.at))}; give all the same columns, or make two data sets of them"
    )


class _Images(msgspec.Struct):
    """Makes images of rows."""

    source: Source
    rows: Rows
    columns: Columns
    seen: Seen
    report: Report
    class_names: list[str] = []
    label_sets: list[tuple[str, ...] | AnnotationError] = []
    repeated: dict[int, int] = {}

    def walk(self, places: Places) -> Iterator[FoundImage]:
        """Yield the images, ordered by path."""
        rows = self.rows
        self.class_names = list(rows.classes.numbers)
        self.label_sets = [_labels(text) for text in rows.labels.numbers]
        self.repeated = rows.repeated_ids()
        for group, some in enumerate(rows.by_group(places.group_of)):
            file, name = places.file(group), places.names[group]
            if isinstance(file, AnnotationError):
                place = rows.place(min(row.row for row in some))
                self._reject_all(ascii(name), f"{place}: {file}", file.kind, some)
                continue
            found = self._image(file, name, some)
            if found is not None:
                if places.is_there[group]:  # a class of images elsewhere is none of ours
                    self.seen.names.update(found.labels, (one.name for one in found.annotations))
                yield found

    def _image(self, file: str, name: str, some: list[Row]) -> FoundImage | None:
        """Return one image, or None if it was rejected."""
        sound = self._sound(file, some)
        try:
            labels = self._labels(some)
            width, height = (self._side(some, i) for i in range(2))
        except AnnotationError as error:
            self._reject_all(file, str(error), error.kind, sound)
            return None
        annotations = self._annotations(sound)
        return FoundImage(
            file,
            name,
            self.rows.file_of(min(row.row for row in some)).name,
            BOXES if self.columns.box else LABELLED,
            labels,
            annotations,
            width,
            height,
            lost=_n_boxes(some) - len(annotations),
        )

    def _sound(self, file: str, some: list[Row]) -> list[Row]:
        """Return the rows that can be taken over, ordered by what they say. Reject the others."""
        problems = self.rows.problems
        for row in some:
            if row.row in problems:
                problem = problems[row.row]
                self._reject(file, row, problem.says, problem.kind)
        sound = sorted((row for row in some if row.row not in problems), key=self._order)
        once: list[Row] = []
        for row in sound:  # of equal ones the first in the table comes first
            if once and once[-1].says() == row.says():
                says = f"says the same as {self.rows.place(once[-1].row)}; remove one of them"
                self._reject(file, row, says, "repeated row")
            else:
                once.append(row)
        return self._with_own_id(file, once, sound) if self.repeated else once

    def _order(self, row: Row) -> tuple[object, ...]:
        """Return what rows of an image are ordered by; not by numbers that tables gave to texts."""
        name = "" if row.code == NOTHING else self.class_names[row.code]
        return row.id, name, row.box, row.says()

    def _with_own_id(self, file: str, once: list[Row], sound: list[Row]) -> list[Row]:
        """Return the rows whose id no other row has, but those that say all the same."""
        taken_out = Counter(row.id for row in sound) - Counter(row.id for row in once)
        kept = []
        for row in once:
            times = self.repeated.get(row.id, 1) - taken_out[row.id]
            if row.code == NOTHING or times < 2:
                kept.append(row)
            else:
                says = f"the id {row.id} is that of {times} rows; give each its own"
                self._reject(file, row, says, "repeated id")
        return kept

    def _annotations(self, sound: list[Row]) -> tuple[FoundAnnotation, ...]:
        boxes = [row for row in sound if row.code != NOTHING]
        first = self.source.dataset.origin or 0
        corners_of = sized if self.columns.box == SIZED else half_open
        has_ids = "id" in self.columns.at
        made = []
        for number, row in enumerate(boxes, 1):
            corners = corners_of(*row.box, first)
            name = self.class_names[row.code]
            id_ = row.id if has_ids else number
            place = self.rows.place(row.row)
            made.append(FoundAnnotation(id_, name, corners, place=place))
        return tuple(made)

    def _labels(self, some: list[Row]) -> tuple[str, ...]:
        """Return the labels of an image.

        Raises:
            AnnotationError: one of them cannot be: with the others alone the image would be wrong.
        """
        if "labels" not in self.columns.at:
            return ()
        names: set[str] = set()
        for row in some:
            labels = self.label_sets[row.labels]
            if isinstance(labels, AnnotationError):
                raise AnnotationError(f"{self.rows.place(row.row)}: {labels}", labels.kind)
            names.update(labels)
        return tuple(sorted(names))

    def _side(self, some: list[Row], i: int) -> int | None:
        """Return the stated width (0) or height (1) of an image.

        Raises:
            AnnotationError: two rows state different ones.
        """
        stated = {row.sides[i]: row.row for row in some if row.sides[i] != UNSTATED}
        if len(stated) > 1:
            word = ("width", "height")[i]
            says = " and ".join(
                f"{value} ({self.rows.place(row)})" for value, row in sorted(stated.items())[:2]
            )
            raise AnnotationError(f"its {word} is stated as {says}; mend one", "stated frame")
        return next(iter(stated), None)

    def _reject(self, file: str, row: Row, says: str, kind: str) -> None:
        lost = int(row.code != NOTHING)
        reason = f"{self.rows.place(row.row)}: {says}"
        self.report.reject(file, reason, kind, whole=False, annotations=lost)

    def _reject_all(self, file: str, reason: str, kind: str, some: list[Row]) -> None:
        self.report.reject(file, reason, kind, annotations=_n_boxes(some))


def _n_boxes(some: list[Row]) -> int:
    return sum(row.code != NOTHING for row in some)


def _labels(text: str) -> tuple[str, ...] | AnnotationError:
    """Return the labels in one value; an empty one has none."""
    try:
        return tuple(map(check_name, _listed(text)))
    except AnnotationError as error:
        return error


def _listed(text: str) -> list[str]:
    """Return the labels in one value, unchecked. A list came as JSON, as all tables give lists.

    Raises:
        AnnotationError: there are lists in the list.
    """
    if text.startswith("[") and text.endswith("]"):
        try:
            return ["" if name is None else str(name) for name in _LIST.decode(text)]
        except msgspec.ValidationError:
            raise AnnotationError(
                f"the labels {short(text)} are a list of other things than names; give names alone",
                "bad class name",
            ) from None
        except (msgspec.DecodeError, RecursionError):
            pass  # a name in brackets
    return text.split(BETWEEN) if text else []
