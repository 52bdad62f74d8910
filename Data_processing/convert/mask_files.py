"""Mask images as they are stored: a palette's indices, grays of few bits, colours, 16 bits.

Pixels are decoded only after the header was checked: it is an image that loses nothing, of the
same sides as the image that it belongs to.
"""

import io
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image, UnidentifiedImageError
from pycocotools import mask as coco_mask

from Data_processing.convert.files import path_of
from Data_processing.convert.found import FoundMask, FoundRle
from Data_processing.convert.orientation import Frame
from Datasets.errors import AnnotationError, ImageError
from Datasets.image import Header, decode, read_header
from Datasets.regions import IGNORE
from Datasets.rejections import SHOWN

COLOUR = 1 << 24
"""Added to 0xRRGGBB where a colour is meant, so that blue is not the number 255."""
BACKGROUND = (0, COLOUR)
LOSSLESS = ("PNG", "BMP", "TIFF")
PNG_DEPTH, PNG_COLOUR_TYPE, PNG_GRAY = 24, 25, 0
SPREAD = {2: 85, 4: 17}
"""Grays of so many bits come out of the decoder multiplied by this, to reach 255."""


class Stored(msgspec.Struct, frozen=True):
    """A mask's pixels: (H, W) numbers, or (H, W, 3) colours; of ``palette`` (N, 3) if there is one.

    ``is_binary`` says that a pixel is one bit.
    """

    pixels: np.ndarray
    palette: np.ndarray | None = None
    is_binary: bool = False


class Semantic(msgspec.Struct, frozen=True):
    """A mask in the fixed format: ``pixels`` (H, W) uint8, of the image as it is seen.

    ``changed`` are the names that were found on it and have become others, or nothing; sorted.
    """

    pixels: np.ndarray
    changed: tuple[str, ...]


def semantic(
    root: Path,
    mask: FoundMask,
    classes: tuple[str, ...],
    rename: Callable[[str], str | None],
    header: Header,
    frame: Frame | None = None,
) -> Semantic:
    """Return the mask in the fixed format.

    Args:
        root: the data set's raw folder.
        mask: the file below it, and what its values mean.
        classes: the final names, sorted; the i-th is drawn as i, from 1.
        rename: gives the final name of a found one, or None where it is ignored.
        header: of the image.
        frame: the frame as stored, where the mask was drawn on that.

    Raises:
        AnnotationError: a value means nothing, the sides are others than the image's, or the file
        leaves the root.
        ImageError: it is missing, or cannot be read without loss.
    """
    stored = _stored(root, mask.file, header, frame)
    position = {name: i for i, name in enumerate(classes, 1)}
    meaning = dict.fromkeys(BACKGROUND, 0)
    for value, name in mask.names.items():
        final = rename(name)
        meaning[value] = 0 if final is None else position[final]
    meaning.update(dict.fromkeys(mask.ignore, IGNORE))
    in_colours = max((*mask.names, *mask.ignore)) >= COLOUR
    values = _colours(stored, mask) if in_colours else _numbers(stored, mask, meaning)
    drawn = _looked_up(values, meaning, mask.file)
    pixels = drawn if frame is None else np.ascontiguousarray(frame.pixels(drawn))
    return Semantic(pixels, _changed(values, mask, rename))


def _changed(
    values: np.ndarray, mask: FoundMask, rename: Callable[[str], str | None]
) -> tuple[str, ...]:
    other = {value: name for value, name in mask.names.items() if rename(name) != name}
    present = np.unique(values).tolist() if other else ()
    return tuple(sorted({other[value] for value in present if value in other}))


