"""What a reader finds: images and annotations in pixels, not yet checked."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import msgspec

from Datasets.dataset import Dataset
from Datasets.errors import AnnotationError
from Datasets.rejections import Rejections


class Source(msgspec.Struct, frozen=True):
    """A data set to read. ``where`` is its place in params.yaml, for messages."""

    name: str
    root: Path
    dataset: Dataset
    where: str


class FoundRle(msgspec.Struct, frozen=True, rename={"frame": "size"}):
    """COCO's run lengths: compressed text or plain numbers, and the frame's (height, width)."""

    frame: tuple[int, int]
    counts: str | tuple[int, ...]


class FoundAnnotation(msgspec.Struct, frozen=True):
    """One annotated object; corners are x1, y1, x2, y2 in pixels, half-open."""

    id: int
    name: str
    corners: tuple[float, float, float, float]
    polygons: tuple[tuple[float, ...], ...] = ()
    rle: FoundRle | None = None
    iscrowd: bool = False
    area: float | None = None

    def has_region(self) -> bool:
        """Return whether more than a box was drawn."""
        return bool(self.polygons) or self.rle is not None


class Looked(msgspec.Struct, frozen=True):
    """What somebody looked for, so that nothing found means that nothing is there."""

    labels: bool = False
    counts: bool = False
    boxes: bool = False
    mask: bool = False


NOBODY_LOOKED = Looked()


class FoundImage(msgspec.Struct, frozen=True):
    """One image and what is said of it.

    ``file`` is its path below the data set's root, ``name`` what the annotations call it,
    ``source`` where they stand. ``labels`` are those of the image as a whole; labels of its
    annotations are added. ``stated_width`` and ``stated_height`` are what the annotations say.
    ``lost`` counts annotations that could not be read.
    """

    file: str
    name: str
    source: str
    looked: Looked
    labels: tuple[str, ...] = ()
    annotations: tuple[FoundAnnotation, ...] = ()
    stated_width: int | None = None
    stated_height: int | None = None
    lost: int = 0


class Extraction(msgspec.Struct, frozen=True):
    """What a reader gives back.

    ``classes`` are the names that occur, sorted; the images come in the order of ``file``.
    ``n_images`` and ``n_annotations`` count what came in, rejected or not. ``notes`` are for the
    stage's summary.
    """

    classes: tuple[str, ...]
    images: Iterator[FoundImage]
    n_images: int
    n_annotations: int
    notes: Sequence[str] = ()


Extract = Callable[[Source, Rejections], Extraction]
"""A reader. What is broken in one image it rejects; for a file broken as a whole it raises."""


def path_below(folder: str, name: str) -> str:
    """Return the path of ``name`` in ``folder``, both below the root, in its shortest form.

    Raises:
        AnnotationError: the name is empty, absolute, climbs out by ``..``, or holds a character no
            path should.

    >>> path_below("images", "./a/b.png")
    'images/a/b.png'
    """
    path = PurePosixPath(name)
    if not path.name:
        raise AnnotationError(f"the image's name {name!r} is empty")
    if path.is_absolute() or ".." in path.parts:
        raise AnnotationError(f"the image's name {name!r} leads out of the data set's folder")
    if not name.isprintable():
        raise AnnotationError(f"the image's name {name!r} holds characters that cannot be printed")
    return (PurePosixPath(folder) / path).as_posix()
