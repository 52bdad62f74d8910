"""What a reader finds: images and annotations in pixels, not yet checked."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import msgspec

from Data_processing.convert.bands import Bands
from Data_processing.convert.listing import Listing, listing, printable
from Data_processing.convert.report import Report
from Datasets.dataset import Dataset
from Datasets.errors import AnnotationError

UNREAD = "an image of a format that is not read"
UNNAMED = "an image that no annotation names"
"""Why images are left out, that lie beside those that were annotated."""


class Source(msgspec.Struct, frozen=True):
    """A data set to read. ``where`` is its place in params.yaml, for messages."""

    name: str
    root: Path
    dataset: Dataset
    where: str

    def listing(self, folder: str = "") -> Listing:
        """Return what lies in ``folder`` below the root. Bands of a sample count as one image."""
        there = listing(self.root / folder)
        if not self.dataset.bands:
            return there
        samples = Bands(self.dataset.bands).grouped(there.images)
        of_bands = {path for files in samples.values() for path in files.values()}
        others = [path for path in there.images if path not in of_bands]
        return Listing(tuple(sorted(samples)), tuple(sorted([*there.others, *others])), there.links)

    def present(self, report: Report) -> Listing:
        """Return what lies below the root, and tell ``report`` of images that are not read."""
        there = self.listing()
        for path in there.unread():
            report.leave_out(printable(path), UNREAD)
        return there

    def bands(self) -> dict[str, dict[str, str]]:
        """Return the files of each sample of several bands, by band."""
        return Bands(self.dataset.bands).grouped(listing(self.root).images)


class FoundRle(msgspec.Struct, frozen=True, rename={"frame": "size"}):
    """COCO's run lengths: compressed text or plain numbers, and the frame's (height, width)."""

    frame: tuple[int, int]
    counts: str | tuple[int, ...]


class FoundAnnotation(msgspec.Struct, frozen=True, gc=False):
    """One annotated object, in pixels as its format has them after its habits are undone.

    ``corners`` are x1, y1, x2, y2, half-open, or None where the format states no box: then the
    box is what polygons, run lengths or keypoints cover. ``keypoints`` are flat x, y, v triples,
    v as COCO has it (2 visible). ``mask_file`` is an image below the root in which the object is
    what differs from zero. ``extras`` is a JSON object with all else that the format says of it
    (COCO's words where COCO has one), or None. ``id`` is the format's own, or its number in the
    image, from 1. ``place`` is where it stands, file:line, for messages; else they give its id.
    """

    id: int
    name: str
    corners: tuple[float, float, float, float] | None = None
    polygons: tuple[tuple[float, ...], ...] = ()
    rle: FoundRle | None = None
    iscrowd: bool = False
    area: float | None = None
    keypoints: tuple[float, ...] = ()
    mask_file: str | None = None
    extras: str | None = None
    place: str = ""

    def has_region(self) -> bool:
        """Return whether more than a box was drawn."""
        return bool(self.polygons) or self.rle is not None or self.mask_file is not None


class FoundMask(msgspec.Struct, frozen=True):
    """A semantic mask: an image below the root.

    ``names`` gives the class of a pixel value, or of a palette's index; of a colour it is
    ``mask_files.COLOUR`` + 0xRRGGBB, so that blue is not 255. Values in ``ignore`` become 255; the
    background is 0, or black.
    """

    file: str
    names: dict[int, str]
    ignore: frozenset[int] = frozenset()


class Looked(msgspec.Struct, frozen=True, gc=False):
    """What somebody looked for, so that nothing found means that nothing is there."""

    labels: bool = False
    counts: bool = False
    boxes: bool = False
    mask: bool = False


NOBODY_LOOKED = Looked()
LABELLED = Looked(labels=True)
BOXES = Looked(labels=True, counts=True, boxes=True)
REGIONS = Looked(labels=True, counts=True, boxes=True, mask=True)


class FoundImage(msgspec.Struct, frozen=True, gc=False):
    """One image and what is said of it.

    ``file`` is its path below the data set's root, ``name`` what the annotations call it,
    ``source`` where they stand (file, or file#id). ``labels`` are those of the image as a whole;
    labels of its annotations are added. ``stated_width`` and ``stated_height`` are what the
    annotations say. ``lost`` counts annotations that could not be read and were rejected.
    ``embedded`` is the annotation file that holds the image itself, where no file of its own does.
    ``extras`` is a JSON object with all else that the format says of the image, or None.
    ``files`` are those of its bands, in the order of channels; none if it is ``file`` alone.
    ``relative`` says that coordinates are shares of the frame (0 to 1), to be multiplied by its
    width and height.
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
    mask: FoundMask | None = None
    embedded: str | None = None
    extras: str | None = None
    relative: bool = False
    files: tuple[str, ...] = ()


class Seen(msgspec.Struct):
    """What a reader came across, rejected or not. Complete when its last image was taken."""

    images: int = 0
    annotations: int = 0
    names: set[str] = set()


class Extraction(msgspec.Struct, frozen=True):
    """What a reader gives back.

    The images come in the order of ``file``, each file once. ``names`` are all class names,
    sorted, where they are known before the images are walked through, as drawing masks needs them;
    None has them taken from ``seen`` at the end, and no mask is drawn. ``about`` is a JSON object
    with what the format says of the data set as a whole. ``notes`` are for the stage's summary.
    """

    images: Iterator[FoundImage]
    seen: Seen
    names: tuple[str, ...] | None
    about: str | None = None
    notes: Sequence[str] = ()


Extract = Callable[[Source, Report], Extraction]
"""A reader. What is broken in one image it rejects; for a file broken as a whole it raises."""


_UNUSUAL = re.compile(r"^$|^/|//|(^|/)\.{1,2}(/|$)|/$")
"""What a path in its shortest form does not have."""


def path_below(folder: str, name: str) -> str:
    """Return the path of ``name`` in ``folder``, both below the root, in its shortest form.

    Raises:
        AnnotationError: the name is empty, absolute, climbs out by ``..``, or holds a character no
            path should.

    >>> path_below("images", "./a/b.png")
    'images/a/b.png'
    """
    if not folder and name.isprintable() and not _UNUSUAL.search(name):
        return name  # as most are; the way round by PurePosixPath takes ten times as long
    path = PurePosixPath(name)
    if not path.name:
        what = "is of no file" if name else "is empty"
        raise AnnotationError(f"the image's name {name!r} {what}; correct it", "bad path")
    if path.is_absolute() or ".." in path.parts:
        raise AnnotationError(
            f"the image's name {name!r} leads out of the data set's folder, or could: it "
            f"{'is absolute' if path.is_absolute() else 'climbs by ..'}; write it from that folder",
            "bad path",
        )
    if not name.isprintable():
        raise AnnotationError(
            f"the image's name {name!r} holds characters that cannot be printed; rename the file",
            "bad path",
        )
    return (PurePosixPath(folder) / path).as_posix()
