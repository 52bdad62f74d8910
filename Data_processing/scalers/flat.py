"""Say which channels or pixels hold one value in the training part, and what they become."""

import logging

import numpy as np

LOG = logging.getLogger(__name__)
MOST = 8
"""Places that a warning names."""
HOLD = "hold one value in the whole training part"


def warn(scaler: str, spread: np.ndarray, becomes: str, hold: str = HOLD) -> None:
    """Warn of the places where ``spread`` is 0.

    Args:
        scaler: its name in params.yaml.
        spread: (C,) or (H, W, C), how far the values lie apart.
        becomes: what the scaler makes of one that is constant: "becomes 0".
        hold: what a spread of 0 says of the values.
    """
    flat = np.argwhere(spread == 0)
    if not len(flat):
        return
    what, size = ("channel", len(spread)) if spread.ndim == 1 else ("pixel", spread.size)
    names = ", ".join("/".join(map(str, place)) for place in flat[:MOST])
    more = f" and {len(flat) - MOST:,} more" if len(flat) > MOST else ""
    LOG.warning(
        "%s: %d of %d %ss %s, and each %s: %s%s",
        scaler, len(flat), size, what, hold, becomes, names, more,
    )  # fmt: skip
