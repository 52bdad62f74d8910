"""YOLO: shares of the frame, what a line is, where its file and the class names are."""

import shutil
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing.convert.readers.yolo import ultralytics
from Data_processing.convert.readers.yolo_lines import Lines
from Data_processing.convert.readers.yolo_names import ClassFile
from Datasets.errors import AnnotationError, ParamsError, RejectedError
from Datasets.metadata import read_classes
from tests.Data_processing.convert.conftest import Bench

YOLO = "format: yolo"
NAMES = "names: [ant, cat]\n"


def put(bench: Bench, files: dict[str, str]) -> None:
    """Write text files below the raw folder."""
    for name, content in files.items():
        path = bench.raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def corners(bench: Bench, sample: int = 0) -> list[tuple[float, ...]]:
    """Return x1, y1, x2, y2 of all boxes of a sample."""
    boxes = bench.samples()[sample].image.bounding_boxes
    return [(box.x1, box.y1, box.x2, box.y2) for box in boxes]


def test_a_box_is_its_centre_and_its_sides_as_shares(bench: Bench) -> None:
    bench.image("images/a.png", 20, 10)
    put(bench, {"data.yaml": NAMES, "labels/a.txt": "1 0.5 0.5 0.25 0.5\n0 0.25 0.25 0.5 0.5"})
    assert bench.convert(YOLO) == "1 image and 2 annotations in, 1 and 2 out; 2 classes"
    # x: 0.5 * 20 = 10, half of 0.25 * 20 is 2.5; y: 0.5 * 10 = 5, half of 0.5 * 10 is 2.5
    assert corners(bench) == [(7.5, 2.5, 12.5, 7.5), (0.0, 0.0, 10.0, 5.0)]
    (sample,) = bench.samples()
    assert [box.name for box in sample.image.bounding_boxes] == ["cat", "ant"]
    assert sample.row.source == "labels/a.txt" and sample.row.annotation_ids == (1, 2)
    assert sample.row.has_boxes and sample.row.has_counts and not sample.row.has_mask


def test_polygons_have_a_mask_and_four_corners_are_one(bench: Bench) -> None:
    bench.image("images/a.png", 20, 10)
    square = "0 0.1 0.2 0.3 0.2 0.3 0.6 0.1 0.6"
    triangle = "1 0.5 0 1 0 1 1"
    put(bench, {"data.yaml": NAMES, "labels/a.txt": f"{square}\n{triangle}\n"})
    bench.convert(YOLO)
    (sample,) = bench.samples()
    assert sample.row.polygons[0] == ((2.0, 2.0, 6.0, 2.0, 6.0, 6.0, 2.0, 6.0),)
    assert corners(bench) == [(2.0, 2.0, 6.0, 6.0), (10.0, 0.0, 20.0, 10.0)]
    assert sample.row.has_mask and sample.image.segmentation_mask is not None


def test_boxes_among_polygons_leave_the_image_without_a_mask(bench: Bench) -> None:
    bench.image("images/a.png")
    put(bench, {"data.yaml": NAMES, "labels/a.txt": "0 0 0 1 0 1 1\n0 0.5 0.5 0.5 0.5\n"})
    bench.convert(YOLO)
    (sample,) = bench.samples()
    assert len(sample.image.bounding_boxes) == 2 and not sample.row.has_mask


def test_nothing_there_has_an_empty_mask_where_others_have_polygons(bench: Bench) -> None:
    bench.image("images/a.png")
    bench.image("images/b.png")
    put(bench, {"data.yaml": NAMES, "labels/b.txt": "0 0 0 1 0 1 1\n", "labels/a.txt": ""})
    bench.convert(YOLO)
    empty, _ = bench.samples()
    assert empty.row.has_mask and empty.row.has_boxes and empty.image.labels == ()


def test_a_sixth_number_is_the_confidence(bench: Bench) -> None:
    bench.image("images/a.png")
    put(bench, {"data.yaml": NAMES, "labels/a.txt": "0 0.5 0.5 0.5 0.5 0.875\n"})
    bench.convert(YOLO)
    assert bench.samples()[0].row.extras == ('{"score":0.875}',)


