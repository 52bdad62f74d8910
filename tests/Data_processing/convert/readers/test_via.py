"""VIA 1 and 2: shapes, classes, folders, JSON and CSV of the same."""

import csv
import io
import json
import math
from pathlib import Path

import pytest

from Data_processing.convert.readers.via_files import JsonEntry, read_json
from Datasets.errors import AnnotationError, ParamsError, RejectedError
from tests.Data_processing.convert.conftest import Bench

OPTIONS = "format: via, on_bad: skip"
RECT: dict[str, object] = {"name": "rect", "x": 2, "y": 1, "width": 6, "height": 4}
POLYGON: dict[str, object] = {
    "name": "polygon",
    "all_points_x": [1, 5, 5],
    "all_points_y": [1, 1, 4],
}

Region = tuple[dict[str, object], dict[str, object]]


def _as_json(images: dict[str, list[Region]], version: int, **about: object) -> str:
    """Return an annotation file: regions by number in version 1, in a list in version 2."""
    entries = {}
    for name, regions in images.items():
        each = [{"shape_attributes": s, "region_attributes": a} for s, a in regions]
        said = {str(i): one for i, one in enumerate(each)} if version == 1 else each
        entry = {"filename": name, "size": 9, "regions": said, "file_attributes": about}
        entries[f"{name}9"] = entry | ({"fileref": ""} if version == 1 else {})
    return json.dumps(entries)


def _as_csv(images: dict[str, list[Region]], version: int) -> str:
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(
        [
            "#filename" if version == 1 else "filename",
            "file_size",
            "file_attributes",
            "region_count",
            "region_id",
            "region_shape_attributes",
            "region_attributes",
        ]
    )
    for name, regions in images.items():
        for number, (shape, attributes) in enumerate(regions or [({}, {})]):
            said = [json.dumps(shape), json.dumps(attributes)]
            table.writerow([name, 9, "{}", len(regions), number, *said])
    return text.getvalue()


IMAGES: dict[str, list[Region]] = {
    "ä b.png": [(RECT, {"class": "cat"}), (POLYGON, {"class": "dög, 1"})],
    "c.png": [],
}


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("kind", ["json", "csv", "project"])
def test_all_ways_to_write_it_say_the_same(bench: Bench, version: int, kind: str) -> None:
    for name in IMAGES:
        bench.image(f"sub/{name}")
    text = _as_csv(IMAGES, version) if kind == "csv" else _as_json(IMAGES, version)
    if kind == "project":
        text = json.dumps({"_via_settings": {}, "_via_img_metadata": json.loads(text)})
    suffix = "csv" if kind == "csv" else "json"
    (bench.raw / f"sub/via.{suffix}").write_text(text, encoding="utf-8")
    bench.convert("format: via")
    c, b = bench.samples()
    assert (b.image.image, c.image.image) == ("sub/ä b.png", "sub/c.png")
    boxes = [(one.name, one.x1, one.y1, one.x2, one.y2) for one in b.image.bounding_boxes]
    assert boxes == [("cat", 2, 1, 8, 5), ("dög, 1", 1, 1, 5, 4)]
    assert b.row.polygons == ((), ((1.0, 1.0, 5.0, 1.0, 5.0, 4.0),))
    assert (c.row.has_boxes, c.image.bounding_boxes) == (True, ())


def test_each_shape_has_its_place(bench: Bench) -> None:
    bench.image("a.png")
    shapes: list[dict[str, object]] = [
        {"name": "circle", "cx": 10, "cy": 5, "r": 4},
        {"name": "ellipse", "cx": 10, "cy": 5, "rx": 8, "ry": 2, "theta": math.pi / 2},
        {"name": "polyline", "all_points_x": [1, 4], "all_points_y": [1, 3]},
        {"name": "point", "cx": 7.5, "cy": 2.5},
    ]
    shapes[1] |= {"rx": 4}  # upright, it is 4 wide and 8 high
    regions: list[Region] = [(shape, {"class": "cat"}) for shape in shapes]
    (bench.raw / "via.json").write_text(_as_json({"a.png": regions}, 2))
    bench.convert("format: via")
    (sample,) = bench.samples()
    corners = [(b.x1, b.y1, b.x2, b.y2) for b in sample.image.bounding_boxes]
    assert corners[0] == pytest.approx((6, 1, 14, 9))
    assert corners[1] == pytest.approx((8, 1, 12, 9))
    assert corners[2:] == [(1, 1, 4, 3), (7, 2, 8, 3)]
    assert sample.row.keypoints == (
        (),
        (),
        (1.0, 1.0, 2.0, 4.0, 3.0, 2.0),
        (7.5, 2.5, 2.0),
    )
    assert sample.row.extras == (
        '{"circle":[10.0,5.0,4.0]}',
        f'{{"ellipse":[10.0,5.0,4.0,2.0,{math.pi / 2}]}}',
        '{"shape":"polyline"}',
        '{"shape":"point"}',
    )


