"""Fold ranges: what an entry of ``train.folds`` asks for, and where each of its folds lies.

A fold range is one fold (``3``), folds that follow each other (``0-29``, both ends included) or
``all``. It is one stage of scale, train and evaluate, and its name is that of the stage and of the
folder of its outputs. Several folds have a folder each inside it, ``Models/weights/0-29/7``; a
single fold has it to itself, ``Models/weights/3``. What stands below the stage's folder is the
fold's place: ``0-29/7``, or ``3``.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from Datasets.errors import DarkroomError, ParamsError, StoreError

ALL = "all"
MOST = 999_999
"""The greatest fold that can be asked for: samples, and so folds, are fewer."""
_NUMBER = r"0|[1-9][0-9]{0,5}"
_RANGE = re.compile(rf"({_NUMBER})(?:-({_NUMBER}))?")
FORMS = 'a fold (3), folds that follow each other ("0-29", both ends included) or all'


class FoldRange(msgspec.Struct, frozen=True):
    """An entry of ``train.folds``; ``last`` is included, and None where the split decides."""

    name: str
    first: int
    last: int | None

    @property
    def is_single(self) -> bool:
        """Return whether it was written as one fold, whose folder is the stage's own."""
        return self.name.isdigit()

    def __contains__(self, fold: int) -> bool:
        """Return whether it asks for ``fold``."""
        return self.first <= fold and (self.last is None or fold <= self.last)

    def folds(self, every: int) -> tuple[int, ...]:
        """Return its folds, rising, of the ``every`` that the split made.

        Raises:
            StoreError: it asks for a fold that does not exist.
        """
        last = every - 1 if self.last is None else self.last
        require_fold(last, every)
        return tuple(range(self.first, last + 1))

    def place(self, fold: int) -> str:
        """Return where ``fold`` lies below a folder of fold ranges: ``7``, or ``all/7``."""
        return self.name if self.is_single else f"{self.name}/{fold}"

    def folder(self, own: Path, fold: int) -> Path:
        """Return the folder of ``fold`` inside the stage's ``own``, made if it is not there."""
        inside = own if self.is_single else own / str(fold)
        inside.mkdir(exist_ok=True)
        return inside

    @contextmanager
    def naming(self, fold: int) -> Iterator[None]:
        """Let what goes wrong with ``fold`` name it, where it is one of several.

        Raises:
            DarkroomError: what the block raised, of the same kind.
        """
        try:
            yield
        except DarkroomError as error:
            if not self.is_single:
                error.args = (f"fold {fold} of the fold range {self.name}: {error}",)
            raise


class Place(msgspec.Struct, frozen=True):
    """One fold, and the fold range that trains it."""

    fold_range: FoldRange
    fold: int

    def __str__(self) -> str:
        """Return it as params.yaml says it: ``7``, or ``all/7``."""
        return self.fold_range.place(self.fold)


def parse(entry: int | str) -> FoldRange:
    """Return the fold range that ``entry`` is.

    >>> parse("0-29")
    FoldRange(name='0-29', first=0, last=29)

    Raises:
        ParamsError: it is none; nothing but numbers and a hyphen ever becomes a path.
    """
    name = str(entry)
    if name == ALL:
        return FoldRange(name, 0, None)
    found = _RANGE.fullmatch(name)
    if found is None:
        raise ParamsError(f"{entry!r} is no fold range: write {FORMS}")
    first, last = int(found[1]), int(found[2] or found[1])
    if first > last:
        raise ParamsError(f"{entry!r} is no fold range: write {last}-{first}, the lower end first")
    return FoldRange(name, first, last)


def parse_place(text: int | str) -> Place:
    """Return the fold that ``text`` names, with its fold range: ``7``, or ``all/7``.

    Raises:
        ParamsError: it names none.
    """
    name, _, number = str(text).partition("/")
    fold_range = parse(name)
    if not number and fold_range.is_single and str(text) == name:
        return Place(fold_range, fold_range.first)
    if fold_range.is_single or not re.fullmatch(_NUMBER, number):
        example = f"{fold_range.name}/{fold_range.first}"
        wanted = name if fold_range.is_single else f"{example} for fold {fold_range.first} of it"
        raise ParamsError(f"{text!r} names no single fold: write {wanted}")
    if int(number) not in fold_range:
        raise ParamsError(f"fold {number} is not in the fold range {name}")
    return Place(fold_range, int(number))


def require_fold(fold: int, every: int) -> None:
    """Check that ``fold`` is one of the ``every`` that the split made.

    Raises:
        StoreError: it is not.
    """
    if not 0 <= fold < every:
        raise StoreError(
            f"fold {fold} was asked for, but {every} exist (0 to {every - 1}); "
            "change train.folds, or what `split` in params.yaml says"
        )


def overlap(ranges: Sequence[FoldRange]) -> tuple[FoldRange, FoldRange] | None:
    """Return the first two that ask for the same fold, by their folds; None if no two do."""
    rising = sorted(ranges, key=lambda one: (one.first, one.name != ALL))
    for before, after in itertools.pairwise(rising):
        if after.first in before:
            return before, after
    return None


def places(ranges: Iterable[FoldRange], folds: Iterable[int]) -> dict[int, str]:
    """Return the place of each of ``folds`` that one of ``ranges`` asks for, in their order."""
    every = tuple(folds)
    return {fold: one.place(fold) for one in ranges for fold in every if fold in one}


def written(folds: Iterable[int]) -> tuple[str, ...]:
    """Return the fewest fold ranges that ask for just these folds, rising.

    >>> written([7, 0, 1, 2, 4, 5])
    ('0-2', '4-5', '7')
    """
    runs: list[list[int]] = []
    for fold in sorted(set(folds)):
        if runs and runs[-1][1] == fold - 1:
            runs[-1][1] = fold
        else:
            runs.append([fold, fold])
    return tuple(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def stage_of(verb: str, folder: Path, root: Path) -> str:
    """Return the stage that makes the ``folder`` of a fold below ``root``.

    >>> stage_of("train", Path("Models/weights/all/7"), Path("Models/weights"))
    'train@all'
    """
    below = folder.relative_to(root).parts if folder.is_relative_to(root) else ()
    return f"{verb}@{below[0] if below else folder.name}"
