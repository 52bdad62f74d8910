"""COCO: one JSON file or several, boxes as x, y, width, height, regions as polygons or RLE."""

from collections import Counter, defaultdict
from pathlib import PurePosixPath

from Data_processing.convert.coco_index import CocoIndex, Entry
from Data_processing.convert.coco_json import CocoAnnotation, CocoFile, CocoKeys
from Data_processing.convert.found import (
    Extraction,
    FoundAnnotation,
    FoundImage,
    FoundRle,
    Source,
    path_below,
)
from Data_processing.convert.listing import Listing, listing
from Datasets.errors import AnnotationError, ParamsError
from Datasets.rejections import SHOWN, Rejection, Rejections

PROBES = 100
"""Images by which the folder that names are relative to is found."""


def extract(source: Source, rejections: Rejections) -> Extraction:
    """Return the images that the COCO files name.

    Images in the folder that no file names are counted in the notes.

    Raises:
        AnnotationError: a file is broken as a whole, or it is not clear which one is meant.
    """
    present = listing(source.root)
    files = [CocoFile(source.root / name, name) for name in _annotation_files(source, present)]
    indices = [CocoIndex(file, rejections) for file in files]
    entries = [entry for index in indices for entry in index.entries()]
    folder = _image_folder(source, entries, frozenset(present.images))
    placed = _placed(entries, folder, rejections)
    inside = {path for path in present.images if not folder or path.startswith(f"{folder}/")}
    named = {path for entry in entries if (path := _path(folder, entry))}
    unnamed = len(inside - named)
    return Extraction(
        tuple(sorted({name for index in indices for name in index.classes})),
        (_found(path, placed[path], rejections) for path in sorted(placed)),
        sum(len(file.document.images) for file in files),
        sum(len(file.document.annotations or ()) for file in files),
        [f"{unnamed:,} images that the annotations do not name left out"] if unnamed else [],
    )


def _annotation_files(source: Source, present: Listing) -> list[str]:
    """Return the COCO files, as paths below the root, sorted."""
    pattern = source.dataset.annotations
    if pattern:
        try:
            found = sorted(
                path.relative_to(source.root).as_posix()
                for path in source.root.glob(pattern)
                if path.is_file()
            )
        except (ValueError, NotImplementedError):
            raise ParamsError(
                f"{source.where}.annotations: '{pattern}' must lie below {source.root}"
            ) from None
        if not found:
            raise ParamsError(
                f"{source.where}.annotations: no file below {source.root} matches '{pattern}'"
            )
        return found
    found = [name for name in present.others if name.lower().endswith(".json")]
    if len(found) == 1:
        return found
    what = f"there are {len(found)}: {', '.join(found[:SHOWN])}" if found else "there is none"
    raise AnnotationError(
        f"{source.where}: one JSON file was expected below {source.root}, {what}; "
        f"name it as {source.where}.annotations"
    )


def _image_folder(source: Source, entries: list[Entry], present: frozenset[str]) -> str:
    """Return the folder that image names are relative to: as told, else where the images are.

    Raises:
        AnnotationError: two folders hold as many of the images.
    """
    if source.dataset.images:
        return PurePosixPath(source.dataset.images).as_posix()
    names = [PurePosixPath(entry.image.file_name).as_posix() for entry in entries[:PROBES]]
    probed = frozenset(names)
    hits: Counter[str] = Counter()
    for path in present:
        parts = path.split("/")
        hits.update("/".join(parts[:i]) for i in range(len(parts)) if "/".join(parts[i:]) in probed)
    best = sorted(folder for folder, n in hits.items() if n == max(hits.values()))
    if len(best) > 1:
        raise AnnotationError(
            f"{source.where}: the images are in {', '.join(b or '.' for b in best[:SHOWN])} alike; "
            f"say which is meant as {source.where}.images"
        )
    return best[0] if best else ""


def _path(folder: str, entry: Entry) -> str | None:
    try:
        return path_below(folder, entry.image.file_name)
    except AnnotationError:
        return None


def _placed(entries: list[Entry], folder: str, rejections: Rejections) -> dict[str, Entry]:
    """Return the images by path. Those of one path in two entries are rejected."""
    by_path: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        try:
            by_path[path_below(folder, entry.image.file_name)].append(entry)
        except AnnotationError as error:
            _refuse(entry, str(error), rejections)
    for path, same in by_path.items():
        if len(same) > 1:
            for entry in same:
                _refuse(entry, f"{path} is named {len(same)} times; merge the entries", rejections)
    return {path: same[0] for path, same in by_path.items() if len(same) == 1}


def _refuse(entry: Entry, reason: str, rejections: Rejections) -> None:
    where = f"{entry.document.name}: image {entry.image.id}"
    lost = len(entry.annotations)
    rejections.add(Rejection(entry.image.file_name, f"{where}: {reason}", annotations=lost))


def _found(path: str, entry: Entry, rejections: Rejections) -> FoundImage:
    """Return the image with its annotations decoded. Those that cannot be are rejected."""
    annotations = []
    for raw in entry.annotations:
        try:
            annotations.append(_annotation(entry, entry.document.read(raw, CocoAnnotation)))
        except AnnotationError as error:
            number = entry.document.read(raw, CocoKeys).id
            rejections.add(Rejection(path, f"annotation {number}: {error}", False, 1))
    return FoundImage(
        path,
        entry.image.file_name,
        f"{entry.document.name}#{entry.image.id}",
        entry.looked,
        annotations=tuple(annotations),
        stated_width=entry.image.width,
        stated_height=entry.image.height,
        lost=entry.lost + len(entry.annotations) - len(annotations),
    )


def _annotation(entry: Entry, coco: CocoAnnotation) -> FoundAnnotation:
    x, y, width, height = coco.bbox
    region = coco.segmentation
    return FoundAnnotation(
        coco.id,
        entry.names[coco.category_id],
        (x, y, x + width, y + height),
        polygons=tuple(region) if isinstance(region, list) else (),
        rle=region if isinstance(region, FoundRle) else None,
        iscrowd=bool(coco.iscrowd),
        area=coco.area,
    )