@pytest.mark.parametrize(
    ("attributes", "name", "extras"),
    [
        ({"anything": "cat"}, "cat", None),
        ({"anything": 3}, "3", None),
        ({"Label": "cat", "age": "1"}, "cat", '{"attributes":{"age":"1"}}'),
        ({"type": {"cat": True}, "age": ""}, "cat", '{"attributes":{"age":""}}'),
    ],
)
def test_the_class_is_an_attribute(
    bench: Bench, attributes: dict[str, object], name: str, extras: str | None
) -> None:
    bench.image("a.png")
    (bench.raw / "via.json").write_text(_as_json({"a.png": [(RECT, attributes)]}, 2))
    summary = bench.convert("format: via")
    (sample,) = bench.samples()
    assert (sample.image.labels, sample.row.extras) == (name, (extras,))
    assert ("the class is the attribute" in summary) == (len(attributes) > 1)


def test_the_attribute_can_be_said(bench: Bench) -> None:
    bench.image("a.png")
    attributes: dict[str, object] = {"kind": "cat", "coat": "red"}
    (bench.raw / "via.json").write_text(_as_json({"a.png": [(RECT, attributes)]}, 2))
    with pytest.raises(AnnotationError, match=r"say it as .*tiny\.columns: \{class: coat\}"):
        bench.convert("format: via")
    bench.convert("format: via, columns: {class: kind}")
    assert bench.samples()[0].image.labels == "cat"
    with pytest.raises(ParamsError, match="no region has the attribute 'kin'; did you mean 'kind'"):
        bench.convert("format: via, columns: {class: kin}")
    with pytest.raises(ParamsError, match="unknown key 'x1'; of VIA only class is known"):
        bench.convert("format: via, columns: {x1: kind}")


KEYS = ('"0":', '"1":', '"2":', '"3":')
HEADER = (
    "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,"
    "region_attributes"
)
CELLS = (
    """0,"{""name"":""rect"",""x"":2,""y"":1,""width"":6,""height"":4}","{""class"":""cat""}\""""
)


def test_a_shape_that_is_not_counted_is_not_lost(bench: Bench) -> None:
    bench.image("a.png")
    rows = [f"a.png,9,{{}},{count},{CELLS}" for count in (1, 0)]
    (bench.raw / "via.csv").write_text("\n".join([HEADER, *rows]))
    summary = bench.convert(OPTIONS)
    assert summary.startswith("1 image and 2 annotations in, 1 and 1 out, 0 and 1 rejected")
    assert bench.reasons() == [
        "via.csv:3: region 2: region_count is 0, but a shape stands there; mend one"
    ]


def _rows(counts: str, ids: str, xs: str) -> str:
    """Return a table of regions of a.png, each at its x; in each text a digit a row."""
    regions: list[Region] = [({**RECT, "x": int(x)}, {"class": "cat"}) for x in xs]
    head, *rows = csv.reader(io.StringIO(_as_csv({"a.png": regions}, 2), newline=""))
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(head)
    for row, count, number in zip(rows, counts, ids, strict=True):
        row[3:5] = count.strip(), number.strip()
        table.writerow(row)
    return text.getvalue()


MISCOUNTED = "region_count is {}; get the file anew if rows were lost, else correct region_count"


@pytest.mark.parametrize(
    ("counts", "ids", "xs", "kept", "says"),
    [
        ("1", "0", "1", [1], ""),
        ("222", "012", "123", None, ":2: " + MISCOUNTED.format("'2', but the image has 3 regions")),
        ("33", "01", "12", None, ":2: " + MISCOUNTED.format("'3', but the image has 2 regions")),
        ("23", "01", "12", None, ":3: " + MISCOUNTED.format("'3', but the image has 2 regions")),
        ("x", "0", "1", None, ":2: " + MISCOUNTED.format("'x', but the image has 1 region")),
        ("333", "011", "122", None, ":2: " + MISCOUNTED.format("'3', but the image has 2 regions")),
        ("222", "011", "122", [1, 2], ":4: region 3: says the same as via.csv:3; remove one of th"),
        ("11", "00", "11", [1], ":3: region 2: says the same as via.csv:2; remove one of them"),
        ("01", "00", "11", [1], ":2: region 1: region_count is 0, but a shape stands there; mend"),
        ("  ", "  ", "11", [1, 1], ""),
    ],
)
def test_rows_are_as_many_as_they_say(
    bench: Bench, counts: str, ids: str, xs: str, kept: list[int] | None, says: str
) -> None:
    """What is there twice is rejected once; where one may be missing, the image is rejected."""
    bench.image("a.png")
    bench.image("b.png")
    rest = _as_csv({"b.png": [(RECT, {"class": "cat"})]}, 2).splitlines()[1]
    (bench.raw / "via.csv").write_text(_rows(counts, ids, xs) + rest)
    summary = bench.convert(OPTIONS)
    found = {one.image.image: one.image.bounding_boxes for one in bench.samples()}
    assert len(found.pop("b.png")) == 1
    assert [[box.x1 for box in boxes] for boxes in found.values()] == (
        [] if kept is None else [kept]
    )
    assert f"2 images and {len(xs) + 1} annotations in" in summary
    if says:
        (reason,) = bench.reasons()
        assert reason.startswith(f"via.csv{says}")
    assert "noticed" not in summary


