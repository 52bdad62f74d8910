"""Tables joined to images by name."""

import pytest

from Datasets.errors import AnnotationError, ParamsError
from tests.Data_processing.convert.conftest import Bench

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
        ("name,a\n1.png,2\n1.png,3\n", OPTIONS, AnnotationError, "the table has several rows for"),
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
