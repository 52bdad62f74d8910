"""Arguments as a part's constructor declares them, out of the plain values of a file."""

from collections.abc import Callable, Mapping
from typing import get_type_hints

import msgspec

from Datasets.errors import ParamsError
from Models.networks.arguments import Argument

Nested = Argument | None | list[Argument] | dict[str, Argument | list[Argument] | None]
"""What a framework can be told besides plain values: the parameters of a view."""


def typed(
    makes: Callable[..., object], plain: Mapping[str, object], where: str
) -> dict[str, object]:
    """Return ``plain`` values as what ``makes``, a class or a function, calls them.

    So a mapping becomes the struct that an argument is annotated with. What is not annotated stays
    as it is.

    Raises:
        ParamsError: a value is not what its argument takes.
    """
    declared = makes.__init__ if isinstance(makes, type) else makes  # type: ignore[misc]
    hints = get_type_hints(declared)
    try:
        return {name: msgspec.convert(one, hints.get(name, object)) for name, one in plain.items()}
    except msgspec.ValidationError as error:
        raise ParamsError(f"{where}: {error}") from None
