"""Tables of boxes and of labels: their habits, their columns, real ones."""

import csv
import io
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing.convert.found import FoundImage, Source
from Data_processing.convert.readers.tables import extract
from Data_processing.convert.report import Report
from Datasets.dataset import Dataset
from Datasets.errors import AnnotationError
from Datasets.rejections import Rejections
from tests.Data_processing.convert.conftest import Bench

HEAD = "filename,class,xmin,ymin,xmax,ymax"
Box = tuple[str, float, float, float, float]


def write(bench: Bench, *lines: str, name: str = "t.csv") -> None:
    (bench.raw / name).write_text("\n".join((*lines, "")), encoding="utf-8")


def boxes(bench: Bench) -> dict[str, list[Box]]:
    """Return the boxes of each image, corners in the order x1, y1, x2, y2."""
    return {
        sample.image.image: [
            (one.name, one.x1, one.y1, one.x2, one.y2) for one in sample.image.bounding_boxes
        ]
        for sample in bench.samples()
    }


def labels(bench: Bench) -> dict[str, tuple[str, ...]]:
    return {sample.image.image: sample.image.label_names() for sample in bench.samples()}


@pytest.fixture
def three(bench: Bench) -> Bench:
    for name in ("a.png", "b.png", "c.png"):
        bench.image(name)
    return bench


def test_tables_that_repeat_others_get_one_sentence(three: Bench) -> None:
    rows = ["a.png,cat,1,2,6,6", "b.png,ant,0,0,20,10", "c.png,,,,,"]
    for name, some in (("all", rows), ("some", rows[1:]), ("more", rows[:1])):
        write(three, HEAD, *some, name=f"{name}.csv")
    options = "format: csv, annotations: '*.csv'"
    says = r"annotations: every row of more\.csv, some\.csv stands in all\.csv as well; name the"
    with pytest.raises(AnnotationError, match=says):
        three.convert(options)
    assert "0 and 2 rejected" in three.convert(f"{options}, on_bad: skip")
    write(three, HEAD, rows[0].replace("cat", "dog"), name="more.csv")
    with pytest.raises(AnnotationError, match=r"every row of some\.csv stands in all\.csv"):
        three.convert(options)
    (three.raw / "some.csv").unlink()
    assert three.convert(options).startswith("3 images and 3 annotations in, 3 and 3 out")


def test_rows_need_not_be_neighbours_and_an_empty_one_is_an_empty_image(three: Bench) -> None:
    write(
        three, HEAD, "a.png,cat,1,2,6,6", "c.png,,,,,", "b.png,ant,0,0,20,10", "a.png,ant,3,2,6,6"
    )
    summary = three.convert("format: csv")
    assert summary.startswith("3 images and 3 annotations in, 3 and 3 out; 2 classes")
    assert boxes(three) == {
        "a.png": [("ant", 3, 2, 6, 6), ("cat", 1, 2, 6, 6)],
        "b.png": [("ant", 0, 0, 20, 10)],
        "c.png": [],
    }
    assert all(sample.row.has_boxes and sample.row.has_labels for sample in three.samples())
    assert [sample.row.source for sample in three.samples()] == ["t.csv"] * 3


