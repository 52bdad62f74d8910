"""What params.yaml says of a step: its entries, and the module that does each of them."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

import msgspec

from Data_processing.steps import own
from Data_processing.steps.table import OPERATIONS
from Datasets import parts
from Datasets.errors import ParamsError

SOURCE = "source"
"""The name of the first store; no step may take it."""
OWN = "own."
"""How the names of a user's own operations begin in params.yaml."""

Entry = dict[str, dict[str, object] | None]


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """One entry of ``preprocess``: where it reads, and its operations in order, each ``{name.

    {argument: value}}``.
    """

    from_: str
    ops: tuple[Entry, ...] = ()


class Named(msgspec.Struct, frozen=True):
    """One operation as it is asked for, and where."""

    op: str
    arguments: dict[str, object]
    place: str

    @property
    def is_transform(self) -> bool:
        """Whether it is one of albumentations'."""
        return self.op[:1].isupper()


def named(name: str, step: Step, where: str = "params.yaml") -> list[Named]:
    """Return the entries of a step, in order.

    Raises:
        ParamsError: one is not of the form ``{name: {argument: value}}``.
    """
    found = []
    for number, entry in enumerate(step.ops):
        place = f"{where}: preprocess.{name}.ops.{number}"
        asked = parts.named(entry, "operation", place)
        found.append(Named(asked.name, asked.arguments, place))
    return found


def module_of(one: Named) -> ModuleType:
    """Return the module that does an operation; ``own.<name>`` is a file of the user's.

    Raises:
        ParamsError: there is none, or it has no Parameters.
    """
    if one.op.startswith(OWN):
        module: object = _own_module(one)
    else:
        module = parts.find(OPERATIONS, one.op, "operation", one.place)
    if not isinstance(module, ModuleType) or not hasattr(module, "Parameters"):
        raise ParamsError(
            f"{one.place}: {one.op}: its module has no Parameters; see "
            "Data_processing/steps/crop.py"
        )
    return module


def _own_module(one: Named) -> ModuleType:
    name = one.op.removeprefix(OWN)
    folder = Path(own.__path__[0])
    there = sorted(path.stem for path in folder.glob("[!_]*.py"))
    if name not in there:
        files = f"there are {', '.join(there)}" if there else "there is none"
        raise ParamsError(f"{one.place}: no file Data_processing/steps/own/{name}.py; {files}")
    try:
        return import_module(f"{own.__name__}.{name}")
    except Exception as error:  # a user's module may raise anything
        what = f"{type(error).__name__}: {error}"
        raise ParamsError(
            f"{one.place}: Data_processing/steps/own/{name}.py cannot be imported: {what}"
        ) from error
