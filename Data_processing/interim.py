"""Where the stores of the walk lie between ``source`` and ``stack``."""

from pathlib import Path

INTERIM = Path("Data_processing/interim")


def folder_of(step: str) -> Path:
    """Return the folder of the store that ``step`` writes."""
    return INTERIM / step