def test_keypoints_of_three_numbers_and_of_two(bench: Bench) -> None:
    bench.image("images/a.png", 20, 10)
    pose = NAMES + "kpt_shape: [2, 3]\n"
    line = "0 0.5 0.5 0.5 0.5 0.25 0.5 2 0 0 0\n"
    put(bench, {"data.yaml": pose, "labels/a.txt": line + "0 0.5 0.5 0.5 0.5\n"})
    bench.convert(YOLO)
    assert bench.samples()[0].row.keypoints == ((5.0, 5.0, 2.0, 0.0, 0.0, 0.0), ())
    two = {"data.yaml": NAMES + "kpt_shape: [2, 2]\n", "labels/a.txt": "0 .5 .5 .5 .5 .25 .5 -1 -1"}
    put(bench, two)
    bench.convert(YOLO)
    assert bench.samples()[0].row.keypoints == ((5.0, 5.0, 2.0, 0.0, 0.0, 0.0),)


def test_an_image_without_a_label_file_is_background(bench: Bench) -> None:
    for name in ("a.png", "b.png"):
        bench.image(f"images/{name}")
    put(bench, {"data.yaml": NAMES, "labels/a.txt": "0 0.5 0.5 0.5 0.5\n"})
    assert "1 without a label file: background" in bench.convert(YOLO)
    assert [sample.row.has_boxes for sample in bench.samples()] == [True, True]


def test_folders_in_which_nothing_is_labelled_are_left_out_unless_they_are_meant(
    bench: Bench,
) -> None:
    bench.image("images/a.png")
    bench.image("figures/b.png")
    put(bench, {"data.yaml": NAMES, "labels/a.txt": "0 0.5 0.5 0.5 0.5\n"})
    assert "1 left out: an image that no annotation names" in bench.convert(YOLO)
    with pytest.raises(AnnotationError, match="no image below raw/figures has a label file"):
        bench.convert(f"{YOLO}, images: figures")


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("images/train/a b.png", "labels/train/a b.txt"),
        ("train/images/ä.png", "train/labels/ä.txt"),
        ("images/images/a.png", "images/labels/a.txt"),
        ("a.png", "a.txt"),
        ("images/a.png", "images/a.txt"),
        ("photos/train/a.png", "boxes/of/train/a.txt"),
    ],
)
def test_where_the_labels_of_an_image_are(bench: Bench, image: str, label: str) -> None:
    bench.image(image)
    put(bench, {"data.yaml": NAMES, label: "0 0.5 0.5 0.5 0.5\n"})
    bench.convert(YOLO)
    assert bench.samples()[0].row.source == label


def test_of_files_of_one_name_that_of_the_nearest_folder_is_taken(bench: Bench) -> None:
    for part in ("train", "val"):
        bench.image(f"photos/{part}/1.png")
        put(bench, {f"txt/{part}/1.txt": f"{int(part == 'val')} 0.5 0.5 0.5 0.5\n"})
    put(bench, {"data.yaml": NAMES})
    bench.convert(f"{YOLO}, annotations: 'txt/**/*.txt'")
    assert [sample.image.labels for sample in bench.samples()] == ["ant", "cat"]


def test_texts_that_are_no_labels_are_left_alone(bench: Bench) -> None:
    bench.image("images/a.png")
    lists = {"README.txt": "hello", "train.txt": "images/a.png", "classes.txt": "ant\ncat\n"}
    put(bench, {"labels/a.txt": "1 0.5 0.5 0.5 0.5\n", **lists})
    summary = bench.convert(YOLO)
    assert summary == (
        "1 image and 1 annotation in, 1 and 1 out; 2 classes; "
        "1 left out: a text file that is called as one without labels; "
        "1 left out: a text file to which no image belongs"
    )


