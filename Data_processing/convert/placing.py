"""An annotation in pixels of the image as it is seen, in whichever unit and frame it stands."""

from pathlib import Path

import msgspec
from pycocotools import mask as coco_mask

from Data_processing.convert import mask_files
from Data_processing.convert.found import FoundAnnotation, FoundImage
from Data_processing.convert.geometry import in_pixels
from Data_processing.convert.objects import check_numbers
from Data_processing.convert.orientation import Frame
from Datasets.errors import AnnotationError
from Datasets.image import Header


def as_seen(
    root: Path, found: FoundImage, one: FoundAnnotation, header: Header, frame: Frame | None
) -> FoundAnnotation:
    """Return ``one`` in pixels of the image as it is seen, its mask file read.

    Args:
        root: the data set's raw folder.
        found: the image.
        one: an annotation of it.
        header: of the image.
        frame: the frame as stored, where the annotation is of that.

    Raises:
        AnnotationError: a number in it cannot be, or its mask is of another image or empty.
        ImageError: its mask is missing, or cannot be read without loss.
    """
    if frame is not None or (found.relative and (one.polygons or one.keypoints)):
        check_numbers(one)
    if found.relative:
        sides = frame or header
        one = in_pixels(one, sides.width, sides.height)
    if one.mask_file is not None:
        rle = mask_files.region(root, one.mask_file, header, frame)
        if not coco_mask.area({"size": rle.frame, "counts": rle.counts}):
            raise AnnotationError(
                f"its region is empty: no pixel is drawn in {one.mask_file}, all are black; draw "
                "the object, or take the file out",
                "empty region",
            )
        one = msgspec.structs.replace(one, rle=rle)
    return frame.annotation(one) if frame else one
