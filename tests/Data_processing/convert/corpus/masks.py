"""Masks that cannot be taken over as they are."""

import io

import numpy as np
from PIL import Image

from tests.Data_processing.convert.corpus import Broken

OPTIONS = "format: masks, values: {cell: 255}"


def _image(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def _gray(value: int = 255, width: int = 20, height: int = 10) -> np.ndarray:
    return np.full((height, width), value, np.uint8)


def _mask(name: str, content: bytes, sentence: str, file: str = "masks/a.png") -> Broken:
    return Broken(name, {file: content}, OPTIONS, sentence)


SOUND = _image(_gray())
NOISE = _image(np.arange(200, dtype=np.uint8).reshape(10, 20))
RGB = np.zeros((10, 20, 3), np.uint8)
RGB[2, 3] = 255, 0, 0

CASES = (
    _mask("a value unknown", _image(_gray(7)), "masks/a.png: the value 7 stands on 200 pixels, fi"),
    _mask("colours", _image(RGB), "the mask has colours, the first #ff0000 at (3, 2), but values"),
    _mask(
        "of another size", _image(_gray(255, 10, 20)), "masks/a.png: the mask has 10 x 20 pixels"
    ),
    _mask("JPEG", _image(_gray(), "JPEG"), "masks/a.jpg: JPEG changes values", "masks/a.jpg"),
    _mask("empty", b"", "masks/a.png: the file is empty; replace it or leave it out"),
    _mask("cut off", NOISE[:48], "masks/a.png: the mask cannot be decoded (image file is tr"),
    _mask("a text", b"not an image", "masks/a.png: not an image of a known format but text"),
    _mask("no image of that name", SOUND, "none of 1 masks ('masks/b.png', ...) sh", "masks/b.png"),
    Broken("no folder of masks", {"x/a.png": SOUND}, OPTIONS, "called masks or so, was expected"),
    Broken(
        "an empty folder",
        {"x/a.txt": "x"},
        f"{OPTIONS}, annotations: x",
        "annotations: there is no mask in x",
    ),
    Broken(
        "a mask without an image",
        {"masks/a.png": SOUND, "masks/b.png": SOUND},
        OPTIONS,
        "masks/b.png: there is no image for this mask; add the image, or take the mask out",
    ),
    Broken(
        "two masks of an image",
        {"masks/a.png": SOUND, "masks/a.bmp": SOUND},
        OPTIONS,
        "a.png: masks/a.bmp and masks/a.png could each be of a.png: one file for one image is",
    ),
    Broken(
        "two images of a mask",
        {"masks/a.png": SOUND},
        OPTIONS,
        "b/a.png: masks/a.png could be of b/a.png and c/a.png: one file for one image is expected",
        images={"b/a.png": (20, 10), "c/a.png": (20, 10)},
    ),
    Broken(
        "a link out of the folder",
        {"masks/b.png": SOUND},
        OPTIONS,
        "masks/a.png: a link leads out of the data set's folder; copy the file into it",
        images={"a.png": (20, 10), "b.png": (20, 10)},
        links={"masks/a.png": "/etc/hostname"},
    ),
    Broken(
        "colours and numbers",
        {"masks/a.png": SOUND},
        'format: masks, values: {cell: 255, ignore: "#ff0000"}',
        "numbers and colours stand side by side; write all one way",
    ),
)
