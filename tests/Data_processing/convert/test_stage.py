"""The section ``datasets`` is checked before anything runs, and the stage says what it lacks."""

from pathlib import Path

import pytest

from Data_processing.convert.formats import FORMATS, WITH_ANNOTATION_FILES
from Data_processing.convert.stage import check
from Datasets.errors import ParamsError
from Datasets.params import load
from Datasets.parts import find
from tests.Data_processing.convert.conftest import Bench


def checked(folder: Path, datasets: str) -> None:
    path = folder / "params.yaml"
    path.write_text(f"datasets: {datasets}\n")
    check(load(path))


def test_every_format_is_there() -> None:
    assert FORMATS.keys() >= WITH_ANNOTATION_FILES
    for name in FORMATS:
        assert callable(find(FORMATS, name, "format", "x"))


def test_a_sound_section_passes(tmp_path: Path) -> None:
    checked(tmp_path, "{a-1: {format: coco, path: x, annotations: '*.json'}}")


@pytest.mark.parametrize(
    ("datasets", "says"),
    [
        ("{}", "at least one data set"),
        (
            "{a: {format: cocoo, path: x}}",
            r"unknown format 'cocoo'; did you mean 'coco'",
        ),
        ("{a: {format: coco}}", "missing required field `path`"),
        ("{a: {format: coco, path: ''}}", "must name a folder"),
        ("{a b: {format: coco, path: x}}", "letters, digits, _ and -"),
        ("{a: {format: coco, pth: x}}", r"unknown key 'pth'; did you mean 'path'"),
        ("{a: {format: coco, path: x, on_bad: drop}}", "on_bad"),
        ("{a: {format: folders, path: x, annotations: y}}", "the format folders has none"),
        ("{a: {format: coco, path: x, images: ../y}}", "must be a path below"),
        ("{a: {format: coco, path: x, group: y}}", "is a column of the table"),
        ("{a: {format: coco, path: x, table: {file: y}}}", "missing required field `key`"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, datasets: str, says: str) -> None:
    with pytest.raises(ParamsError, match=says):
        checked(tmp_path, datasets)


def test_folders_that_are_missing(bench: Bench) -> None:
    bench.image("a.png")
    with pytest.raises(ParamsError, match=r"images: there is no folder x in raw"):
        bench.convert("format: folders, images: x")
    (bench.raw / "a.png").unlink()
    bench.raw.rmdir()
    with pytest.raises(ParamsError, match=r"path: there is no folder raw"):
        bench.convert("format: folders")


def test_a_failed_run_leaves_what_was_there(bench: Bench) -> None:
    bench.image("cat/1.png")
    bench.convert("format: folders")
    (bench.raw / "cat/2.png").write_bytes(b"")
    with pytest.raises(Exception, match="the file is empty"):
        bench.convert("format: folders")
    assert len(bench.samples()) == 1
    assert [path.name for path in bench.metadata.parent.iterdir()] == ["tiny"]
