"""What all exports share: the metadata that they read, the place that they write to, their end."""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from Datasets.errors import StageError
from Datasets.files import new_folder
from Datasets.metadata import Annotated, SampleRow, read, read_samples
from Datasets.metadata_folder import metadata_folder
from Datasets.rejections import SHOWN
from Datasets.terminal import answer, one_line, say

NO_BOXES = "nobody looked for boxes there"
WINDOW = "it is a part of a raster, cut out by samples: box"
SHARED = "another image has the same name but for its suffix, and would share its file"
BANDS = "its channels stand in several files"


def arguments(parser: argparse.ArgumentParser, out: str) -> None:
    """Add what all exports ask for; ``out`` says what is written."""
    parser.add_argument("dataset", help="name of a data set that convert has read")
    parser.add_argument("--out", type=Path, required=True, help=out)


def metadata_of(dataset: str) -> Path:
    """Return the metadata folder of a data set.

    Raises:
        StoreError: there is none.
    """
    return metadata_folder(Path(dataset))


def check_boxes(metadata: Path) -> None:
    """Return nothing if boxes were looked for in any sample: else there is nothing to write.

    Raises:
        StageError: they were not.
    """
    if not any(read_samples(metadata, ["has_boxes"])["has_boxes"]):
        raise StageError(
            f"{metadata.name} has no boxes: its annotations are of whole images; name a data set "
            "with boxes"
        )


@contextmanager
def folder_for(out: Path, metadata: Path) -> Iterator[Path]:
    """Give a folder to fill, which is ``out`` if the block ends well.

    A folder that exists is never replaced: whatever else lies in it would be lost with it.

    Raises:
        StageError: it exists, or the data set has no boxes.
    """
    if out.exists() or out.is_symlink():
        raise StageError(f"{out} exists already; remove it or name another place")
    check_boxes(metadata)
    with new_folder(out, replaces=False) as folder:
        yield folder


def sayable(metadata: Path, summary: "Summary") -> Iterator[Annotated]:
    """Yield the samples that a format of one file an image can say; ``summary`` gets the others."""
    shared = _shared_stems(metadata)
    for sample in read(metadata):
        reason = _why_not(sample.row, shared)
        if reason is None:
            yield sample
        else:
            summary.leave_out(sample.image.image, reason)


def _why_not(row: SampleRow, shared: set[str]) -> str | None:
    """Return why a format of one file an image cannot say a sample, or None if it can."""
    if not row.has_boxes:
        return NO_BOXES
    if row.window:
        return WINDOW
    if len(row.files) > 1:
        return BANDS
    return SHARED if stem_of(row.files[0]) in shared else None


def _shared_stems(metadata: Path) -> set[str]:
    """Return the paths without suffix that several images have: they would share one file."""
    seen: set[str] = set()
    shared: set[str] = set()
    for files in read_samples(metadata, ["files"])["files"]:
        stem = stem_of(files[0])
        (shared if stem in seen else seen).add(stem)
    return shared


def stem_of(path: str) -> str:
    """Return a path without its suffix.

    >>> stem_of("a.b/c.d.png"), stem_of("a.b/c")
    ('a.b/c.d', 'a.b/c')
    """
    return str(PurePosixPath(path).with_suffix(""))


class Summary:
    """Counts what is written, and names what is not."""

    def __init__(self) -> None:
        self.images = 0
        self.annotations = 0
        self._samples: dict[str, list[str]] = defaultdict(list)
        self._parts: dict[str, int] = defaultdict(int)

    def leave_out(self, sample: str, reason: str) -> None:
        """Take note of a sample that the format cannot say."""
        self._samples[reason].append(sample)

    def count(self, what: str, amount: int = 1) -> None:
        """Take note of something on a sample that the format cannot say."""
        self._parts[what] += amount

    def sentence(self) -> str:
        """Return what was written, what was left out and why, in a line."""
        parts = [f"{_amount(self.images, 'image')}, {_amount(self.annotations, 'annotation')}"]
        for reason, names in sorted(self._samples.items()):
            parts.append(f"{_amount(len(names), 'sample')} left out: {reason}")
        parts += [f"{what}: {count:,}" for what, count in sorted(self._parts.items()) if count]
        return "; ".join(parts)

    def tell(self, path: Path) -> None:
        """Name the first samples that were left out, then end with the sentence."""
        for reason, names in sorted(self._samples.items()):
            for name in names[:SHOWN]:
                say(one_line(f"left out: {name}: {reason}"))
            if len(names) > SHOWN:
                say(f"  ... and {len(names) - SHOWN:,} more")
        answer(f"{path}: {one_line(self.sentence())}")


def _amount(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"
