"""COCO: one JSON file or several, boxes as x, y, width, height, regions as polygons or RLE."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import msgspec
import numpy as np

from Data_processing.convert.files import (
    PROBES,
    annotation_files,
    image_folder,
    one_annotation_file,
)
from Data_processing.convert.found import (
    UNNAMED,
    Extraction,
    FoundAnnotation,
    FoundImage,
    FoundRle,
    Seen,
    Source,
    path_below,
)
from Data_processing.convert.readers.coco_index import CocoIndex, Entry
from Data_processing.convert.readers.coco_json import CocoFile
from Data_processing.convert.readers.coco_schema import (
    About,
    CocoAnnotation,
    CocoImage,
    CocoKeys,
    CocoOpenAnnotation,
    bbox_of,
)
from Data_processing.convert.report import Report
from Datasets.errors import AnnotationError

OF_IMAGE = frozenset(CocoImage.__struct_fields__)
OF_ANNOTATION = frozenset(CocoAnnotation.__struct_fields__)
"""Keys that have a place of their own in the metadata; all others go into the extras."""


class Places(msgspec.Struct, frozen=True):
    """Where the entries of images stand, in the order of the images' paths.

    ``files`` and ``indices`` are (n,) int64: in which file, and at which index there.
    """

    paths: list[str]
    files: np.ndarray
    indices: np.ndarray


def extract(source: Source, report: Report) -> Extraction:
    """Return the images that the COCO files name.

    Images in the folder that no file names are left out, by name.

    Raises:
        AnnotationError: a file is broken as a whole, or it is not clear which one is meant.
    """
    present = source.present(report)
    suffixes = (".json",)
    if source.dataset.annotations:
        names = annotation_files(source, present, suffixes)
    else:
        names = [one_annotation_file(source, present, suffixes)]
    indices = [CocoIndex(CocoFile(source.root, name), report) for name in names]
    some = (name for index in indices for name in index.file_names[:PROBES] if name is not None)
    first = list(map(_slashed, some))
    folder = image_folder(source, first, present.images)
    places = _without_twins(_places(indices, folder), indices)
    for path in _missing(present.images, places.paths):
        if not folder or path.startswith(f"{folder}/"):
            report.leave_out(path, UNNAMED)
    seen = Seen(
        sum(len(index.file.images) for index in indices),
        sum(len(index.file.annotations) for index in indices),
    )
    return Extraction(
        _images(indices, places, report),
        seen,
        tuple(sorted({name for index in indices for name in index.occurring})),
        about=msgspec.json.encode(About([index.file.about() for index in indices])).decode(),
    )


def _places(indices: Sequence[CocoIndex], folder: str) -> Places:
    """Return where each image is called by its path. One that has none is rejected."""
    paths, files, numbers = [], [], []
    for number, index in enumerate(indices):
        for i in index.sound():
            name = str(index.file_names[i])
            try:
                path = path_below(folder, _slashed(name))
            except AnnotationError as error:
                index.refuse(i, str(error), error.kind)
                continue
            paths.append(name if path == name else path)  # one text, if it can be: there are many
            files.append(number)
            numbers.append(i)
    order = np.array(sorted(range(len(paths)), key=paths.__getitem__), np.int64)
    paths.sort()
    return Places(paths, np.array(files, np.int64)[order], np.array(numbers, np.int64)[order])


def _slashed(name: str) -> str:
    return name.replace("\\", "/")  # as it is written on Windows


def _without_twins(places: Places, indices: Sequence[CocoIndex]) -> Places:
    """Return the images that are named once. The others are rejected."""
    paths, kept = places.paths, np.ones(len(places.paths), bool)
    for path, group in groupby(range(len(paths)), key=paths.__getitem__):
        twins = list(group)
        if len(twins) < 2:
            continue
        kept[twins] = False
        files = sorted({indices[places.files[i]].file.name for i in twins})
        remedy = "merge the entries"
        if len(files) > 1:  # as in COCO's own instances, keypoints, captions of the same images
            remedy = f"it stands in {', '.join(files)}: name one of them as annotations, or merge"
        for i in twins:
            reason = f"{path} is named {len(twins)} times; {remedy}"
            indices[places.files[i]].refuse(int(places.indices[i]), reason, "duplicate name")
    if kept.all():
        return places
    left = [path for path, is_kept in zip(paths, kept.tolist(), strict=True) if is_kept]
    return Places(left, places.files[kept], places.indices[kept])


def _missing(every: Iterable[str], some: Iterable[str]) -> Iterator[str]:
    """Yield what of ``every`` is not in ``some``, both sorted."""
    others = iter(some)
    other = next(others, None)
    for one in every:
        while other is not None and other < one:
            other = next(others, None)
        if one != other:
            yield one


def _images(indices: Sequence[CocoIndex], places: Places, report: Report) -> Iterator[FoundImage]:
    for i, path in enumerate(places.paths):
        index = indices[places.files[i]]
        entry = index.entry(int(places.indices[i]))
        try:
            more = index.file.parts(index.file.images[entry.index], OF_IMAGE)
        except AnnotationError as error:
            report.reject(path, str(error), error.kind, annotations=len(entry.annotations))
            continue
        yield _image(path, index, entry, more, report)


def _image(
    path: str, index: CocoIndex, entry: Entry, parts: Mapping[str, msgspec.Raw], report: Report
) -> FoundImage:
    """Return the image with its annotations decoded. Those that cannot be are rejected."""
    file = index.file
    image = file.read_again(file.images[entry.index], CocoImage)
    annotations = []
    for one in entry.annotations:
        try:
            annotations.append(_annotation(index, one))
        except AnnotationError as error:
            number = file.read_again(one, CocoKeys).id
            reason = f"annotation {number}: {error}"
            report.reject(path, reason, error.kind, whole=False, annotations=1)
    more: dict[str, object] = {**parts}
    if entry.name != path:
        more["file_name"] = entry.name
    if isinstance(image.id, str):
        more["id"] = image.id
    return FoundImage(
        path,
        entry.name,
        f"{file.name}#{image.id}",
        index.looked,
        annotations=tuple(annotations),
        stated_width=image.width,
        stated_height=image.height,
        lost=entry.lost + len(entry.annotations) - len(annotations),
        extras=_text(more),
    )


def _annotation(index: CocoIndex, span: np.ndarray) -> FoundAnnotation:
    more: dict[str, object] = {}
    try:
        coco = msgspec.json.decode(index.file.text(span), type=CocoAnnotation)
    except msgspec.ValidationError:
        coco = index.file.read_again(span, CocoOpenAnnotation)
        more |= index.file.parts(span, OF_ANNOTATION)
    corners, points = coco.corners(), coco.keypoints or ()
    if corners is not None and math.isfinite(sum(corners)) and bbox_of(corners) != coco.bbox:
        more["bbox"] = coco.bbox  # not to be had from the corners
    if coco.num_keypoints is not None and (not points or coco.num_keypoints != labelled(points)):
        more["num_keypoints"] = coco.num_keypoints
    region = coco.segmentation
    return FoundAnnotation(
        coco.id,
        index.names[coco.category_id],
        corners,
        polygons=tuple(region) if isinstance(region, list) else (),
        rle=region if isinstance(region, FoundRle) else None,
        iscrowd=bool(coco.iscrowd),
        area=coco.area,
        keypoints=points,
        extras=_text(more),
    )


def labelled(keypoints: Sequence[float]) -> int:
    """Return how many of flat x, y, v triples are labelled: COCO's ``num_keypoints``."""
    return sum(v > 0 for v in keypoints[2::3])


def _text(more: Mapping[str, object]) -> str | None:
    """Return a JSON object in one line, its keys sorted, or None if there is nothing."""
    if not more:
        return None
    return msgspec.json.format(msgspec.json.encode(more, order="sorted"), indent=-1).decode()
