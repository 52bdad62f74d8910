"""Scale a sample, aspect kept, until it fits into a frame, and fill what is left."""

import msgspec

from Datasets.recipe import Fill, Letterbox, Positive


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the operation ``letterbox`` in params.yaml."""

    height: Positive
    """Pixels."""
    width: Positive
    """Pixels."""
    fill: Fill = 0
    """Value of the bars, in every channel."""
    antialias: bool = True
    """Whether shrinking averages all the pixels it leaves out."""


def fixed(letterbox: Parameters) -> Letterbox:
    """Return what stands in the recipe."""
    return Letterbox(letterbox.height, letterbox.width, letterbox.fill, letterbox.antialias)
