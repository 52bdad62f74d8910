"""The verb ``diff``: what became of the metadata between two revisions, as a table and as JSON."""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, get_args

import msgspec

from Datasets.comparison import Difference, Value, What, differences
from Datasets.errors import StageError
from Datasets.files import new_file
from Datasets.metadata import Box
from Datasets.params import nearest
from Datasets.rejections import SHOWN
from Datasets.revisions import WORKSPACE, versions
from Datasets.terminal import answer, one_line


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb ``diff``."""
    parser.add_argument("old", metavar="REV", help="a Git revision: HEAD, a branch, a tag, a hash")
    parser.add_argument(
        "new", metavar="REV2", nargs="?", default=WORKSPACE, help="default: the workspace"
    )
    parser.add_argument("--dataset", default="", help="only this one (default: all)")
    parser.add_argument("--json", type=Path, help="a file for all differences")
    parser.add_argument(
        "--iou",
        type=_share,
        default=0.999,
        help="a box that has less in common with what it was is moved (default: 0.999)",
    )


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:  # nor not a number
        raise argparse.ArgumentTypeError(f"must be between 0 and 1, got {text}")
    return share


def run(arguments: argparse.Namespace) -> None:
    """Print what is different, and write all of it as JSON if asked to.

    Raises:
        StageError: a revision or data set does not exist, or its metadata are not in the cache.
        StoreError: metadata are damaged.
    """
    with ExitStack() as stack:
        old = stack.enter_context(versions(arguments.old))
        new = stack.enter_context(versions(arguments.new))
        names = _chosen(sorted({*old, *new}), arguments)
        file = stack.enter_context(new_file(arguments.json)) if arguments.json else None
        listing = _Listing(file, arguments.old, arguments.new)
        for name in names:
            table = Table(f"{name}: {arguments.old} -> {arguments.new}")
            listing.begin(name)
            before, after = (side[name]() if name in side else None for side in (old, new))
            for one in differences(before, after, arguments.iou):
                table.add(one)
                listing.add(one)
            listing.end(table.totals)
            answer(table.text())
        listing.close()


def _chosen(names: list[str], arguments: argparse.Namespace) -> list[str]:
    wanted = str(arguments.dataset)
    if wanted and wanted not in names:
        raise StageError(
            f"neither {arguments.old} nor {arguments.new} has metadata of '{wanted}'; "
            f"{nearest(wanted, names)}"
        )
    return [wanted] if wanted else names


class Table:
    """Counts differences and keeps the first of each sort.

    Attributes:
        totals: how many there are of each sort, in the order of ``What``.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._first: dict[What, list[Difference]] = defaultdict(list)
        self._counts: dict[What, int] = defaultdict(int)

    @property
    def totals(self) -> dict[What, int]:
        """Return how many differences there are of each sort, those of samples first."""
        return {what: self._counts[what] for what in get_args(What) if what in self._counts}

    def add(self, one: Difference) -> None:
        """Take note of a difference."""
        self._counts[one.what] += 1
        if len(self._first[one.what]) < SHOWN:
            self._first[one.what].append(one)

    def text(self) -> str:
        """Return the table: a block a sort, with the first ten of it."""
        if not self._counts:
            return f"{self._title}: no difference"
        return "\n".join([self._title, *self._lines()])

    def _lines(self) -> Iterator[str]:
        totals = self.totals
        wide = max(map(len, totals))
        digits = max(len(f"{count:,}") for count in totals.values())
        indent = " " * (2 + wide + 2 + digits + 2)
        for what, count in totals.items():
            head = f"  {what:<{wide}}  {count:>{digits},}  "
            for one in self._first[what]:
                yield (head + one_line(shown(one))).rstrip()
                head = indent
            if count > SHOWN:
                yield f"{indent}... and {count - SHOWN:,} more"


def shown(one: Difference) -> str:
    """Return a difference in words.

    Hashes are left to the JSON file.

    >>> shown(Difference("relabelled", "digits/a.png", None, ("one",), ("one", "two")))
    'digits/a.png: one -> one, two'
    """
    where = one.sample if one.annotation is None else f"{one.sample}, annotation {one.annotation}"
    if one.what == "file changed" or (one.old is None and one.new is None):
        return where
    if one.old is None or one.new is None:
        return f"{where}: {_value(one.new if one.old is None else one.old)}"
    return f"{where}: {_value(one.old)} -> {_value(one.new)}"


def _value(value: Value) -> str:
    if isinstance(value, Box):
        return f"{value.name} ({value.x1:g}, {value.y1:g}) to ({value.x2:g}, {value.y2:g})"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {count}" for name, count in value.items()) or "none"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return str(value)


class _Listing:
    """Writes all differences as JSON, one a line, as they come."""

    def __init__(self, file: BinaryIO | None, old: str, new: str) -> None:
        self._file = file
        self._encoder = msgspec.json.Encoder()
        self._between = b""
        self._write(b'{"old": %s, "new": %s, "datasets": [' % (_json(old), _json(new)))

    def begin(self, dataset: str) -> None:
        self._write(self._between + b'\n{"dataset": %s, "differences": [' % _json(dataset))
        self._between = b"\n"

    def add(self, one: Difference) -> None:
        self._write(self._between + self._encoder.encode(one))
        self._between = b",\n"

    def end(self, totals: dict[What, int]) -> None:
        self._write(b'\n], "totals": %s}' % _json(totals))
        self._between = b","

    def close(self) -> None:
        self._write(b"\n]}\n")

    def _write(self, text: bytes) -> None:
        if self._file is not None:
            self._file.write(text)


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)
