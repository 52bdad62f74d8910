"""Tables joined to images by name."""

import datetime
import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from Data_processing.convert.join import UNUSED
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


def left_out(bench: Bench) -> list[tuple[str, str]]:
    """Return key and place of the rows that are named as having no image."""
    lines = (bench.metadata / "changes.jsonl").read_text().splitlines()
    changes = [json.loads(line) for line in lines]
    return [(one["sample"], one["detail"]) for one in changes if one["reason"] == UNUSED]


def test_columns_keep_their_types_and_gaps(three: Bench) -> None:
    write(
        three,
        "name,whole,part,yes,text,code,country\n"
        "1.png,3,0.5,True,a,007,NA\n2.png,NA,,false,,008,DE\n9.png,4,1,True,c,009,FR\n",
    )
    summary = three.convert(f"{OPTIONS}, group: code")
    assert "; 1 images without a row in the table" in summary
    assert "; 1 left out: a row of the table without an image" in summary
    assert left_out(three) == [("9.png", "t.csv:4")]
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
        ("name,a\n1.png,2,3\n", OPTIONS, AnnotationError, "t.csv:2: the row has 3 fields, the"),
        ("name,a\n1.png,\xff\0\n", OPTIONS, AnnotationError, "t.csv:2: the line holds a NUL"),
        ("", OPTIONS, AnnotationError, "t.csv: the file is empty"),
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
    assert "; 4 left out: a row of the table without an image" in three.convert(OPTIONS)
    assert left_out(three) == [
        ("(no key)", "t.csv:5"), ("(no key)", "t.csv:6"), ("scan", "t.csv:7"), ("scan", "t.csv:8"),
    ]  # fmt: skip


def test_an_image_with_two_rows_is_rejected_like_any_other(three: Bench) -> None:
    write(three, "name,a\n1.png,1\n2.png,2\n2.png,3\n3.png,4\n")
    summary = three.convert(f"{OPTIONS}, on_bad: skip")
    assert summary.startswith("3 images in, 2 out, 1 rejected; no labels")
    assert left_out(three) == []
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


def test_parquet_brings_its_own_types(three: Bench) -> None:
    day = datetime.date(2026, 11, 21)
    pd.DataFrame(
        {
            "name": ["1.png", "2.png", "9.png"],
            "whole": pd.array([3, None, 4], "Int64"),
            "part": [0.5, None, 1],
            "yes": pd.array([True, None, False], "boolean"),
            "code": ["007", "1", None],
            "day": [day, None, day],
            "price": [Decimal("1.50"), None, Decimal("2")],
            "gap": [None, None, None],
        }
    ).to_parquet(three.raw / "t.parquet")
    three.convert("format: folders, table: {file: t.parquet, key: name}, group: code")
    first, second, third = (sample.row for sample in three.samples())
    assert first.columns == {
        "whole": 3, "part": 0.5, "yes": True, "code": "007", "day": "2026-11-21", "price": 1.5,
        "gap": None,
    }  # fmt: skip
    assert second.columns["code"] == "1" and third.columns["code"] is None
    assert {second.columns[name] for name in ("whole", "part", "yes", "price")} == {None}
    assert left_out(three) == [("9.png", "t.parquet, row 3")]


def test_findings_are_joined_to_their_images(bench: Bench, shared_data: Path) -> None:
    bench.raw.rmdir()
    bench.raw.symlink_to(shared_data / "tab_covid")
    table = "table: {file: metadata.csv, key: filename}, group: patientid"
    summary = bench.convert(f"format: folders, images: images, {table}")
    assert "without a row" not in summary
    assert "634 left out: a row of the table without an image" in summary
    rows = [sample.row for sample in bench.samples()]
    assert len(rows) == 39 and len({row.group for row in rows}) == 22
    assert Counter(row.columns["finding"] for row in rows) == {
        "ARDS": 1, "Pneumocystis": 2, "COVID-19": 32, "No Finding": 4,
    }  # fmt: skip
    assert {type(row.columns["offset"]) for row in rows} <= {int, type(None)}
