"""Broken annotation files, each with the sentence that is expected. One module a format."""

from collections.abc import Mapping

import msgspec


class Broken(msgspec.Struct, frozen=True):
    """A data set that cannot be taken over as it is.

    ``files`` are put into the raw folder as they are. ``images`` (name: (width, height)) are drawn
    beside them. ``options`` is what stands in params.yaml, as YAML in one line. ``sentence`` must
    occur, word for word, in what the stage says under ``strict``. ``links`` are symbolic links,
    name: target.
    """

    name: str
    files: Mapping[str, bytes | str]
    options: str
    sentence: str
    images: Mapping[str, tuple[int, int]] = msgspec.field(
        default_factory=lambda: {"a.png": (20, 10)}
    )
    links: Mapping[str, str] = {}
