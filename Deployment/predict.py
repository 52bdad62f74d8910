"""Say what images show: ``python -m Deployment predict IMAGE...``."""

import argparse
from pathlib import Path

import msgspec

from Datasets.bundle import BUNDLE
from Datasets.errors import ImageError, SampleError
from Datasets.terminal import answer, say
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
    path_width = max(len(image) for image in images)
    class_width = max(len(name) for name in predictor.manifest.classes)
    refused = 0
    for image in images:
        try:
            guesses = _guesses(predictor, image)[: arguments.top]
        except (ImageError, SampleError) as error:
            refused += 1
            say(f"error: {error}")
            continue
        if arguments.json:
            answer(msgspec.json.encode(Line(image, guesses)).decode())
        else:
            shown = "   ".join(f"{g.label:<{class_width}} {g.probability:.3f}" for g in guesses)
            answer(f"{image:<{path_width}}   {shown}")
    if refused:
        raise SampleError(f"{refused} of {len(images)} images got no answer, named above")


def _guesses(predictor: Predictor, image: str) -> tuple[Guess, ...]:
    try:
        content = Path(image).read_bytes()
    except OSError as error:
        raise ImageError(f"{image}: cannot be read ({error.strerror})") from None
    return predictor.predict(content, image)


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("at least 1 class must be shown")
    return count
