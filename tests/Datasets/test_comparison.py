"""Every change of a sample is found, and nothing else is."""

from pathlib import Path

import numpy as np
import pytest

from Datasets.comparison import Difference, differences
from Datasets.errors import StoreError
from Datasets.metadata import Annotated, Box
from Datasets.revisions import Version
from tests.Datasets.small_metadata import sample, write

CAT, DOG = Box("cat", 2, 12, 3, 13), Box("dog", 20, 30, 5, 15)
SQUARE = ((2.0, 3.0, 12.0, 3.0, 12.0, 13.0),)


def compared(folder: Path, old: list[Annotated], new: list[Annotated]) -> list[Difference]:
    before, after = write(folder / "old", *old), write(folder / "new", *new)
    return list(differences(Version(before), Version(after), 0.999))


def test_nothing_changed(tmp_path: Path) -> None:
    some = [sample("a.png", {1: CAT}), sample("b.png")]
    assert compared(tmp_path, some, some) == []


def test_samples_come_and_go(tmp_path: Path) -> None:
    found = compared(
        tmp_path, [sample("a.png"), sample("c.png")], [sample("b.png"), sample("c.png")]
    )
    assert found == [
        Difference("sample removed", "pets/a.png"),
        Difference("sample added", "pets/b.png"),
    ]


def test_a_data_set_comes_and_goes(tmp_path: Path) -> None:
    there = Version(write(tmp_path / "one", sample("a.png")))
    assert list(differences(None, there, 0.9)) == [Difference("sample added", "pets/a.png")]
    assert list(differences(there, None, 0.9)) == [Difference("sample removed", "pets/a.png")]


def test_another_file_of_the_same_name(tmp_path: Path) -> None:
    found = compared(tmp_path, [sample("a.png")], [sample("a.png", sha256="1" * 64)])
    assert found == [Difference("file changed", "pets/a.png", None, "0" * 64, "1" * 64)]


def test_a_box_renamed_changes_labels_and_counts(tmp_path: Path) -> None:
    renamed = Box("dog", 2, 12, 3, 13)
    found = compared(
        tmp_path, [sample("a.png", {7: CAT, 8: DOG})], [sample("a.png", {7: renamed, 8: DOG})]
    )
    assert found == [
        Difference("relabelled", "pets/a.png", None, ("cat", "dog"), ("dog",)),
        Difference("counts changed", "pets/a.png", None, {"cat": 1, "dog": 1}, {"dog": 2}),
        Difference("box renamed", "pets/a.png", 7, "cat", "dog"),
    ]


def test_boxes_moved_added_removed(tmp_path: Path) -> None:
    moved, hardly = Box("cat", 3, 13, 3, 13), Box("dog", 20, 30.001, 5, 15)
    other = Box("cat", 30, 33, 20, 23)
    found = compared(
        tmp_path,
        [sample("a.png", {7: CAT, 8: DOG}), sample("b.png", {1: CAT})],
        [sample("a.png", {7: moved, 8: hardly, 9: other}), sample("b.png")],
    )
    assert [(one.what, one.annotation) for one in found] == [
        ("counts changed", None),
        ("box added", 9),
        ("box moved", 7),
        ("relabelled", None),
        ("counts changed", None),
        ("box removed", 1),
    ]
    assert found[2].old == CAT and found[2].new == moved


def test_regions_and_other_values(tmp_path: Path) -> None:
    old = sample("a.png", {7: CAT}, polygons=((),), group="x")
    new = sample("a.png", {7: CAT}, polygons=(SQUARE,), areas=(50.0,), group="y")
    assert compared(tmp_path, [old], [new]) == [
        Difference("region changed", "pets/a.png", 7),
        Difference("other values changed", "pets/a.png", 7, new=("areas",)),
        Difference("other values changed", "pets/a.png", new=("group",)),
    ]


def test_a_mask_changed_if_its_classes_did_not_only_move(tmp_path: Path) -> None:
    of_cats = np.array([[0, 1], [255, 1]], np.uint8)
    name = "masks/a.png.png"
    one = sample("a.png", mask=name)
    old = Version(write(tmp_path / "old", one, masks={name: of_cats}, classes=("cat",)))
    moved = np.array([[0, 2], [255, 2]], np.uint8)
    same = Version(write(tmp_path / "same", one, masks={name: moved}, classes=("ant", "cat")))
    assert list(differences(old, same, 0.999)) == []
    other = Version(write(tmp_path / "other", one, masks={name: moved}, classes=("cat", "dog")))
    changed = Difference("mask changed", "pets/a.png", new="semantic")
    assert list(differences(old, other, 0.999)) == [changed]
    gone = Version(write(tmp_path / "gone", sample("a.png"), classes=("cat",)))
    assert list(differences(old, gone, 0.999)) == [changed]


def test_parts_of_a_raster_go_by_number(tmp_path: Path) -> None:
    old, new = (
        [sample(f"r.tif#{i}", window=(0, 0, 40, 30), files=("r.tif",)) for i in numbers]
        for numbers in ((2, 10), (9, 10))
    )
    assert [(one.what, one.sample) for one in compared(tmp_path, old, new)] == [
        ("sample removed", "pets/r.tif#2"),
        ("sample added", "pets/r.tif#9"),
    ]


def test_what_is_not_in_order_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"pets/a\.png is not in order"):
        compared(tmp_path, [sample("b.png"), sample("a.png")], [])
