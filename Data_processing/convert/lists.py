"""Lists of a data set's own: text files that say which images train, validate and test.

A line names an image: by its path, by what its path ends in, with or without suffix, as Pascal
VOC's ImageSets do, or by a longer path that ends in it, as Darknet's train.txt does. Every sample
gets the name of its list in the column ``list``, by which ``split.scheme: given`` deals it out.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import msgspec
import pyarrow as pa

from Data_processing.convert.files import read_below
from Data_processing.convert.join import Columns
from Data_processing.convert.report import Report
from Datasets.errors import AnnotationError, ParamsError, StageError

COLUMN = "list"
UNUSED = "a line of a list that names no image"


class Line(msgspec.Struct, frozen=True):
    """Where an image is named: the list, and file:line."""

    list: str
    place: str


class Lists(msgspec.Struct):
    """What the lists say, by the names in them. Counts, while images are joined, who was asked for.

    ``longer`` has for each end of a name's path the names that end in it. ``used`` has the image
    that each name was found to mean.
    """

    lines: dict[str, Line]
    longer: dict[str, list[str]]
    used: dict[str, str] = msgspec.field(default_factory=dict)
    without: int = 0

    @property
    def columns(self) -> pa.Schema:
        """Name and type of the column that every image gets."""
        return pa.schema([(COLUMN, pa.string())])

    def check(self, name: str, image: str) -> None:
        """Take note of who is meant by a line.

        Raises:
            StageError: several lines mean this image, or a line means another image too.
        """
        keys = self._keys(image)
        if len(keys) > 1:
            one, other = (f"'{key}' ({self.lines[key].place})" for key in keys[:2])
            raise StageError(f"{one} and {other} both name {image}; take one of the lines out")
        for key in keys:
            before = self.used.setdefault(key, image)
            if before != image:
                raise StageError(
                    f"{self.lines[key].place}: '{key}' names {before} and {image}; write their "
                    "paths"
                )
        self.without += not keys

    def columns_of(self, names: Sequence[str], images: Sequence[str]) -> Columns:
        """Return the list of each sample; None where it is in none."""
        keys = [self._keys(image) for image in images]
        return Columns({COLUMN: [self.lines[key[0]].list if key else None for key in keys]}, None)

    def notes(self) -> list[str]:
        """Return how many images are in no list; lines without an image are in the report."""
        return [f"{self.without:,} images in no list"] if self.without else []

    def name_unused(self, report: Report) -> None:
        """Tell ``report`` of every line that means no image, once all images were joined.

        Raises:
            StageError: no line means any.
        """
        if self.lines and not self.used:
            key, line = next(iter(self.lines.items()))
            raise StageError(
                f"none of {len(self.lines):,} lines of the lists names an image; the first is "
                f"'{key}' ({line.place}); write paths below the data set's folder, or their ends"
            )
        for key, line in self.lines.items():
            if key not in self.used:
                report.leave_out(key, UNUSED, line.place)

    def _keys(self, image: str) -> list[str]:
        """Return all names that mean an image."""
        path = PurePosixPath(image)
        tails = [PurePosixPath(*path.parts[start:]) for start in range(len(path.parts))]
        both = [str(one) for tail in tails for one in (tail, tail.with_suffix(""))]
        found = [key for key in both if key in self.lines]
        for whole in (str(path), str(path.with_suffix(""))):
            found += self.longer.get(whole, [])
        return list(dict.fromkeys(found))


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
        try:
            is_there = (root / file).is_file()
        except OSError:  # no file can have that name
            is_there = False
        if not is_there:
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
    longer: dict[str, list[str]] = {}
    for key in lines:
        parts = PurePosixPath(key).parts
        for start in range(1, len(parts)):
            longer.setdefault("/".join(parts[start:]), []).append(key)
    return Lists(lines, longer)
