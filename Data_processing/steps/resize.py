"""Scale a sample: to height x width, or until its longest or shortest side has so many pixels."""

import msgspec

from Datasets.recipe import Kernel, Positive, Resize, check_kernel


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the operation ``resize`` in params.yaml.

    Height and width, or longest, or shortest.
    """

    height: Positive | None = None
    """Pixels; the aspect follows."""
    width: Positive | None = None
    """Pixels; the aspect follows."""
    longest: Positive | None = None
    """Pixels of the longest side; the aspect is kept."""
    shortest: Positive | None = None
    """Pixels of the shortest side; the aspect is kept."""
    antialias: bool = True
    """Whether ``bilinear`` averages all the pixels that shrinking leaves out."""
    kernel: Kernel = "bilinear"
    """``bilinear``, ``box`` (the mean of what a pixel covers) or ``nearest`` (copies pixels)."""

    def __post_init__(self) -> None:
        """Refuse anything but exactly one of the three ways, and a kernel that contradicts itself.

        There is no bicubic: see ``Datasets/resampling.py``.
        """
        check_kernel(self.kernel, self.antialias)
        ways = [
            self.height is not None and self.width is not None,
            self.longest is not None,
            self.shortest is not None,
        ]
        alone = (self.height is None) != (self.width is None)
        if sum(ways) != 1 or alone:
            raise ValueError("resize takes height and width, or longest, or shortest")


def fixed(resize: Parameters) -> Resize:
    """Return what stands in the recipe."""
    return Resize(
        resize.height,
        resize.width,
        resize.longest,
        resize.shortest,
        resize.antialias,
        resize.kernel,
    )
