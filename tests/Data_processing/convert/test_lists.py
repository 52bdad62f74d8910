"""Lists of a data set's own become a column, and parts of a split."""

import json
from pathlib import Path

import pytest

from Data_processing.convert.lists import UNUSED
from Datasets.errors import AnnotationError, ParamsError, StageError
from tests.Data_processing.convert.conftest import Bench

OPTIONS = "format: folders, lists: {train: sets/train.txt, val: sets/val.txt}"


@pytest.fixture
def three(bench: Bench) -> Bench:
    for name in ("a/1.png", "a/2.png", "b/3.png"):
        bench.image(name)
    return bench


def write(bench: Bench, train: str, val: str = "") -> None:
    (bench.raw / "sets").mkdir(exist_ok=True)
    (bench.raw / "sets/train.txt").write_text(train)
    (bench.raw / "sets/val.txt").write_text(val or "b/3.png\n")


def lists_of(bench: Bench) -> list[object]:
    return [sample.row.columns["list"] for sample in bench.samples()]


@pytest.mark.parametrize(
    "train",
    [
        "a/1.png\na/2.png\n",
        "1\n\n2",
        "./a/1.png\r\n.\\a\\2.png\r\n",
        "\ufeff/data/x/a/1.png\n2.png",
    ],
)
def test_names_are_paths_or_what_paths_end_in(three: Bench, train: str) -> None:
    """As VOC and Darknet write them, and as they were on another machine."""
    write(three, train)
    three.convert(OPTIONS)
    assert lists_of(three) == ["train", "train", "val"]


def test_what_is_in_no_list_and_who_is_not_there(three: Bench) -> None:
    write(three, "a/1.png\n9\n")
    summary = three.convert(OPTIONS)
    assert "; 1 images in no list" in summary and f"; 1 left out: {UNUSED}" in summary
    assert lists_of(three) == ["train", None, "val"]
    changes = map(json.loads, (three.metadata / "changes.jsonl").read_text().splitlines())
    (named,) = [one for one in changes if one["reason"] == UNUSED]
    assert (named["sample"], named["detail"]) == ("9", "sets/train.txt:2")


@pytest.mark.parametrize(
    ("train", "val", "says"),
    [
        ("1\n2\n1\n", "3", r"sets/train.txt:3: '1' stands in sets/train.txt:1 too; an image is in"),
        ("1\n2\n", "3\n2", r"sets/val.txt:2: '2' stands in sets/train.txt:2 too"),
    ],
)
def test_who_is_named_twice_stops_it(three: Bench, train: str, val: str, says: str) -> None:
    write(three, train, val)
    with pytest.raises(AnnotationError, match=says):
        three.convert(OPTIONS)


def test_a_line_that_means_two_images_is_named(three: Bench) -> None:
    three.image("b/1.png")
    write(three, "1\n2\n")
    for policy in ("strict", "skip"):
        with pytest.raises(StageError, match=r"'1' names a/1.png and b/1.png; write their paths"):
            three.convert(f"{OPTIONS}, on_bad: {policy}")


@pytest.mark.parametrize(
    ("train", "val"),
    [("a/1.png", "1"), ("1.png", "a/1"), ("x/a/1.png", "1"), ("y/a/1.png", "z/a/1")],
)
def test_an_image_in_two_lists_by_two_names_stops_it(three: Bench, train: str, val: str) -> None:
    """Else it would be trained on and tested on."""
    write(three, f"{train}\n", f"b/3.png\n{val}\n")
    for policy in ("strict", "skip"):
        with pytest.raises(StageError, match=r"both name a/1.png; take one of the lines out"):
            three.convert(f"{OPTIONS}, on_bad: {policy}")


def test_lists_of_which_no_line_fits_stop_it(three: Bench) -> None:
    write(three, "one\ntwo\n", "three\n")
    with pytest.raises(
        StageError, match=r"none of 3 lines .* the first is 'one' \(sets/train.txt:1"
    ):
        three.convert(OPTIONS)


@pytest.mark.parametrize("file", ["none.txt", "../t.csv", "/etc/hosts", "a" * 300])
def test_files_that_are_not_there_or_outside(three: Bench, file: str) -> None:
    with pytest.raises(ParamsError, match=r"lists\.train: "):
        three.convert(f"format: folders, lists: {{train: {file}}}")


def test_a_table_beside_them(three: Bench) -> None:
    """Both give columns; a table with a column of that name is refused."""
    write(three, "1\n2\n")
    (three.raw / "t.csv").write_text("name,age\na/1.png,3\na/2.png,4\nb/3.png,5\n")
    three.convert(f"{OPTIONS}, table: {{file: t.csv, key: name}}, group: age")
    first = next(iter(three.samples())).row
    assert first.columns == {"age": 3, "list": "train"} and first.group == "3"
    (three.raw / "t.csv").write_text("name,list\na/1.png,3\n")
    with pytest.raises(ParamsError, match="they make a column 'list', which the table has"):
        three.convert(f"{OPTIONS}, table: {{file: t.csv, key: name}}")


def test_the_lists_of_blood_cells(bench: Bench, shared_data: Path) -> None:
    """205 train, 87 validate, 72 are tested; trainval repeats the first two."""
    bench.raw.rmdir()
    bench.raw.symlink_to(shared_data / "voc_bccd")
    train, val, test, both = (
        f"{name}: ImageSets/Main/{name}.txt" for name in ("train", "val", "test", "trainval")
    )
    bench.convert(f"format: voc, on_bad: skip, lists: {{{train}, {val}, {test}}}")
    found = lists_of(bench)
    assert [found.count(name) for name in ("train", "val", "test", None)] == [205, 87, 72, 0]
    with pytest.raises(AnnotationError, match=r"trainval.txt:2: 'BloodImage_00001' stands in"):
        bench.convert(f"format: voc, on_bad: skip, lists: {{{train}, {both}}}")