@pytest.mark.parametrize(
    ("ids", "shown"), [("02", "'0, 2'"), ("00", "'0, 0'"), ("10", ""), ("12", "'1, 2'")]
)
def test_numbers_of_regions_that_skip_or_repeat_are_told(
    bench: Bench, ids: str, shown: str
) -> None:
    bench.image("a.png")
    (bench.raw / "via.csv").write_text(_rows("22", ids, "12"))
    summary = bench.convert("format: via")
    assert summary.startswith("1 image and 2 annotations in, 1 and 2 out")
    assert ("1 noticed: region_id does not count the regions from 0" in summary) == bool(shown)
    changes = (bench.metadata / "changes.jsonl").read_text().splitlines()
    details = [json.loads(change)["detail"] for change in changes]
    assert details == ([f"via.csv:2: region_id is {shown}"] if shown else [])


def test_negative_radii_are_counted_as_negative_sides_are(bench: Bench) -> None:
    bench.image("a.png")
    shapes: list[dict[str, object]] = [
        {"name": "rect", "x": 12, "y": 7, "width": -4, "height": -4},
        {"name": "circle", "cx": 10, "cy": 5, "r": -2},
        {"name": "ellipse", "cx": 10, "cy": 5, "rx": -2, "ry": 2},
        {"name": "ellipse", "cx": 10, "cy": 5, "rx": 2, "ry": -2, "theta": 0.3},
    ]
    regions: list[Region] = [(shape, {"class": "cat"}) for shape in shapes]
    (bench.raw / "via.json").write_text(_as_json({"a.png": regions}, 2))
    summary = bench.convert("format: via")
    assert "4 reversed: corners in the wrong order, put right" in summary
    (sample,) = bench.samples()
    corners = [(b.x1, b.y1, b.x2, b.y2) for b in sample.image.bounding_boxes]
    assert corners == [pytest.approx((8, 3, 12, 7))] * 4
    assert sample.row.extras[1] == '{"circle":[10.0,5.0,-2.0]}'


def test_rows_of_an_image_say_the_same_of_it(bench: Bench) -> None:
    bench.image("a.png")
    about = ['"{""a"":1, ""b"":2}"', '"{""b"":2,""a"":1}"', '"{""a"":2}"']
    rows = [f"a.png,9,{each},2,{i}{CELLS[1:]}" for i, each in enumerate(about)]
    (bench.raw / "via.csv").write_text("\n".join([HEADER, *rows[:2]]))
    assert bench.convert("format: via").startswith("1 image and 2 annotations in, 1 and 2 out")
    (bench.raw / "via.csv").write_text("\n".join([HEADER, *rows]))
    with pytest.raises(RejectedError, match=r"csv:4: file_attributes are others than in line 2"):
        bench.convert("format: via")


def test_places_are_looked_for_once(bench: Bench) -> None:
    """Text is searched and read once an image, not once a broken region: that takes minutes."""
    regions: list[Region] = [(RECT, {"class": ""}), (RECT, {"class": "cat"})] * 2
    text = json.dumps(json.loads(_as_json({"a.png": regions}, 1)), indent=1)
    (bench.raw / "via.json").write_text(text)
    entries = read_json(bench.raw, "via.json")
    entry = next(iter(entries or ()))
    assert isinstance(entry, JsonEntry)
    starts = [i for i, line in enumerate(text.splitlines(), 1) if line.strip()[:4] in KEYS]
    assert entry.places() == [f"via.json:{line}" for line in starts]
    bench.image("a.png")
    (bench.raw / "via.json").write_text(_as_json({"a.png": [(RECT, {"class": ""})] * 4000}, 2))
    count, before = 0, JsonEntry.places

    def counted(entry: JsonEntry) -> list[str]:
        nonlocal count
        count += 1
        return before(entry)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JsonEntry, "places", counted)
        with pytest.raises(RejectedError, match="4,001 rejected"):
            bench.convert("format: via")
    assert count == 1


def test_what_is_said_of_the_file_is_kept(bench: Bench) -> None:
    bench.image("a.png")
    (bench.raw / "via.json").write_text(_as_json({"a.png": []}, 2, caption="a cat"))
    bench.convert("format: via")
    assert bench.samples()[0].row.image_extras == '{"attributes":{"caption":"a cat"}}'


