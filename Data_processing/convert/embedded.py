"""The image that a LabelMe file holds itself, as base64."""

import base64
import binascii
from pathlib import Path

import msgspec

from Data_processing.convert.files import read_below
from Data_processing.convert.strict_json import BROKEN
from Datasets.errors import AnnotationError

BROKEN_EMBEDDED = "broken embedded image"


class _Embedding(msgspec.Struct, frozen=True, rename="camel"):
    image_data: str | None = None


def content(root: Path, file: str) -> bytes:
    """Return the image that the annotation file ``file`` below ``root`` holds.

    Raises:
        AnnotationError: it holds none, or what it holds is not base64.
    """
    try:
        text = msgspec.json.decode(read_below(root, file), type=_Embedding).image_data
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise AnnotationError(f"{file}: {error}", BROKEN) from None
    if not text:
        raise AnnotationError(f"{file}: holds no image: imageData is empty", BROKEN_EMBEDDED)
    return decoded(text, f"{file}: imageData")


def decoded(text: str, where: str) -> bytes:
    """Return the bytes that ``text`` stands for, in base64.

    Raises:
        AnnotationError: it is not base64; ``where`` begins the sentence.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise AnnotationError(
            f"{where} is not base64 ({error}); save the file anew", BROKEN_EMBEDDED
        ) from None
