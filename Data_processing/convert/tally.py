"""What came into ``convert`` and what went out, in numbers and in a sentence."""

import msgspec

from Data_processing.convert.found import Seen
from Data_processing.convert.report import Report
from Datasets.errors import StageError


class Tally(msgspec.Struct):
    """What came in and went out. In is out, rejected and dropped, always."""

    images_in: int = 0
    annotations_in: int = 0
    classes: int = 0
    images_out: int = 0
    annotations_out: int = 0
    images_rejected: int = 0
    annotations_rejected: int = 0
    images_dropped: int = 0
    annotations_dropped: int = 0
    samples: int = 0
    notes: tuple[str, ...] = ()

    def count_in(self, seen: Seen, classes: int) -> None:
        """Take over what the reader came across."""
        self.images_in, self.annotations_in = seen.images, seen.annotations
        self.classes = classes

    def close(self, report: Report) -> None:
        """Take over what the report holds, and make sure that nothing is missing."""
        rejections = report.rejections
        self.images_rejected, self.annotations_rejected = (
            rejections.samples,
            rejections.annotations,
        )
        self.images_dropped = report.dropped_images
        self.annotations_dropped = report.dropped_annotations
        self.notes += tuple(report.notes())
        images = self.images_out + self.images_rejected + self.images_dropped
        annotations = self.annotations_out + self.annotations_rejected + self.annotations_dropped
        if (images, annotations) != (self.images_in, self.annotations_in):
            raise StageError(
                f"the reader lost count: {images:,} images and {annotations:,} annotations are "
                f"out, rejected or dropped, but its Seen has {self.images_in:,} and "
                f"{self.annotations_in:,}; what came in must be counted there, all of it, once"
            )

    def sentence(self) -> str:
        """Return the stage's summary.

        >>> Tally(3, 0, 2, images_out=3, samples=3).sentence()
        '3 images in, 3 out; 2 classes'
        """
        both = self.annotations_in > 0
        parts = [
            f"{_amount(self.images_in, self.annotations_in, both)} in",
            f"{_bare(self.images_out, self.annotations_out, both)} out",
        ]
        if self.images_rejected or self.annotations_rejected:
            parts.append(f"{_bare(self.images_rejected, self.annotations_rejected, both)} rejected")
        if self.images_dropped or self.annotations_dropped:
            parts.append(f"{_bare(self.images_dropped, self.annotations_dropped, both)} dropped")
        classes = "1 class" if self.classes == 1 else f"{self.classes:,} classes"
        notes = [classes if self.classes else "no labels", *self.notes]
        if self.samples != self.images_out:
            notes.insert(0, f"{self.samples:,} samples")
        return "; ".join([", ".join(parts), *notes])


def _amount(images: int, annotations: int, both: bool) -> str:
    text = "1 image" if images == 1 else f"{images:,} images"
    if both:
        text += " and 1 annotation" if annotations == 1 else f" and {annotations:,} annotations"
    return text


def _bare(images: int, annotations: int, both: bool) -> str:
    return f"{images:,} and {annotations:,}" if both else f"{images:,}"
