"""dvc.yaml: its stages, and their code deps replaced while all else stays as it was written."""

import re
from collections.abc import Mapping

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from Datasets.code import ROOMS


class Stage(msgspec.Struct, frozen=True):
    """A stage of dvc.yaml: a plain one, or what stands under ``do:`` of a ``foreach``."""

    name: str
    node: CommentedMap

    @property
    def commands(self) -> list[str]:
        """The shell commands, one by one."""
        cmd = self.node["cmd"]
        lines = [cmd] if isinstance(cmd, str) else list(cmd)
        return [part.strip() for line in lines for part in line.split("&&")]

    @property
    def deps(self) -> list[str]:
        """The paths under ``deps``, as they are written."""
        return [_path(entry) for entry in self.node.get("deps") or ()]

    @property
    def outs(self) -> list[str]:
        """The paths under ``outs``, ``metrics`` and ``plots``, as they are written."""
        kinds = ("outs", "metrics", "plots")
        return [_path(entry) for kind in kinds for entry in self.node.get(kind) or ()]

    @property
    def code(self) -> list[str]:
        """The house modules among ``deps``."""
        return [path for path in self.deps if is_code(path)]


def is_code(path: str) -> bool:
    """Tell whether a dependency is a module of the house."""
    return path.endswith(".py") and path.split("/")[0] in ROOMS


def stages(text: str) -> list[Stage]:
    """Return the stages in the text of a dvc.yaml, in its order."""
    content = YAML(typ="rt").load(text)
    return [Stage(name, node.get("do", node)) for name, node in content["stages"].items()]


def with_code(text: str, wanted: Mapping[str, list[str]]) -> str:
    """Return the text of a dvc.yaml in which each stage named in ``wanted`` has these code deps."""
    lines = text.splitlines()
    for stage in reversed(stages(text)):  # from the end, so that line numbers stay true
        code = wanted.get(stage.name, stage.code)
        if code != stage.code:
            span = _span(lines, stage.node)
            lines[span.start : span.stop] = _deps(lines[span.start : span.stop], stage, code)
    return "\n".join(lines) + "\n"


def _deps(old: list[str], stage: Stage, code: list[str]) -> list[str]:
    """Return the lines of ``deps:``, the modules where the first of them stood, else at the end."""
    if not re.fullmatch(r"\s*deps:\s*(#.*)?", old[0] if old else ""):  # none yet, or in brackets
        old = _as_block(old, stage)
    dashes = [line[: line.index("-")] for line in old[1:] if line.lstrip().startswith("- ")]
    dash = dashes[0] if dashes else old[0][: old[0].index("deps:")] + "  "
    known: dict[str, str] = {}
    kept: list[str] = []
    place: int | None = None
    for line in old:
        item = re.match(r"""\s*- ["']?([^"'\s]+)""", line)
        if item and is_code(item[1]):
            known[item[1]] = line
            place = len(kept) if place is None else place
        else:
            kept.append(line)
    place = len(kept) if place is None else place
    fresh = [known.get(path, f"{dash}- {path}") for path in code]
    return kept[:place] + fresh + kept[place:]


def _as_block(old: list[str], stage: Stage) -> list[str]:
    """Return ``deps:`` with one line an entry, from nothing or from a list in brackets."""
    indent = " " * stage.node.lc.key("cmd")[1]
    comment = re.search(r"\][^#\]]*(#.*)", old[-1]) if old else None
    header = f"{indent}deps:" + (f"  {comment[1]}" if comment else "")
    return [header] + [f"{indent}  - {_quoted(path)}" for path in stage.deps]


def _span(lines: list[str], node: CommentedMap) -> range:
    """Return the lines that ``deps`` takes; if there are no deps, an empty range behind ``cmd``."""
    first, column = node.lc.key("deps" if "deps" in node else "cmd")
    end = first + 1
    while end < len(lines) and _belongs(lines[end], column):
        end += 1
    while not lines[end - 1].strip():  # blank lines belong to what follows
        end -= 1
    return range(first if "deps" in node else end, end)


def _belongs(line: str, column: int) -> bool:
    """Tell whether a line continues the value of a key that stands at ``column``."""
    text = line.strip()
    indent = len(line) - len(line.lstrip())
    return not text or indent > column or (indent == column and text.startswith(("- ", "]")))


def _quoted(path: str) -> str:
    return f'"{path}"' if "${" in path else path


def _path(entry: object) -> str:
    """Return an entry's path: an entry is text, or a mapping of the path to options."""
    return str(next(iter(entry))) if isinstance(entry, Mapping) else str(entry)
