"""Which of the images below the root are masks: as told, or by what their folder is called."""

from collections import defaultdict

import msgspec

from Data_processing.convert.files import annotation_files
from Data_processing.convert.found import Source
from Data_processing.convert.listing import listing
from Data_processing.convert.report import Report
from Datasets.errors import AnnotationError
from Datasets.image import SUFFIXES
from Datasets.rejections import SHOWN

MASK_FOLDERS = frozenset(
    {
        "annotation",
        "annotations",
        "groundtruth",
        "ground_truth",
        "gt",
        "label",
        "labels",
        "mask",
        "masks",
        "segmentation",
        "segmentationclass",
        "segmentationclasspng",
        "segmentations",
    }
)
"""What folders of masks are called, in lower case."""


class MaskFiles(msgspec.Struct, frozen=True):
    """Paths of masks below the root, sorted; ``base`` is the folder that was named."""

    files: tuple[str, ...]
    base: str = ""


def mask_files(source: Source) -> MaskFiles:
    """Return the masks: those that ``annotations`` names, a folder or a glob, else of one folder.

    Raises:
        AnnotationError: no folder is called as those of masks are, or folders of several names.
        ParamsError: ``annotations`` matches nothing.
    """
    present = listing(source.root)
    pattern = source.dataset.annotations.strip("/")
    if pattern and (source.root / pattern).is_dir():
        files = tuple(path for path in present.images if path.startswith(f"{pattern}/"))
        if not files:
            raise AnnotationError(f"{source.where}.annotations: there is no mask in {pattern}")
        return MaskFiles(files, pattern)
    if pattern:
        files = tuple(annotation_files(source, present, tuple(sorted(SUFFIXES))))
        return MaskFiles(files, _told(pattern))
    by_folder: dict[str, list[str]] = defaultdict(list)
    for path in present.images:
        folder = next((one for one in path.split("/")[:-1] if one.lower() in MASK_FOLDERS), None)
        if folder is not None:
            by_folder[folder].append(path)
    if len(by_folder) == 1:
        return MaskFiles(tuple(*by_folder.values()))
    found = f"are {', '.join(sorted(by_folder)[:SHOWN])}" if by_folder else "is none"
    raise AnnotationError(
        f"{source.where}: one folder of masks, called masks or so, was expected below "
        f"{source.root}, there {found}; name the masks as {source.where}.annotations, by a folder "
        'or a pattern such as "**/*_mask.png"'
    )


def _told(pattern: str) -> str:
    """Return the folder that all matches of a glob lie in."""
    folders = pattern.split("/")[:-1]
    wild = (i for i, one in enumerate(folders) if any(letter in one for letter in "*?["))
    return "/".join(folders[: next(wild, len(folders))])


def the_others(source: Source, masks: MaskFiles, report: Report) -> list[str]:
    """Return the images that are no masks, below ``images`` where that is named, sorted."""
    own = frozenset(masks.files)
    folder = source.dataset.images.strip("/")
    return [
        path
        for path in source.present(report).images
        if path not in own and (not folder or path.startswith(f"{folder}/"))
    ]
