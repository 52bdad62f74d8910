"""One COCO file put in order: which annotations belong to which image, which ids are sound."""

from collections import Counter
from collections.abc import Iterator

import msgspec
import numpy as np

from Data_processing.convert.found import NOBODY_LOOKED, Looked
from Data_processing.convert.labels import check_name
from Data_processing.convert.readers.coco_json import CocoFile
from Data_processing.convert.readers.coco_schema import CocoImage, CocoKeys
from Data_processing.convert.report import Report
from Datasets.errors import AnnotationError


class Entry(msgspec.Struct, frozen=True):
    """An image of a COCO file, whose number in it is ``index``, and where its annotations stand.

    ``annotations`` is (n, 2) int64; ``lost`` counts annotations already rejected.
    """

    index: int
    name: str
    annotations: np.ndarray
    lost: int


class CocoIndex:
    """The images of one file. What is wrong with an id is rejected.

    Attributes:
        file: the file.
        names: its categories by id.
        file_names: of the images, in the order of the file; None where the entry is broken.
        occurring: the class names that annotations have.
        looked: what was looked for.

    Args:
        file: the file.
        report: where what is wrong is noted.

    Raises:
        AnnotationError: the categories contradict each other.
    """

    def __init__(self, file: CocoFile, report: Report) -> None:
        self.file = file
        self.names = _category_names(file)
        self.file_names: list[str | None] = []
        self.occurring: set[str] = set()
        self._report = report
        self._lost: Counter[int] = Counter()
        self._has_regions = False
        index_of = self._read_images()
        owner = self._read_annotations(index_of)
        self._order = np.argsort(owner, kind="stable")
        bounds = np.searchsorted(owner[self._order], np.arange(len(self.file_names) + 1))
        self._bounds = bounds
        self._refuse_repeated_ids()
        self.looked = Looked(True, True, True, self._has_regions)
        if not file.has_annotations:
            self.looked = NOBODY_LOOKED

    def entry(self, index: int) -> Entry:
        """Return an image with what is its own."""
        low, high = self._bounds[index], self._bounds[index + 1]
        spans = self.file.annotations[self._order[low:high]]
        return Entry(index, str(self.file_names[index]), spans, self._lost[index])

    def sound(self) -> Iterator[int]:
        """Yield the images that were not rejected."""
        return (i for i, name in enumerate(self.file_names) if name is not None)

    def refuse(self, index: int, reason: str, kind: str) -> None:
        """Reject an image with all that is on it."""
        name, count = str(self.file_names[index]), len(self.entry(index).annotations)
        where = f"{self.file.place(self.file.images[index])}: {reason}"
        self._report.reject(name, where, kind, annotations=count)
        self.file_names[index] = None

    def _read_images(self) -> dict[int | str, int]:
        """Return the index of each id. Where several images have it, that of the first."""
        index_of: dict[int | str, int] = {}
        self._twins: dict[int | str, list[int]] = {}
        for i, span in enumerate(self.file.images):
            try:
                image = self.file.read(span, CocoImage)
            except AnnotationError as error:
                self._report.reject(self.file.name, str(error), error.kind)
                self.file_names.append(None)
                continue
            self.file_names.append(image.file_name)
            first = index_of.setdefault(image.id, i)
            if first != i:
                self._twins.setdefault(image.id, [first]).append(i)
        return index_of

    def _read_annotations(self, index_of: dict[int | str, int]) -> np.ndarray:
        """Return the image of each annotation, (n,) int64; those rejected have none, n images.

        What is shared by images of one id belongs to the first of them.
        """
        nobody = len(self.file_names)
        owner = np.full(len(self.file.annotations), nobody, np.int64)
        ids = np.zeros(len(owner), np.int64)
        for i, span in enumerate(self.file.annotations):
            try:
                keys = self.file.read(span, CocoKeys)
                self._check(keys, span, index_of)
            except AnnotationError as error:
                self._reject(span, error, index_of)
                continue
            ids[i], owner[i] = keys.id, index_of[keys.image_id]
            self.occurring.add(self.names[keys.category_id])
            self._has_regions |= bytes(keys.segmentation) not in (b"null", b"[]")
        for i in _repeats(ids, owner < nobody):
            owner[i] = nobody
            span = self.file.annotations[i]
            repeated = AnnotationError(
                f"{self.file.place(span)}: annotation {ids[i]} has the id of one before it; give "
                "each its own",
                "repeated id",
            )
            self._reject(span, repeated, index_of)
        return owner

    def _check(self, keys: CocoKeys, span: np.ndarray, index_of: dict[int | str, int]) -> None:
        if keys.image_id not in index_of:
            what = f"of image {keys.image_id!r}, which is not among the images; add it"
            kind = "unknown image"
        elif keys.category_id not in self.names:
            what = f"of category {keys.category_id}, which is not among the categories; add it"
            kind = "unknown category"
        else:
            return
        what += ", or take the annotation out"
        raise AnnotationError(f"{self.file.place(span)}: annotation {keys.id} is {what}", kind)

    def _reject(
        self, span: np.ndarray, error: AnnotationError, index_of: dict[int | str, int]
    ) -> None:
        """Reject an annotation as lost to its image, if that can be told."""
        self._report.reject(self.file.name, str(error), error.kind, whole=False, annotations=1)
        for owner in self.file.owners(span):
            if owner in index_of:
                self._lost[index_of[owner]] += 1

    def _refuse_repeated_ids(self) -> None:
        for number, twins in self._twins.items():
            reason = f"the image id {number} occurs {len(twins)} times; give each its own"
            for index in twins:
                self.refuse(index, reason, "repeated id")


def _repeats(ids: np.ndarray, is_sound: np.ndarray) -> list[int]:
    """Return which of the sound ones have an id that a sound one before them has."""
    sound = np.flatnonzero(is_sound)
    order = sound[np.argsort(ids[sound], kind="stable")]
    return sorted(order[1:][ids[order[1:]] == ids[order[:-1]]].tolist())


def _category_names(file: CocoFile) -> dict[int, str]:
    names: dict[int, str] = {}
    known: set[str] = set()
    for category in file.categories:
        if category.id in names:
            raise AnnotationError(f"{file.name}: the category id {category.id} occurs twice")
        try:
            check_name(category.name)
        except AnnotationError as error:
            raise AnnotationError(f"{file.name}: category {category.id}: {error}") from None
        if category.name in known:
            raise AnnotationError(
                f"{file.name}: two categories are called '{category.name}'; rename one"
            )
        names[category.id] = category.name
        known.add(category.name)
    return names
