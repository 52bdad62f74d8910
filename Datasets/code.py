"""The house's code as data: what a module reaches, and a key that changes when that code does.

Read from the source, nothing is imported. Comments, docstrings and layout are not part of a key.
"""

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path

import msgspec

from Datasets.files import content_hash, write_json

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("Datasets", "Data_processing", "Models", "Deployment")


class Reading(msgspec.Struct, frozen=True):
    """What was read of one module: the hash of its code, and the dotted names that it imports."""

    code: str
    imports: tuple[str, ...]


class Code:
    """The modules below ``root``, read when they are asked for.

    What was read is remembered in the file ``memory``, by the hash of the source: reading a module
    takes ten times as long as looking it up.
    """

    def __init__(self, memory: Path, root: Path = ROOT) -> None:
        self._memory = memory
        self._root = root
        self._read: dict[str, Reading] = {}
        self._named: dict[str, Reading | None] = {}

    def key(self, starts: Iterable[str]) -> str:
        """Return a key of the code that the modules ``starts`` reach: 32 hex digits.

        Packages' own code counts where it is imported by name.
        """
        reached = sorted(self.reached(starts))
        text = "\n".join(f"{name} {one.code}" for name, one in self._readings(reached))
        return content_hash(text.encode())

    def foreign(self, starts: Iterable[str]) -> set[str]:
        """Return the top-level names of all that is imported from elsewhere on the way."""
        found = {path for _, one in self._readings(self.reached(starts)) for path in one.imports}
        return {path.partition(".")[0] for path in found if path.partition(".")[0] not in ROOMS}

    def reached(self, starts: Iterable[str]) -> set[str]:
        """Return the names of the house's modules that ``starts`` reach, themselves included."""
        seen: set[str] = set()
        waiting = list(starts)
        while waiting:
            name = waiting.pop()
            if name not in seen and (reading := self._reading(name)):
                seen.add(name)
                waiting += reading.imports
        return seen

    def remember(self) -> None:
        """Write down what was read, beside what is known of other modules.

        Where that fails it is read anew next time.
        """
        if self._read.keys() - self._known.keys():
            names = {_name(place) for place in self._read}
            others = {place: one for place, one in self._known.items() if _name(place) not in names}
            try:
                write_json(self._memory, others | self._read)
            except OSError:
                return

    @cached_property
    def _known(self) -> dict[str, Reading]:
        try:
            return msgspec.json.decode(self._memory.read_bytes(), type=dict[str, Reading])
        except (OSError, msgspec.DecodeError):
            return {}

    def _readings(self, names: Iterable[str]) -> Iterator[tuple[str, Reading]]:
        return ((name, one) for name in names if (one := self._reading(name)))

    def _reading(self, name: str) -> Reading | None:
        """Return what is read of a module, once; None where there is none of that name."""
        if name not in self._named:
            file = self._file(name)
            self._named[name] = self._looked_up(name, file) if file else None
        return self._named[name]

    def _looked_up(self, name: str, file: Path) -> Reading:
        source = file.read_bytes()
        place = f"{name} {content_hash(source)}"
        self._read[place] = self._known.get(place) or self._parsed(name, file, source)
        return self._read[place]

    def _parsed(self, name: str, file: Path, source: bytes) -> Reading:
        tree = ast.parse(source)
        package = name if file.name == "__init__.py" else name.rpartition(".")[0]
        # Whether a name is a module or stands in one is seen when it is followed: files may come.
        found = imports(tree, package, lambda _: True) | imports(tree, package, lambda _: False)
        return Reading(content_hash(_without_docstrings(tree).encode()), tuple(sorted(found)))

    def _file(self, name: str) -> Path | None:
        if name.partition(".")[0] not in ROOMS:
            return None
        path = self._root / Path(*name.split("."))
        both = (path.with_suffix(".py"), path / "__init__.py")
        return next((file for file in both if file.is_file()), None)


def _name(place: str) -> str:
    """Return the module of what is remembered under its name and the hash of its source."""
    return place.partition(" ")[0]


def imports(tree: ast.Module, package: str, is_module: Callable[[str], bool]) -> set[str]:
    """Return the dotted names that a module imports, wherever in it.

    Args:
        tree: its source.
        package: the package it is in, or is: leading dots count from there.
        is_module: whether a dotted name is a module of the house, not something in one.
    """
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, package)
            inner = {f"{base}.{alias.name}" for alias in node.names}
            found |= {path if is_module(path) else base for path in inner}
    return found


def _base(node: ast.ImportFrom, package: str) -> str:
    """Return what ``from ... import`` imports from, leading dots resolved against ``package``."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    here = parts[: len(parts) - node.level + 1]
    return ".".join([*here, node.module] if node.module else here)


def _without_docstrings(tree: ast.Module) -> str:
    for node in _documented(tree):
        match node.body:
            case [ast.Expr(value=ast.Constant(value=str())), *rest]:
                node.body = rest
    return ast.dump(tree)


def _documented(
    tree: ast.Module,
) -> Iterator[ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