def region(root: Path, file: str, header: Header, frame: Frame | None = None) -> FoundRle:
    """Return where the image ``file`` is not black, as compressed run lengths. Alpha has no say.

    Args:
        root: the data set's raw folder.
        file: the mask of one object, below it.
        header: of the image that it belongs to.
        frame: the frame as stored, where the mask was drawn on that; the run lengths are of it.

    Raises:
        AnnotationError: the mask has other sides, or leaves the root.
        ImageError: it is missing, or cannot be read without loss.
    """
    stored = _stored(root, file, header, frame)
    pixels = stored.pixels if stored.palette is None else stored.palette[stored.pixels]
    drawn = pixels.any(axis=2) if pixels.ndim == 3 else pixels != 0  # (H, W)
    packed = coco_mask.encode(np.asfortranarray(drawn.astype(np.uint8)))
    height, width = drawn.shape
    return FoundRle((height, width), str(packed["counts"], "ascii"))


def _stored(root: Path, file: str, of_image: Header, frame: Frame | None) -> Stored:
    content = _content(root, file)
    own = read_header(content, file)  # refuses what is animated, huge, or of a mode unknown
    if own.orientation != 1:
        raise AnnotationError(
            f"{file}: the mask has the EXIF orientation {own.orientation}, and tools differ in "
            "whether they heed it; save it as it is seen, without EXIF data",
            "turned mask",
        )
    sides = frame or of_image
    if (own.width, own.height) != (sides.width, sides.height):
        how = "stored" if frame else "seen"
        remedy = "" if frame or of_image.orientation == 1 else ", or set `orientation: stored`"
        raise AnnotationError(
            f"{file}: the mask has {own.width} x {own.height} pixels, the image has "
            f"{sides.width} x {sides.height} as it is {how}; scale or turn the mask to fit{remedy}",
            "mask of another size",
        )
    try:
        with Image.open(io.BytesIO(content)) as image:
            _check_loss(image, file)
            if _is_raw(image, content):
                image.load()
                return _of(image, content)
    except UnidentifiedImageError:
        pass  # a TIFF that only our decoder knows
    except (OSError, SyntaxError, ValueError, MemoryError) as error:
        raise ImageError(
            f"{file}: the mask cannot be decoded ({error}); replace the file or leave it out"
        ) from None
    return _of_raster(decode(content, file, "unchanged"), file)


def _is_raw(image: Image.Image, content: bytes) -> bool:
    """Return whether Pillow gives the values as they are stored, which it alone does of palettes.

    It takes eight of the sixteen bits of colours, and does not know all kinds of TIFF.
    """
    if image.format == "PNG" and content[PNG_DEPTH] == 16:
        return image.mode == "I;16"
    return image.format != "TIFF" or image.mode in ("1", "P")


def _content(root: Path, file: str) -> bytes:
    try:
        return path_of(root, file).read_bytes()
    except FileNotFoundError:
        raise ImageError(f"{file}: there is no such mask", "missing mask") from None
    except OSError as error:
        raise ImageError(f"{file}: cannot be read: {error.strerror}", "unreadable") from None


def _check_loss(image: Image.Image, file: str) -> None:
    if image.format not in LOSSLESS or image.info.get("compression") == "jpeg":
        raise ImageError(
            f"{file}: {image.format} changes values beside edges, so a mask is not exact in it; "
            "save masks as PNG",
            "mask with loss",
        )


def _of(image: Image.Image, content: bytes) -> Stored:
    if image.mode == "P":
        palette = np.zeros((256, 3), np.uint8)
        colours = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
        palette[: len(colours)] = colours
        return Stored(np.array(image), palette)
    if image.mode in ("LA", "RGBA"):
        bands = [np.array(band) for band in image.split()[:-1]]
        return Stored(bands[0] if len(bands) == 1 else np.stack(bands, axis=2))
    pixels = np.array(image)
    if image.mode == "1":
        return Stored(pixels.astype(np.uint8), is_binary=True)
    depth = content[PNG_DEPTH] if image.format == "PNG" else 8
    if depth in SPREAD and content[PNG_COLOUR_TYPE] == PNG_GRAY:
        pixels //= SPREAD[depth]
    return Stored(pixels)


