"""The run log, ``Models/runs.jsonl``: a line a run, with its time, commit and machine."""

import platform
import subprocess  # only git is asked
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from Models.arguments import Nested

RUNS = Path("Models/runs.jsonl")


class Commit(msgspec.Struct, frozen=True):
    """The commit that is checked out (None without Git), and whether tracked files differ."""

    sha: str | None
    dirty: bool


class Run(msgspec.Struct, frozen=True):
    """One training run; ``weights``, the sha256 of the best, is how a bundle finds its run."""

    stage: str
    ended: str
    seconds: float
    commit: Commit
    machine: str
    device: str
    network: str
    framework: str
    parameters: dict[str, Nested]
    epochs: int
    best_epoch: int
    validation_accuracy: float
    validation_loss: float
    weights: str


def append(run: Run, path: Path = RUNS) -> None:
    """Add one line to the log, in one write, so that two folds that end together do not mix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(msgspec.json.encode(run) + b"\n")


def read(path: Path = RUNS) -> list[Run]:
    """Return all runs, oldest first."""
    if not path.exists():
        return []
    return [msgspec.json.decode(line, type=Run) for line in path.read_bytes().splitlines()]


def now() -> str:
    """Return the time in UTC, ISO 8601 to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def machine() -> str:
    """Return words about the machine that name no host: system, processor, processors, Python."""
    return f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"


def commit() -> Commit:
    """Return the commit that is checked out."""
    sha = _git("rev-parse", "HEAD")
    if sha is None:
        return Commit(None, True)
    return Commit(sha, bool(_git("status", "--porcelain", "--untracked-files=no")))


def _git(*arguments: str) -> str | None:
    try:
        found = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", *arguments],  # noqa: S607 - whichever git the user has
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()
