"""Parts by name: a room's table maps short names to import paths; a part is imported on demand."""

from collections.abc import Mapping
from importlib import import_module

import msgspec

from Datasets.errors import ParamsError
from Datasets.params import nearest


class Named(msgspec.Struct, frozen=True):
    """A part as it is asked for: its name and its arguments."""

    name: str
    arguments: dict[str, object]


def named(entry: Mapping[str, dict[str, object] | None], what: str, where: str) -> Named:
    """Return an entry of a list of parts, ``{name: {argument: value}}``, taken apart.

    Raises:
        ParamsError: it does not hold exactly one name.
    """
    if len(entry) != 1:
        raise ParamsError(
            f"{where}: one {what} an entry was expected, got {sorted(entry) or 'nothing'}"
        )
    name, arguments = next(iter(entry.items()))
    return Named(name, arguments or {})


def find(table: Mapping[str, str], name: str, what: str, where: str) -> object:
    """Return the object that ``table`` knows as ``name`` (by its path ``package.module:object``).

    Args:
        table: short names to import paths; a path without ``:object`` names a module.
        name: what params.yaml says.
        what: the kind of part, for the message: "operation", "network".
        where: file and key, for the message.

    Raises:
        ParamsError: no such name; the nearest ones are offered.
    """
    if name not in table:
        raise ParamsError(f"{where}: unknown {what} '{name}'; {nearest(name, table)}")
    path, _, attribute = table[name].partition(":")
    module = import_module(path)
    return getattr(module, attribute) if attribute else module
