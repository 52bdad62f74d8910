"""Corrections by people: applied in order, and refused where they speak of something else."""

import json
from pathlib import Path

import pytest

from Data_processing.convert.corrections import Corrections, State, read_corrections
from Data_processing.convert.objects import Kept
from Datasets.errors import AnnotationError
from Datasets.image import Header
from Datasets.metadata import Box

HEADER = Header(20, 10, 3, "uint8", 1)
CAT = {"name": "cat", "x1": 1, "x2": 9, "y1": 2, "y2": 8}


def corrections(folder: Path, *lines: object) -> Corrections:
    path = folder / "pets.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n")
    return read_corrections(path, "pets")


def line(action: str, **keys: object) -> dict[str, object]:
    return {"action": action, "sample": "pets/a.png", "sha256": "f00", **keys}


def two() -> State:
    return State((), (Kept(7, Box("cat", 1, 9, 2, 8), area=4.0), Kept(8, Box("dog", 0, 5, 0, 5))))


def test_no_file_is_no_correction(tmp_path: Path) -> None:
    assert read_corrections(tmp_path / "x.jsonl", "x") == Corrections()


def test_annotations_are_relabelled_moved_and_deleted(tmp_path: Path) -> None:
    moved = {**CAT, "name": "ant", "x2": 10.5}
    made = corrections(
        tmp_path,
        line("relabel", annotation=7, old="cat", new="ant"),
        line("edit_box", annotation=7, old={**CAT, "name": "ant"}, new=moved),
        line("delete", annotation=8, old={"name": "dog", "x1": 0, "x2": 5, "y1": 0, "y2": 5}),
    )
    assert sorted(made.names()) == ["ant", "ant"]
    state, changes = made.apply("pets/a.png", "f00", HEADER, two())
    assert state == State((), (Kept(7, Box("ant", 1, 10.5, 2, 8), area=None),))
    assert [(c.reason, c.images, c.annotations) for c in changes] == [
        ("relabel", 0, 0),
        ("edit_box", 0, 0),
        ("delete", 0, 1),
    ]
    assert changes[0].detail == f'{tmp_path / "pets.jsonl"}:1: "cat" -> "ant"'


def test_images_are_relabelled_and_deleted(tmp_path: Path) -> None:
    made = corrections(tmp_path, line("relabel", old=["cat"], new="dog"))
    state, _ = made.apply("pets/a.png", "f00", HEADER, State(("cat",), ()))
    assert state == State(("dog",), ())
    gone = corrections(tmp_path, line("delete", old=["cat", "dog"]))
    state, changes = gone.apply("pets/a.png", "f00", HEADER, two())
    assert state is None and (changes[0].images, changes[0].annotations) == (1, 2)


def test_the_area_is_that_of_the_box_until_it_is_edited(tmp_path: Path) -> None:
    made = corrections(tmp_path, line("relabel", annotation=7, old="cat", new="ant"))
    state, _ = made.apply("pets/a.png", "f00", HEADER, two())
    assert state is not None and state.objects[0].area == 4.0


def test_labels_of_a_mask_are_not_relabelled(tmp_path: Path) -> None:
    made = corrections(tmp_path, line("relabel", old=["cat"], new="dog"))
    with pytest.raises(AnnotationError, match="are those of its mask; correct the mask, and take"):
        made.apply("pets/a.png", "f00", HEADER, State(("cat",), (), is_masked=True))


def test_a_mark_of_byte_order_is_no_content(tmp_path: Path) -> None:
    path = tmp_path / "pets.jsonl"
    path.write_text(json.dumps(line("delete", old=["cat"])), encoding="utf-8-sig")
    assert list(read_corrections(path, "pets").lines) == ["pets/a.png"]


@pytest.mark.parametrize("text", ['{"action": "delete"', '{"action": "\\ud83d"}', "{'action': 1}"])
def test_what_is_not_json_is_told_without_actions(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pets.jsonl"
    path.write_text(f"\n{text}\n")
    with pytest.raises(AnnotationError) as caught:
        read_corrections(path, "pets")
    assert str(caught.value).startswith(f"{path}:2: not JSON: ")
    assert "actions are" not in str(caught.value)


def test_other_samples_are_left_alone(tmp_path: Path) -> None:
    made = corrections(tmp_path, line("relabel", annotation=7, old="cat", new="ant"))
    assert made.apply("pets/b.png", "f00", HEADER, two()) == (two(), ())


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (
            [line("relabel", annotation=7, old="cow", new="ant")],
            r'pets\.jsonl:1: pets/a\.png was corrected from "cow", but now it has "cat"',
        ),
        (
            [line("edit_box", annotation=7, old={**CAT, "x1": 2}, new=CAT)],
            r'from \{"name":"cat","x1":2\.0.*but now it has \{"name":"cat","x1":1',
        ),
        (
            [line("relabel", old=["cow"], new="ant")],
            r'from \["cow"\], but now it has \["cat","dog"\]',
        ),
        ([line("relabel", old=["cat", "dog"], new="ant")], "relabel these, each with its id"),
        ([line("delete", annotation=9, old=CAT)], "has no annotation 9; it has 7, 8"),
        (
            [line("relabel", annotation=7, old="cat", new="ant") | {"sha256": "bad"}],
            "its sha256 was bad, now it is f00",
        ),
        (
            [line("edit_box", annotation=7, old=CAT, new={**CAT, "x2": 21})],
            "leaves the image of 20",
        ),
        ([line("edit_box", annotation=7, old=CAT, new={**CAT, "x2": 1})], "is empty or leaves"),
        ([line("delete", old=["cat", "dog"])] * 2, r":2: pets/a\.png was deleted by a line before"),
        ([line("relabel", annotation=7, old="cat", new=["x", "y"])], "has one class, not a list"),
    ],
)
def test_what_does_not_fit_any_more_stops(tmp_path: Path, lines: list[object], says: str) -> None:
    with pytest.raises(AnnotationError, match=says):
        corrections(tmp_path, *lines).apply("pets/a.png", "f00", HEADER, two())


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (line("rename", old="a", new="b"), r"pets\.jsonl:1: not a correction: .*'rename'"),
        (line("relabel", old="a"), "missing required field `new`"),
        (line("delete", annotation=7, old=CAT, why="x"), "unknown field `why`"),
        ({**line("relabel", old="a", new="b"), "sample": "cars/a.png"}, "not of the data set pets"),
        ("x", "not a correction"),
        (line("relabel", annotation=7, old="cat", new=" "), "the name of its class is empty"),
        (line("relable", old="a", new="b"), "actions are relabel, delete and edit_box"),
    ],
)
def test_lines_that_are_no_corrections(tmp_path: Path, broken: object, says: str) -> None:
    with pytest.raises(AnnotationError, match=says):
        corrections(tmp_path, broken)


def test_a_correction_without_its_sample_is_found(tmp_path: Path) -> None:
    made = corrections(tmp_path, line("delete", old=["cat"]))
    made.check_used({"pets/a.png"})
    with pytest.raises(AnnotationError, match=r"jsonl:1: there is no sample pets/a\.png"):
        made.check_used(set())


def test_a_repeated_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pets.jsonl"
    path.write_text(json.dumps(line("delete", old=["cat"]))[:-1] + ', "old": ["dog"]}')
    with pytest.raises(AnnotationError, match="the key 'old' occurs twice"):
        read_corrections(path, "pets")
