"""What a step needs to know to run, whoever runs it."""

from pathlib import Path

import msgspec

from Data_processing.raw import RawFiles
from Data_processing.steps.entries import Step


class Work(msgspec.Struct, frozen=True):
    """A step as a worker sees it; the same for every shard."""

    name: str
    step: Step
    reads: Path
    writes: Path
    raw: RawFiles
    seed: int
    copies: int
    """How many copies this step adds to copy 0: 0 unless the rows fan out here."""

    def copies_of(self, copy: int) -> range:
        """Return the copies that come of ``copy``: itself, or 0 to n where the step fans out."""
        return range(1 + self.copies) if self.copies else range(copy, copy + 1)