def _of_raster(pixels: np.ndarray, file: str) -> Stored:
    """Return (H, W, C) pixels as a mask. Two channels are gray and alpha, four colours and it."""
    channels = pixels.shape[2]
    if pixels.dtype.kind != "u" or channels > 4:
        raise ImageError(
            f"{file}: {channels} channels of {pixels.dtype.name} are no mask; save one channel of "
            "whole numbers",
            "no mask",
        )
    return Stored(pixels[:, :, 0] if channels < 3 else pixels[:, :, :3])


def _numbers(stored: Stored, mask: FoundMask, meaning: dict[int, int]) -> np.ndarray:
    """Return (H, W) values as numbers. Grays that are saved as colours count as grays.

    One bit is 1 or 255, whichever was named: programs differ in what they show for it.
    """
    pixels = stored.pixels
    if stored.is_binary:
        return pixels * (255 if 255 in meaning and 1 not in meaning else 1)
    if pixels.ndim == 2:
        return pixels
    coloured = (pixels != pixels[:, :, :1]).any(axis=2)
    if coloured.any():
        y, x = np.argwhere(coloured)[0].tolist()
        red, green, blue = pixels[y, x].tolist()
        raise AnnotationError(
            f"{mask.file}: the mask has colours, the first #{red:02x}{green:02x}{blue:02x} at "
            f'({x}, {y}), but values names numbers; name the classes by colour, as "#rrggbb"',
            "colours in a mask",
        )
    return pixels[:, :, 0]


def _colours(stored: Stored, mask: FoundMask) -> np.ndarray:
    """Return (H, W) int32 of ``COLOUR`` + 0xRRGGBB."""
    pixels = stored.pixels
    if pixels.dtype != np.uint8:
        raise AnnotationError(
            f"{mask.file}: colours in values have 8 bits a channel, the mask has 16; save it at 8 "
            "bits, or name its numbers in values",
            "colours in a mask",
        )
    if stored.palette is not None:
        return _packed(stored.palette)[pixels]
    if pixels.ndim == 3:
        return _packed(pixels)
    gray = (pixels * 255 if stored.is_binary else pixels).astype(np.int32)
    return COLOUR + gray * 0x010101


def _packed(rgb: np.ndarray) -> np.ndarray:
    red, green, blue = np.moveaxis(rgb.astype(np.int32), -1, 0)
    return COLOUR + (red << 16) + (green << 8) + blue


def _looked_up(values: np.ndarray, meaning: dict[int, int], file: str) -> np.ndarray:
    keys = np.array(sorted(meaning))
    drawn = np.array([meaning[key] for key in keys.tolist()], np.uint8)
    if values.dtype.kind == "u":  # a table is faster, where it is small
        table, is_known = np.zeros(65536, np.uint8), np.zeros(65536, bool)
        small = keys < len(table)
        table[keys[small]], is_known[keys[small]] = drawn[small], True
        known, result = is_known[values], table[values]
    else:
        places = np.minimum(np.searchsorted(keys, values), len(keys) - 1)
        known, result = keys[places] == values, drawn[places]
    if not known.all():
        raise AnnotationError(_unknown(values, ~known, file), "unknown value")
    return result


def _unknown(values: np.ndarray, foreign: np.ndarray, file: str) -> str:
    y, x = np.argwhere(foreign)[0].tolist()
    value = int(values[y, x])
    count = int((values == value).sum())
    others = [int(one) for one in np.unique(values[foreign]) if one != value]
    what = f"the {'colour' if value >= COLOUR else 'value'} {_written(value)}"
    stands = "stands on 1 pixel" if count == 1 else f"stands on {count:,} pixels"
    more = ", ".join(map(_written, others[:SHOWN]))
    more += f" and {len(others) - SHOWN:,} more" if len(others) > SHOWN else ""
    return (
        f"{file}: {what} {stands}, first at ({x}, {y}), and is no class"
        + (f"; the same holds for {more}; add them to " if others else "; add it to ")
        + "values, as classes or as ignore"
    )


def _written(value: int) -> str:
    """Return a value as it is written in params.yaml."""
    return f"#{value - COLOUR:06x}" if value >= COLOUR else str(value)
