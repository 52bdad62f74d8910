"""Sections of params.yaml that several stages of this room read."""

from typing import Annotated, Literal

import msgspec

from Datasets.image import Colour


class Split(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """The section ``split``: which samples there are, and how they fall into folds."""

    from_: tuple[str, ...]
    """Data sets, by name."""
    scheme: Literal["samples", "stratified", "group"] = "stratified"
    n_folds: Annotated[int, msgspec.Meta(ge=3, le=1000)] = 5
    """At least three: one to test, one to validate, one to train."""
    holdout: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0
    """Share of the samples that no fold ever touches."""
    group: str | None = None
    """A column of the data sets' tables; without it a data set's own ``group``."""


class Decode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section ``decode``: what colour means for the whole walk."""

    colour: Colour


class Stack(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """The section ``stack``: the step whose samples become tensors."""

    from_: str