@pytest.mark.parametrize(
    ("head", "row", "options", "box"),
    [
        ("image,label,x1,y1,x2,y2", "3,2,6,6", "", (3, 2, 6, 6)),
        ("image,label,x1,y1,x2,y2", "6,6,3,2", "origin: 1", (2, 1, 6, 6)),
        ("image,label,x1,y1,x2,y2", "6,2,3,6", "origin: 1", (2, 1, 6, 6)),
        ("file,name,x,y,box_width,box_height", "8,2,-6,6", "origin: 1", (2, 1, 8, 7)),
        ("file,name,x,y,box_width,box_height", "8,7,-6,-6", "", (2, 1, 8, 7)),
        # From 1 on: pixels 3 to 6 of a row are those from 2 up to 6, half-open, from 0 on.
        ("image,label,x1,y1,x2,y2", "3,2,6,6", "origin: 1", (2, 1, 6, 6)),
        ("file,name,x,y,box_width,box_height", "3,2,6,6", "", (3, 2, 9, 8)),
        ("file,name,x,y,box_width,box_height", "3,2,6,6", "origin: 1", (2, 1, 8, 7)),
        (
            "path,category,x,y,width,height", "3.5,2,6,6.25",
            "columns: {box_width: width, box_height: height}", (3.5, 2, 9.5, 8.25),
        ),
        ("IMAGE, Class ,X1,Y1,X2,Y2", " 3, 2 ,6,6e0", "", (3, 2, 6, 6)),
        ("image,class,x1,y1,x2,y2", "6,6,3,2", "", (3, 2, 6, 6)),
        (
            "what,who,l,t,r,b", "3,2,6,6",
            "columns: {image: what, class: who, x1: l, y1: t, x2: r, y2: b}", (3, 2, 6, 6),
        ),
    ],
)  # fmt: skip
def test_a_box_in_other_words(
    bench: Bench, head: str, row: str, options: str, box: Sequence[float]
) -> None:
    bench.image("a.png")
    write(bench, head, f"a.png,cat,{row}")
    bench.convert(", ".join(filter(None, ("format: csv", options))))
    assert boxes(bench) == {"a.png": [("cat", *box)]}


def test_without_columns_for_a_box_rows_are_labels(three: Bench) -> None:
    write(three, "image,label", "a.png,cat", "b.png,cat|big dog", "a.png,ant", "c.png,")
    assert three.convert("format: csv").startswith("3 images in, 3 out; 3 classes")
    assert labels(three) == {"a.png": ("ant", "cat"), "b.png": ("big dog", "cat"), "c.png": ()}
    assert all(s.row.has_labels and not s.row.has_boxes for s in three.samples())


@pytest.mark.parametrize("file", ["t.parquet", "t.csv"])
def test_lists_of_labels_are_labels(three: Bench, file: str) -> None:
    lists: list[object] = [["x", "y|z"], [], None]
    frame = pd.DataFrame({"image": ["a.png", "b.png", "c.png"], "labels": lists})
    if file == "t.csv":
        frame["labels"] = ['["x", "y|z"]', "[]", ""]
        frame.to_csv(three.raw / file, index=False)
    else:
        frame.to_parquet(three.raw / file)
    three.convert(f"format: {file[2:]}")
    assert labels(three) == {"a.png": ("x", "y|z"), "b.png": (), "c.png": ()}
    assert all(sample.row.has_labels for sample in three.samples())


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[1, 2], [10]], {"a.png": ("1", "2"), "b.png": ("10",)}),
        (["[x|y]", "[]x"], {"a.png": ("[x", "y]"), "b.png": ("[]x",)}),
    ],
)
def test_numbers_in_lists_are_names_and_brackets_may_be(
    three: Bench, values: list[object], expected: dict[str, tuple[str, ...]]
) -> None:
    frame = pd.DataFrame({"image": ["a.png", "b.png"], "labels": values})
    frame.to_parquet(three.raw / "t.parquet")
    three.convert("format: parquet")
    assert labels(three) == expected


@pytest.mark.parametrize(
    ("value", "says"),
    [([["x"], ["y"]], "give names alone"), ([None], "is empty"), (["x", ""], "is empty")],
)
def test_lists_of_other_things_are_refused(three: Bench, value: object, says: str) -> None:
    frame = pd.DataFrame({"image": ["a.png"], "labels": [value]})
    frame.to_parquet(three.raw / "t.parquet")
    with pytest.raises(AnnotationError, match="0 out"):
        three.convert("format: parquet, on_bad: skip")
    assert says in three.reasons()[0]


