"""Folds of a fold range that were trained before the stage was broken off: kept beside its outputs.

The outputs of a stage are there whole or not at all, so that what a broken one had written goes.
"""

from pathlib import Path

import msgspec

from Datasets.errors import DarkroomError
from Datasets.files import link_or_copy, new_folder, sha256_of_file, write_json
from Models import checkpoint
from Models.fold import Outcome

FINISHED = "finished"
OUTCOME_FILE = "outcome.json"


def keep(outcome: Outcome, weights: Path, beside: Path) -> None:
    """Keep the outcome of a fold, and the weights in a folder, in the folder ``beside``."""
    with new_folder(beside / FINISHED) as folder:
        for path in sorted(weights.iterdir()):
            link_or_copy(path, folder / path.name)
        write_json(folder / OUTCOME_FILE, outcome)


def take(beside: Path, weights: Path) -> Outcome | None:
    """Return the outcome that was kept in ``beside``, its weights now in the folder ``weights``.

    None if none was kept, or if it is no longer what was kept: then the fold is trained again.
    """
    kept = beside / FINISHED
    try:
        outcome = msgspec.json.decode((kept / OUTCOME_FILE).read_bytes(), type=Outcome)
        trained = checkpoint.read_about(kept)
        if any(sha256_of_file(kept / name) != told for name, told in trained.weights.items()):
            return None
        for name in (*trained.weights, checkpoint.ABOUT_FILE):
            link_or_copy(kept / name, weights / name)
    except (OSError, msgspec.DecodeError, DarkroomError):
        return None
    return outcome
