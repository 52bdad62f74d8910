"""``python -m <Room> <verb>``: a room's table of verbs turned into a command line."""

import argparse
import errno
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

import msgspec

from Datasets.errors import AnnotationError, DarkroomError, ImageError
from Datasets.terminal import one_line, say

HOUSE = Path(__file__).parents[1]
"""Where the rooms are."""
FULL = (
    "the disk is full; free some space (`dvc gc -w` drops what no version here uses) and run again"
)


class Verb(msgspec.Struct, frozen=True):
    """One verb of a room, and what help says of it.

    Attributes:
        module: path of the module that has ``arguments(parser)`` and ``run(arguments)``.
        says: what the verb does, in a line.
        example: a command line to copy.
    """

    module: str
    says: str
    example: str


def main(room: str, verbs: Mapping[str, Verb], argv: Sequence[str]) -> int:
    """Run one verb and return the exit status: 0, or 1 with one clear message on stderr."""
    if not argv or argv[0] not in verbs:
        _overview(room, verbs).parse_args(argv)  # prints help, or the list and exits with 2
    command, verb = f"python -m {room} {argv[0]}", verbs[argv[0]]
    try:
        _run(command, verb, argv[1:])
    except (AnnotationError, ImageError) as error:
        say(f"error: {one_line(str(error))}")
        return 1
    except DarkroomError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 130
    except ModuleNotFoundError as error:
        if not _is_foreign(error.name, verb):
            raise
        say(f"error: `{command}` {_absent(str(error.name))}")
        return 1
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        say(f"error: {FULL}")
        return 1
    return 0


def _run(command: str, verb: Verb, argv: Sequence[str]) -> None:
    module = import_module(verb.module)
    parser = argparse.ArgumentParser(
        command, description=verb.says, epilog=f"example: {verb.example}"
    )
    module.arguments(parser)
    module.run(parser.parse_args(argv))


def _is_foreign(missing: str | None, verb: Verb) -> bool:
    """Return whether ``missing`` is a package that others make; all else is a defect of ours.

    Of a package that is there, but lacks a part, Python gives the part's name, with a dot.
    """
    if not missing or "." in missing or missing in sys.stdlib_module_names:
        return False
    ours = (HOUSE / missing).is_dir() or (HOUSE / f"{missing}.py").is_file()
    return not ours and missing != verb.module.partition(".")[0]


def _absent(package: str) -> str:
    return (
        f"needs the package '{package}', which {sys.prefix} does not have; `make setup` installs "
        "all that requirements.lock lists into .venv, run it with .venv/bin/python"
    )


def _overview(room: str, verbs: Mapping[str, Verb]) -> argparse.ArgumentParser:
    lines = "\n".join(f"  {name:<14} {verb.says}" for name, verb in verbs.items())
    first = next(iter(verbs.values()))
    parser = argparse.ArgumentParser(
        f"python -m {room}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"verbs:\n{lines}\n\nexample: {first.example}",
    )
    parser.add_argument("verb", choices=tuple(verbs), metavar="verb")
    return parser