def test_boxes_and_labels_of_the_image_in_one_table(three: Bench) -> None:
    write(three, f"{HEAD},scene", "a.png,cat,1,2,6,6,indoors", "a.png,ant,3,2,6,6,indoors|dark")
    three.convert("format: csv, columns: {labels: scene}")
    assert labels(three) == {"a.png": ("ant", "cat", "dark", "indoors")}


def test_ids_and_sides_are_kept(three: Bench) -> None:
    write(
        three,
        f"annotation_id,width,height,{HEAD}",
        "12,20,10,a.png,cat,1,2,6,6",
        "9,20.0,10,a.png,ant,3,2,6,6",
        "3,,,b.png,ant,3,2,6,6",
    )
    three.convert("format: csv")
    assert [sample.row.annotation_ids for sample in three.samples()] == [(9, 12), (3,)]
    assert boxes(three)["a.png"] == [("ant", 3, 2, 6, 6), ("cat", 1, 2, 6, 6)]


def test_several_files_are_one_data_set(three: Bench) -> None:
    write(three, HEAD, "a.png,cat,1,2,6,6", "b.png,cat,1,2,6,6", name="1.csv")
    write(three, HEAD.replace(",", ";"), "a.png;ant;1;2;6;6", name="2.csv")
    summary = three.convert("format: csv, annotations: '?.csv'")
    assert "2.csv is separated by a semicolon" in summary
    assert boxes(three)["a.png"] == [("ant", 1, 2, 6, 6), ("cat", 1, 2, 6, 6)]
    assert [sample.row.source for sample in three.samples()] == ["1.csv", "1.csv"]


def test_names_with_spaces_signs_and_backslashes(bench: Bench) -> None:
    for name in ("img/grüße aus.png", "img/sub/b.png", "img/日本.png"):
        bench.image(name)
    write(bench, HEAD, "grüße aus.png,Käfer,1,2,6,6", r"sub\b.png,Käfer,1,2,6,6",
          "sub/b.png,ant,1,2,6,6", "./日本.png,Käfer,1,2,6,6")  # fmt: skip
    bench.convert("format: csv")
    assert {name: len(some) for name, some in boxes(bench).items()} == {
        "img/grüße aus.png": 1, "img/sub/b.png": 2, "img/日本.png": 1,
    }  # fmt: skip


@pytest.mark.parametrize("folder", [".", "img", "img/"])
def test_the_folder_of_the_images_can_be_said(bench: Bench, folder: str) -> None:
    bench.image("img/a.png")
    write(bench, HEAD, f"{'img/' * (folder == '.')}a.png,cat,1,2,6,6")
    bench.convert(f"format: csv, images: {folder}")
    assert list(boxes(bench)) == ["img/a.png"]


def test_what_is_wrong_in_a_row_costs_that_row(three: Bench) -> None:
    write(
        three,
        HEAD,
        "a.png,cat,1,2,6,6",
        "a.png,cat,1,2,six,6",
        "a.png,cat,1,2,6,6",
        "a.png,cat,1,2,6",
        "b.png,cat,1,nan,6,6",
        "../c.png,cat,1,2,6,6",
        "d.png,cat,1,2,6,6",
    )
    summary = three.convert("format: csv, on_bad: skip")
    assert summary.startswith("4 images and 7 annotations in, 1 and 1 out, 3 and 6 rejected")
    assert boxes(three) == {"a.png": [("cat", 1, 2, 6, 6)]}
    said = "\n".join(three.reasons())
    for part in (
        "t.csv:3: xmax is 'six'",
        "t.csv:4: says the same as t.csv:2",
        "t.csv:5: the row has 5 fields",
        "t.csv:6: ymin is 'nan'",
        "t.csv:7: the image's name '../c.png' leads out",
        "none of its annotations could be taken over",
    ):
        assert part in said


