"""What params.yaml may say of views. Whoever only reads it needs no torch."""

from typing import Annotated, Literal

import msgspec

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Weak(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the weak view.

    ``flip``: along which axes half of the images are mirrored; what was written or printed does
    not stay what it is. ``shift``: by which share of a side they are moved at most; the image is
    mirrored at its border.
    """

    flip: Literal["none", "horizontal", "both"] = "horizontal"
    shift: Annotated[float, msgspec.Meta(ge=0, le=0.5)] = 0.125


class Strong(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the strong view.

    ``ops`` names what may be drawn, ``auto`` all that the channels allow; ``count`` of them are
    drawn for each sample, each with a strength of at most ``magnitude``. ``cutout`` is the longest
    side of the square that is painted gray, as a share of the image's. ``white`` is the greatest
    value of float32 images; integers know theirs.
    """

    ops: tuple[str, ...] | Literal["auto"] = "auto"
    count: Annotated[int, msgspec.Meta(ge=0)] = 2
    magnitude: Share = 1.0
    cutout: Share = 0.5
    white: Annotated[float, msgspec.Meta(gt=0)] | None = None