def test_each_file_is_about_the_images_beside_it(bench: Bench) -> None:
    for part in ("train", "val"):
        bench.image(f"{part}/a.png")
        (bench.raw / f"{part}/via.json").write_text(_as_json({"a.png": []}, 2))
    bench.convert("format: via")
    assert [one.image.image for one in bench.samples()] == ["train/a.png", "val/a.png"]


def test_images_are_found_in_another_folder(bench: Bench) -> None:
    bench.image("images/a.png")
    (bench.raw / "via.json").write_text(_as_json({"a.png": []}, 2))
    bench.convert("format: via")
    assert [one.image.image for one in bench.samples()] == ["images/a.png"]


def test_a_table_that_says_the_same_is_left_out_and_one_kind_can_be_named(bench: Bench) -> None:
    for name in IMAGES:
        bench.image(name)
    (bench.raw / "via.json").write_text(_as_json(IMAGES, 1), encoding="utf-8")
    (bench.raw / "via.csv").write_text(_as_csv(IMAGES, 1), encoding="utf-8")
    (bench.raw / "other.json").write_text("{}")
    summary = bench.convert("format: via")
    assert "1 left out: a CSV file of which a JSON file says the same" in summary
    assert "1 left out: a file that is not of VIA" in summary
    assert bench.convert("format: via, annotations: via.csv").startswith("2 images and 2 annot")
    (bench.raw / "via.csv").write_text(_as_csv({**IMAGES, "c.png": [(RECT, {"class": "x"})]}, 1))
    with pytest.raises(AnnotationError, match=r"via\.csv says other things than via\.json"):
        bench.convert("format: via")


def test_an_image_that_only_a_broken_region_speaks_of_is_rejected(bench: Bench) -> None:
    bench.image("a.png")
    bench.image("b.png")
    regions: dict[str, list[Region]] = {
        "a.png": [(RECT, {"class": ""})],
        "b.png": [(RECT, {"class": ""}), (RECT, {"class": "cat"})],
    }
    (bench.raw / "via.json").write_text(_as_json(regions, 2))
    summary = bench.convert(OPTIONS)
    assert summary.startswith("2 images and 3 annotations in, 1 and 1 out, 1 and 2 rejected")


def test_an_image_named_twice_is_rejected_and_no_stranger(bench: Bench) -> None:
    for part in ("one", "two"):
        bench.image(f"{part}/a.png")
        (bench.raw / f"{part}/via.json").write_text(_as_json({"a.png": []}, 2))
    (bench.raw / "one/more.json").write_text(_as_json({"a.png": [(RECT, {"class": "cat"})]}, 2))
    summary = bench.convert(OPTIONS)
    assert summary.startswith("3 images and 1 annotation in, 1 and 0 out, 2 and 1 rejected")
    assert "left out" not in summary


def test_the_real_set(bench: Bench, shared_data: Path) -> None:
    """120 images, 776 regions on 114 of them; two have no class.

    One of these is the only one of its image, which is rejected with it. Six are in no file.
    """
    bench.raw.rmdir()
    bench.raw.symlink_to(shared_data / "via_rice")
    summary = bench.convert(OPTIONS)
    assert summary.startswith(
        "114 images and 776 annotations in, 113 and 774 out, 1 and 2 rejected; 3 classes"
    )
    assert "6 left out: an image that no annotation names" in summary
    assert "2 left out: a CSV file of which a JSON file says the same" in summary
    assert sorted(reason.partition(": region ")[2] for reason in bench.reasons()) == [
        "",
        "1: its attribute 'class_id' is empty: it has no class; give it one",
        "34: its attribute 'class_id' is empty: it has no class; give it one",
    ]
    rows = [sample.row for sample in bench.samples()]
    assert sum(len(each) for row in rows for each in row.polygons) == 774
    assert all(row.has_mask for row in rows)
    as_json = [sample.image for sample in bench.samples()]
    bench.convert(f"{OPTIONS}, annotations: '*/*.csv'")
    assert [sample.image for sample in bench.samples()] == as_json


def test_golden(bench: Bench) -> None:
    for name in ("a.png", "b.png", "unnamed.png"):
        bench.image(name)
    images: dict[str, list[Region]] = {
        "a.png": [
            (RECT, {"class": "cat", "age": "1"}),
            (POLYGON, {"class": "dog"}),
            (
                {"name": "polyline", "all_points_x": [1, 4], "all_points_y": [1, 3]},
                {"class": "dog"},
            ),
            (RECT, {"age": "2"}),
        ],
        "b.png": [],
    }
    (bench.raw / "via.json").write_text(_as_json(images, 2, weather="rain"))
    bench.convert(OPTIONS)
    bench.golden("via")
