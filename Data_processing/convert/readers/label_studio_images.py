"""Which image a Label Studio task is about: its name in the task's data, and the file."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from Data_processing.convert.found import path_below
from Datasets.errors import AnnotationError
from Datasets.image import SUFFIXES

_UPLOADED = re.compile(r"[0-9a-f]{8}-(?=.)")
"""What Label Studio puts before the name of a file that is uploaded."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/]*/")
_WEB = ("http://", "https://")


class ImageFiles:
    """The images below the root, to be found by what tasks call them.

    Args:
        present: their paths.
        folder: that names are relative to, if it is known.
    """

    def __init__(self, present: tuple[str, ...], folder: str) -> None:
        self._folder = folder
        self._all = frozenset(present)
        self._called: dict[str, list[str]] = defaultdict(list)
        for path in present:
            if not folder or path.startswith(f"{folder}/"):
                self._called[PurePosixPath(path).name].append(path)

    def find(self, name: str) -> str:
        """Return the path of the image that a task calls ``name``: where it should be, if missing.

        First by the whole path, then by the longest end of it, then by the last part alone, then by
        that without what an upload puts before it.

        Raises:
            AnnotationError: several images are called so, or the name leads out of the root.
        """
        path = path_below("", _path_in(name))
        exact = path_below(self._folder, path) if self._folder else path
        if exact in self._all:
            return exact
        last = PurePosixPath(path).name
        for called in (last, _UPLOADED.sub("", last, count=1)):
            same = self._called.get(called, [])
            ends = [one for one in same if path.endswith(f"/{one}")]
            if ends:
                return max(ends, key=len)
            if len(same) > 1:
                raise AnnotationError(
                    f"{len(same)} images are called {called}: {', '.join(same[:3])}; say in the "
                    "task's data which folder is meant",
                    "ambiguous name",
                )
            if same:
                return same[0]
        return path_below(self._folder, last) if name.startswith(_WEB) else exact


def image_in(data: Mapping[str, object]) -> str:
    """Return what a task's data calls its image: what stands at ``image``, else the one image.

    Raises:
        AnnotationError: there is none, or several, or it stands in the data itself.
    """
    named = data.get("image")
    names = [named] if isinstance(named, str) else sorted(set(filter(_is_image, _texts(data))))
    if len(names) > 1:
        shown = ", ".join(name[:60] for name in names[:3])
        raise AnnotationError(
            f"its data names {len(names)} images: {shown}; a task of one image can be read",
            "several images",
        )
    if not names:
        raise AnnotationError(
            "its data names no image; leave the task out, or call the image's key image",
            "no image",
        )
    if names[0].startswith("data:"):
        raise AnnotationError(
            "its image stands in the data itself, as a data: URI, which is not read; save it as a "
            "file and name that",
            "embedded image",
        )
    return names[0]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _is_image(text: str) -> bool:
    if text.startswith("data:image/"):
        return True
    return PurePosixPath(_path_in(text)).suffix.lower() in SUFFIXES


def _path_in(name: str) -> str:
    """Return the path in what may be a URL, an upload, a local file's address or a bucket's key."""
    if not name.startswith(("/", *_WEB)):
        return _SCHEME.sub("", name, count=1).replace("\\", "/")
    try:
        parts = urlsplit(name)
    except ValueError:
        return name
    asked = parse_qs(parts.query).get("d")  # /data/local-files/?d=images/a.jpg
    path = asked[0] if asked else unquote(parts.path)
    return path.replace("\\", "/").lstrip("/")
