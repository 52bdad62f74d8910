"""Masks of single objects that cannot be taken over as they are."""

from tests.Data_processing.convert.corpus import Broken
from tests.Data_processing.convert.corpus.masks import NOISE, SOUND, _gray, _image

OPTIONS = "format: instance_masks, classes: cell"


def _mask(name: str, content: bytes, sentence: str, file: str = "masks/a_1.png") -> Broken:
    return Broken(name, {file: content}, OPTIONS, sentence)


CASES = (
    _mask(
        "nothing drawn",
        _image(_gray(0)),
        "annotation 1: its region is empty: no pixel is drawn in masks/a_1.png, all are black; "
        "draw the object, or take the file out",
    ),
    _mask(
        "of another size",
        _image(_gray(1, 9, 9)),
        "masks/a_1.png: the mask has 9 x 9 pixels, the image has",
    ),
    _mask("JPEG", _image(_gray(), "JPEG"), "JPEG changes values beside edges", "masks/a_1.jpg"),
    _mask("empty", b"", "masks/a_1.png: the file is empty; replace it or leave it out"),
    _mask(
        "cut off",
        NOISE[:48],
        "masks/a_1.png: the mask cannot be decoded (image file is truncated); replace",
    ),
    _mask(
        "a text",
        b"not an image",
        "masks/a_1.png: not an image of a known format but text; save it as one of",
    ),
    _mask("no image of that name", SOUND, "no mask ('masks/b_1.png', ...) be", "masks/b_1.png"),
    Broken(
        "a mask without an image",
        {"masks/a_1.png": SOUND, "masks/b_1.png": SOUND},
        OPTIONS,
        "masks/b_1.png: there is no image for this mask; add the image, or take the mask out",
    ),
    Broken(
        "no class",
        {"masks/a_1.png": SOUND},
        "format: instance_masks",
        "datasets.tiny.classes: is missing; name the one class of all masks there",
    ),
    Broken(
        "a folder too many",
        {"masks/cat/tame/a_1.png": SOUND},
        "format: instance_masks",
        "of which class is it? It lies in 2 folders below that of the masks, cat/tame; one",
    ),
    Broken(
        "a blank class",
        {"masks/ /a_1.png": SOUND},
        "format: instance_masks",
        "masks/ /a_1.png: the name of its class is empty; give it one",
    ),
    Broken(
        "two images of a mask",
        {"masks/a_1.png": SOUND},
        OPTIONS,
        "it may belong to b/a.png as well as to c/a.png; rename one",
        images={"b/a.png": (20, 10), "c/a.png": (20, 10)},
    ),
    Broken(
        "a link out of the folder",
        {"masks/a_2.png": SOUND},
        OPTIONS,
        "masks/a_1.png: a link leads out of the data set's folder; copy the file into it",
        links={"masks/a_1.png": "/etc/hostname"},
    ),
    Broken(
        "a newline in its name",
        {"masks/a_1\n.png": SOUND},
        OPTIONS,
        "holds characters that cannot be printed",
    ),
)
