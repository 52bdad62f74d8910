"""Which annotation file belongs to which image, where only their names tell."""

from collections import defaultdict
from collections.abc import Callable, Iterable

import msgspec

from Datasets.image import SUFFIXES

Key = Callable[[str], str]
"""What of a file's path its partner must share."""


class Pairs(msgspec.Struct, frozen=True):
    """Images with the one file that belongs to each.

    ``unclear`` are images that share a file with another, or for which there are several, with
    these files. ``spare`` are files to which no image belongs, sorted.
    """

    file_of: dict[str, str]
    unclear: dict[str, tuple[str, ...]]
    spare: tuple[str, ...]


def stem(path: str) -> str:
    """Return the file's name without the suffix of an image or of a text.

    >>> stem("images/a.b.png"), stem("bands/a.b")
    ('a.b', 'a.b')
    """
    name = path[path.rfind("/") + 1 :]
    head, dot, tail = name.rpartition(".")
    return head if head and f"{dot}{tail.lower()}" in SUFFIXES | {".txt"} else name


def by_name(
    images: Iterable[str], files: Iterable[str], image_key: Key = stem, file_key: Key = stem
) -> Pairs:
    """Return the pairs of equal keys.

    Of several, those whose folders agree the furthest upwards belong together: ``images/val/1.png``
    and ``masks/val/1.png``, not ``masks/train/1.png``. Folders whose names occur on one side alone
    (``images``, ``masks``) say nothing.
    """
    sides = {True: list(images), False: list(files)}
    common = _folders(sides[True]) & _folders(sides[False])
    left = {
        True: _tails(sides[True], image_key, common),
        False: _tails(sides[False], file_key, common),
    }
    depth = min(max((len(tail) for tail in side.values()), default=0) for side in left.values())
    file_of: dict[str, str] = {}
    unclear: dict[str, tuple[str, ...]] = {}
    for length in range(depth, 0, -1):
        groups = _groups(left[False], length)
        for key, some in _groups(left[True], length).items():
            others = groups.get(key, [])
            if not others:
                continue
            if len(some) == len(others) == 1:
                file_of[some[0]] = others[0]
            else:
                unclear.update(dict.fromkeys(some, tuple(sorted(others))))
            for is_image, done in ((True, some), (False, others)):
                for path in done:
                    del left[is_image][path]
    return Pairs(file_of, unclear, tuple(sorted(left[False])))


def _folders(paths: list[str]) -> set[str]:
    return {
        name for folder in {path.rpartition("/")[0] for path in paths} for name in folder.split("/")
    }


def _tails(paths: list[str], key: Key, common: set[str]) -> dict[str, tuple[str, ...]]:
    """Return each path's parts from the end: the key, then its folders upwards, if in common."""
    return {
        path: (key(path), *(name for name in reversed(path.split("/")[:-1]) if name in common))
        for path in paths
    }


def _groups(
    tails: dict[str, tuple[str, ...]], length: int
) -> defaultdict[tuple[str, ...], list[str]]:
    groups: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for path, tail in tails.items():
        if len(tail) >= length:
            groups[tail[:length]].append(path)
    return groups
