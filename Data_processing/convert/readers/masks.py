"""One mask an image: ``values`` says which class each value, palette index or colour is."""

import re
from collections.abc import Iterator

import msgspec

from Data_processing.convert.found import (
    UNNAMED,
    Extraction,
    FoundImage,
    FoundMask,
    Looked,
    Seen,
    Source,
    path_below,
)
from Data_processing.convert.labels import check_name
from Data_processing.convert.listing import printable
from Data_processing.convert.mask_files import COLOUR
from Data_processing.convert.readers.mask_folders import mask_files, the_others
from Data_processing.convert.readers.pairing import Pairs, by_name, stem, unclear_pair
from Data_processing.convert.report import Report
from Datasets.errors import AnnotationError, ParamsError

DRAWN = Looked(labels=True, mask=True)
IGNORED = "ignore"
"""The word in ``values`` for what is neither a class nor background."""
MAX_VALUE = 65535
_MASK_WORDS = re.compile(
    r"[-_. ](gtfine_labelids|gt|ground_?truth|labels?|masks?|seg|segmentation|annotations?)$", re.I
)
_IMAGE_WORDS = re.compile(r"[-_. ](leftimg8bit|image|img|sat)$", re.I)
"""What tools add to the name that a mask shares with its image."""


def extract(source: Source, report: Report) -> Extraction:
    """Return the images that have a mask; others are left out.

    Raises:
        AnnotationError: there is no mask, or no image belongs to one.
        ParamsError: ``values`` names no class, or says what cannot be.
    """
    mask = _meaning(source)
    masks = mask_files(source)
    images = the_others(source, masks, report)
    pairs, note = _pairs(images, list(masks.files))
    if not pairs.file_of and not pairs.unclear:
        raise AnnotationError(
            f"{source.where}: none of {len(masks.files):,} masks ({masks.files[0]!r}, ...) shares "
            f"its name with one of {len(images):,} images; say where they are as "
            f"{source.where}.images and .annotations"
        )
    seen = Seen(names=set(mask.names.values()))
    found = _images(source, images, pairs, mask, report, seen)
    return Extraction(found, seen, tuple(sorted(seen.names)), notes=note)


def _meaning(source: Source) -> FoundMask:
    """Return what the values mean, without a file."""
    where = f"{source.where}.values"
    names: dict[int, str] = {}
    ignore: set[int] = set()
    for name, written in source.dataset.values.items():
        for value in _values(written, f"{where}.{name}"):
            if value in names or value in ignore:
                raise ParamsError(f"{where}.{name}: {written!r} is named twice; remove one")
            if name == IGNORED:
                ignore.add(value)
            else:
                names[value] = _class_name(name, where)
    if not names:
        raise ParamsError(
            f"{where}: which value of a mask is which class? Say it as in "
            '{cell: 255} or {road: "#804080", ignore: "#000000"}'
        )
    if len({value >= COLOUR for value in (*names, *ignore)}) > 1:
        raise ParamsError(f"{where}: numbers and colours stand side by side; write all one way")
    return FoundMask("", names, frozenset(ignore))


def _class_name(name: str, where: str) -> str:
    try:
        return check_name(name)
    except AnnotationError as error:
        raise ParamsError(f"{where}: {error}") from None


def _values(written: int | str, where: str) -> list[int]:
    """Return the values that one class has: one, or several separated by commas."""
    if isinstance(written, int):
        words = [str(written)]
    else:
        words = [word.strip() for word in written.split(",")]
    values = []
    for word in words:
        if re.fullmatch("#[0-9A-Fa-f]{6}", word):
            values.append(COLOUR + int(word[1:], 16))
        elif re.fullmatch("[0-9]{1,5}", word) and int(word) <= MAX_VALUE:
            values.append(int(word))
        else:
            raise ParamsError(
                f'{where}: a number from 0 to {MAX_VALUE} or a colour as "#rrggbb" was expected, '
                f"got {word!r}"
            )
    return values


def _pairs(images: list[str], masks: list[str]) -> tuple[Pairs, list[str]]:
    """Return the pairs, first of equal names, then of those without what tools add to them."""
    exact = by_name(images, masks)
    left = [path for path in images if path not in exact.file_of and path not in exact.unclear]
    loose = by_name(left, exact.spare, Without(_IMAGE_WORDS), Without(_MASK_WORDS))
    count = len(loose.file_of)
    example = next(iter(sorted(loose.file_of.items())), None)
    note = [f"{count:,} masks told by names such as {' and '.join(example)}"] if example else []
    both = Pairs(exact.file_of | loose.file_of, exact.unclear | loose.unclear, loose.spare)
    return both, note


class Without(msgspec.Struct, frozen=True):
    """Gives the stem of a path without one of ``words`` at its end."""

    words: re.Pattern[str]

    def __call__(self, path: str) -> str:
        """Return the stem that is left."""
        return self.words.sub("", stem(path))


def _images(
    source: Source,
    images: list[str],
    pairs: Pairs,
    mask: FoundMask,
    report: Report,
    seen: Seen,
) -> Iterator[FoundImage]:
    folder = source.dataset.images.strip("/")
    rivals = pairs.rivals()
    for image in images:
        file, several = pairs.file_of.get(image), pairs.unclear.get(image)
        if file is None and several is None:
            report.leave_out(image, UNNAMED)
            continue
        seen.images += 1
        try:
            path_below("", image)
            if several is not None:
                reason = unclear_pair(several, rivals[several[0]], source)
                raise AnnotationError(reason, "unclear pair")
        except AnnotationError as error:
            sample = printable(image)
            report.reject(sample, str(error), error.kind)
            continue
        name = image.removeprefix(f"{folder}/") if folder else image
        own = msgspec.structs.replace(mask, file=str(file))
        yield FoundImage(image, name, own.file, DRAWN, mask=own)
    for file in pairs.spare:
        seen.images += 1
        reason = "there is no image for this mask; add the image, or take the mask out"
        report.reject(file, reason, "no image")
