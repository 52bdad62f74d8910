"""Which modules of the house a stage's code reaches. ``make deps`` writes that into dvc.yaml.

A stage starts at ``python -m <Room> <verb>``: the room's ``__main__.py``, and the one module that
its table of verbs names. From there on every import counts, inside functions too, and every string
that is the path of a house module, as ``"Models.networks.resnet:ResNet"``: so are parts named in
tables, which DVC cannot see through.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from Datasets.code import ROOMS, imports
from tests.dvc_file import Stage, stages, with_code

COMMAND = re.compile(r"python -m (\w+) ([\w-]+)(?: |$)")
PART = re.compile(rf"((?:{'|'.join(ROOMS)})(?:\.\w+)+)(?::\w+)?")
VERBS = "VERBS"
"""The name of a room's table of verbs. A command takes one entry of it, so it is not followed."""


class House:
    """The modules of all rooms, read from their source: nothing is imported.

    Attributes:
        modules: dotted names to paths relative to ``root``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.modules: dict[str, Path] = {}
        for room in ROOMS:
            for path in sorted((root / room).rglob("*.py")):
                relative = path.relative_to(root)
                parts = relative.with_suffix("").parts
                self.modules[".".join(parts).removesuffix(".__init__")] = relative

    def reached(self, stage: Stage) -> list[str]:
        """Return the files of all house modules that the stage's commands reach, sorted.

        Raises:
            LookupError: a command is not ``python -m <Room> <verb>``, or there is no such verb.
        """
        starts: list[str] = []
        for command in stage.commands:
            match = COMMAND.match(command)
            if match is None or match[1] not in ROOMS:
                raise LookupError(f"{stage.name}: '{command}' is not `python -m <Room> <verb>`")
            module = self.verbs(match[1]).get(match[2], "")
            if module not in self.modules:
                raise LookupError(f"{stage.name}: {match[1]} has no verb '{match[2]}'")
            starts += [f"{match[1]}.__main__", module]
        return sorted(self.modules[name].as_posix() for name in self.closure(starts))

    def closure(self, starts: Iterable[str]) -> set[str]:
        """Return all modules that ``starts`` reach, themselves and their packages included."""
        seen: set[str] = set()
        waiting = list(starts)
        while waiting:
            name = waiting.pop()
            if name in self.modules and name not in seen:
                seen.add(name)
                waiting += [*_packages(name), *self.imports(name), *self.parts(name)]
        return seen

    def imports(self, name: str) -> set[str]:
        """Return the names that a module imports, wherever in it."""
        file = self.modules[name]
        package = name if file.name == "__init__.py" else name.rpartition(".")[0]
        return imports(self._tree(name), package, self.modules.__contains__)

    def parts(self, name: str) -> set[str]:
        """Return the modules that a module names in strings, verbs of a room apart."""
        tree = self._tree(name)
        tables = [value for key, value in _assignments(tree) if key == VERBS]
        verbs = {id(node) for table in tables for node in ast.walk(table)}
        return {part for node in ast.walk(tree) if id(node) not in verbs for part in _part(node)}

    def verbs(self, room: str) -> dict[str, str]:
        """Return a room's table of verbs: verbs to the modules that do them."""
        main = f"{room}.__main__"
        table = dict(_assignments(self._tree(main))).get(VERBS) if main in self.modules else None
        if not isinstance(table, ast.Dict):
            raise LookupError(f"{room}/__main__.py has no table {VERBS}")
        pairs = zip(table.keys, table.values, strict=True)
        return {
            str(ast.literal_eval(key)): next((p for n in ast.walk(verb) for p in _part(n)), "")
            for key, verb in pairs
            if key is not None
        }

    def _tree(self, name: str) -> ast.Module:
        return ast.parse((self.root / self.modules[name]).read_text(encoding="utf-8"))


def main(root: Path) -> None:
    """Bring the code deps in ``root``/dvc.yaml in step with the code."""
    file = root / "dvc.yaml"
    text = file.read_text(encoding="utf-8")
    house = House(root)
    new = with_code(text, {stage.name: house.reached(stage) for stage in stages(text)})
    if new != text:
        file.write_text(new, encoding="utf-8")
    sys.stderr.write(f"dvc.yaml: {'brought' if new != text else 'was'} in step with the code\n")


def _packages(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts))]


def _part(node: ast.AST) -> Iterator[str]:
    """Yield the module that a node names, if it is a string that does."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        match = PART.fullmatch(node.value)
        if match:
            yield match[1]


def _assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a module assigns at its top level, and what they are assigned."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target.id, node.value


if __name__ == "__main__":
    try:
        main(Path.cwd())
    except LookupError as error:
        sys.exit(f"error: {error}")
