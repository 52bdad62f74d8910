"""Which column of a table says what: as ``columns`` in params.yaml says, else by usual names."""

from collections.abc import Mapping, Sequence

import msgspec

from Data_processing.convert.frames import Frame
from Data_processing.convert.readers.table_values import no_header
from Datasets.errors import AnnotationError, ParamsError
from Datasets.params import nearest

CORNERS = ("x1", "y1", "x2", "y2")
SIZED = ("x", "y", "box_width", "box_height")
"""Words for a box by its corners, and by its upper left corner with its sides."""
USUAL = {
    "image": ("image", "filename", "file", "file_name", "path"),
    "class": ("class", "label", "name", "category"),
    "x1": ("x1", "xmin"),
    "y1": ("y1", "ymin"),
    "x2": ("x2", "xmax"),
    "y2": ("y2", "ymax"),
    "x": ("x",),
    "y": ("y",),
    "box_width": ("box_width",),
    "box_height": ("box_height",),
    "width": ("width",),
    "height": ("height",),
    "labels": ("labels", "label", "class", "name", "category"),
    "id": ("annotation_id",),
}
"""Our words, and what columns are called that are taken for them, in capitals or not."""
OPTIONAL = ("width", "height", "id")


class Columns(msgspec.Struct, frozen=True):
    """Numbers of columns, from 0, by our words. ``box`` are the four words of a box, if any."""

    at: dict[str, int]
    box: tuple[str, ...] = ()

    def unused(self, header: Sequence[str]) -> list[str]:
        """Return the columns that no word stands for."""
        used = set(self.at.values())
        return [name for i, name in enumerate(header) if i not in used]


def columns_in(frame: Frame, told: Mapping[str, str], where: str) -> Columns:
    """Return which columns of a table say what, as ``columns_of`` does.

    Raises:
        AnnotationError: the first line of a text file is no header, but a row.
        ParamsError: as ``columns_of``.
    """
    try:
        return columns_of(frame.header, told, frame.name, where)
    except ParamsError as error:
        says = no_header(frame.header) if frame.has_lines else ""
        if not says:
            raise
        says = f"{frame.name}: {says}. If these are names: {error}"
        raise AnnotationError(says, "no header") from None


def columns_of(header: Sequence[str], told: Mapping[str, str], table: str, where: str) -> Columns:
    """Return which columns say what.

    A table with corners, or with a corner and sides, is one of boxes. Any other one is of labels.

    Args:
        header: names of the columns.
        told: our word: their column.
        table: what messages call the table.
        where: place of the data set in params.yaml, for messages.

    Raises:
        ParamsError: a word or a column does not exist, a column is missing, or two could be meant.
    """
    search = _Search(header, told, table, f"{where}.columns")
    search.check()
    box = search.box()
    needed = ("image", "class", *box) if box else ("image",)
    at = {word: search.needed(word) for word in needed}
    if not box:
        at["labels"] = search.needed("class" if "class" in told else "labels")
    elif "labels" in told:
        at["labels"] = search.needed("labels")
    for word in OPTIONAL:
        found = search.find(word, frozenset(at.values()))
        if found is not None:
            at[word] = found
    return Columns(at, box)


class _Search(msgspec.Struct, frozen=True):
    header: Sequence[str]
    told: Mapping[str, str]
    table: str
    where: str

    def check(self) -> None:
        for word, column in self.told.items():
            if word not in USUAL:
                raise ParamsError(f"{self.where}: unknown word '{word}'; {nearest(word, USUAL)}")
            if column not in self.header:
                raise ParamsError(
                    f"{self.where}.{word}: {self.table} has no column '{column}'; "
                    f"{nearest(column, list(self.header))}"
                )

    def find(self, word: str, used: frozenset[int] = frozenset()) -> int | None:
        """Return the column of ``word``, or None.

        Raises:
            ParamsError: several columns could be meant.
        """
        if word in self.told:
            return list(self.header).index(self.told[word])
        taken = {*self.told.values(), *(self.header[i] for i in used)}
        found = [
            i
            for i, name in enumerate(self.header)
            if name.lower() in USUAL[word] and name not in taken
        ]
        if len(found) > 1:
            both = " and ".join(f"'{self.header[i]}'" for i in found)
            raise ParamsError(
                f"{self.where}.{word}: the columns {both} of {self.table} could both be meant; "
                "say which"
            )
        return found[0] if found else None

    def needed(self, word: str) -> int:
        """Return the column of ``word``.

        Raises:
            ParamsError: there is none.
        """
        found = self.find(word)
        if found is None:
            usual = " or ".join(USUAL[word])
            raise ParamsError(
                f"{self.where}.{word}: {self.table} has no column called {usual}; name the one "
                f"that is meant; {nearest(word, list(self.header))}"
            )
        return found

    def box(self) -> tuple[str, ...]:
        """Return the words that a box is told by, or none in a table of labels."""
        for words in (CORNERS, SIZED):
            if any(word in self.told for word in words):
                return words
        if any(self.find(word) is not None for word in CORNERS):
            return CORNERS
        return SIZED if all(self.find(word) is not None for word in ("x", "y")) else ()
