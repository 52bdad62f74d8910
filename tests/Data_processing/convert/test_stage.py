"""The section ``datasets`` is checked before anything runs, and the stage says what it lacks."""

import json
import os
from pathlib import Path

import pytest

from Data_processing.convert.formats import FORMATS, READS
from Data_processing.convert.stage import check
from Datasets.dataset import Dataset
from Datasets.errors import AnnotationError, DarkroomError, ParamsError
from Datasets.params import load
from Datasets.parts import find
from tests.Data_processing.convert.conftest import Bench


def checked(folder: Path, datasets: str) -> None:
    path = folder / "params.yaml"
    path.write_text(f"datasets: {datasets}\n")
    check(load(path))


def test_every_format_is_there() -> None:
    assert FORMATS.keys() == READS.keys()
    assert {key for keys in READS.values() for key in keys} <= set(Dataset.__struct_fields__)
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
        ("{a: {format: folders, path: x, annotations: y}}", "the format folders has no use for it"),
        ("{a: {format: coco, path: x, origin: 1}}", r"a\.origin: the format coco has no use"),
        ("{a: {format: coco, path: x, outside: cut}}", "outside: unknown value 'cut'; known: clip"),
        ("{a: {format: coco, path: x, labels: {cas: lower}}}", "did you mean 'case'"),
        ("{a: {format: coco, path: x, bands: {b: a.tif}}}", r"bands\.b: the pattern .* needs one"),
        ("{a: {format: coco, path: x, table: {key: y}}}", "needs a file or sql, one of them"),
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


def test_links_that_lead_nowhere_and_names_too_long_are_named(bench: Bench) -> None:
    bench.image("cat/1.png")
    bench.image(f"cat/{'x' * 245}.png")
    with pytest.raises(DarkroomError, match="its name is too long for a mask"):
        bench.convert("format: folders")
    (bench.raw / "a.json").symlink_to("nowhere")
    for one in ("coco", "labelme", "via"):
        with pytest.raises(DarkroomError, match=r"a\.json: is a link that leads nowhere"):
            bench.convert(f"format: {one}")
    with pytest.raises(DarkroomError):
        bench.convert("format: coco, annotations: .")


def test_a_failed_run_leaves_what_was_there(bench: Bench) -> None:
    bench.image("cat/1.png")
    bench.convert("format: folders")
    (bench.raw / "cat/2.png").write_bytes(b"")
    with pytest.raises(Exception, match="the file is empty"):
        bench.convert("format: folders")
    assert len(bench.samples()) == 1
    assert [path.name for path in bench.metadata.parent.iterdir()] == ["tiny"]


def test_corrections_are_read_beside_the_raw_data(bench: Bench) -> None:
    bench.image("cat/1.png")
    bench.image("dog/2.png")
    bench.convert("format: folders")
    sha256 = bench.samples()[0].row.sha256
    one = {"action": "relabel", "sample": "tiny/cat/1.png", "sha256": sha256, "old": ["cat"]}
    path = bench.folder / "Datasets/corrections/tiny.jsonl"
    path.parent.mkdir()
    path.write_text(json.dumps({**one, "new": "fox"}) + "\n")
    assert bench.convert("format: folders").endswith(
        "3 classes; new class 'fox', by a correction alone; known: cat, dog; 1 corrected: relabel"
    )
    path.write_text(json.dumps({**one, "new": "dogg"}) + "\n")
    assert "new class 'dogg', by a correction alone; did you mean 'dog'?" in bench.convert(
        "format: folders"
    )
    path.write_text(json.dumps({**one, "new": "fox"}) + "\n")
    bench.convert("format: folders")
    assert [sample.image.labels for sample in bench.samples()] == ["fox", "dog"]
    path.write_text(json.dumps({**one, "old": ["cow"], "new": "fox"}) + "\n")
    with pytest.raises(AnnotationError, match=r'from \["cow"\], but now it has \["cat"\]'):
        bench.convert("format: folders, on_bad: skip")
    path.write_text(json.dumps({**one, "sample": "tiny/x.png", "new": "fox"}) + "\n")
    with pytest.raises(AnnotationError, match=r"tiny\.jsonl:1: there is no sample tiny/x\.png"):
        bench.convert("format: folders")


@pytest.mark.parametrize("name", ["a.json", "a.xml", "a.csv", "cat/a.png", "labels/a.txt"])
def test_a_pipe_in_place_of_a_file_is_not_waited_for(bench: Bench, name: str) -> None:
    bench.image("cat/b.png")
    (bench.raw / name).parent.mkdir(exist_ok=True)
    os.mkfifo(bench.raw / name)
    (bench.raw / "classes.txt").write_text("cat\n")
    formats = {
        "a.json": ("coco", "labelme", "via", "label_studio"),
        "a.xml": ("voc", "cvat"),
        "a.csv": ("csv", "via"),
        "cat/a.png": ("folders",),
        "labels/a.txt": ("yolo",),
    }
    for one in formats[name]:
        with pytest.raises(DarkroomError):
            bench.convert(f"format: {one}")


def test_nothing_left_is_explained_by_what_was_wrong_and_not_by_what_came_of_it(
    bench: Bench,
) -> None:
    (bench.raw / "classes.txt").write_text("ant\n")
    for name in "abc":  # three images are left with nothing, two lines are alike
        bench.image(f"{name}.png")
    (bench.raw / "a.txt").write_text("0 .5 .5 .5\n")
    (bench.raw / "b.txt").write_text("\n0 .5 9 .5 .5\n")
    (bench.raw / "c.txt").write_text("0 .5 9 .5 .5\n")
    with pytest.raises(AnnotationError) as caught:
        bench.convert("format: yolo, on_bad: skip, labels: {case: lower}")
    said = str(caught.value)
    assert "Most of it: 2 rejected: pixels, not shares; b.png: b.txt:2: 9 is no share of" in said
    (path,) = (bench.folder / ".darkroom/rejected").iterdir()
    assert said.endswith(f"; all rejections: {path.relative_to(bench.folder)}")
    assert "none of its annotations" in path.read_text()


def test_what_was_renamed_is_not_to_blame_where_nothing_is_left(bench: Bench) -> None:
    bench.image("a.png")
    (bench.raw / "classes.txt").write_text("Ant\n")
    (bench.raw / "a.txt").write_text("0 .5 .5 .5 0\n" * 3)
    with pytest.raises(
        AnnotationError, match=r"Most of it: 3 rejected: zero area; a\.png: a\.txt: "
    ):
        bench.convert("format: yolo, on_bad: skip, labels: {case: lower}")
    (bench.raw / "a.txt").write_text("0 .5 .5 .5 .5\n")
    with pytest.raises(AnnotationError, match="Most of it: 1 dropped: the class 'Ant' is ignored"):
        bench.convert("format: yolo, samples: box, labels: {ignore: [Ant]}")
