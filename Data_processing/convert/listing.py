"""Which image files a folder holds."""

import os
from pathlib import Path

import msgspec

from Datasets.signatures import OTHER_SUFFIXES, SUFFIXES

_IMAGES = SUFFIXES | OTHER_SUFFIXES


class Listing(msgspec.Struct, frozen=True):
    """Paths below a folder, sorted. Hidden files and folders (``.name``) are no data.

    ``others`` are files whose names are not those of images, ``links`` are links to folders, which
    are not followed.
    """

    images: tuple[str, ...]
    others: tuple[str, ...]
    links: tuple[str, ...]


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
                is_image = os.path.splitext(name)[1].lower() in _IMAGES  # noqa: PTH122  (5x faster)
                (images if is_image else others).append(prefix + name)
    return Listing(tuple(sorted(images)), tuple(sorted(others)), tuple(sorted(links)))
