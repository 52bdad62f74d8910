"""Pascal VOC: its corners, its polygons, where its images are, what else it says."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from Data_processing.convert.readers.voc_objects import annotation
from Data_processing.convert.readers.xml import parsed
from Datasets.metadata import Annotated
from tests.Data_processing.convert.conftest import Bench

OPTIONS = "format: voc, on_bad: skip"


def _box(x1: object, y1: object, x2: object, y2: object) -> str:
    corners = {"xmin": x1, "ymin": y1, "xmax": x2, "ymax": y2}
    inner = "".join(f"<{tag}>{value}</{tag}>" for tag, value in corners.items())
    return f"<bndbox>{inner}</bndbox>"


def _object(inside: str = "", name: str = "cat", box: str | None = None) -> str:
    box = _box(2, 3, 8, 9) if box is None else box
    return f"<object><name>{name}</name>{inside}{box}</object>\n"


def _write(bench: Bench, file: str, *objects: str, name: str | None = None, more: str = "") -> None:
    name = file.rpartition("/")[2].replace(".xml", ".png") if name is None else name
    path = bench.raw / file
    path.parent.mkdir(parents=True, exist_ok=True)
    text = f"<annotation>\n<filename>{name}</filename>{more}\n{''.join(objects)}</annotation>\n"
    path.write_text(text, encoding="utf-8")


def _corners(sample: Annotated) -> list[tuple[float, float, float, float]]:
    return [(box.x1, box.y1, box.x2, box.y2) for box in sample.image.bounding_boxes]


def _files(bench: Bench) -> dict[str, int]:
    return {one.row.image: len(one.image.bounding_boxes) for one in bench.samples()}


def test_corners_are_taken_as_they_stand(bench: Bench) -> None:
    bench.image("a.png")
    boxes = [_box(0, 0, 20, 10), _box("1.5", " 2.25 ", "8e0", 9), _box(8, 9, 2, 3)]
    _write(bench, "a.xml", *(_object(box=box) for box in boxes))
    summary = bench.convert(OPTIONS)
    (sample,) = bench.samples()
    assert _corners(sample) == [(0, 0, 20, 10), (1.5, 2.25, 8, 9), (2, 3, 8, 9)]
    assert "1 reversed" in summary
    assert sample.row.has_boxes and not sample.row.has_mask


def test_counted_from_1_both_corners_are_inside(bench: Bench) -> None:
    """The whole of 20 x 10 pixels is 1 to 20 and 1 to 10; a pixel alone has equal corners."""
    bench.image("a.png")
    boxes = [_box(1, 1, 20, 10), _box(5, 5, 5, 5), _box(20, 10, 1, 1)]
    _write(bench, "a.xml", *(_object(box=box) for box in boxes))
    summary = bench.convert(f"{OPTIONS}, origin: 1")
    (sample,) = bench.samples()
    assert _corners(sample) == [(0, 0, 20, 10), (4, 4, 5, 5), (0, 0, 20, 10)]
    assert "1 reversed" in summary


@given(st.tuples(*[st.integers(-(10**6), 10**6)] * 4), st.sampled_from([0, 1]))
def test_what_was_written_is_read(corners: tuple[int, int, int, int], origin: int) -> None:
    x1, x2 = sorted(corners[:2])
    y1, y2 = sorted(corners[2:])
    text = _object(box=_box(x1 + origin, y1 + origin, x2, y2))
    if x1 + origin > x2 or y1 + origin > y2:  # no pixel inside: that cannot be counted from 1
        return
    found = annotation(parsed(text.encode(), "a.xml"), 1, "a.xml:1", 1 if origin else 0)
    assert found.corners == (x1, y1, x2, y2)


def test_what_else_is_said_goes_to_extras(bench: Bench) -> None:
    bench.image("a.png")
    said = "<pose>Left</pose><truncated>1</truncated><difficult>0</difficult><occluded>0</occluded>"
    silent = "<pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult>"
    head = f"<part><name>head</name>{_box(3, 4, 5, 6)}</part>"
    hand = "<part><name>hand</name></part><confidence>0.5</confidence>"
    about = (
        "<folder>x</folder><path>C:\\me\\a.png</path><source><database>PASCAL</database></source>"
        "<segmented>0</segmented>"
    )
    _write(bench, "a.xml", _object(said), _object(silent), _object(head + hand), more=about)
    bench.convert(OPTIONS)
    (sample,) = bench.samples()
    assert sample.row.extras == (
        '{"pose":"Left","truncated":1}',
        None,
        '{"confidence":0.5,"part":[{"bndbox":{"xmax":5,"xmin":3,"ymax":6,"ymin":4},"name":"head"},'
        '{"name":"hand"}]}',
    )
    assert sample.row.image_extras == '{"source":{"database":"PASCAL"}}'


def test_polygons_are_regions_and_drawn(bench: Bench) -> None:
    bench.image("a.png")
    bench.image("b.png")
    bench.image("c.png")
    square = "".join(
        f"<x{i}>{x}</x{i}><y{i}>{y}</y{i}>" for i, (x, y) in enumerate(_SQUARE, start=1)
    )
    polygon = f"<polygon>{square}</polygon>"
    _write(bench, "a.xml", _object(polygon, box=""), _object(polygon, "ant", _box(1, 2, 9, 9)))
    _write(bench, "b.xml", _object())
    _write(bench, "c.xml")
    bench.convert(OPTIONS)
    first, second, third = bench.samples()
    assert [list(one[0]) for one in first.row.polygons] == [[2, 3, 6, 3, 6, 5, 2, 5]] * 2
    assert _corners(first) == [(2, 3, 6, 5), (1, 2, 9, 9)]
    assert [one.row.has_mask for one in (first, second, third)] == [True, False, True]
    mask = np.asarray(Image.open(bench.metadata / str(first.image.segmentation_mask)))
    assert np.argwhere(mask).tolist() == [[y, x] for y in (3, 4) for x in (2, 3, 4, 5)]


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_polygons_are_found_in_any_encoding(bench: Bench, codec: str) -> None:
    """An image without objects has a mask where others have regions."""
    bench.image("a.png")
    bench.image("b.png")
    points = "".join(f"<x{i}>{x}</x{i}><y{i}>{y}</y{i}>" for i, (x, y) in enumerate(_SQUARE, 1))
    _write(bench, "a.xml", _object(f"<polygon>{points}</polygon>", box=""))
    _write(bench, "b.xml")
    for name in "ab":
        file = bench.raw / f"{name}.xml"
        file.write_bytes(file.read_text().encode(codec))
    bench.convert(OPTIONS)
    samples = bench.samples()
    assert [one.row.has_mask for one in samples] == [True, True]
    assert samples[0].image.segmentation_mask


_SQUARE = [(2, 3), (6, 3), (6, 5), (2, 5)]


def test_sides_of_0_are_unknown_and_an_image_without_objects_was_looked_at(bench: Bench) -> None:
    bench.image("a.png")
    size = "<size><width>0</width><height>0</height><depth>0</depth></size>"
    _write(bench, "a.xml", more=size)
    assert bench.convert(OPTIONS).startswith("1 image in, 1 out; no labels")
    (sample,) = bench.samples()
    assert sample.row.has_boxes and sample.row.has_labels and not sample.row.has_mask


@pytest.mark.parametrize(
    ("xml", "image", "name"),
    [
        ("a.xml", "a.png", "a.png"),
        ("Annotations/a.xml", "JPEGImages/a.png", "a.png"),
        ("Annotations/x/a.xml", "JPEGImages/x/a.png", "x/a.png"),
        ("Annotations/a.xml", "JPEGImages/a.png", "a"),
        ("Annotations/a.xml", "JPEGImages/a.png", "a.jpg"),
        ("Annotations/a.xml", "JPEGImages/a.png", ""),
        ("Annotations/a.xml", "JPEGImages/a.png", "\n\t\ta.png\n\t"),
        (
            "Annotations/Zwei Möwen & Co.xml",
            "Bilder/Zwei Möwen & Co.png",
            "Zwei Möwen &amp; Co.png",
        ),
        ("labels/x/y/a.xml", "a.png", "a.png"),
        ("labels/b.xml", "images/a.png", "a.jpg"),
        ("labels/a.xml", "images/x/a.png", "x\\a.png"),
    ],
)
def test_the_image_is_found(bench: Bench, xml: str, image: str, name: str) -> None:
    bench.image(image)
    _write(bench, xml, _object(), name=name)
    assert bench.convert(OPTIONS).startswith("1 image and 1 annotation in, 1 and 1 out; 1 class")
    assert _files(bench) == {image: 1}


def test_an_empty_filename_leaves_the_last_part_of_the_path(bench: Bench) -> None:
    bench.image("b.png")
    _write(bench, "a.xml", _object(), name="", more="<path>C:\\Users\\me\\b.png</path>")
    bench.convert(OPTIONS)
    assert _files(bench) == {"b.png": 1}


def test_splits_may_have_the_same_names(bench: Bench) -> None:
    for folder, count in (("test", 1), ("train", 2)):
        bench.image(f"{folder}/images/a.png", level=count)
        _write(bench, f"{folder}/xml/a.xml", *[_object()] * count)
    bench.convert(OPTIONS)
    assert _files(bench) == {"test/images/a.png": 1, "train/images/a.png": 2}


def test_files_in_one_folder_may_be_of_images_in_two(bench: Bench) -> None:
    for file, name in (("train/a", "a"), ("train/b", "b"), ("test/c", "c"), ("test/d", "d")):
        bench.image(f"{file}.png")
        _write(bench, f"Annotations/{name}.xml", _object())
    bench.convert(OPTIONS)
    assert list(_files(bench)) == ["test/c.png", "test/d.png", "train/a.png", "train/b.png"]


def test_of_two_folders_with_all_images_one_must_be_named(bench: Bench) -> None:
    bench.image("large/a.png", 20, 10)
    bench.image("small/a.png", 10, 5)
    _write(bench, "xml/a.xml", _object())
    with pytest.raises(Exception, match=r"large, small alike; say which is meant as"):
        bench.convert(OPTIONS)
    bench.convert(f"{OPTIONS}, images: large")
    assert _files(bench) == {"large/a.png": 1}


def test_a_file_under_another_name_is_told(bench: Bench) -> None:
    bench.image("a.png")
    _write(bench, "a.xml", _object(), name="IMG_7.JPG")
    assert "1 noticed: its XML file calls it otherwise" in bench.convert(OPTIONS)


def test_a_mask_is_not_taken_for_a_missing_image(bench: Bench) -> None:
    bench.image("JPEGImages/a.png")
    for name in "abc":
        bench.image(f"SegmentationClass/{name}.webp")
    for name in "abc":
        _write(bench, f"Annotations/{name}.xml", _object())
    assert bench.convert(OPTIONS).startswith("3 images and 3 annotations in, 1 and 1 out, 2 and 2")
    assert _files(bench) == {"JPEGImages/a.png": 1}


def test_a_link_within_the_folder_is_followed(bench: Bench) -> None:
    bench.image("a.png")
    _write(bench, "kept/a.txt", _object(), name="a.png")
    (bench.raw / "xml").mkdir()
    (bench.raw / "xml/a.xml").symlink_to("../kept/a.txt")
    bench.convert(OPTIONS)
    assert _files(bench) == {"a.png": 1}


def test_two_files_of_one_image_are_rejected_both(bench: Bench) -> None:
    bench.image("a.png")
    bench.image("b.png")
    _write(bench, "a.xml", _object(), name="a.png")
    _write(bench, "b.xml", _object(), _object(), name="a.png")
    _write(bench, "c.xml", _object(), name="b.png")
    summary = bench.convert(OPTIONS)
    assert summary.startswith("3 images and 4 annotations in, 1 and 1 out, 2 and 3 rejected")
    assert bench.reasons() == [
        "a.xml: a.png is named 2 times; merge the entries",
        "b.xml: a.png is named 2 times; merge the entries",
    ]


def test_what_is_no_voc_file_or_has_none_is_left_out(bench: Bench) -> None:
    bench.image("a.png")
    bench.image("b.png")
    _write(bench, "a.xml", _object())
    (bench.raw / "config.xml").write_text("<View><Image/></View>")
    summary = bench.convert(OPTIONS)
    assert "1 left out: an image that no annotation names" in summary
    assert "1 left out: a file that is not Pascal VOC" in summary
    assert summary.startswith("1 image and 1 annotation in, 1 and 1 out; 1 class")


def test_a_broken_file_takes_its_image_along_and_no_other(bench: Bench) -> None:
    for name in "abc":
        bench.image(f"{name}.png")
        _write(bench, f"{name}.xml", _object())
    whole = (bench.raw / "b.xml").read_bytes()
    (bench.raw / "b.xml").write_bytes(whole[: len(whole) // 2])
    summary = bench.convert(OPTIONS)
    assert summary.startswith("3 images and 2 annotations in, 2 and 2 out, 1 and 0 rejected")
    assert bench.reasons() == ["b.xml:3: the file is cut off; get it anew"]


def test_a_file_whose_name_is_no_text_is_named(bench: Bench) -> None:
    bench.image("b.png")
    _write(bench, "a.xml", _object())
    _write(bench, "b.xml", _object())
    (bench.raw / "a.xml").rename(bench.raw / os.fsdecode(b"\xff.xml"))
    summary = bench.convert(OPTIONS)
    assert summary.startswith("2 images and 1 annotation in, 1 and 1 out, 1 and 0 rejected")
    (reason,) = bench.reasons()
    assert reason.startswith(
        r"the file's name '\udcff.xml' holds characters that cannot be printed"
    )


def test_all_come_in_the_order_of_images_whoever_works(bench: Bench) -> None:
    for i in range(40):
        bench.image(f"images/{40 - i}.png", level=i)
        _write(bench, f"xml/{i}.xml", _object(), name=f"{40 - i}.png")
    bench.convert(OPTIONS)
    alone = (bench.metadata / "metadata.jsonl").read_bytes()
    assert list(_files(bench)) == sorted(_files(bench))
    bench.convert(OPTIONS, workers=2)
    assert (bench.metadata / "metadata.jsonl").read_bytes() == alone


@pytest.mark.parametrize(
    "first", ['<object id="1">', "<object >", "<object\n>", "<object\tid='1'\n>"]
)
def test_an_object_is_found_however_its_tag_is_spelt(bench: Bench, first: str) -> None:
    bench.image("a.png")
    _write(bench, "a.xml", _object().replace("<object>", first), _object(name="dog"))
    summary = bench.convert(OPTIONS)
    assert summary.startswith("1 image and 2 annotations in, 1 and 2 out; 2 classes")


def test_an_empty_object_is_rejected_wherever_it_stands(bench: Bench) -> None:
    for name, objects in (("a", ("<object/>", _object())), ("b", (_object(), "<object/>"))):
        bench.image(f"{name}.png")
        _write(bench, f"{name}.xml", *objects)
    summary = bench.convert(OPTIONS)
    assert summary.startswith("2 images and 4 annotations in, 2 and 2 out, 0 and 2 rejected")


@pytest.mark.parametrize("inner", ["<Object>1</Object>", "<OBJECT></OBJECT>", "<Object/>"])
def test_an_object_in_another_is_rejected_in_any_case(bench: Bench, inner: str) -> None:
    bench.image("a.png")
    bench.image("b.png")
    _write(bench, "a.xml", _object())
    _write(bench, "b.xml", _object(inner))
    summary = bench.convert(OPTIONS)
    assert summary.startswith("2 images and 2 annotations in, 1 and 1 out, 1 and 1 rejected")
    (reason,) = bench.reasons()
    assert "bject> in <object> is not found" in reason or "BJECT> in <object> is not" in reason


SIZE = "<size><width>{}</width><height>10</height></size>"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("<filename>c.png</filename>", "3: a second <filename> says c.png, the first says b.png"),
        (
            f"{SIZE.format(20)}\n{SIZE.format(30)}",
            "3: a second <width> says 30, the first says 20",
        ),
        (SIZE.format("20</width>\n<width>9"), "3: a second <width> says 9, the first says 20"),
    ],
)
def test_a_second_that_contradicts_the_first_is_rejected(
    bench: Bench, more: str, reason: str
) -> None:
    bench.image("a.png")
    bench.image("b.png")
    _write(bench, "a.xml", _object())
    _write(bench, "b.xml", _object(), more="\n" + more if "file" in more else more)
    summary = bench.convert(OPTIONS)
    assert summary.startswith("2 images and 2 annotations in, 1 and 1 out, 1 and 1 rejected")
    assert bench.reasons() == [f"b.xml:{reason}; take out the wrong one"]


def test_a_second_that_says_the_same_or_nothing_is_harmless(bench: Bench) -> None:
    bench.image("a.png")
    more = f"<filename>a.png</filename><filename/>{SIZE.format(20)}<size/>{SIZE.format(0)}"
    _write(bench, "a.xml", _object(), more=more)
    assert bench.convert(OPTIONS).startswith("1 image and 1 annotation in, 1 and 1 out; 1 class")


def test_the_golden_file(bench: Bench) -> None:
    bench.image("JPEGImages/a b.png")
    bench.image("JPEGImages/ü.png", 16, 12)
    bench.image("JPEGImages/c.png")
    size = "<size><width>20</width><height>10</height><depth>3</depth></size>"
    objects = (
        _object("<pose>Left</pose><difficult>1</difficult>"),
        _object(name="ant", box=_box("10.5", 1, 21, 5)),
        _object(box=_box(5, 5, 5, 9)),
    )
    _write(bench, "Annotations/a b.xml", *objects, more=size)
    _write(bench, "Annotations/ü.xml", _object(box=_box(9, 9, 1, 1)))
    bench.convert(OPTIONS)
    bench.golden("voc")


def test_blood_cells(bench: Bench, shared_data: Path) -> None:
    """4888 boxes, two of them without area, are named in the set's SOURCE.md."""
    bench.raw.rmdir()
    bench.raw.symlink_to(shared_data / "voc_bccd")
    summary = bench.convert(OPTIONS)
    assert summary.startswith(
        "364 images and 4,888 annotations in, 364 and 4,886 out, 0 and 2 rejected; 3 classes"
    )
    zero = [
        (line.partition(":")[0], line.rpartition(" has ")[2].partition(" ")[0])
        for line in bench.reasons()
    ]
    assert zero == [
        ("Annotations/BloodImage_00338.xml", "no"),
        ("Annotations/BloodImage_00343.xml", "no"),
    ]


def test_raccoons(bench: Bench, shared_data: Path) -> None:
    bench.raw.rmdir()
    bench.raw.symlink_to(shared_data / "csv_raccoon")
    summary = bench.convert(f"{OPTIONS}, annotations: annotations/*.xml")
    assert summary.startswith("200 images and 217 annotations in, 200 and 217 out; 1 class")
