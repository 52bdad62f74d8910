"""Scale a sample, aspect kept, until it fits into a frame, and fill what is left."""

import msgspec

from Datasets.recipe import Fill, Kernel, Letterbox, Positive, check_kernel


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the operation ``letterbox`` in params.yaml."""

    height: Positive
    """Pixels."""
    width: Positive
    """Pixels."""
    fill: Fill = 0
    """Value of the bars, in every channel."""
    antialias: bool = True
    """Whether ``bilinear`` averages all the pixels that shrinking leaves out."""
    kernel: Kernel = "bilinear"
    """``bilinear``, ``box`` (the mean of what a pixel covers) or ``nearest`` (copies pixels)."""

    def __post_init__(self) -> None:
        """Refuse a kernel that contradicts itself."""
        check_kernel(self.kernel, self.antialias)


def fixed(letterbox: Parameters) -> Letterbox:
    """Return what stands in the recipe."""
    return Letterbox(
        letterbox.height,
        letterbox.width,
        letterbox.fill,
        letterbox.antialias,
        letterbox.kernel,
    )
