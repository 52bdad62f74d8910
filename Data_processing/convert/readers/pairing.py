"""Which annotation file belongs to which image, where only their names tell."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import msgspec

from Data_processing.convert.found import Source
from Data_processing.convert.listing import printable
from Datasets.image import SUFFIXES
from Datasets.rejections import SHOWN

Key = Callable[[str], str]
"""What of a file's path its partner must share."""
Ends = dict[str, tuple[str, tuple[str, ...]]]
"""By path: its key, and its folders upwards."""


class Pairs(msgspec.Struct, frozen=True):
    """Images with the one file that belongs to each.

    ``unclear`` are images that share a file with another, or for which there are several, with
    these files. ``spare`` are files to which no image belongs, sorted.
    """

    file_of: dict[str, str]
    unclear: dict[str, tuple[str, ...]]
    spare: tuple[str, ...]

    def rivals(self) -> dict[str, list[str]]:
        """Return, by file, the images that it could be of, where that is unclear."""
        images: dict[str, list[str]] = defaultdict(list)
        for image, files in self.unclear.items():
            for file in files:
                images[file].append(image)
        return dict(images)


def stem(path: str) -> str:
    """Return the file's name without the suffix of an image or of a text.

    >>> stem("images/a.b.png"), stem("bands/a.b")
    ('a.b', 'a.b')
    """
    name = path[path.rfind("/") + 1 :]
    head, dot, tail = name.rpartition(".")
    suffix = f"{dot}{tail}".lower()
    return head if head and (suffix in SUFFIXES or suffix == ".txt") else name


def unclear_pair(files: Sequence[str], images: Sequence[str], source: Source) -> str:
    """Return a sentence on files that could each be of each of some images."""
    whose = f"{_shown(files)} could {'each ' * (len(files) > 1)}be of {_shown(images)}"
    return (
        f"{whose}: one file for one image is expected; rename what is not meant, or say by "
        f"{source.where}.images and .annotations which folders are"
    )


def by_name(
    images: Iterable[str], files: Iterable[str], image_key: Key = stem, file_key: Key = stem
) -> Pairs:
    """Return the pairs of equal keys.

    Of several, those whose folders agree the furthest upwards belong together: ``images/val/1.png``
    and ``masks/val/1.png``, not ``masks/train/1.png``. Folders whose names occur on one side alone
    (``images``, ``masks``) say nothing.
    """
    images, files = list(images), list(files)
    common = _folders(images) & _folders(files)
    left = {True: _ends(images, image_key, common), False: _ends(files, file_key, common)}
    file_of: dict[str, str] = {}
    unclear: dict[str, tuple[str, ...]] = {}
    for agreeing in reversed(range(1 + min(map(_depth, left.values())))):
        groups = _groups(left[False], agreeing)
        for key, some in _groups(left[True], agreeing).items():
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


def _shown(paths: Sequence[str]) -> str:
    more = [f"{len(paths) - SHOWN:,} more"] if len(paths) > SHOWN else []
    *first, last = [*map(printable, sorted(paths)[:SHOWN]), *more]
    return f"{', '.join(first)} and {last}" if first else last


def _folders(paths: list[str]) -> set[str]:
    different = {path.rpartition("/")[0] for path in paths}
    return {name for folder in different for name in folder.split("/")}


def _ends(paths: list[str], key: Key, common: set[str]) -> Ends:
    """Return the ends of paths; of their folders only those in common. Those of a folder are one.

    So a million of paths take no more than their keys.
    """
    upwards: dict[str, tuple[str, ...]] = {}
    ends: Ends = {}
    for path in paths:
        folder = path.rpartition("/")[0]
        if folder not in upwards:
            names = reversed(folder.split("/"))
            upwards[folder] = tuple(name for name in names if name in common)
        ends[path] = key(path), upwards[folder]
    return ends


def _depth(ends: Ends) -> int:
    return max((len(folders) for _, folders in ends.values()), default=0)


def _groups(ends: Ends, agreeing: int) -> defaultdict[tuple[str, tuple[str, ...]], list[str]]:
    """Return the paths by their key and so many of their folders, if they have as many."""
    groups: defaultdict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for path, (key, folders) in ends.items():
        if len(folders) >= agreeing:
            groups[key, folders[:agreeing]].append(path)
    return groups
