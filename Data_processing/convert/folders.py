"""Class folders: the first folder below the root names the class. Without any: unlabelled."""

from collections.abc import Iterator

from Data_processing.convert.found import (
    NOBODY_LOOKED,
    Extraction,
    FoundImage,
    Looked,
    Source,
    path_below,
)
from Data_processing.convert.listing import listing
from Datasets.errors import AnnotationError
from Datasets.rejections import Rejection, Rejections

LABELLED = Looked(labels=True)


def extract(source: Source, rejections: Rejections) -> Extraction:
    """Return every image below the root, or below its sub-folder ``images`` where one is named.

    Where there are class folders an image beside them is rejected: it has no class, and leaving it
    unlabelled would mix two kinds of data.

    Raises:
        AnnotationError: there is no image at all.
    """
    folder = source.dataset.images
    inside = listing(source.root / folder)
    for link in inside.links:
        reason = "is a link to a folder, which is not followed; put the folder itself here"
        rejections.add(Rejection(link, reason, whole=False))
    if not inside.images:
        raise AnnotationError(f"{source.where}: there is no image in {source.root / folder}")
    classes = sorted({name.partition("/")[0] for name in inside.images if "/" in name})
    notes = [f"{len(inside.others):,} other files left alone"] if inside.others else []
    images = _images(inside.images, folder, bool(classes), rejections)
    return Extraction(tuple(classes), images, len(inside.images), 0, notes)


def _images(
    names: tuple[str, ...], folder: str, is_labelled: bool, rejections: Rejections
) -> Iterator[FoundImage]:
    for name in names:
        try:
            file = path_below(folder, name)
        except AnnotationError as error:
            rejections.add(Rejection(ascii(name), str(error)))
            continue
        if not is_labelled:
            yield FoundImage(file, name, "", NOBODY_LOOKED)
        elif "/" in name:
            label = name.partition("/")[0]
            yield FoundImage(file, name, f"{path_below(folder, label)}/", LABELLED, (label,))
        else:
            reason = "lies beside the class folders, so it has no class; move it into one"
            rejections.add(Rejection(file, reason))
