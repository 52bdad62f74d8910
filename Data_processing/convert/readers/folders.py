"""Class folders: the first folder below the root names the class. Without any: unlabelled."""

from collections.abc import Iterator

from Data_processing.convert.found import (
    LABELLED,
    NOBODY_LOOKED,
    Extraction,
    FoundImage,
    Seen,
    Source,
    path_below,
)
from Data_processing.convert.labels import check_name
from Data_processing.convert.listing import printable
from Data_processing.convert.report import Report
from Datasets.errors import AnnotationError


def extract(source: Source, report: Report) -> Extraction:
    """Return every image below the root, or below its sub-folder ``images`` where one is named.

    Where there are class folders an image beside them is rejected: it has no class, and leaving it
    unlabelled would mix two kinds of data.

    Raises:
        AnnotationError: there is no image at all.
    """
    folder = source.dataset.images
    inside = source.listing(folder)
    for link in inside.links:
        reason = "is a link to a folder, which is not followed; put the folder itself here"
        report.reject(printable(link), reason, "link to a folder", whole=False)
    if not inside.images:
        raise AnnotationError(f"{source.where}: there is no image in {source.root / folder}")
    names = tuple(sorted([*inside.images, *inside.unread()]))  # which are rejected by name
    classes = _folders(names)
    for one in sorted(set(_folders(inside.others)) - set(classes)):
        report.leave_out(printable(f"{one}/"), "a folder without an image")
    n_others = len(inside.images) + len(inside.others) - len(names)
    notes = [f"{n_others:,} other files left alone"] if n_others else []
    if len(classes) == 1:
        notes.append(f"every image is of the one class '{classes[0]}': is the path too high?")
    seen = Seen(names={name for name in classes if _is_name(name)})
    images = _images(names, folder, bool(classes), report, seen)
    return Extraction(images, seen, tuple(sorted(seen.names)), notes=notes)


def _folders(names: tuple[str, ...]) -> list[str]:
    return sorted({name.partition("/")[0] for name in names if "/" in name})


def _images(
    names: tuple[str, ...], folder: str, is_labelled: bool, report: Report, seen: Seen
) -> Iterator[FoundImage]:
    for name in names:
        seen.images += 1
        try:
            yield _found(name, folder, is_labelled)
        except AnnotationError as error:
            report.reject(printable(f"{folder}/{name}".lstrip("/")), str(error), error.kind)


def _found(name: str, folder: str, is_labelled: bool) -> FoundImage:
    file = path_below(folder, name)
    if not is_labelled:
        return FoundImage(file, name, "", NOBODY_LOOKED)
    label, slash, _ = name.partition("/")
    if not slash:
        raise AnnotationError(
            "lies beside the class folders, so it has no class; move it into one", "no class"
        )
    return FoundImage(file, name, f"{path_below(folder, label)}/", LABELLED, (check_name(label),))


def _is_name(name: str) -> bool:
    try:
        return bool(check_name(name))
    except AnnotationError:
        return False
