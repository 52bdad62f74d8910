"""Which image a Label Studio task is about: its name in the task's data, the file, its sides."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from Data_processing.convert.found import NOBODY_LOOKED, FoundImage, Source, path_below
from Data_processing.convert.inspect import inspect
from Data_processing.convert.orientation import frame_of
from Data_processing.convert.readers.label_studio_tasks import Result, Task
from Datasets.errors import AnnotationError, ImageError
from Datasets.image import SUFFIXES, Header

_UPLOADED = re.compile(r"[0-9a-f]{8}-(?=.)")
"""What Label Studio puts before the name of a file that is uploaded."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/]*/")
_WEB = ("http://", "https://")
_SEVERAL = "several images"
Sides = tuple[int, int]
"""Width and height in pixels, as a region states them."""


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

    def __contains__(self, path: str) -> bool:
        """Return whether an image lies at ``path`` below the root."""
        return path in self._all

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
        raise _several(names)
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


def check_one(task: Task, path: str, files: ImageFiles) -> None:
    """Return nothing if what was annotated is the image at ``path``, whatever else is named.

    Beside a key that is called image there may be a picture that nobody annotated. Which one a
    result is of only its tag says (``to_name``), and where a tag shows several, the number in it.

    Args:
        task: it names an image.
        path: where that image is, below the root.
        files: all images.

    Raises:
        AnnotationError: results are of several images, or could be of another one.
    """
    results = [one for one in task.results() if isinstance(one, Result) and one.type != "relation"]
    if any(one.item_index for one in results):
        raise AnnotationError(
            "its results are of several images in one tag, by item_index; a task of one image can "
            "be read",
            _SEVERAL,
        )
    tags = {one.to_name for one in results}
    if tags <= {"image"}:
        return
    names = sorted({image_in(task.data), *filter(_is_image, _texts(task.data))})
    others = [name for name in names if not _is_at(name, path, files)]
    if others and (len(tags) > 1 or any(_is_there(name, files) for name in others)):
        raise _several(names)


class Frames:
    """Tells which of the sides that the regions of one image state are those of the image.

    Sides on which all regions agree are compared with the file later, as those of any format.

    Args:
        source: the data set; the file of an image is looked at where its regions disagree.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    def of(self, path: str, stated: Counter[Sides]) -> Sides | None:
        """Return the sides that hold: those of the file, as it is seen or as it is stored.

        Both can be stated where EXIF turns the image: then those count that more regions state,
        else those as seen. Where none fits, or the file cannot be read, the commonest is returned,
        and the image will be rejected with it.

        Args:
            path: of the image, below the root.
            stated: how many regions state which sides.
        """
        if len(stated) < 2:
            return next(iter(stated), None)
        header = self._header(path)
        seen = (header.width, header.height) if header else None
        return min(
            stated,
            key=lambda sides: (
                not (header and self._fits(path, sides, header)),
                -stated[sides],
                sides != seen,
                sides,
            ),
        )

    def _header(self, path: str) -> Header | None:
        """Return what the file says of the image, None where it cannot be read."""
        root, dataset = self._source.root, self._source.dataset
        bands = self._source.bands().get(path, {}) if dataset.bands else {}
        try:
            return inspect(root, next(iter(bands.values()), path), dataset.samples == "box").header
        except ImageError:
            return None

    def _fits(self, path: str, sides: Sides, header: Header) -> bool:
        width, height = sides
        found = FoundImage(
            path, path, path, NOBODY_LOOKED, stated_width=width, stated_height=height
        )
        try:
            frame_of(found, header, self._source.dataset.orientation)
        except AnnotationError:
            return False
        return True


def other_sides(sides: Sides, of_image: Sides | None) -> AnnotationError:
    """Return why a region is rejected that states other sides than those that hold."""
    expected = " x ".join(map(str, of_image or ()))
    return AnnotationError(
        f"it is percent of {sides[0]} x {sides[1]} pixels, and the image counts as {expected}; "
        "draw it again",
        "sides that differ",
    )


def _several(names: list[str]) -> AnnotationError:
    shown = ", ".join(name[:60] for name in names[:3])
    return AnnotationError(
        f"its data names {len(names)} images: {shown}; a task of one image can be read", _SEVERAL
    )


def _is_at(name: str, path: str, files: ImageFiles) -> bool:
    try:
        return files.find(name) == path
    except AnnotationError:
        return False


def _is_there(name: str, files: ImageFiles) -> bool:
    """Return whether a picture called ``name`` is part of the data set, or several are."""
    try:
        return files.find(name) in files
    except AnnotationError as error:
        return error.kind == "ambiguous name"


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
