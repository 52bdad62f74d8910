"""Sections of params.yaml that several stages of this room read."""

from typing import Annotated, Literal

import msgspec

from Datasets.image import Colour

Scheme = Literal[
    "samples",
    "stratified",
    "group",
    "stratified_group",
    "leave_one_out",
    "leave_one_group_out",
    "time",
    "given",
]
GROUPED: tuple[Scheme, ...] = ("group", "stratified_group", "leave_one_group_out")
"""Schemes that need a group for each sample."""
DRAWN: tuple[Scheme, ...] = ("samples", "stratified", "group", "stratified_group")
"""Schemes that can be drawn anew."""
FIXED: tuple[Scheme, ...] = ("leave_one_out", "time", "given")
"""Schemes in which a sample cannot be moved to another's fold."""
STABLE: tuple[Scheme, ...] = ("samples", "group")
"""Schemes in which a sample can stay where it is, whatever is added."""

Deviation = Annotated[float, msgspec.Meta(gt=0)]


class Split(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """The section ``split``: which samples there are, and how they fall into folds."""

    from_: tuple[str, ...]
    """Data sets, by name."""
    scheme: Scheme = "stratified"
    n_folds: Annotated[int, msgspec.Meta(ge=3, le=1000)] = 5
    """At least three: one to test, one to validate, one to train."""
    holdout: Annotated[int, msgspec.Meta(ge=0)] | Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0
    """What no fold ever touches: a share of the samples, below 1, or their number."""
    group: str | tuple[str, ...] | None = None
    """Columns of the data sets' tables; without them a data set's own ``group``."""
    repeats: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1
    """How often all are dealt out anew."""
    stable: bool | None = None
    """Whether a sample stays where it is when others are added: true insists, false does not."""
    labelled: Annotated[float, msgspec.Meta(gt=0, lt=1)] | str = "all"
    """Who keeps a label: all, a share of each class, "4 per class", or a column of the tables."""
    time: str | None = None
    """For the scheme ``time``: the column with dates or numbers."""
    given: str | None = None
    """For the scheme ``given``: the column with parts or folds."""


class Audit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section ``audit``: what is done about samples in two folds that belong together.

    ``error`` stops the run, ``warn`` says it, ``merge`` lets ``split`` put them into one fold.
    """

    duplicates: Literal["error", "warn", "merge"] = "error"
    """Samples with the same pixels."""
    near: Literal["error", "warn", "merge", "off"] = "warn"
    """Samples that look alike: encoded anew, of another size, brighter, mirrored."""
    groups: Literal["error", "warn"] = "error"
    """Samples of one group."""
    distance: Annotated[int, msgspec.Meta(ge=0, le=20)] = 8
    """Bits of 64 in which the hashes of what looks alike differ at most."""
    features: Literal["error", "warn", "merge", "off"] = "off"
    """Samples that look alike to a network: centred crops too."""
    network: str | None = None
    """For ``features``: an ONNX file of ``Datasets/weights``, by name."""
    cosine: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.97
    """Of the features of what looks alike, at least."""
    mean: float | tuple[float, ...] = 0.0
    """What is taken from pixels of 0..1 for a network of floats, for all channels or for each."""
    std: Deviation | tuple[Deviation, ...] = 1.0
    """What they are then divided by."""


class Decode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section ``decode``: what colour means for the whole walk."""

    colour: Colour


class Stack(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """The section ``stack``: the step whose samples become tensors."""

    from_: str
