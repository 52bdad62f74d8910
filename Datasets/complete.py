"""Refuse a run that only looks finished: DVC exits 0 although an output is not in its cache."""

import argparse
import logging
from collections.abc import Iterator, Mapping, Sequence

from Datasets.errors import StageError
from Datasets.terminal import say

SHOWN = 10
"""How many problems are named one by one."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``complete``."""
    parser.add_argument(
        "targets", nargs="*", help="stages, with all they depend on (default: every stage)"
    )


def run(arguments: argparse.Namespace) -> None:
    """End quietly if every stage is up to date and every output is whole in DVC's cache.

    Raises:
        StageError: something is changed, missing or not in the cache; each is named with its stage.
    """
    problems = list(_problems(_status(arguments.targets)))
    if problems:
        more = len(problems) - SHOWN
        lines = problems[:SHOWN] + ([f"and {more} more"] if more > 0 else [])
        raise StageError(
            "the run is not complete:\n  "
            + "\n  ".join(lines)
            + "\nRun `dvc repro` again. If that does not help, see whether the disk is full"
            " (`df -h .dvc/cache`) and whether you may write there (`ls -ld .dvc/cache`)"
        )
    asked = " that was asked for, with all before it," if arguments.targets else ""
    say(f"complete: every stage{asked} is up to date, every output is in the cache")


def _status(targets: Sequence[str]) -> Mapping[str, object]:
    """Return what `dvc status` finds: stages to what is wrong with them; empty if all is well."""
    from dvc.exceptions import DvcException  # costs a second, and only this verb needs it
    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.ERROR)
    try:
        with Repo() as repo:
            found: Mapping[str, object] = repo.status(
                targets=list(targets), with_deps=bool(targets)
            )
            return found
    except DvcException as error:
        raise StageError(f"DVC cannot tell the state of this run: {error}") from None


def _problems(status: Mapping[str, object]) -> Iterator[str]:
    """Yield a line for each thing that DVC names, as ``stage: output (not in cache)``.

    >>> list(_problems({"split": [{"changed outs": {"Datasets/splits": "not in cache"}}]}))
    ['split: Datasets/splits (not in cache)']
    >>> list(_problems({"train@0": [{"changed deps": {"a.py": "modified"}}, "changed command"]}))
    ['train@0: a.py (modified)', 'train@0: changed command']
    """
    for stage, entries in status.items():
        for entry in entries if isinstance(entries, list) else [entries]:
            yield from (f"{stage}: {what}" for what in _named(entry))


def _named(entry: object) -> Iterator[str]:
    """Yield what one entry names: it is text, or kinds of change to paths to states."""
    if not isinstance(entry, Mapping):
        yield str(entry)
        return
    for changes in entry.values():
        for path, state in (
            changes.items() if isinstance(changes, Mapping) else [(changes, "changed")]
        ):
            inner = (
                ", ".join(f"{key} {how}" for key, how in state.items())
                if isinstance(state, Mapping)
                else state
            )
            yield f"{path} ({inner})"
