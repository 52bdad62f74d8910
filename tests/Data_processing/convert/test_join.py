"""Tables joined to images by name."""

from collections.abc import Callable

import pytest

from Datasets.errors import AnnotationError, ParamsError, RejectedError
from tests.Data_processing.convert.conftest import Bench, Coco

OPTIONS = "format: folders, table: {file: t.csv, key: name}"


@pytest.fixture
def three(bench: Bench) -> Bench:
    for name in ("1.png", "2.png", "3.png"):
        bench.image(name)
    return bench


def write(bench: Bench, text: str) -> None:
    (bench.raw / "t.csv").write_text(text)


def test_columns_keep_their_types_and_gaps(three: Bench) -> None:
    write(
        three,
        "name,whole,part,yes,text,code,country\n"
        "1.png,3,0.5,True,a,007,NA\n2.png,NA,,false,,008,DE\n9.png,4,1,True,c,009,FR\n",
    )
    summary = three.convert(f"{OPTIONS}, group: code")
    assert "1 images without a row in the table; 1 rows of the table without an image" in summary
    first, second, third = (sample.row for sample in three.samples())
    assert first.columns == {
        "whole": 3, "part": 0.5, "yes": True, "text": "a", "code": "007", "country": "NA",
    }  # fmt: skip
    assert second.columns["whole"] is None and second.columns["text"] is None
    assert set(third.columns.values()) == {None}
    assert [first.group, second.group, third.group] == ["007", "008", None]


@pytest.mark.parametrize(
    ("text", "options", "error", "says"),
    [
        ("name,a,a\n", OPTIONS, AnnotationError, "the column 'a' occurs twice"),
        ("nam,a\n1.png,2\n", OPTIONS, ParamsError, "unknown column 'name'; did you mean 'nam'"),
        ("name,a\n1.png,2\n", f"{OPTIONS}, group: b", ParamsError, "unknown column 'b'"),
        ("name,a\n1.png,2\n1.png,3\n", OPTIONS, RejectedError, r"1\.png: the table has 2 rows for"),
        ("name,a\n1.png,2\n", OPTIONS.replace("t.csv", "../t.csv"), ParamsError, "no file"),
        ("name,a\n1.png,2\n", "format: folders, group: a", ParamsError, "is a column of the table"),
    ],
)
def test_what_a_table_can_get_wrong(
    three: Bench, text: str, options: str, error: type[Exception], says: str
) -> None:
    write(three, text)
    with pytest.raises(error, match=says):
        three.convert(options)


def test_rows_that_repeat_without_an_image_do_no_harm(three: Bench) -> None:
    write(three, "name,a\n1.png,1\n2.png,2\n3.png,3\n,5\n,6\nscan,7\nscan,8\n")
    assert three.convert(OPTIONS).endswith("; 4 rows of the table without an image")


def test_an_image_with_two_rows_is_rejected_like_any_other(three: Bench) -> None:
    write(three, "name,a\n1.png,1\n2.png,2\n2.png,3\n3.png,4\n")
    summary = three.convert(f"{OPTIONS}, on_bad: skip")
    assert summary == "3 images in, 2 out, 1 rejected; no labels; 1 other files left alone"
    assert [s.row.columns["a"] for s in three.samples()] == [1, 4]
    assert three.reasons() == ["the table has 2 rows for 2.png; keep one of them"]


def test_annotations_of_an_image_with_two_rows_are_counted_and_no_mask_is_left(
    bench: Bench, two_images: Callable[..., Coco]
) -> None:
    square = [[2.0, 2.0, 8.0, 2.0, 8.0, 6.0, 2.0, 6.0]]
    own = {"id": 2, "image_id": 2, "category_id": 7, "bbox": [2, 2, 6, 4], "segmentation": square}
    bench.coco(two_images(own, {**own, "id": 3}, {**own, "id": 4, "bbox": None}))
    write(bench, "name,a\na.png,1\nb.png,2\nb.png,3\n")
    options = "format: coco, table: {file: t.csv, key: name}, on_bad: skip"
    summary = bench.convert(options)
    assert summary.startswith("2 images and 4 annotations in, 1 and 1 out, 1 and 3 rejected")
    assert not list(bench.metadata.rglob("*.png"))
