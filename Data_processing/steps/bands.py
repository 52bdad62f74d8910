"""Choose, reorder and combine the channels of a sample.

A ratio is the normalised difference (a - b) / (a + b), as in NDVI of near infrared and red. [1] It
lies between -1 and 1 where neither is negative.

[1] Rouse et al., Monitoring vegetation systems in the Great Plains with ERTS, 1974.
"""

from collections.abc import Hashable, Iterable
from typing import Annotated

import msgspec

from Datasets.recipe import Bands

Band = Annotated[int, msgspec.Meta(ge=0)]


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the operation ``bands`` in params.yaml.

    Both number the channels of the image that comes in, from 0, whatever is taken of them.
    """

    take: tuple[Band, ...] | None = None
    """The channels that are kept, in this order; all, if nothing is said."""
    ratios: tuple[tuple[Band, Band], ...] = ()
    """Pairs a, b: each appends (a - b) / (a + b), 0 where a + b is 0; all becomes float32."""

    def __post_init__(self) -> None:
        """Refuse what does nothing, leaves nothing, or says a thing twice."""
        if self.take is None and not self.ratios:
            raise ValueError("bands takes take, ratios, or both")
        if self.take == () and not self.ratios:
            raise ValueError("take is empty and there are no ratios: no channel would be left")
        for a, b in self.ratios:
            if a == b:
                raise ValueError(f"the ratio of band {a} with itself is 0 everywhere")
        _refuse_twice("take", self.take or ())
        _refuse_twice("ratios", self.ratios)


def fixed(bands: Parameters) -> Bands:
    """Return what stands in the recipe."""
    return Bands(bands.take, bands.ratios)


def _refuse_twice(key: str, named: Iterable[Hashable]) -> None:
    given = list(named)
    twice = [one for one in dict.fromkeys(given) if given.count(one) > 1]
    if twice:
        shown = ", ".join(str(list(one) if isinstance(one, tuple) else one) for one in twice)
        raise ValueError(f"{key} names {shown} more than once")