def test_rows_that_differ_in_a_number_alone_are_two(three: Bench) -> None:
    """Of -1 and -2, of 1 and 1.0, Python's hashes are the same."""
    write(three, f"{HEAD},score", "a.png,cat,1,2,6,6,-1", "a.png,cat,1,2,6,6,-2")
    pd.read_csv(three.raw / "t.csv").to_parquet(three.raw / "t.parquet")
    three.convert("format: parquet")
    assert len(boxes(three)["a.png"]) == 2


def test_an_id_that_several_rows_have_is_nobodys(three: Bench) -> None:
    write(
        three,
        f"annotation_id,{HEAD}",
        "1,a.png,cat,1,2,6,6",
        "1,a.png,cat,1,2,6,6",
        "2,a.png,cat,1,2,6,7",
        "2,b.png,cat,1,2,6,7",
    )
    three.convert("format: csv, on_bad: skip")
    assert boxes(three) == {"a.png": [("cat", 1, 2, 6, 6)]}
    assert [reason.split(": ")[0] for reason in three.reasons() if "t.csv" in reason] == [
        "t.csv:3", "t.csv:4", "t.csv:5",
    ]  # fmt: skip


def test_what_is_left_out_is_named(three: Bench) -> None:
    write(three, f"{HEAD},rater", "a.png,cat,1,2,6,6,Ann", "a.png,cat,1,2,6,6,Bob")
    three.convert("format: csv")
    assert len(boxes(three)["a.png"]) == 2  # the rows differ, if not in what we read
    changes = (three.metadata / "changes.jsonl").read_text()
    for word in ('"b.png"', '"c.png"', '"rater"', "an image that no annotation names"):
        assert word in changes


def test_a_table_may_be_joined_to_itself(three: Bench) -> None:
    write(three, "image,label,age", "a.png,cat,3", "b.png,ant,4", "c.png,cat,")
    options = "format: csv, annotations: t.csv, table: {file: t.csv, key: image}, group: age"
    three.convert(options)
    assert [sample.row.columns["age"] for sample in three.samples()] == [3, 4, None]
    assert "left out" not in (three.metadata / "changes.jsonl").read_text()


def test_parquet_says_the_same_as_csv(three: Bench) -> None:
    write(three, f"{HEAD},width", "a.png,cat,1,2,6.5,6,20", "b.png,,,,,,", "a.png,ant,3,2,6,6,")
    three.convert("format: csv")
    first = boxes(three)
    pd.read_csv(three.raw / "t.csv").to_parquet(three.raw / "t.parquet")
    three.convert("format: parquet")
    assert boxes(three) == first and len(first) == 2


def test_golden(bench: Bench) -> None:
    for name in ("img/a.png", "img/b c.png", "img/ü.png", "img/d.png"):
        bench.image(name)
    write(
        bench,
        "filename;width;height;class;xmin;ymin;xmax;ymax;rater",
        "ü.png;20;10;dog;4;4;2;2;Ann",
        "a.png;20;10;cat;1.5;2;6;6;Ann",
        '"b c.png";20;10;;;;;;Bob',
        "a.png;20;10;ant;0;0;20.5;10;Ann",
        "a.png;20;10;cat;1.5;2;6;6;Ann",
        "none.png;20;10;cat;1;2;6;6;Bob",
        "a.png;20;10;cat;1;x;6;6;Bob",
    )
    bench.convert("format: csv, on_bad: skip")
    bench.golden("csv")


def test_raccoon(bench: Bench, shared_data: Path) -> None:
    bench.raw.rmdir()
    bench.raw.symlink_to(shared_data / "csv_raccoon")
    with pytest.raises(AnnotationError, match=r"there are 3: data/raccoon_labels\.csv, data/test_"):
        bench.convert("format: csv")
    summary = bench.convert("format: csv, annotations: data/raccoon_labels.csv")
    assert summary.startswith("200 images and 217 annotations in, 200 and 217 out; 1 class")
    both = "format: csv, annotations: data/*.csv, on_bad: skip"
    assert bench.convert(both).startswith(
        "200 images and 434 annotations in, 200 and 217 out, 0 an"
    )


