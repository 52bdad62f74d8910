"""One COCO file put in order: which annotations belong to which image, which ids are sound."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator

import msgspec

from Data_processing.convert.coco_json import CocoFile, CocoImage, CocoKeys
from Data_processing.convert.found import NOBODY_LOOKED, Looked
from Datasets.errors import AnnotationError
from Datasets.rejections import Rejection, Rejections

_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""What breaks a line or a file that a name is written to: Unicode's general categories."""


class Entry(msgspec.Struct, frozen=True):
    """An image of a COCO file with its annotations, which are decoded when its turn comes.

    ``names`` are the file's categories by id; ``lost`` counts annotations already rejected.
    """

    document: CocoFile
    image: CocoImage
    names: dict[int, str]
    annotations: tuple[msgspec.Raw, ...]
    looked: Looked
    lost: int = 0


class CocoIndex:
    """The images of one file. What is wrong with an id is rejected.

    Args:
        file: the file.
        rejections: where what is wrong is noted.

    Raises:
        AnnotationError: the categories contradict each other.
    """

    def __init__(self, file: CocoFile, rejections: Rejections) -> None:
        self._file = file
        self._rejections = rejections
        self._names = _category_names(file)
        self._of_image: dict[int | str, list[msgspec.Raw]] = defaultdict(list)
        self._lost: Counter[int | str] = Counter()
        self._has_regions = False
        self.classes: set[str] = set()

    def entries(self) -> Iterator[Entry]:
        """Yield the images whose ids are sound; then ``classes`` holds the names that occur."""
        images = self._images()
        ids = Counter(image.id for image in images)
        self._assign(frozenset(ids))
        looked = Looked(True, True, True, self._has_regions)
        if self._file.document.annotations is None:
            looked = NOBODY_LOOKED
        for image in images:
            own = tuple(self._of_image.pop(image.id, ()))  # what two images share is counted once
            if ids[image.id] == 1:
                lost = self._lost[image.id]
                yield Entry(self._file, image, self._names, own, looked, lost)
            else:
                reason = f"the image id {image.id} occurs {ids[image.id]} times; give each its own"
                self._reject(image.file_name, reason, True, len(own))

    def _images(self) -> list[CocoImage]:
        images = []
        for raw in self._file.document.images:
            try:
                images.append(self._file.read(raw, CocoImage))
            except AnnotationError as error:
                self._rejections.add(Rejection(self._file.name, str(error)))
        return images

    def _assign(self, image_ids: frozenset[int | str]) -> None:
        """Give every annotation to its image, or reject it as lost to that image."""
        seen: set[int] = set()
        for raw in self._file.document.annotations or ():
            try:
                keys = self._file.read(raw, CocoKeys)
                problem = self._problem(keys, image_ids, seen)
                if problem:
                    place = self._file.place(bytes(raw))
                    raise AnnotationError(f"{place}: annotation {keys.id} {problem}")
            except AnnotationError as error:
                self._rejections.add(Rejection(self._file.name, str(error), False, 1))
                self._lost.update(self._file.owners(raw))
                continue
            seen.add(keys.id)
            self.classes.add(self._names[keys.category_id])
            self._has_regions |= bytes(keys.segmentation) not in (b"null", b"[]")
            self._of_image[keys.image_id].append(raw)

    def _problem(self, keys: CocoKeys, image_ids: frozenset[int | str], seen: set[int]) -> str:
        if keys.id in seen:
            return "has the id of one before it; give each its own"
        if keys.image_id not in image_ids:
            return f"is of image {keys.image_id}, which is not among the images"
        if keys.category_id not in self._names:
            return f"is of category {keys.category_id}, which is not among the categories"
        return ""

    def _reject(self, sample: str, reason: str, whole: bool, annotations: int) -> None:
        self._rejections.add(Rejection(sample, f"{self._file.name}: {reason}", whole, annotations))


def _category_names(file: CocoFile) -> dict[int, str]:
    names: dict[int, str] = {}
    for category in file.document.categories:
        if category.id in names:
            raise AnnotationError(f"{file.name}: the category id {category.id} occurs twice")
        if not category.name.strip():
            raise AnnotationError(f"{file.name}: category {category.id} has no name; give it one")
        if any(unicodedata.category(letter) in _CONTROLS for letter in category.name):
            what = f"the name {category.name!r} of category {category.id}"
            raise AnnotationError(f"{file.name}: {what} holds a control character; rename it")
        if category.name in names.values():
            raise AnnotationError(
                f"{file.name}: two categories are called '{category.name}'; rename one"
            )
        names[category.id] = category.name
    return names
