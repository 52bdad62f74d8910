"""Say what images show: ``python -m Deployment predict IMAGE...``."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from Datasets.bundle import BUNDLE
from Datasets.errors import ImageError, SampleError
from Datasets.terminal import answer, one_line, say
from Deployment.predictor import Guess, Predictor, open_bundle

SHOWN = 3
"""How many classes are shown an image, unless asked for more."""


class Line(msgspec.Struct, frozen=True):
    """A line of ``--json``: the image's path, the most probable class first."""

    image: str
    answers: tuple[Guess, ...]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the images and how answers are shown."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="an image file")
    parser.add_argument("--bundle", type=Path, default=BUNDLE, help="its folder (%(default)s)")
    parser.add_argument("--top", type=_count, default=SHOWN, help="classes an image (%(default)s)")
    parser.add_argument("--json", action="store_true", help="a JSON object a line")


def run(arguments: argparse.Namespace) -> None:
    """Answer for each image, one line each; those that cannot be read are named, the others go on.

    Raises:
        StoreError: the bundle is missing or damaged.
        SampleError: some images got no answer.
    """
    images: list[str] = arguments.images
    predictor = open_bundle(arguments.bundle)
    line = _json if arguments.json else _columns(images, predictor.manifest.classes)
    refused = 0
    for image in images:
        try:
            guesses = _guesses(predictor, image)[: arguments.top]
        except (ImageError, SampleError) as error:
            refused += 1
            say(f"error: {one_line(str(error))}")
            continue
        answer(line(image, guesses))
    if refused:
        raise SampleError(f"{refused} of {len(images)} images got no answer, named above")


def _guesses(predictor: Predictor, image: str) -> tuple[Guess, ...]:
    try:
        content = Path(image).read_bytes()
    except OSError as error:
        raise ImageError(f"{_shown(image)}: cannot be read ({error.strerror})") from None
    return predictor.predict(content, _shown(image))


def _columns(
    images: Sequence[str], classes: Sequence[str]
) -> Callable[[str, tuple[Guess, ...]], str]:
    """Return what makes the line of an image, as wide as the longest names need."""
    path_width = max(len(_shown(image)) for image in images)
    class_width = max(len(_shown(name)) for name in classes)

    def line(image: str, guesses: tuple[Guess, ...]) -> str:
        chances = (f"{_shown(g.label):<{class_width}} {g.probability:.3f}" for g in guesses)
        return f"{_shown(image):<{path_width}}   {'   '.join(chances)}"

    return line


def _json(image: str, guesses: tuple[Guess, ...]) -> str:
    """Return a line of ``--json``; bytes of a path that are no UTF-8 are escaped."""
    path = image.encode(errors="backslashreplace").decode()
    return msgspec.json.encode(Line(path, guesses)).decode()


def _shown(name: str) -> str:
    """Return ``name`` with what would break the line, or steer the terminal, escaped."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in name
    )


def _count(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"a whole number >= 1 is expected, got '{text}'")
    return count
