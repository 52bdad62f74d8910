"""How many values may be whitened together: their matrix must fit in memory, several times."""

from Datasets.errors import ParamsError

MOST = 3072
"""32 x 32 x 3: eigenvectors of so many take seconds; four times as many take some 60 times that."""
MATRICES = 6
"""Of float64 at once: covariance, eigenvectors, two for LAPACK's syevd, two that W is made of.
Measured at 3,072: 451 MB beside the pixels."""


def memory_of(width: int) -> int:
    """Return the bytes that whitening ``width`` values takes at its peak."""
    return MATRICES * 8 * width**2


def refuse_wide(scaler: str, width: int, what: str, instead: str) -> None:
    """Check how many values are to be whitened together.

    Args:
        scaler: its name in params.yaml.
        width: the values.
        what: they are of: "images of 64 x 64 x 3".
        instead: what to do, for the message.

    Raises:
        ParamsError: more than `MOST`.
    """
    if width > MOST:
        raise ParamsError(
            f"scale.ops: {scaler}: {what} have {width:,} values, and to whiten more than {MOST:,} "
            f"together is refused: it would take about {memory_of(width) / 1e9:.1f} GB of memory, "
            f"and {(width / MOST) ** 3:,.0f} times as long as {MOST:,}; {instead}"
        )