def test_blood_cells(bench: Bench, shared_data: Path) -> None:
    bench.raw.rmdir()
    bench.raw.symlink_to(shared_data / "voc_bccd")
    options = "format: csv, columns: {class: cell_type}, on_bad: skip, outside: clip"
    summary = bench.convert(options)
    assert summary.startswith("364 images and 4,888 annotations in, 364 and 4,886 out, 0 and 2 rej")
    assert ["has no area" in reason for reason in bench.reasons()] == [True, True]
    counts: Counter[str] = Counter()
    for sample in bench.samples():
        counts.update(sample.image.class_counts())
    assert counts["WBC"] == 372 and counts["RBC"] + counts["Platelets"] == 4155 + 361 - 2


def test_findings(bench: Bench, shared_data: Path) -> None:
    """Most rows are of images that are not here: each is rejected by name, none in silence."""
    bench.raw.rmdir()
    bench.raw.symlink_to(shared_data / "tab_covid")
    options = "format: csv, images: images, columns: {labels: finding}, on_bad: skip"
    assert bench.convert(options).startswith("668 images in, 39 out, 629 rejected; 4 classes")
    assert Counter(labels(bench).values()) == {
        ("ARDS",): 1, ("Pneumocystis",): 2, ("COVID-19",): 32, ("No Finding",): 4,
    }  # fmt: skip


ROW = st.tuples(
    st.sampled_from(["a.png", "b.png", "./a.png", "../c.png", "sub/c.png"]),
    st.sampled_from(["cat", "ant", "", "c\x07t"]),
    *(st.sampled_from(["1", "2.5", "9", "", "nan"]) for _ in range(4)),
)


def found_in(folder: Path, rows: list[tuple[str, ...]]) -> tuple[list[FoundImage], int, int]:
    """Return the images in a table of ``rows``, and how many images and boxes are out.

    Without the lines that the boxes stand in: these follow the order of rows.
    """
    text = io.StringIO(newline="")
    csv.writer(text).writerows([HEAD.split(","), *rows])
    (folder / "t.csv").write_text(text.getvalue(), newline="")
    rejections = Rejections("convert@x", "skip", "on_bad")
    with Report(folder, rejections) as report:
        extraction = extract(Source("x", folder, Dataset("csv", "."), "here"), report)
        images = list(extraction.images)
        assert extraction.seen.images == len(images) + rejections.samples
        boxes_in = sum(len(image.annotations) for image in images)
        assert extraction.seen.annotations == boxes_in + rejections.annotations
    replace = msgspec.structs.replace
    placeless = [
        replace(image, annotations=tuple(replace(one, place="") for one in image.annotations))
        for image in images
    ]
    return placeless, rejections.samples, rejections.annotations


@given(rows=st.lists(ROW, min_size=1, max_size=12), data=st.data())
def test_any_order_of_rows_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("table")
    shuffled = data.draw(st.permutations(rows))
    assert found_in(folder, rows) == found_in(folder, shuffled)


def test_the_golden_files_of_parquet_and_sql(three: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rows by both ways; a database gives types, and names rows by their number."""
    rows = pd.DataFrame(
        {
            "image": ["a.png", "a.png", "b.png"],
            "class": ["cat", "ant", None],
            **{side: [one, two, None] for side, one, two in SIDES},
        }
    )
    rows.to_parquet(three.raw / "t.parquet")
    three.convert("format: parquet")
    three.golden("parquet")
    (three.raw / "t.parquet").unlink()
    path = three.folder / "rows.db"
    with closing(sqlite3.connect(path)) as database:
        rows.to_sql("boxes", database, index=False)
    monkeypatch.setenv("ROWS", f"sqlite:///{path}")
    three.convert('format: sql, sql: {url_env: ROWS, query: "select * from boxes"}')
    three.golden("sql")


SIDES = (("x1", 1, 2.5), ("y1", 2, 3.0), ("x2", 5, 9.25), ("y2", 6, 8.0))
