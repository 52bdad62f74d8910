"""What ``audit`` found out about the data: the files of ``Datasets/analytics``.

``summary.json`` is a ``Summary``, ``pictures.png`` shows the samples that its findings name,
``duplicates.json`` lists who shares what, and ``samples.parquet`` has a row a sample.
"""

from pathlib import Path

import msgspec

ANALYTICS = Path("Datasets/analytics")
SUMMARY_FILE = "summary.json"
PICTURES_FILE = "pictures.png"
SHARED_FILE = "duplicates.json"
SAMPLES_FILE = "samples.parquet"


class Range(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Smallest, median and largest value."""

    min: float
    median: float
    max: float


class Histogram(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many values lie between each edge and the next: (n + 1,) edges, (n,) counts.

    A value on an edge is counted above it, on the last edge below.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]


class ClassCount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many samples have a label, how many boxes its name, and how many objects are counted."""

    name: str
    samples: int
    boxes: int
    counted: int


class BoxKind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The boxes of a class: sides in pixels, and the share of the image's area, 0 to 1."""

    name: str
    width: Range
    height: Range
    share: Range


class FoldCount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many samples a fold holds; ``name`` is what it is called."""

    fold: int
    name: str
    samples: int


class PixelKind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many samples have so many channels of a type."""

    channels: int
    dtype: str
    samples: int


class SizeCount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many samples are of a size, in pixels."""

    width: int
    height: int
    samples: int


class Together(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many samples show two classes at once."""

    first: str
    second: str
    samples: int


class Missing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many samples lack something: an annotation, or a value in a column of the table."""

    what: str
    samples: int


class Tone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How bright the images of one type are.

    Shares of the range of whole numbers, 0 to 1; of floats the values themselves. ``channels`` are
    the mean values of each channel; ``brightness`` is the mean value of those that an eye sees, the
    first three or the first, ``contrast`` their standard deviation within an image.
    """

    dtype: str
    channels: tuple[Range, ...]
    brightness: Histogram
    contrast: Range


class Drift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a fold differs from all others in one quantity.

    ``effect`` is the statistic of Kolmogorov and Smirnov, or Cramer's V of a table of categories,
    both 0 to 1. ``p`` is corrected for the number of tests (Holm 1979).
    """

    what: str
    fold: int
    test: str
    effect: float
    p: float


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something to look at: what, how much of it, the first samples of it.

    ``count`` is how many samples it is about, ``samples`` the ids of those that show it best.
    """

    what: str
    figures: str
    count: int
    samples: tuple[str, ...]
    is_wrong: bool = False


class Picture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a sample stands in pictures.png, in pixels of it, and its label and fold in words."""

    sample: str
    x: int
    y: int
    width: int
    height: int
    caption: str


class Summary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """summary.json. Widths and heights in pixels."""

    samples: int
    datasets: dict[str, int]
    folds: tuple[FoldCount, ...]
    groups: int
    classes: tuple[ClassCount, ...]
    together: tuple[Together, ...]
    """Pairs of classes, the most frequent first."""
    width: Range
    height: Range
    sizes: tuple[SizeCount, ...]
    """The most frequent first."""
    distinct_sizes: int
    kinds: tuple[PixelKind, ...]
    tones: tuple[Tone, ...]
    """A type each; none where nothing was decoded."""
    boxes_per_sample: Range
    boxes: tuple[BoxKind, ...]
    box_sides: Histogram | None
    """Square roots of the areas, pixels, edges at powers of two; None without boxes."""
    box_places: tuple[tuple[int, ...], ...]
    """How many boxes have their centre in each cell of a grid laid over the images, row by row."""
    missing: tuple[Missing, ...]
    drift: tuple[Drift, ...]
    """Those that count, the strongest first."""
    tests: int
    """How many tests between the folds were made."""
    untested: int
    """Folds that were too small to be tested, or too many."""
    warnings: tuple[str, ...]
    """What stands in two folds and was only said."""
    duplicates_within_folds: int
    alike_within_folds: int
    disputed: int
    """Sets of equal or like pictures whose labels differ."""
    unlabelled: int
    findings: tuple[Finding, ...]
    """What is wrong first."""
    pictures: tuple[Picture, ...]
