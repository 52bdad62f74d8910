"""What of a process may change a byte that it computes: code, Python, libraries, processor."""

import platform
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

from Datasets.code import ROOT
from Datasets.files import content_hash

ROOMS = ("Datasets", "Data_processing")
"""Whose code tasks reach."""
NAMED = 3
"""Libraries that a message names."""


class Environment(msgspec.Struct, frozen=True):
    """What must be the same where two processes are to compute the same bytes.

    ``libraries`` are all that are installed, with their versions.
    """

    python: str
    code: str
    processor: str
    libraries: dict[str, str]


@cache
def here() -> Environment:
    """Return what this process computes with, as it was when it was first asked for.

    Modules that are loaded stay as they were, whatever becomes of their files.
    """
    python = ".".join(platform.python_version_tuple()[:2])
    return Environment(python, _code(), processor_class(), installed())


def difference(mine: Environment, wanted: Environment) -> str:
    """Return what ``mine`` has otherwise than is wanted, a clause; "" if there is nothing."""
    if mine.python != wanted.python:
        return f"runs Python {mine.python}, not {wanted.python}"
    has, needs = mine.libraries, wanted.libraries
    others = [name for name in sorted({*has, *needs}) if has.get(name) != needs.get(name)]
    if others:
        each = [f"{name} {has.get(name, 'is missing')}" for name in others[:NAMED]]
        wants = ", ".join(needs.get(name, "none") for name in others[:NAMED])
        more = f", and {len(others) - NAMED} more" if len(others) > NAMED else ""
        return f"has other libraries ({', '.join(each)}; wanted: {wants}{more})"
    if mine.code != wanted.code:
        return "has loaded this project's code before it changed, or another version of it"
    if mine.processor != wanted.processor:
        return "has another class of processor, whose last digits may differ"
    return ""


def installed() -> dict[str, str]:
    """Return name and version of every distribution, read off the names of their folders.

    Their own files would tell the same, in a fifth of a second.
    """
    found: dict[str, str] = {}
    for folder in sys.path:
        for path in Path(folder or ".").glob("*.dist-info"):
            name, _, version = path.name.removesuffix(".dist-info").rpartition("-")
            found.setdefault(plain(name), version)
    return found


def plain(name: str) -> str:
    """Return the name of a distribution as it is compared."""
    return re.sub(r"[-_.]+", "-", name.lower())


def processor_class() -> str:
    """Return what of the processor may change a byte: its kind, and the vector units it has."""
    # numpy finds out what the processor has, and says so nowhere else.
    from numpy._core._multiarray_umath import (  # type: ignore[import-not-found]
        __cpu_features__ as features,
    )

    has = sorted(name for name, is_there in features.items() if is_there)
    return " ".join([platform.machine(), *has])


def _code() -> str:
    """Return a hash of the code of all that a task may reach, a user's own operations included."""
    files = sorted(path for room in ROOMS for path in _modules(ROOT / room))
    text = "\n".join(
        f"{path.relative_to(ROOT)} {content_hash(path.read_bytes())}" for path in files
    )
    return content_hash(text.encode())


def _modules(package: Path) -> Iterator[Path]:
    """Yield the modules of a package. Folders of data are no packages, and may hold millions."""
    for path in package.iterdir():
        if path.suffix == ".py":
            yield path
        elif (path / "__init__.py").is_file():
            yield from _modules(path)
