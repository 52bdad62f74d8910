"""Fill a sample up to a frame, the image in the middle. A side that is longer already stays."""

import msgspec

from Datasets.recipe import Fill, Pad, Positive


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the operation ``pad`` in params.yaml."""

    height: Positive
    """Pixels."""
    width: Positive
    """Pixels."""
    fill: Fill = 0
    """Value of the border, in every channel."""


def fixed(pad: Parameters) -> Pad:
    """Return what stands in the recipe."""
    return Pad(pad.height, pad.width, pad.fill)
