"""Lists of a data set's own: text files that say which images train, validate and test.

A line names an image: by its path, or by what its path ends in, with or without suffix, as Pascal
VOC's ImageSets and Darknet's train.txt do. Every sample gets the name of its list in the column
``list``, by which ``split.scheme: given`` deals it out.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import msgspec
import pyarrow as pa

from Data_processing.convert.files import read_below
from Data_processing.convert.join import Columns
from Data_processing.convert.report import Report
from Datasets.errors import AnnotationError, ParamsError

COLUMN = "list"
UNUSED = "a line of a list that names no image"


class Line(msgspec.Struct, frozen=True):
    """Where an image is named: the list, and file:line."""

    list: str
    place: str


class Lists(msgspec.Struct):
    """What the lists say, by the names in them. Counts, while images are joined, who was asked for.

    ``used`` has the image that each name was found to mean.
    """

    lines: dict[str, Line]
    used: dict[str, str] = msgspec.field(default_factory=dict)
    without: int = 0

    @property
    def columns(self) -> pa.Schema:
        """Name and type of the column that every image gets."""
        return pa.schema([(COLUMN, pa.string())])

    def check(self, name: str, image: str) -> None:
        """Take note of who is meant by a line.

        Raises:
            AnnotationError: the line names another image too.
        """
        key = self._key(image)
        if key is None:
            self.without += 1
            return
        other = self.used.setdefault(key, image)
        if other != image:
            raise AnnotationError(
                f"{self.lines[key].place}: '{key}' names {other} and {image}; write their paths"
            )

    def columns_of(self, names: Sequence[str], images: Sequence[str]) -> Columns:
        """Return the list of each sample; None where it is in none."""
        keys = [self._key(image) for image in images]
        return Columns({COLUMN: [self.lines[key].list if key else None for key in keys]}, None)

    def notes(self) -> list[str]:
        """Return how many images are in no list; lines without an image are in the report."""
        return [f"{self.without:,} images in no list"] if self.without else []

    def name_unused(self, report: Report) -> None:
        """Tell ``report`` of every line that means no image, once all images were joined."""
        for key, line in self.lines.items():
            if key not in self.used:
                report.leave_out(key, UNUSED, line.place)

    def _key(self, image: str) -> str | None:
        parts = PurePosixPath(image).parts
        for start in range(len(parts)):
            tail = PurePosixPath(*parts[start:])
            for key in (tail.as_posix(), tail.with_suffix("").as_posix()):
                if key in self.lines:
                    return key
        return None


def read_lists(root: Path, files: dict[str, str], where: str) -> Lists:
    """Return what the files below ``root`` say.

    Args:
        root: the data set's raw folder.
        files: the file of each list, by the list's name.
        where: the place in params.yaml.

    Raises:
        ParamsError: there is no such file.
        AnnotationError: a file cannot be read, or an image is named twice.
    """
    lines: dict[str, Line] = {}
    for name, file in files.items():
        if PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts:
            raise ParamsError(f"{where}.lists.{name}: must be a file below the path, got '{file}'")
        if not (root / file).is_file():
            raise ParamsError(f"{where}.lists.{name}: there is no file {file} below {root}")
        try:
            text = read_below(root, file).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise AnnotationError(f"{file}: not UTF-8: {error}; save it as UTF-8") from None
        for number, line in enumerate(text.splitlines(), 1):
            entry = line.strip().replace("\\", "/")
            if not entry:
                continue
            key = PurePosixPath(entry).as_posix().lstrip("/")
            here = Line(name, f"{file}:{number}")
            before = lines.setdefault(key, here)
            if before is not here:
                raise AnnotationError(
                    f"{here.place}: '{key}' stands in {before.place} too; an image is in one list, "
                    "once: take one of the lines out, or leave one of the files out",
                    "repeated name",
                )
    return Lists(lines)
