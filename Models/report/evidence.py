"""What the page tells, as frozen structs: read by gather, written by page."""

import msgspec
import numpy as np

from Datasets.analytics import Summary
from Datasets.bundle import Manifest
from Datasets.stage import Timing
from Models.scoring import Interval


def shown(interval: Interval) -> str:
    """Return a figure with its interval.

    >>> shown(Interval(0.973, 0.962, 0.981))
    '0.973 [0.962, 0.981]'
    """
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


class Picture(msgspec.Struct, frozen=True):
    """A picture that stands in the page itself, as a data URI; its size in pixels."""

    uri: str
    width: int
    height: int


class ClassScore(msgspec.Struct, frozen=True):
    """How well one class was found; ``support`` is how many samples have it."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


class Confusion(msgspec.Struct, frozen=True):
    """Counts (K, K) int64: a row a true class, a column a predicted one."""

    classes: tuple[str, ...]
    counts: np.ndarray


class Confused(msgspec.Struct, frozen=True):
    """How often one class was taken for another."""

    label: str
    predicted: str
    count: int


class Epoch(msgspec.Struct, frozen=True):
    """One row of a training curve."""

    epoch: int
    train_loss: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float


class Loss(msgspec.Struct, frozen=True):
    """A sample that the model found hard; ``picture`` is a data URI of its tensor."""

    id: str
    label: str
    predicted: str
    probability: float
    loss: float
    picture: str

    @property
    def is_wrong(self) -> bool:
        """Return whether another class was predicted."""
        return self.label != self.predicted


class Fold(msgspec.Struct, frozen=True):
    """What a fold's test part says of its model."""

    number: int
    name: str
    n: int
    left_out: int
    accuracy: Interval
    macro_f1: float
    loss: float
    classes: tuple[ClassScore, ...]
    confusion: Confusion
    losses: tuple[Loss, ...]
    epochs: tuple[Epoch, ...]


class SheetBox(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A class name and a rectangle in pixels of the sheet."""

    name: str
    x: float
    y: float
    width: float
    height: float


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thumbnail: where it stands on the sheet, in pixels, and the boxes on it."""

    sample: str
    column: int
    x: float
    y: float
    width: float
    height: float
    boxes: tuple[SheetBox, ...] = ()


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Datasets/sheets/<step>.json: what stands where on <step>.png."""

    step: str
    before: str
    columns: tuple[str, ...]
    cells: tuple[Cell, ...]


class Sheet(msgspec.Struct, frozen=True):
    """A contact sheet: its picture as a data URI, its size in pixels, what stands where."""

    layout: Layout
    picture: str
    width: int
    height: int
    operations: tuple[str, ...]

    def heading_at(self, column: int) -> float:
        """Return the left edge of a column, as a share of the sheet's width."""
        return (
            min((cell.x for cell in self.layout.cells if cell.column == column), default=0.0)
            / self.width
        )


class Walked(msgspec.Struct, frozen=True):
    """A stage of the walk, and its timing if it ran on this machine."""

    stage: str
    timing: Timing | None


class Figure(msgspec.Struct, frozen=True):
    """A name and a value, both as they are shown."""

    name: str
    value: str


class Evidence(msgspec.Struct, frozen=True):
    """All that the page is made from."""

    out_of_fold: Interval
    n: int
    spread: float | None
    folds: tuple[Fold, ...]
    analytics: Summary
    pictures: dict[str, Picture]
    """Of the samples that the findings of ``analytics`` name."""
    sheets: tuple[Sheet, ...]
    walk: tuple[Walked, ...]
    manifest: Manifest
    verified: tuple[Figure, ...]
