"""From what a reader found to the fixed format, every number checked against the image."""

import math
from collections import Counter

import msgspec

from Data_processing.convert.found import FoundAnnotation, FoundImage
from Data_processing.convert.inspect import Inspected
from Datasets.errors import AnnotationError
from Datasets.image import Header
from Datasets.metadata import Annotated, Box, ImageMetadata, SampleRow
from Datasets.regions import MAX_CLASSES, SLACK, check_polygon, compressed
from Datasets.rejections import Rejection


class Canonical(msgspec.Struct, frozen=True):
    """An image in the fixed format or None, what was rejected, and how many boxes were clipped."""

    sample: Annotated | None
    rejected: tuple[Rejection, ...] = ()
    clipped: int = 0


class Kept(msgspec.Struct, frozen=True):
    """An annotation that passed."""

    box: Box
    found: FoundAnnotation
    rle: str | None
    was_clipped: bool


class ToCanonical(msgspec.Struct, frozen=True):
    """The transform of ``Ingest``: one image in, one image out.

    Boxes that leave the frame by at most ``SLACK`` pixels are clipped, and counted; the rest of
    what is wrong is rejected. An image whose annotations are all rejected is rejected too: it would
    look empty.
    """

    dataset: str

    def classes(self, found: tuple[str, ...]) -> tuple[str, ...]:
        """Return the class names of the metadata, sorted, from those that the reader found."""
        return found

    def __call__(self, found: FoundImage, file: Inspected, classes: tuple[str, ...]) -> Canonical:
        """Return the image in the fixed format. ``file`` is what its file was found to be."""
        try:
            _check_frame(found, file.header)
        except AnnotationError as error:
            return refused(found, str(error))
        kept: list[Kept] = []
        rejected: list[Rejection] = []
        for annotation in sorted(found.annotations, key=lambda one: one.id):
            try:
                kept.append(_kept(annotation, file.header))
            except AnnotationError as error:
                reason = f"{_file(found)}: annotation {annotation.id}: {error}"
                rejected.append(Rejection(found.file, reason, whole=False, annotations=1))
        if (rejected or found.lost) and not kept:
            rejected.append(Rejection(found.file, "none of its annotations could be taken over"))
            return Canonical(None, tuple(rejected))
        clipped = sum(one.was_clipped for one in kept)
        is_drawn = found.looked.mask and all(one.found.has_region() for one in kept)
        has_mask = is_drawn and len(classes) <= MAX_CLASSES
        sample = self._annotated(found, file, kept, has_mask)
        return Canonical(sample, tuple(rejected), clipped)

    def _annotated(
        self, found: FoundImage, file: Inspected, kept: list[Kept], has_mask: bool
    ) -> Annotated:
        counts = Counter(one.box.name for one in kept)
        names = sorted({*found.labels, *counts})
        each = [{name: counts[name]} for name in sorted(counts)]
        image = ImageMetadata(
            found.file,
            labels=names[0] if len(names) == 1 else tuple(names),
            counts=each[0] if len(each) == 1 else tuple(each),
            bounding_boxes=tuple(one.box for one in kept),
            # The name is kept whole: a.jpg and a.png may lie in one folder.
            segmentation_mask=f"masks/{found.file}.png" if has_mask and kept else None,
        )
        return Annotated(image, self._row(found, file, kept, has_mask))

    def _row(
        self, found: FoundImage, file: Inspected, kept: list[Kept], has_mask: bool
    ) -> SampleRow:
        return SampleRow(
            id=f"{self.dataset}/{found.file}",
            image=found.file,
            sha256=file.sha256,
            width=file.header.width,
            height=file.header.height,
            channels=file.header.channels,
            dtype=file.header.dtype,
            orientation=file.header.orientation,
            group=None,
            source=found.source,
            has_labels=found.looked.labels,
            has_counts=found.looked.counts,
            has_boxes=found.looked.boxes,
            has_mask=has_mask,
            annotation_ids=tuple(one.found.id for one in kept),
            iscrowd=tuple(one.found.iscrowd for one in kept),
            areas=tuple(one.found.area for one in kept),
            polygons=tuple(one.found.polygons for one in kept),
            rles=tuple(one.rle for one in kept),
        )


def refused(found: FoundImage, reason: str) -> Canonical:
    """Return the rejection of a whole image with all that is annotated on it."""
    return Canonical(None, (Rejection(found.file, reason, annotations=len(found.annotations)),))


def _file(found: FoundImage) -> str:
    return found.source.partition("#")[0]


def _check_frame(found: FoundImage, header: Header) -> None:
    stated = (found.stated_width or header.width, found.stated_height or header.height)
    if stated == (header.width, header.height):
        return
    file, own = f"{header.width} x {header.height}", f"{stated[0]} x {stated[1]}"
    if header.orientation >= 5 and stated == (header.height, header.width):
        raise AnnotationError(
            f"{_file(found)} annotates it as stored, {own}, but its EXIF orientation "
            f"{header.orientation} turns it to {file}; "
            "rotate the pixels and drop the tag, or annotate it as it is seen"
        )
    raise AnnotationError(f"{_file(found)} says {own} pixels, the file has {file}; which is right?")


def _kept(found: FoundAnnotation, header: Header) -> Kept:
    """Return ``found`` as it goes into the format.

    Raises:
        AnnotationError: a number in it is impossible; the message says which.
    """
    x1, y1, x2, y2 = found.corners
    shown = f"the box from ({x1:g}, {y1:g}) to ({x2:g}, {y2:g})"
    if not all(map(math.isfinite, found.corners)):
        raise AnnotationError(f"{shown} has a coordinate that is no finite number")
    if x2 < x1 or y2 < y1:
        raise AnnotationError(f"{shown} is reversed: width and height must be positive")
    width, height = header.width, header.height
    if x1 < -SLACK or y1 < -SLACK or x2 > width + SLACK or y2 > height + SLACK:
        raise AnnotationError(f"{shown} leaves the image of {width} x {height} pixels")
    box = Box(found.name, max(x1, 0.0), min(x2, width), max(y1, 0.0), min(y2, height))
    if box.x1 >= box.x2 or box.y1 >= box.y2:
        raise AnnotationError(f"{shown} has no area in the image")
    for polygon in found.polygons:
        check_polygon(polygon, height, width)
    was_clipped = (box.x1, box.y1, box.x2, box.y2) != found.corners
    return Kept(box, found, _rle(found, header), was_clipped)


def _rle(found: FoundAnnotation, header: Header) -> str | None:
    if found.rle is None:
        return None
    if found.rle.frame != (header.height, header.width):
        height, width = found.rle.frame
        raise AnnotationError(
            f"run lengths are for {width} x {height} pixels, "
            f"the image has {header.width} x {header.height}"
        )
    return compressed(found.rle.counts, header.height, header.width)
