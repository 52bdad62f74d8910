"""Pictures as data URIs, light enough for a page."""

import base64
import io
from collections.abc import Iterable
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from Datasets.analytics import Picture as Place
from Datasets.errors import StoreError
from Models.report.evidence import Picture

LIGHT = 48 * 1024
"""Bytes up to which a PNG goes into the page as it is; above, paper grain costs megabytes."""
QUALITY = 90


def embed(path: Path, stage: str) -> Picture:
    """Return the PNG at ``path`` as a picture for the page.

    Raises:
        StoreError: it is missing or no picture; ``stage`` makes it.
    """
    image = _opened(path, stage)
    if path.stat().st_size <= LIGHT:
        return Picture(_uri("png", path.read_bytes()), image.width, image.height)
    return _light(image)


def cut(path: Path, places: Iterable[Place], stage: str) -> dict[str, Picture]:
    """Return the pictures that stand on the sheet at ``path``, by their sample.

    Raises:
        StoreError: the sheet is missing, no picture, or too small; ``stage`` makes it.
    """
    sheet = _opened(path, stage)
    found = {}
    for place in places:
        right, below = place.x + place.width, place.y + place.height
        if right > sheet.width or below > sheet.height:
            raise StoreError(f"{path}: {place.sample} is not on it; run `dvc repro -f {stage}`")
        found[place.sample] = _light(sheet.crop((place.x, place.y, right, below)))
    return found


def _light(image: Image.Image) -> Picture:
    light = io.BytesIO()
    image.convert("RGB").save(light, "WEBP", quality=QUALITY, method=6)
    return Picture(_uri("webp", light.getvalue()), image.width, image.height)


def _opened(path: Path, stage: str) -> Image.Image:
    try:
        with Image.open(path) as image:
            image.load()
            return image
    except FileNotFoundError:
        raise StoreError(f"{path} does not exist; `dvc repro {stage}` makes it") from None
    except (UnidentifiedImageError, OSError) as error:
        raise StoreError(
            f"{path}: not readable as a picture ({error}); run `dvc repro -f {stage}`"
        ) from None


def _uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
