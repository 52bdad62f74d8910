"""The rows of tables, all of them, in little memory: numbers in arrays, each text once."""

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

import msgspec
import numpy as np

from Data_processing.convert.frames import Batch, Frame
from Data_processing.convert.labels import check_name
from Data_processing.convert.readers.table_columns import Columns
from Data_processing.convert.readers.table_values import (
    are_digits,
    as_number,
    as_numbers,
    as_whole,
    is_gap,
    no_number,
    short,
    told_apart,
)
from Datasets.errors import AnnotationError
from Datasets.metadata import Scalar

NOTHING = -1
"""The class of a row that has none, and no box: its image was looked at, and nothing is there."""
UNSTATED = -1
GROUPS = 4096
"""Images whose rows are made Python objects at a time."""
_INT32 = range(1, 2**31)
_INT64 = range(2**63)


class Problem(msgspec.Struct, frozen=True):
    """Why a row cannot be taken over."""

    says: str
    kind: str


class Row(msgspec.Struct, frozen=True):
    """One row.

    ``code`` is the number of the class, ``box`` as it is written, ``sides`` the stated width and
    height, ``labels`` the number of the text in the column of labels, ``rest`` a hash of
    the other columns, of 64 bits.
    """

    id: int
    code: int
    box: tuple[float, float, float, float]
    sides: tuple[int, int]
    labels: int
    rest: int
    row: int

    def says(self) -> tuple[object, ...]:
        """Return all that the row says, but not where it stands."""
        return self.id, self.code, self.box, self.sides, self.labels, self.rest


