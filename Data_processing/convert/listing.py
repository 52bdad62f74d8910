"""Which image files a folder holds."""

import os
from pathlib import Path

import msgspec

from Datasets.signatures import OTHER_SUFFIXES, SUFFIXES


class Listing(msgspec.Struct, frozen=True):
    """Paths below a folder, sorted. Hidden files and folders (``.name``) are no data.

    ``others`` are files whose names are not those of images that can be read, ``links`` are links
    to folders, which are not followed.
    """

    images: tuple[str, ...]
    others: tuple[str, ...]
    links: tuple[str, ...]

    def unread(self) -> list[str]:
        """Return those of ``others`` whose names are those of images all the same."""
        return [path for path in self.others if _suffix(path) in OTHER_SUFFIXES]


def listing(folder: Path) -> Listing:
    """Return what lies in ``folder`` and below it."""
    images: list[str] = []
    others: list[str] = []
    links: list[str] = []
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = [name for name in folders if not name.startswith(".")]
        prefix = here.relative_to(folder).as_posix() + "/" if here != folder else ""
        links += [prefix + name for name in folders if (here / name).is_symlink()]
        for name in files:
            if not name.startswith("."):
                (images if _suffix(name) in SUFFIXES else others).append(prefix + name)
    return Listing(tuple(sorted(images)), tuple(sorted(others)), tuple(sorted(links)))


def printable(path: str) -> str:
    r"""Return a path as messages and reports show it, where it may hold what cannot be printed.

    >>> printable("é.png"), printable("a\n.png")
    ('é.png', "'a\\n.png'")
    """
    return path if path.isprintable() else ascii(path)


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()  # noqa: PTH122  (5x faster)
