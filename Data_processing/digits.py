"""Read scikit-learn's handwritten digits, and what can be known of each beyond its label.

1,797 real digits of 8 x 8 pixels (Alpaydin and Kaynak, 1998); they come with scikit-learn, so
nothing is downloaded.
"""

from importlib.util import find_spec
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from Datasets.errors import StageError

SOURCES = 1797
"""How many digits scikit-learn has."""
WRITER_STARTS = (0, 130, 256, 386, 516, 646, 776, 906, 1029, 1157, 1287, 1415, 1545, 1667)
"""Where a block of one hand begins. Inferred, as the set names no writers: its labels, in order,
are one sequence of 130 digits that comes 14 times, now and then with a few left out."""


class Digits(msgspec.Struct, frozen=True):
    """scikit-learn's digits."""

    glyphs: npt.NDArray[np.float64]  # (1797, 8, 8), 0 for no ink to 1 for full
    labels: npt.NDArray[np.int_]  # (1797,), 0..9


def read_digits() -> Digits:
    """Return the digits that come with scikit-learn, in its order.

    Raises:
        StageError: scikit-learn is not installed, or no longer keeps its digits in this file.
    """
    spec = find_spec("sklearn")
    table = Path(str(spec.origin)).parent / "datasets/data/digits.csv.gz" if spec else None
    if table is None or not table.is_file():
        raise StageError(
            "scikit-learn's file of digits is missing; install what requirements.lock names"
        )
    # The file itself, not load_digits: importing that takes half as long as all the drawing.
    # (1797, 65): 64 pixels in 0..16, then the label
    rows = np.loadtxt(table, delimiter=",", dtype=np.int64)
    return Digits(rows[:, :64].reshape(-1, 8, 8) / 16, rows[:, 64])


def writer_of(source: int) -> str:
    """Return the hand that probably wrote the digit ``source``; see WRITER_STARTS.

    >>> writer_of(129), writer_of(130), writer_of(1796)
    ('w01', 'w02', 'w14')
    """
    return f"w{np.searchsorted(WRITER_STARTS, source, side='right'):02d}"


def darkness_of(glyph: npt.NDArray[np.float64]) -> float:
    """Return the mean darkness, 0..1, of where ``glyph`` (8, 8) has a quarter of full ink.

    >>> darkness_of(np.array([[0.0, 0.25], [0.1, 0.75]]))
    0.5
    """
    return round(float(glyph[glyph >= 0.25].mean()), 3)
