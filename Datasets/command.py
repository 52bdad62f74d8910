"""``python -m <Room> <verb>``: a room's table of verbs turned into a command line."""

import argparse
import errno
from collections.abc import Mapping, Sequence
from importlib import import_module

import msgspec

from Datasets.errors import DarkroomError
from Datasets.terminal import say


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
    name = argv[0] if argv and argv[0] in verbs else None
    if name is None:
        _overview(room, verbs).parse_args(
            argv
        )  # prints help, or the list of verbs and exits with 2
    verb = verbs[str(name)]
    module = import_module(verb.module)
    parser = argparse.ArgumentParser(
        f"python -m {room} {name}", description=verb.says, epilog=f"example: {verb.example}"
    )
    module.arguments(parser)
    try:
        module.run(parser.parse_args(argv[1:]))
    except DarkroomError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 130
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        say(
            "error: the disk is full; free some space (`dvc gc -w` drops what no version here"
            " uses) and run again"
        )
        return 1
    return 0


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
