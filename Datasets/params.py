"""params.yaml as a checked object. The rooms bring the types of their sections."""

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from Datasets.errors import ParamsError

PARAMS_FILE = Path("params.yaml")
SECTIONS = (
    "seed",
    "datasets",
    "demo",
    "decode",
    "split",
    "audit",
    "copies",
    "preprocess",
    "stack",
    "scale",
    "train",
    "export",
)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
"""What data sets and steps may be called: they become file names and parts of names of stages."""
MOST_NAMES = 20
"""Names that a message lists."""
BLIND = ("size", "nfiles")
"""DVC's run-cache drops keys of these names, at any depth: a change restores stale outputs."""

_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list ([a, b])",
    "object": "a mapping ({key: value})",
    "null": "nothing",
}

T = TypeVar("T")


class Params(msgspec.Struct, frozen=True):
    """A params.yaml whose frame is sound: known sections, no name that DVC cannot see."""

    path: Path
    sections: Mapping[str, object]

    def section(self, name: str, kind: type[T]) -> T:
        """Return the section ``name`` as ``kind``.

        Raises:
            ParamsError: the section is missing, has a key that ``kind`` does not know, or a value
                of a wrong type.
        """
        if name not in self.sections:
            raise ParamsError(
                f"{self.path}: section '{name}' is missing; `git diff {self.path}` shows what"
                " was removed"
            )
        return checked(self.sections[name], kind, f"{self.path}: {name}")


def load(path: Path = PARAMS_FILE) -> Params:
    """Return the parameters in ``path``.

    Raises:
        ParamsError: the file is no YAML mapping, repeats a key, has an unknown section, or a key
            called ``size`` or ``nfiles`` at any depth.
    """
    raw = read_yaml(path)
    problems = [
        f"{path}: {key}: {_unknown(str(key), SECTIONS, 'section')}"
        for key in raw
        if key not in SECTIONS
    ]
    for trail in _keys(raw):
        if trail[-1] in BLIND:
            problems.append(
                f"{path}: {'.'.join(trail)}: a parameter must not be called '{trail[-1]}',"
                " because DVC ignores keys of that name when it decides what is cached;"
                " use height and width"
            )
    if problems:
        raise ParamsError("\n".join(problems))
    return Params(path, raw)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML 1.2 file, as DVC reads it.

    Raises:
        ParamsError: the file is missing, is not YAML, repeats a key or is not a mapping.
    """
    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(f"{path} is missing; run from the top folder of the repository") from None
    except (YAMLError, UnicodeDecodeError) as error:
        what = " ".join(str(error).split()).partition(" To suppress")[0]
        raise ParamsError(f"{path}: not readable as YAML: {what}") from None
    if not isinstance(content, dict):
        raise ParamsError(
            f"{path}: a mapping of keys to values was expected, got {type(content).__name__}"
        )
    return content


def checked(value: object, kind: type[T], where: str) -> T:
    """Return ``value`` converted to ``kind``.

    Raises:
        ParamsError: it does not fit; the message names file and key, and the nearest known names.
    """
    if get_origin(kind) is dict and isinstance(value, dict):  # so that the message names the entry
        entry: object = get_args(kind)[1]
        each: dict[str, Any] = {str(k): checked(v, entry, f"{where}.{k}") for k, v in value.items()}  # type: ignore[arg-type]
        return cast(T, each)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        message, _, trail = str(error).partition(" - at `$")
        if " - at `key` in `$" in message:
            message, _, trail = message.partition(" - at `key` in `$")
            trail = trail.rstrip("`") + ", a name in it"
            message += "; write it in quotes, before the colon, and what it stands for after it"
        place = where + trail.rstrip("`").replace("[...]", ".*")
        unknown = re.search(r"unknown field `(.+)`", message)
        value_ = re.match(r"Invalid enum value '(.+)'", message)
        if value_:
            fields = re.findall(r"\.(\w+)", trail)
            words = _literals(kind, fields[-1] if fields else None)
            raise ParamsError(f"{place}: {_unknown(value_[1], words, 'value')}") from None
        if unknown:
            known = _fields(kind)
            every = [key for key in value if key not in known] if not trail else [unknown[1]]  # type: ignore[attr-defined]  # a mapping, as it has keys
            raise ParamsError(
                "\n".join(f"{place}.{key}: {_unknown(str(key), known, 'key')}" for key in every)
            ) from None
        expected = re.sub(r", got `(array|object)`$", "", message)  # the value shows it
        raise ParamsError(f"{place}: {_in_words(expected)}, got {_shown(value, trail)}") from None


def _in_words(message: str) -> str:
    """Return what msgspec says of types in the words of YAML."""

    def plain(found: re.Match[str]) -> str:
        return " or ".join(_word(kind) for kind in found[1].split(" | "))

    words = re.sub(r"`([^`]+)`", plain, message)
    return words[:1].lower() + words[1:]


def _word(kind: str) -> str:
    return _WORDS.get(kind, f"`{kind}`")


def nearest(name: str, known: Mapping[str, object] | tuple[str, ...] | list[str]) -> str:
    """Return a clause that helps who misspelt ``name``: the nearest known names, else the first."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if not close:
        lower = {n.lower(): n for n in names}
        close = [lower[n] for n in difflib.get_close_matches(name.lower(), lower, n=3, cutoff=0.6)]
    if not close:  # pascal_voc, coco-json
        close = [n for n in names if len(n) > 2 and n.lower() in name.lower()]
    if close:
        return "did you mean " + " or ".join(f"'{n}'" for n in dict.fromkeys(close)) + "?"
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return "known: " + (", ".join(names[:MOST_NAMES]) or "none") + more


def _unknown(
    name: str, known: Mapping[str, object] | tuple[str, ...] | list[str], what: str
) -> str:
    return f"unknown {what} '{name}'; {nearest(name, known)}"


def _keys(value: object, trail: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key in nested mappings and lists."""
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in pairs:
        here = (*trail, str(key))
        yield here
        yield from _keys(inner, here)


def _fields(kind: object) -> list[str]:
    """Return the names of all fields of ``kind`` and of the structs inside it."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        own = [field.encode_name for field in msgspec.structs.fields(kind)]
        return own + [name for hint in get_type_hints(kind).values() for name in _fields(hint)]
    return [name for part in get_args(kind) for name in _fields(part)]


def _literals(kind: object, field: str | None) -> list[str]:
    """Return the words that ``field``, anywhere in ``kind``, may hold; all words if it is None."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind).items()
        inside = [
            _literals(hint, None if name.rstrip("_") == field else field) for name, hint in hints
        ]
        return [word for words in inside for word in words]
    if get_origin(kind) is Literal:
        return [word for word in get_args(kind) if isinstance(word, str)] if field is None else []
    return [word for part in get_args(kind) for word in _literals(part, field)]


def _shown(value: object, trail: str) -> str:
    for part in re.findall(r"[^.\[\]`]+", trail):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            break
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