@pytest.mark.parametrize("stem", ["classes.7", "README", "readme_1", "Classes", "shot"])
@pytest.mark.parametrize("suffix", [".txt", ".TXT"])
def test_no_label_file_is_lost_for_its_name(bench: Bench, stem: str, suffix: str) -> None:
    bench.image(f"{stem}.png")
    put(bench, {f"{stem}{suffix}": "1 0.5 0.5 0.5 0.5\n", "names.yaml": NAMES})
    summary = bench.convert(f"{YOLO}, classes: names.yaml")
    assert summary == "1 image and 1 annotation in, 1 and 1 out; 2 classes"


def test_a_readme_among_the_labels_is_told(bench: Bench) -> None:
    bench.image("images/a.png")
    box = "1 0.5 0.5 0.5 0.5\n"
    put(bench, {"labels/a.txt": box, "labels/readme.txt": "hello", "data.yaml": NAMES})
    with pytest.raises(RejectedError, match=r"readme\.txt: there is no image for this label file"):
        bench.convert(YOLO)


def test_a_label_file_without_an_image_is_rejected_and_counted(bench: Bench) -> None:
    bench.image("images/a.png")
    line = "0 0.5 0.5 0.5 0.5\n"
    put(bench, {"data.yaml": NAMES, "labels/a.txt": line, "labels/b.txt": line * 3})
    summary = bench.convert(f"{YOLO}, on_bad: skip")
    assert summary.startswith("2 images and 4 annotations in, 1 and 1 out, 1 and 3 rejected")
    assert bench.reasons()[0].startswith("there is no image for this label file")


def test_a_broken_line_is_rejected_and_the_others_are_read(bench: Bench) -> None:
    bench.image("images/a.png")
    put(bench, {"data.yaml": NAMES, "labels/a.txt": "0 0.5 0.5 0.5 0.5\n\n7 0.5 0.5 0.5 0.5\n"})
    summary = bench.convert(f"{YOLO}, on_bad: skip")
    assert summary.startswith("1 image and 2 annotations in, 1 and 1 out, 0 and 1 rejected")
    assert bench.reasons() == [
        "labels/a.txt:3: the class '7' is unknown, data.yaml names 0, 1; add its name, or mend "
        "the line"
    ]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("data.yaml", "names:\n  0: ant\n  7: big cat\n"),
        ("conf/my.yml", "path: .\nnames: {'0': ant, 7: big cat}\nnc: 2\n"),
    ],
)
def test_names_as_a_mapping(bench: Bench, file: str, content: str) -> None:
    bench.image("images/a.png")
    put(bench, {file: content, "labels/a.txt": "7.0 0.5 0.5 0.5 0.5\n"})
    bench.convert(YOLO)
    assert read_classes(bench.metadata) == ("ant", "big cat")
    assert bench.samples()[0].image.labels == "big cat"


@pytest.mark.parametrize("file", ["classes.txt", "labels/classes.txt", "obj.names"])
def test_names_one_a_line(bench: Bench, file: str) -> None:
    bench.image("images/a.png")
    put(bench, {"labels/a.txt": "1 0.5 0.5 0.5 0.5\n"})
    (bench.raw / file).write_bytes("\ufeffant\r\nKätzchen\r\n\r\n".encode())
    bench.convert(YOLO)
    assert bench.samples()[0].image.labels == "Kätzchen"


def test_files_that_name_the_classes_differently_are_told_of(bench: Bench) -> None:
    bench.image("images/a.png")
    put(bench, {"labels/a.txt": "0 0.5 0.5 0.5 0.5\n", "data.yaml": NAMES, "classes.txt": "bee\n"})
    with pytest.raises(AnnotationError, match=r"data\.yaml and classes\.txt name the classes diff"):
        bench.convert(YOLO)
    bench.convert(f"{YOLO}, classes: classes.txt")
    assert bench.samples()[0].image.labels == "bee"
    with pytest.raises(ParamsError, match=r"tiny\.classes: there is no file no\.txt in raw"):
        bench.convert(f"{YOLO}, classes: no.txt")


