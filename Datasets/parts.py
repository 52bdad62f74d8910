"""Parts by name: a room's table maps short names to import paths; a part is imported on demand."""

from collections.abc import Mapping
from importlib import import_module

from Datasets.errors import ParamsError
from Datasets.params import nearest


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
