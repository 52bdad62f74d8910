"""Pictures as data URIs, light enough for a page."""

import base64
import io
from pathlib import Path

import msgspec
from PIL import Image, UnidentifiedImageError

from Datasets.errors import StoreError

LIGHT = 48 * 1024
"""Bytes up to which a PNG goes into the page as it is; above, paper grain costs megabytes."""
QUALITY = 90


class Picture(msgspec.Struct, frozen=True):
    """A picture that stands in the page itself; its size in pixels."""

    uri: str
    width: int
    height: int


def embed(path: Path, stage: str) -> Picture:
    """Return the PNG at ``path`` as a picture for the page.

    Raises:
        StoreError: it is missing or no picture; ``stage`` makes it.
    """
    try:
        content = path.read_bytes()
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            width, height = image.size
            if len(content) <= LIGHT:
                return Picture(_uri("png", content), width, height)
            light = io.BytesIO()
            image.convert("RGB").save(light, "WEBP", quality=QUALITY, method=6)
    except FileNotFoundError:
        raise StoreError(f"{path} does not exist; `dvc repro {stage}` makes it") from None
    except (UnidentifiedImageError, OSError) as error:
        raise StoreError(
            f"{path}: not readable as a picture ({error}); run `dvc repro -f {stage}`"
        ) from None
    return Picture(_uri("webp", light.getvalue()), width, height)


def _uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
