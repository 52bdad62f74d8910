"""Which order a training part is seen in, as params.yaml says it: read without numpy."""

from typing import Annotated, Literal

import msgspec


class Sampling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the orders ``balanced``, ``weighted`` and ``grouped`` go by.

    ``by``: what makes two rows of one kind: their label, their group (those that have none are of a
    kind of their own) or their data set. ``each``: rows of a kind that follow each other in
    ``grouped``. ``weights``: of the classes in ``weighted``; 1 where nothing is said. ``rows``: how
    many an epoch has, as many as there are if None.
    """

    by: Literal["label", "group", "dataset"] = "label"
    each: Annotated[int, msgspec.Meta(ge=1)] = 4
    weights: dict[str, Annotated[float, msgspec.Meta(ge=0)]] = {}
    rows: Annotated[int, msgspec.Meta(ge=1)] | None = None


OrderName = Literal["samples", "blocks", "balanced", "weighted", "grouped"]


class Ordering(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which order a training part is seen in.

    ``samples`` mixes all rows. ``blocks`` mixes blocks of ``block`` neighbouring rows, and the rows
    of eight blocks at a time: for sets that are larger than memory. The others do not see every row
    equally often (``Models.samplers``), as ``sampling`` says.
    """

    order: OrderName = "samples"
    block: Annotated[int, msgspec.Meta(ge=1)] = 256
    sampling: Sampling = Sampling()

    @property
    def is_sampled(self) -> bool:
        """Return whether rows do not come once an epoch."""
        return self.order not in ("samples", "blocks")