class Texts:
    """Texts by number, in the order in which they came."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def of(self, column: Sequence[Scalar]) -> array:
        """Return the number of each value; a gap is the empty text."""
        numbers = self.numbers
        texts = ("" if v is None else v if type(v) is str else str(v) for v in column)
        return array("i", [numbers.setdefault(text, len(numbers)) for text in texts])

    def taken_out(self) -> list[str]:
        """Return the texts by number, and forget them."""
        texts = list(self.numbers)
        self.numbers = {}
        return texts


class Rows:
    """The rows of one data set, of one table or several with the same words."""

    def __init__(self) -> None:
        self.images, self.classes, self.labels = Texts(), Texts(), Texts()
        self.image, self.code, self.label = array("i"), array("i"), array("i")
        self.box = [array("d") for _ in range(4)]
        self.sides = [array("i"), array("i")]
        self.ids, self.rest, self.lines = array("q"), array("q"), array("i")
        self.problems: dict[int, Problem] = {}
        self.n_boxes = 0
        self._bad_names: dict[int, AnnotationError] = {}
        self._n_checked = 0
        self._starts: list[int] = []
        self._frames: list[Frame] = []

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.lines)

    def begin(self, frame: Frame) -> None:
        """Take note of the table that the next rows come from."""
        self._starts.append(len(self))
        self._frames.append(frame)

    def add(self, batch: Batch, columns: Columns) -> None:
        """Append the rows of ``batch``, and take note of what is wrong in them."""
        start = len(self)
        at = {word: batch.columns[i] for word, i in columns.at.items()}
        self.lines.extend(batch.lines)
        self.image.extend(self.images.of(at["image"]))
        if "labels" in at:
            self.label.extend(self.labels.of(at["labels"]))
        if columns.box:
            self._add_boxes(at, columns, start)
        for word, sides in zip(("width", "height"), self.sides, strict=True):
            if word in at:
                sides.extend(self._whole(at[word], columns.at[word], start, _INT32))
        if "id" in at:
            self.ids.extend(self._whole(at["id"], columns.at["id"], start, _INT64))
            self._check_ids(columns, start)
        used = set(columns.at.values())
        others = [column for i, column in enumerate(batch.columns) if i not in used]
        if others:
            self.rest.extend(bytes(start - len(self.rest)))  # zeros, for tables without others
            self.rest.extend(map(hash, told_apart(others)))

    def file_of(self, row: int) -> Frame:
        """Return the table that a row stands in."""
        return self._frames[bisect_right(self._starts, row) - 1]

    def by_table(self) -> dict[str, slice]:
        """Return which rows stand in which table, by its name."""
        ends = [*self._starts[1:], len(self)]
        return {
            frame.name: slice(start, end)
            for frame, start, end in zip(self._frames, self._starts, ends, strict=True)
        }

    def place(self, row: int) -> str:
        """Return where a row stands, for messages."""
        return self.file_of(row).place(self.lines[row])

    def by_group(self, group_of: np.ndarray) -> Iterator[list[Row]]:
        """Yield the rows of each group of images, in the groups' order.

        Args:
            group_of: (number of image names,) the group that each name belongs to; none is empty.
        """
        if not len(self):
            return
        group = group_of[np.frombuffer(self.image, np.int32)]
        order = np.argsort(group, kind="stable").astype(np.int32)
        ends = np.cumsum(np.bincount(group))
        del group
        for i in range(0, len(ends), GROUPS):
            start = int(ends[i - 1]) if i else 0
            bounds = [0, *(ends[i : i + GROUPS] - start).tolist()]
            rows = self._rows(order[start : start + bounds[-1]])
            for a, b in pairwise(bounds):
                yield rows[a:b]

    def repeated_ids(self) -> dict[int, int]:
        """Return how often an annotation's id occurs, if more than once."""
        if not self.ids:
            return {}
        ids = np.frombuffer(self.ids, np.int64)
        values, counts = np.unique(ids, return_counts=True)
        several = (counts > 1) & (values != UNSTATED)
        return dict(zip(values[several].tolist(), counts[several].tolist(), strict=True))

    def _rows(self, order: np.ndarray) -> list[Row]:
        """Return some rows as Python objects. What no table has is ``UNSTATED``."""

        def taken(values: array) -> list:
            if not values:
                return [UNSTATED] * len(order)
            values.extend(bytes(len(self) - len(values)))
            return np.frombuffer(values, values.typecode)[order].tolist()

        box = zip(*map(taken, self.box), strict=True)
        sides = zip(*map(taken, self.sides), strict=True)
        ids, codes, labels, rest = map(taken, (self.ids, self.code, self.label, self.rest))
        return list(map(Row, ids, codes, box, sides, labels, rest, order.tolist()))

    def _add_boxes(self, at: dict[str, Sequence[Scalar]], columns: Columns, start: int) -> None:
        texts = [at[word] for word in columns.box]
        numbers = np.array([as_numbers(column) for column in texts])  # (4, rows)
        codes = np.frombuffer(self.classes.of(at["class"]), np.int32)
        self._check_names()
        without_class = codes == self.classes.numbers.get("", UNSTATED)
        nothing = without_class & np.isnan(numbers).all(0)
        for i in np.flatnonzero(nothing).tolist():
            nothing[i] = all(is_gap(column[i]) for column in texts)
        broken = ~np.isfinite(numbers).all(0) | np.isin(codes, list(self._bad_names))
        for i in np.flatnonzero(broken & ~nothing).tolist():
            values = {
                self._frames[-1].header[columns.at[word]]: column[i]
                for word, column in zip(columns.box, texts, strict=True)
            }
            self.problems[start + i] = self._problem(int(codes[i]), values)
        numbers[:, nothing] = 0
        for column, values in zip(self.box, numbers, strict=True):
            column.frombytes(values.tobytes())
        self.code.frombytes(np.where(nothing, NOTHING, codes).astype(np.int32).tobytes())
        self.n_boxes += int(len(nothing) - nothing.sum())

    def _check_ids(self, columns: Columns, start: int) -> None:
        """Make rows with a box and without an id a problem."""
        name = self._frames[-1].header[columns.at["id"]]
        for row in range(start, len(self)) if columns.box else ():
            if self.ids[row] == UNSTATED and self.code[row] != NOTHING:
                problem = Problem(f"{name} is empty; give the box an id", "no id")
                self.problems.setdefault(row, problem)

    def _check_names(self) -> None:
        """Check the names of classes that are new."""
        for name, code in islice(self.classes.numbers.items(), self._n_checked, None):
            try:
                check_name(name)
            except AnnotationError as error:
                self._bad_names[code] = error
        self._n_checked = len(self.classes.numbers)

    def _problem(self, code: int, values: dict[str, Scalar]) -> Problem:
        """Return what is wrong in a row with a box; ``values`` are the box's, by column."""
        if code in self._bad_names:
            return Problem(str(self._bad_names[code]), self._bad_names[code].kind)
        if all(map(is_gap, values.values())):
            return Problem(
                "the row has a class and no box; give it one, or leave both empty where nothing "
                "is there",
                "no box",
            )
        for name, value in values.items():
            if is_gap(value):
                return Problem(f"{name} is empty; give the whole box", "no number")
            if not math.isfinite(as_number(value)):
                return Problem(f"{name} is {short(value)}, {no_number(value)}", "no number")
        raise AssertionError("the row is sound")  # a defect of ours

    def _whole(
        self, column: Sequence[Scalar], number: int, start: int, allowed: range
    ) -> Iterator[int]:
        """Yield whole numbers, ``UNSTATED`` for gaps; what is none is a problem of its row."""
        if are_digits(column):
            if all(whole in allowed for whole in set(map(int, column))):  # type: ignore[arg-type]
                yield from map(int, column)  # type: ignore[arg-type]
                return
        name = self._frames[-1].header[number]
        for i, value in enumerate(column):
            whole = as_whole(value)
            if is_gap(value) or value != value:  # a data frame's gap is not a number
                whole = UNSTATED
            elif whole is None or whole not in allowed:
                what = f"no whole number from {allowed[0]} on; mend it"
                says = f"{name} is {short(value)}, which is {what}"
                self.problems.setdefault(start + i, Problem(says, "no number"))
                whole = UNSTATED
            yield whole
