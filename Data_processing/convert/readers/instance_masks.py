"""One mask an object: a folder of them an image, or masks named after their image.

``<id>/images/<id>.png`` with ``<id>/masks/*.png``, ``masks/<image>/*.png``, or
``masks/<image>_1.png``. The class is the one that ``classes`` names, else the folder, as in
``masks/<class>/...``.
"""

from collections import defaultdict
from collections.abc import Iterator

import msgspec

from Data_processing.convert.found import (
    REGIONS,
    UNNAMED,
    Extraction,
    FoundAnnotation,
    FoundImage,
    Seen,
    Source,
    path_below,
)
from Data_processing.convert.labels import check_name
from Data_processing.convert.listing import printable
from Data_processing.convert.readers.mask_folders import (
    MASK_FOLDERS,
    MaskFiles,
    mask_files,
    the_others,
)
from Data_processing.convert.readers.pairing import stem
from Data_processing.convert.report import Report
from Datasets.errors import AnnotationError, ParamsError


class Place(msgspec.Struct, frozen=True):
    """Where a mask belongs: its image, and the folder that may name its class."""

    image: str
    folders: tuple[str, ...]


def extract(source: Source, report: Report) -> Extraction:
    """Return the images that have masks; others are left out.

    Raises:
        AnnotationError: there is no mask, or none belongs to an image.
        ParamsError: ``classes`` is no name of a class.
    """
    only = _only_class(source)
    masks = mask_files(source)
    images = the_others(source, masks, report)
    places = _Places(images, masks)
    seen = Seen()
    of_image: dict[str, list[FoundAnnotation]] = defaultdict(list)
    lost: dict[str, int] = defaultdict(int)
    kinds = set()
    for mask in masks.files:
        seen.annotations += 1
        image = mask
        try:
            path_below("", mask)
            place = places.of(mask)
            image = place.image
            name = only or _class_of(source, place)
        except AnnotationError as error:
            sample = printable(image)
            reason = str(error) if image == mask else f"{mask}: {error}"
            report.reject(sample, reason, error.kind, whole=False, annotations=1)
            lost[image] += 1
            kinds.add(error.kind)
            continue
        number = len(of_image[image]) + lost[image] + 1
        of_image[image].append(FoundAnnotation(number, name, mask_file=mask))
        seen.names.add(name)
    if not of_image and kinds == {"no class"}:
        raise ParamsError(
            f"{source.where}.classes: is missing; name the one class of all masks there, or put "
            "the masks into a folder called as their class"
        )
    if not of_image and kinds == {"no image"}:
        raise AnnotationError(
            f"{source.where}: no mask ({masks.files[0]!r}, ...) belongs to one of {len(images):,} "
            f"images; a mask of a.png is masks/a/1.png, masks/a_1.png or masks/1.png beside it in "
            f"a folder of its own. Say where they are as {source.where}.images and .annotations"
        )
    found = _images(source, images, of_image, lost, report, seen)
    return Extraction(found, seen, tuple(sorted(seen.names)))


def _only_class(source: Source) -> str:
    name = source.dataset.classes
    try:
        return check_name(name) if name else ""
    except AnnotationError as error:
        raise ParamsError(f"{source.where}.classes: {error}") from None


def _class_of(source: Source, place: Place) -> str:
    if len(place.folders) == 1:
        return check_name(place.folders[0])
    if not place.folders:
        raise AnnotationError(
            "of which class is it? Name the one class of all masks as "
            f"{source.where}.classes, or put masks into a folder called as their class",
            "no class",
        )
    raise AnnotationError(
        f"of which class is it? It lies in {len(place.folders)} folders below that of the masks, "
        f"{'/'.join(place.folders)}; one, which names the class, was expected",
        "unclear class",
    )


class _Places:
    """Tells the image that a mask belongs to."""

    def __init__(self, images: list[str], masks: MaskFiles) -> None:
        self._base = masks.base.split("/") if masks.base else []
        self._in_folder: dict[str, list[str]] = defaultdict(list)
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        for image in images:
            self._in_folder[image.rpartition("/")[0]].append(image)
            self._by_stem[stem(image)].append(image)
        self._is_one_each = 1 < len(images) == len(self._in_folder)

    def of(self, mask: str) -> Place:
        """Return the place of ``mask``.

        Raises:
            AnnotationError: no image, or more than one, fits.
        """
        folders = mask.split("/")[:-1]
        below = len(self._base) if folders[: len(self._base)] == self._base else 0
        marks = [i for i in range(below, len(folders)) if folders[i].lower() in MASK_FOLDERS]
        start = marks[-1] + 1 if marks else below
        inside = folders[start:]
        beside = self._beside(folders[: marks[-1]]) if marks else ""
        if beside:
            return Place(beside, tuple(inside))
        for i in reversed(range(len(inside))):  # a folder called as the image
            if inside[i] in self._by_stem:
                others = (*inside[:i], *inside[i + 1 :])
                return Place(self._nearest(inside[i], mask), others)
        own = stem(mask)
        for i in reversed([i for i, letter in enumerate(own) if letter == "_"]):
            if own[:i] in self._by_stem:
                return Place(self._nearest(own[:i], mask), tuple(inside))
        raise AnnotationError(
            "there is no image for this mask; add the image, or take the mask out", "no image"
        )

    def _beside(self, folders: list[str]) -> str:
        """Return the one image in ``folders``, where each image has a folder of its own."""
        above = "/".join(folders)
        for folder in (f"{above}/images" if above else "images", above):
            images = self._in_folder.get(folder, ())
            if len(images) == 1 and (self._is_one_each or stem(images[0]) in folders[-1:]):
                return images[0]
        return ""

    def _nearest(self, name: str, mask: str) -> str:
        """Return the image called ``name`` that shares most folders with ``mask``."""
        some = self._by_stem[name]
        if len(some) == 1:
            return some[0]
        parts = mask.split("/")
        shared = [_shared(image.split("/"), parts) for image in some]
        best = [image for image, n in zip(some, shared, strict=True) if n == max(shared)]
        if len(best) > 1:
            raise AnnotationError(
                f"it may belong to {best[0]} as well as to {best[1]}; rename one", "unclear pair"
            )
        return best[0]


def _shared(one: list[str], other: list[str]) -> int:
    """Return how many folders two paths have in common, wherever they stand."""
    return len({*one[:-1]} & {*other[:-1]})


def _images(
    source: Source,
    images: list[str],
    of_image: dict[str, list[FoundAnnotation]],
    lost: dict[str, int],
    report: Report,
    seen: Seen,
) -> Iterator[FoundImage]:
    folder = source.dataset.images.strip("/")
    for image in images:
        found = tuple(of_image.get(image, ()))
        if not found and image not in lost:
            report.leave_out(image, UNNAMED)
            continue
        seen.images += 1
        try:
            path_below("", image)
        except AnnotationError as error:
            report.reject(ascii(image), str(error), error.kind, annotations=len(found))
            continue
        name = image.removeprefix(f"{folder}/") if folder else image
        first = found[0].mask_file if found else None
        where = first[: first.rfind("/") + 1] if first else ""
        yield FoundImage(image, name, where, REGIONS, annotations=found, lost=lost.get(image, 0))