def test_two_images_of_one_label_file_are_both_rejected(bench: Bench) -> None:
    bench.image("images/a.png")
    bench.image("images/a.bmp")
    bench.image("images/b.png")
    put(bench, {"data.yaml": NAMES, "labels/a.txt": "0 0 0 0 0\n" * 2, "labels/b.txt": ""})
    summary = bench.convert(f"{YOLO}, on_bad: skip")
    assert summary.startswith("3 images and 2 annotations in, 1 and 0 out, 2 and 2 rejected")


LINES = Lines(ClassFile("data.yaml", {0: "ant"}, {}))
SHARE = st.floats(0.0, 1.0).map(lambda value: round(value, 6))


@given(st.lists(st.tuples(SHARE, SHARE, SHARE, SHARE), max_size=5))
def test_what_is_written_is_read(boxes: list[tuple[float, ...]]) -> None:
    text = "\n".join("0 " + " ".join(f"{number:.6f}" for number in box) for box in boxes)
    found = LINES.read(text.encode(), "a.txt", lambda *why: pytest.fail(str(why)))
    assert len(found) == len(boxes)
    for one, (x, y, width, height) in zip(found, boxes, strict=True):
        assert one.corners is not None
        x1, y1, x2, y2 = one.corners
        centre_and_sides = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
        assert centre_and_sides == pytest.approx((x, y, width, height))


@given(st.binary(max_size=60) | st.text("0123456789.-+einfa _\n", max_size=60).map(str.encode))
def test_whatever_the_bytes_each_line_is_read_or_refused(content: bytes) -> None:
    refused: list[str] = []
    found = LINES.read(content, "a.txt", lambda reason, kind: refused.append(reason))
    lines = [line for line in content.removeprefix(b"\xef\xbb\xbf").splitlines() if line.split()]
    assert len(found) + len(refused) == len(lines)
    assert all(reason.startswith("a.txt:") and reason.isprintable() for reason in refused)


@given(st.lists(st.sampled_from(["images", "labels", "a", "my images"]), max_size=4))
def test_only_a_folder_called_images_is_replaced_and_only_the_last(folders: list[str]) -> None:
    label = ultralytics("/".join([*folders, "x.y.png"])).split("/")
    places = [i for i, folder in enumerate(folders) if folder == "images"]
    expected = [*folders, "x.y.txt"]
    if places:
        expected[places[-1]] = "labels"
    assert label == expected


@pytest.fixture
def cc33(bench: Bench, shared_data: Path) -> Bench:
    """Return a bench with a copy of the set's images and its two kinds of YOLO labels."""
    source = shared_data / "coco_yolo_cc33"
    for folder in ("images", "object_detection", "instance_segmentation"):
        shutil.copytree(source / folder, bench.raw / folder)
    document = msgspec.json.decode(
        (source / "annotations" / "instances_subset.json").read_bytes(), type=dict[str, object]
    )
    names = {one["id"]: one["name"] for one in document["categories"]}  # type: ignore[attr-defined]
    ordered = [names[number] for number in sorted(names)]
    (bench.raw / "classes.txt").write_text("\n".join(ordered))
    by_id = [f"  {number}: {name}" for number, name in names.items()]
    (bench.raw / "ids.yaml").write_text("\n".join(["names:", *by_id, ""]))
    return bench


def counts_of(bench: Bench) -> dict[str, dict[str, int]]:
    """Return how often each class is on each image, by the image's stem."""
    return {Path(s.row.image).stem: s.image.class_counts() for s in bench.samples()}


def test_the_real_set_of_boxes(cc33: Bench) -> None:
    options = f"{YOLO}, images: images, classes: classes.txt"
    summary = cc33.convert(f"{options}, annotations: 'object_detection/**/*.txt'")
    assert summary.startswith("33 images and 243 annotations in, 33 and 243 out; 80 classes; ")
    assert "1 without a label file: background" in summary


