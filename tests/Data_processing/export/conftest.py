"""A small data set, converted, and the verbs that write it back."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from Data_processing.__main__ import VERBS
from Datasets.command import main
from tests.Data_processing.convert.conftest import Bench, Coco, bench, two_images

__all__ = ["bench", "two_images"]
SQUARE = [[2.0, 2.0, 8.0, 2.0, 8.0, 6.0, 2.0, 6.0]]
Made = Callable[..., Coco]


def export(what: str, *options: str) -> int:
    """Run ``export-<what>`` on the data set that ``Bench`` makes, into the file or folder out."""
    return main("Data_processing", VERBS, [f"export-{what}", "tiny", "--out", "out", *options])


def again(first: Bench, monkeypatch: pytest.MonkeyPatch, images: str = "") -> Bench:
    """Return a second data set: what was written to out, links followed, and perhaps ``images``.

    Args:
        first: where it was written.
        monkeypatch: to go where the second data set is.
        images: a folder of the first raw folder that goes with it.
    """
    folder = first.folder / "again"
    folder.mkdir()
    second = Bench(folder)
    shutil.copytree(first.folder / "out", second.raw, dirs_exist_ok=True)
    if images:
        shutil.copytree(first.raw / images, second.raw / images, dirs_exist_ok=True)
    monkeypatch.chdir(folder)
    return second


def boxes(made: Bench) -> dict[str, list[tuple[str, list[float]]]]:
    """Return names and corners of each image's boxes that are no crowds, by its file's name."""
    return {
        Path(sample.image.image).name: sorted(
            (box.name, [box.x1, box.y1, box.x2, box.y2])
            for i, box in enumerate(sample.image.bounding_boxes)
            if not sample.row.iscrowd[i]
        )
        for sample in made.samples()
    }


def assert_close(ours: Bench, theirs: Bench) -> None:
    """Compare the boxes of two data sets to a millionth of a pixel."""
    first, second = boxes(ours), boxes(theirs)
    assert first.keys() == second.keys()
    for name, some in first.items():
        assert [kind for kind, _ in some] == [kind for kind, _ in second[name]]
        for (_, one), (_, other) in zip(some, second[name], strict=True):
            assert one == pytest.approx(other, abs=1e-6)


def real(bench: Bench, folder: Path, options: str) -> str:
    """Convert a real data set and return the summary."""
    bench.raw.rmdir()
    bench.raw.symlink_to(folder)
    return bench.convert(options)
