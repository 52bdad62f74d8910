"""The verb ``cache``: what the row cache holds, and room made in it."""

import argparse
import math
from datetime import UTC, datetime

from Datasets import compute, row_cache
from Datasets.errors import ParamsError
from Datasets.row_cache import GB
from Datasets.terminal import answer

HEADING = f"{'step':<24} {'last used':<16} {'rows':>10} {'GB':>8}"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take what is to be done, and how much may stay."""
    parser.add_argument("what", choices=["show", "prune"], help="list it, or make room in it")
    parser.add_argument(
        "--gb",
        type=_gigabytes,
        help="for prune: gigabytes that may stay (default: row_cache_gb of compute.yaml)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Print the cache, or what was removed."""
    limit = compute.load().row_cache_gb
    if arguments.what == "show":
        if arguments.gb is not None:
            raise ParamsError("--gb is for prune; show lists what there is")
        answer(shown(limit))
        return
    before = row_cache.listed()
    total = row_cache.taken([one.folder for one in before])
    removed = row_cache.prune(limit if arguments.gb is None else arguments.gb)
    left = row_cache.taken([one.folder for one in row_cache.listed()])
    answer(
        f"{len(removed):,} of {len(before):,} runs removed, {total / GB:.2f} GB before, "
        f"{left / GB:.2f} GB now"
    )


def _gigabytes(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"a number of gigabytes, 0 or more, not '{text}'")
    return number


def shown(limit_gb: float) -> str:
    """Return the cache as a table: a line a run of a step, a line about all of them."""
    kept = row_cache.listed()
    lines = [HEADING] if kept else []
    for one in sorted(kept, key=lambda one: (one.step, -one.used)):
        used = datetime.fromtimestamp(one.used, UTC).astimezone()
        size = row_cache.taken([one.folder]) / GB
        lines.append(f"{one.step:<24} {used:%Y-%m-%d %H:%M} {one.rows:>10,} {size:>8.2f}")
    folders = [one.folder for one in kept]
    total, alone = row_cache.taken(folders) / GB, row_cache.freed(folders) / GB
    lines.append(
        f"{row_cache.ROWS}: {total:.2f} GB of {limit_gb:g} GB (row_cache_gb in compute.yaml); "
        f"removing all would free {alone:.2f} GB, the rest is shared with outputs and DVC's cache"
    )
    return "\n".join(lines)