def test_the_real_set_of_polygons_lacks_files_of_seven_images(cc33: Bench) -> None:
    """Their 62 boxes are told as background; of the others, two were split and joined anew."""
    options = f"{YOLO}, images: images"
    cc33.convert(f"{options}, classes: classes.txt, annotations: 'object_detection/**/*.txt'")
    boxes = counts_of(cc33)
    summary = cc33.convert(
        f"{options}, classes: ids.yaml, annotations: 'instance_segmentation/**/*.txt'"
    )
    assert summary.startswith("33 images and 181 annotations in, 33 and 181 out; 80 classes; ")
    assert "7 without a label file: background" in summary
    assert all(sample.row.has_mask for sample in cc33.samples())
    polygons = counts_of(cc33)
    missing = [name for name in boxes if boxes[name] and not polygons[name]]
    assert len(missing) == 7 and sum(sum(boxes[name].values()) for name in missing) == 62
    differ = [name for name in boxes if boxes[name] != polygons[name] and name not in missing]
    of_both = [(sum(boxes[name].values()), sum(polygons[name].values())) for name in differ]
    assert dict(zip(differ, of_both, strict=True)) == {
        "000000000071": (16, 15),
        "000000000257": (33, 34),
    }


@pytest.mark.parametrize(
    ("folder", "images", "boxes"),
    [("test_import_yolo_data", 7, 25), ("test_import_yolo_data_unif_dims", 5, 19)],
)
def test_the_real_sets_of_label_studio(
    bench: Bench, shared_data: Path, folder: str, images: int, boxes: int
) -> None:
    bench.raw.rmdir()
    bench.raw.symlink_to(shared_data / "ls_converter" / "tests_data" / folder)
    summary = bench.convert(YOLO)
    both = f"{images} images and {boxes} annotations in, {images} and {boxes} out; 4 classes"
    assert summary.startswith(both)


def test_the_golden_file(bench: Bench) -> None:
    for name in ("images/train/ä b.png", "images/train/empty.png", "images/val/none.png"):
        bench.image(name, 20, 10)
    bench.image("images/val/1.png", 8, 8)
    lines = "1 0.5 0.5 0.25 0.5\n0 0.5 0.5 0.5 0.5 0.75\n0 0.1 0.2 0.3 0.2 0.3 0.6 0.1 0.6\n"
    put(
        bench,
        {
            "data.yaml": "path: .\ntrain: images/train\nval: images/val\nnc: 2\n" + NAMES,
            "labels/train/ä b.txt": lines,
            "labels/train/empty.txt": "\n",
            "labels/val/1.txt": "0 0 0 1 0 1 1\n",
        },
    )
    bench.convert(YOLO)
    bench.golden("yolo")


def test_an_image_that_is_not_read_is_named_and_takes_no_labels(bench: Bench) -> None:
    """Previews and raw files lie beside what was annotated."""
    bench.image("images/a.png")
    (bench.raw / "labels").mkdir()
    (bench.raw / "labels/a.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (bench.raw / "data.yaml").write_text("names: [cat]\n")
    for name in ("a.gif", "a.dng"):
        (bench.raw / "images" / name).write_bytes(b"GIF89a")
    summary = bench.convert("format: yolo")
    assert summary.startswith("1 image and 1 annotation in, 1 and 1 out")
    assert "2 left out: an image of a format that is not read" in summary


def test_a_count_of_names_may_be_text(bench: Bench) -> None:
    bench.image("a.png")
    put(bench, {"data.yaml": 'nc: "2"\n' + NAMES, "a.txt": "1 .5 .5 .5 .5"})
    assert bench.convert(YOLO) == "1 image and 1 annotation in, 1 and 1 out; 2 classes"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_class_names_end_as_lines_do_everywhere(bench: Bench, end: str) -> None:
    bench.image("a.png")
    (bench.raw / "classes.txt").write_bytes(f"ant{end}bee{end}cat{end}".encode())
    (bench.raw / "a.txt").write_bytes(f"2 .5 .5 .5 .5{end}0 .5 .5 .5 .5{end}".encode())
    bench.convert(YOLO)
    assert [box.name for box in bench.samples()[0].image.bounding_boxes] == ["cat", "ant"]
    assert read_classes(bench.metadata) == ("ant", "bee", "cat")
