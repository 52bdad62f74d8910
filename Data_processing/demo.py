"""Make a data set from nothing: real handwritten digits, each written into an image of its own.

Some of scikit-learn's digits become labelled images with boxes, masks and a table; those left over
become unlabelled images. No digit is in two images.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from Data_processing.digits import SOURCES, Digits, darkness_of, read_digits, writer_of
from Data_processing.rendering import draw
from Data_processing.tracing import Polygon, Runs, outline
from Datasets.errors import ParamsError
from Datasets.files import new_folder, write_bytes
from Datasets.params import NAME, Params, load, nearest
from Datasets.randomness import rng_for
from Datasets.stage import running
from Datasets.terminal import progress

STEP = "demo"
RAW = Path("Datasets/raw")
REST = "_unlabelled"
"""What the second folder's name ends with."""
GAPS = 0.08  # share of samples whose darkness the table leaves empty

README = """\
Handwritten digits on paper and board, one an image.
Made by `python -m Data_processing demo`; do not edit.

images/           PNG, RGB, 48-160 pixels a side
annotations.json  COCO: a box, and a polygon or run lengths (packed or not) for the mask
table.csv         one row an image:
  file_name       the image
  writer          who wrote the digit. INFERRED: the source names no writers, but its labels
                  repeat one sequence 14 times, and each repetition is taken for one hand
  source          the digit's index in sklearn.datasets.load_digits; none is in two images
  darkness        mean darkness of the stroke in the source, 0-1; empty in about 8 % of the rows
  paper           what the digit is written on
  noise           standard normal, says nothing

The digits: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine
Learning Repository, 1998 (CC BY 4.0), as scikit-learn carries them, enlarged and drawn onto
other grounds.
"""


class Demo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of one data set in the section ``demo`` of params.yaml."""

    images: Annotated[int, msgspec.Meta(ge=1, le=SOURCES)]  # labelled; the other digits are not


class CocoImage(msgspec.Struct, frozen=True):
    """An image in a COCO file."""

    id: int
    file_name: str
    width: int
    height: int


class CocoAnnotation(msgspec.Struct, frozen=True):
    """An object in a COCO file."""

    id: int
    image_id: int
    category_id: int
    bbox: tuple[int, int, int, int]  # x, y, width, height
    segmentation: list[Polygon] | Runs
    area: int
    iscrowd: int = 0


class CocoCategory(msgspec.Struct, frozen=True):
    """A class in a COCO file."""

    id: int
    name: str
    supercategory: str


class Row(msgspec.Struct, frozen=True):
    """A row of table.csv."""

    file_name: str
    writer: str
    source: int
    darkness: float | None
    paper: str
    noise: float


class Labelled(msgspec.Struct, frozen=True):
    """All that is known of one labelled image."""

    image: CocoImage
    annotation: CocoAnnotation
    row: Row


class Coco(msgspec.Struct, frozen=True):
    """A COCO file."""

    info: dict[str, str]
    images: list[CocoImage]
    annotations: list[CocoAnnotation]
    categories: list[CocoCategory]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the verb ``demo`` takes."""
    parser.add_argument("dataset", help="a name under demo: in params.yaml")


def run(arguments: argparse.Namespace) -> None:
    """Write the data set that ``demo.<dataset>`` describes, and the unlabelled one beside it."""
    name: str = arguments.dataset
    with running(f"{STEP}@{name}") as stage:
        params = load()
        demos = _demos(params)
        if name not in demos:
            raise ParamsError(
                f"{params.path}: demo: no data set '{name}' to make; {nearest(name, demos)}"
            )
        count = demos[name].images
        make(name, count, params.section("seed", int))
        stage.summary = (
            f"{count:,} labelled images and {SOURCES - count:,} unlabelled from {SOURCES:,} digits"
        )


def check(params: Params) -> None:
    """Check the section ``demo`` without making anything.

    Raises:
        ParamsError: a key or value is wrong, or a name cannot be a data set's.
    """
    _demos(params)


def make(name: str, count: int, seed: int) -> None:
    """Write ``count`` labelled images to Datasets/raw/<name>, the others to <name>_unlabelled.

    Which digit is in a labelled image, and all that is drawn, depends on ``seed`` and the image's
    id alone: it stays as it is when ``count`` changes.
    """
    digits = read_digits()
    # Shuffled, or the order of the images would tell class and writer.
    order = rng_for(seed, STEP, name).permutation(len(digits.labels)).tolist()
    with new_folder(RAW / name) as labelled, new_folder(RAW / f"{name}{REST}") as unlabelled:
        (labelled / "images").mkdir()
        known = [
            _labelled(labelled, digits, source, number, _rng(seed, f"{name}/{_file_name(number)}"))
            for number, source in enumerate(progress(order[:count], count, "drawing"), start=1)
        ]
        _describe(labelled, known)
        for number, source in enumerate(order[count:], start=1):
            plain = f"{number:04d}.png"
            picture = draw(digits.glyphs[source], _rng(seed, f"{name}{REST}/{plain}"))
            _save(unlabelled / plain, picture.pixels)


def _demos(params: Params) -> dict[str, Demo]:
    demos = params.section("demo", dict[str, Demo])
    for name in demos:
        where = f"{params.path}: demo.{name}"
        if not NAME.fullmatch(name):
            raise ParamsError(
                f"{where}: a name has letters, digits, '_' and '-', and begins with neither sign"
            )
        if name.endswith(REST) and name.removesuffix(REST) in demos:
            raise ParamsError(
                f"{where}: '{name.removesuffix(REST)}' writes a folder of this name; choose another"
            )
    return demos


def _labelled(
    folder: Path, digits: Digits, source: int, number: int, rng: np.random.Generator
) -> Labelled:
    """Draw an image into ``folder`` and return what is known of it."""
    glyph = digits.glyphs[source]
    picture = draw(glyph, rng)
    name = _file_name(number)
    _save(folder / name, picture.pixels)
    found = outline(picture.mask, packed=bool(rng.random() < 0.5))
    height, width = picture.mask.shape
    category = int(digits.labels[source]) + 1  # COCO keeps 0 for the background
    darkness = None if rng.random() < GAPS else darkness_of(glyph)
    noise = round(float(rng.standard_normal()), 4)
    return Labelled(
        CocoImage(number, name, width, height),
        CocoAnnotation(number, number, category, found.bbox, found.segmentation, found.area),
        Row(name, writer_of(source), source, darkness, picture.ground, noise),
    )


def _describe(folder: Path, known: Sequence[Labelled]) -> None:
    coco = Coco(
        {"description": "Handwritten digits on paper and board"},
        [one.image for one in known],
        [one.annotation for one in known],
        [CocoCategory(digit + 1, str(digit), "digit") for digit in range(10)],
    )
    write_bytes(folder / "annotations.json", msgspec.json.encode(coco) + b"\n")
    table = pd.DataFrame([msgspec.structs.asdict(one.row) for one in known])
    write_bytes(folder / "table.csv", table.to_csv(index=False, lineterminator="\n").encode())
    write_bytes(folder / "README.txt", README.encode())


def _rng(seed: int, image_id: str) -> np.random.Generator:
    return rng_for(seed, STEP, image_id)


def _file_name(number: int) -> str:
    return f"images/{number:04d}.png"


def _save(path: Path, pixels: npt.NDArray[np.uint8]) -> None:
    # Grain packs hardly better at 6, and takes four times as long.
    Image.fromarray(pixels).save(path, format="PNG", compress_level=1)
