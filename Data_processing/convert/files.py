"""The files of a data set: which ones are annotations, where the images are, read with care."""

import os
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path, PurePosixPath

from Data_processing.convert.found import Source
from Data_processing.convert.listing import Listing
from Datasets.errors import AnnotationError, ParamsError
from Datasets.rejections import SHOWN

PROBES = 100
"""Images by which the folder that names are relative to is found."""


def annotation_files(source: Source, present: Listing, suffixes: tuple[str, ...]) -> list[str]:
    """Return the annotation files as paths below the root, sorted.

    Those that ``annotations`` names, else all that end in one of ``suffixes``.

    Raises:
        AnnotationError: there is none.
        ParamsError: ``annotations`` matches no file, or is no pattern below the root.
    """
    pattern = source.dataset.annotations
    if not pattern:
        found = [name for name in present.others if name.lower().endswith(suffixes)]
        if found:
            return found
        raise AnnotationError(
            f"{source.where}: there is no {' or '.join(suffixes)} file below {source.root}; "
            f"put the annotations there, or name them as {source.where}.annotations"
        )
    if (source.root / pattern).is_dir():
        inside = f"{pattern.strip('/')}/"
        found = [
            name
            for name in present.others
            if name.startswith(inside) and name.lower().endswith(suffixes)
        ]
        if found:
            return found
    try:
        found = sorted(
            path.relative_to(source.root).as_posix()
            for path in source.root.glob(pattern)
            if path.is_file()
        )
    except (ValueError, IndexError, NotImplementedError):
        raise ParamsError(
            f"{source.where}.annotations: '{pattern}' must lie below {source.root}"
        ) from None
    if not found:
        raise ParamsError(
            f"{source.where}.annotations: no file below {source.root} matches '{pattern}'"
        )
    return found


def one_annotation_file(source: Source, present: Listing, suffixes: tuple[str, ...]) -> str:
    """Return the one annotation file of a format that has one.

    Raises:
        AnnotationError: there are several; the message says how to choose.
    """
    found = annotation_files(source, present, suffixes)
    if len(found) == 1:
        return found[0]
    raise AnnotationError(
        f"{source.where}: one {' or '.join(suffixes)} file was expected below {source.root}, "
        f"there are {len(found)}: {', '.join(found[:SHOWN])}; name it as {source.where}.annotations"
    )


def leads_inside(root: Path, path: Path) -> bool:
    """Return whether ``path``, all links followed, lies below ``root``."""
    top = _real(os.path.abspath(root))  # noqa: PTH100  (twice as fast)
    if path.is_symlink():
        return os.path.realpath(path).startswith(top + os.sep)
    return f"{_real(os.path.abspath(path.parent))}{os.sep}".startswith(top + os.sep)  # noqa: PTH100


def is_inside(root: Path, file: str) -> bool:
    """Return whether the folder of ``file`` below ``root``, links followed, lies below ``root``."""
    return _is_inside(str(root), file.rpartition("/")[0], os.getcwd())  # noqa: PTH109  (faster)


@lru_cache(maxsize=1024)
def _is_inside(root: str, folder: str, here: str) -> bool:
    """Return what ``is_inside`` does; where we are tells what a relative root is."""
    return leads_inside(Path(root), Path(root, folder, "any"))


@lru_cache(maxsize=1024)
def _real(folder: str) -> str:
    """Return where a folder really is: asked for every file, it would cost a look at each part."""
    return os.path.realpath(folder).rstrip(os.sep)


def path_of(root: Path, name: str) -> Path:
    """Return the path of the file ``name`` below ``root``, which may be opened.

    Raises:
        AnnotationError: it leaves the root by a link, or is no file.
    """
    path = root / name
    if not leads_inside(root, path):
        raise AnnotationError(
            f"{name}: a link leads out of the data set's folder; copy the file into it",
            "link out of the folder",
        )
    if path.is_symlink() and not path.exists():
        raise AnnotationError(
            f"{name}: is a link that leads nowhere; put the file there", "unreadable"
        )
    if path.exists() and not path.is_file():  # reading a pipe would wait for ever
        raise AnnotationError(
            f"{name}: is no file but a folder, a pipe or a device; take it out", "unreadable"
        )
    return path


def read_below(root: Path, name: str) -> bytes:
    """Return the content of the annotation file ``name`` below ``root``.

    Raises:
        AnnotationError: it leaves the root by a link, is empty or cannot be read.
    """
    path = path_of(root, name)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise AnnotationError(f"{name}: cannot be read: {error.strerror}", "unreadable") from None
    if not content.strip():
        raise AnnotationError(f"{name}: the file is empty; replace it or take it out", "empty file")
    return content


def image_folder(source: Source, names: Iterable[str], present: Iterable[str]) -> str:
    """Return the folder that image names are relative to: as told, else where the images are.

    Args:
        source: the data set.
        names: what the annotations call some of their images.
        present: paths of all images below the root.

    Raises:
        AnnotationError: two folders hold as many of the images.
    """
    if source.dataset.images:
        return PurePosixPath(source.dataset.images).as_posix()
    probed = frozenset(PurePosixPath(name).as_posix() for name in list(names)[:PROBES])
    hits: Counter[str] = Counter()
    for path in present:
        parts = path.split("/")
        hits.update("/".join(parts[:i]) for i in range(len(parts)) if "/".join(parts[i:]) in probed)
    best = sorted(folder for folder, n in hits.items() if n == max(hits.values()))
    if len(best) > 1:
        raise AnnotationError(
            f"{source.where}: the images are in {', '.join(b or '.' for b in best[:SHOWN])} alike; "
            f"say which is meant as {source.where}.images"
        )
    return best[0] if best else ""
