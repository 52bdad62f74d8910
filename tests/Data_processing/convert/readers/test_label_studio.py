"""Label Studio: percent to pixels, turned boxes, brushes, choices, names, who annotated."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from Data_processing.convert.found import FoundImage, Source
from Data_processing.convert.readers.label_studio import extract
from Data_processing.convert.readers.label_studio_images import ImageFiles
from Data_processing.convert.report import Report
from Datasets.dataset import Dataset
from Datasets.errors import AnnotationError
from Datasets.regions import Region
from Datasets.rejections import Rejections
from tests.Data_processing.convert.conftest import Bench
from tests.Data_processing.convert.readers.test_brush import _encoded

OPTIONS = "format: label_studio, on_bad: skip"


def _result(
    kind: str, label: object = "cat", *, id: object = "r1", **value: object
) -> dict[str, object]:
    said = value if label is None else {**value, kind: [label]}
    return {
        "id": id,
        "type": kind,
        "from_name": kind[:3],
        "to_name": "image",
        "original_width": 20,
        "original_height": 10,
        "image_rotation": 0,
        "value": said,
    }


def _rect(label: str = "cat", **more: object) -> dict[str, object]:
    return _result("rectanglelabels", label, x=10, y=20, width=50, height=40, **more)


def _task(image: str, *results: object, number: int = 1, **data: object) -> dict[str, object]:
    annotations = [{"id": number, "was_cancelled": False, "result": results}]
    return {"id": number, "data": {"image": image, **data}, "annotations": annotations}


def _write(bench: Bench, *tasks: object) -> None:
    (bench.raw / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")


def _found(root: Path, annotations: str, folder: Path) -> list[FoundImage]:
    report = Report(folder, Rejections("convert@x", "skip", "x.on_bad"))
    dataset = Dataset("label_studio", str(root), annotations=annotations)
    with report:
        return list(extract(Source("x", root, dataset, "datasets.x"), report).images)


def test_two_shapes_of_one_id_are_two(bench: Bench) -> None:
    bench.image("a.png")
    choice = _result("choices", None, choices=["old"])
    plain = _result("rectangle", None, x=10, y=20, width=50, height=40)
    more = _result("polygonlabels", ["dog"][0], points=[[0, 0], [50, 0], [50, 50]])
    _write(bench, _task("a.png", plain, _rect(), choice, more))
    summary = bench.convert(OPTIONS)
    assert summary.startswith("1 image and 2 annotations in, 1 and 2 out")
    (sample,) = bench.samples()
    assert [box.name for box in sample.image.bounding_boxes] == ["cat", "dog"]
    assert sample.row.extras == ('{"attributes":{"cho":["old"]},"id":"r1"}',) * 2


def test_each_shape_has_its_place(bench: Bench) -> None:
    bench.image("a.png")
    mask = np.zeros((10, 20), int)
    mask[2:4, 5:8] = 255
    rle = list(_encoded(np.repeat(mask.reshape(-1), 4).tolist(), [(False, 800)]))
    _write(
        bench,
        _task(
            "a.png",
            _rect(id="a"),
            _result("rectanglelabels", x=50, y=20, width=20, height=60, rotation=90, id="b"),
            _result("ellipselabels", x=50, y=50, radiusX=20, radiusY=20, rotation=0, id="c"),
            _result("polygonlabels", points=[[5, 10], [25, 10], [25, 40]], closed=True, id="d"),
            _result("keypointlabels", x=37.5, y=25, width=1, id="e"),
            _result("brushlabels", format="rle", rle=rle, id="f"),
        ),
    )
    summary = bench.convert("format: label_studio")
    assert summary.startswith("1 image and 6 annotations in, 1 and 6 out; 1 class")
    (sample,) = bench.samples()
    corners = [(b.x1, b.y1, b.x2, b.y2) for b in sample.image.bounding_boxes]
    assert corners[0] == (2.0, 2.0, 12.0, 6.0)
    # 4 wide and 6 high, turned clockwise about its upper left corner (10, 2): to the left and down.
    assert corners[1] == pytest.approx((4, 2, 10, 6))
    assert corners[2] == pytest.approx((6, 3, 14, 7))
    assert corners[3:] == [(1, 1, 5, 4), (7, 2, 8, 3), (5, 2, 8, 4)]
    assert sample.row.extras[0] == '{"id":"a"}'
    assert sample.row.extras[1] == '{"id":"b","rotation":90.0,"shape":"rectangle"}'
    assert sample.row.extras[4] == '{"id":"e","shape":"point"}'
    assert np.array_equal(Region((), sample.row.rles[5], 10, 20).pixels(), mask > 0)


def test_turned_boxes_are_where_the_published_converter_has_them(
    tmp_path: Path,
) -> None:
    """Its tests state these corners, as shares of the image."""
    frame = {"original_width": 597, "original_height": 768, "image_rotation": 0}
    stated = [
        (
            {
                "x": 11.552474514692952,
                "y": 80.83731446979957,
                "width": 19.0454700246567,
                "height": 6.629026203797071,
                "rotation": 328.33240366032836,
            },
            [
                (0.11552474514692952, 0.8083731446979957),
                (0.27762229351938456, 0.7306489626734597),
                (0.3223923846720476, 0.7870691452334665),
                (0.16029483629959254, 0.8647933272580025),
            ],
        ),
        (
            {
                "x": 16.814074232397514,
                "y": 57.43596079245723,
                "width": 18.218991060518677,
                "height": 6.298347014251024,
                "rotation": 43.67748910099408,
            },
            [
                (0.16814074232397513, 0.5743596079245723),
                (0.29990750552628187, 0.6721650332758418),
                (0.24395249444460837, 0.7177171056620688),
                (0.11218573124230163, 0.6199116803107994),
            ],
        ),
    ]
    results = [
        {"type": "rectanglelabels", "value": {**value, "rectanglelabels": ["x"]}, **frame}
        for value, _ in stated
    ]
    (tmp_path / "tasks.json").write_text(json.dumps([_task("a.png", *results)]))
    (found,) = _found(tmp_path, "tasks.json", tmp_path)
    for annotation, (_, corners) in zip(found.annotations, stated, strict=True):
        (polygon,) = annotation.polygons
        shares = [(x / 597, y / 768) for x, y in zip(polygon[0::2], polygon[1::2], strict=True)]
        assert shares == [pytest.approx(corner) for corner in corners]


def test_what_is_said_of_an_image_becomes_labels_and_extras(bench: Bench) -> None:
    bench.image("a.png")
    _write(
        bench,
        _task(
            "a.png",
            _result("choices", None, id="a", choices=["sunny", "day"]),
            _result("taxonomy", None, id="b", taxonomy=[["animal", "cat"], ["animal"]]),
            _result("textarea", None, id="c", text=["ein Satz"]),
            _result("number", None, id="d", number=3),
            _result("rating", None, id="e", rating=5),
            camera="left",
        ),
    )
    bench.convert("format: label_studio")
    (sample,) = bench.samples()
    assert sample.image.labels == ("animal", "animal/cat", "day", "sunny")
    assert (sample.row.has_labels, sample.row.has_boxes) == (True, False)
    assert json.loads(sample.row.image_extras or "") == {
        "attributes": {
            "cho": ["sunny", "day"],
            "tax": ["animal/cat", "animal"],
            "num": 3,
            "rat": 5,
            "tex": ["ein Satz"],
        },
        "data": {"camera": "left"},
    }


def test_what_is_said_of_a_region_stays_with_it(bench: Bench) -> None:
    bench.image("a.png")
    relation = {"type": "relation", "from_id": "r1", "to_id": "r2", "direction": "right"}
    _write(
        bench,
        _task(
            "a.png",
            _rect(),
            _result("textarea", None, text=["hidden"]),
            _result("choices", None, choices=["young"]),
            _result("rectangle", None, x=10, y=20, width=50, height=40, id="r2"),
            _result("labels", "dog", x=10, y=20, width=50, height=40, id="r2"),
            relation,
        ),
    )
    summary = bench.convert("format: label_studio")
    assert summary.startswith("1 image and 2 annotations in, 1 and 2 out; 2 classes")
    (sample,) = bench.samples()
    assert sample.image.labels == ("cat", "dog")
    assert [json.loads(one or "") for one in sample.row.extras] == [
        {"attributes": {"cho": ["young"], "tex": ["hidden"]}, "id": "r1"},
        {"id": "r2"},
    ]
    assert sample.row.image_extras == (
        '{"relations":[{"direction":"right","from_id":"r1","to_id":"r2"}]}'
    )


def test_a_control_that_answers_again_keeps_all_answers(bench: Bench) -> None:
    bench.image("a.png")
    said = [
        _result("textarea", None, text=["first", "line"]),
        _result("textarea", None, text=["second"]),
        _result("textarea", None, text="third"),
        _result("number", None, number=3),
        _result("number", None, number=3),
        _result("choices", None, choices=["young"]),
        _result("choices", None, choices=["wild", "young"]),
        _result("rating", None, rating=5),
    ]
    of_image = [{**one, "id": f"i{number}"} for number, one in enumerate(said)]
    _write(bench, _task("a.png", _rect(), *said, *of_image))
    bench.convert("format: label_studio")
    (sample,) = bench.samples()
    answers = {"tex": ["first", "line", "second", "third"], "num": [3, 3], "rat": 5}
    (extras,) = sample.row.extras
    assert json.loads(extras or "") == {
        "attributes": {**answers, "cho": ["young", "wild", "young"]},
        "id": "r1",
    }
    assert json.loads(sample.row.image_extras or "") == {"attributes": answers}
    assert sample.image.labels == ("cat", "wild", "young")


def test_results_that_are_alike_are_each_on_their_line(bench: Bench) -> None:
    bench.image("a.png")
    broken = '{"type": "rectanglelabels", "value": 7}'
    text = json.dumps([_task("a.png", "HERE", "THERE", _rect(), note=broken)])
    text = text.replace('"HERE"', f"\n{broken}").replace('"THERE"', f"\n{broken}\n")
    (bench.raw / "tasks.json").write_text(text.replace('"note": ', '"more": [7], "note": '))
    bench.convert(OPTIONS)
    lines = [reason.split("tasks.json:")[1].split(":")[0] for reason in bench.reasons()]
    assert lines == ["2", "3"]


def test_negative_radii_are_counted(bench: Bench) -> None:
    bench.image("a.png")
    _write(bench, _task("a.png", _result("ellipselabels", x=50, y=50, radiusX=-20, radiusY=20)))
    assert "1 reversed: corners in the wrong order" in bench.convert("format: label_studio")
    (box,) = bench.samples()[0].image.bounding_boxes
    assert (box.x1, box.y1, box.x2, box.y2) == pytest.approx((6, 3, 14, 7))


def test_choices_about_something_else_are_no_labels(bench: Bench) -> None:
    bench.image("a.png")
    of_text = {"type": "choices", "to_name": "text", "from_name": "mood", "id": "x"}
    _write(bench, _task("a.png", _rect(), of_text | {"value": {"choices": ["sad"]}}))
    bench.convert("format: label_studio")
    (sample,) = bench.samples()
    assert sample.image.labels == "cat"
    assert sample.row.image_extras == '{"attributes":{"mood":["sad"]}}'


def test_who_annotated(bench: Bench) -> None:
    for name in "abcde":
        bench.image(f"{name}.png")
    result = [_rect()]
    done = {"id": 1, "result": result}
    skipped = {"id": 2, "result": [], "was_cancelled": True}
    true = {"id": 3, "result": [_rect("dog")], "ground_truth": True}
    tasks = {"a": [done, skipped], "b": [done, true], "c": [done, done], "d": [skipped], "e": []}
    _write(
        bench,
        *(
            {"id": name, "data": {"image": f"{name}.png"}, "annotations": each}
            for name, each in tasks.items()
        ),
    )
    summary = bench.convert(OPTIONS)
    assert summary.startswith("5 images and 4 annotations in, 4 and 2 out, 1 and 2 rejected")
    assert "1 left out: an annotation beside the ground truth" in summary
    assert "2 left out: an annotation that was cancelled" in summary
    a, b, d, e = bench.samples()
    assert (a.image.labels, b.image.labels) == ("cat", "dog")
    assert [one.row.has_boxes for one in (a, b, d, e)] == [True, True, False, False]


def test_nothing_found_is_nothing_there(bench: Bench) -> None:
    bench.image("a.png")
    bench.image("b.png")
    _write(bench, _task("a.png"), _task("b.png", _rect(), number=2))
    bench.convert("format: label_studio")
    a, _ = bench.samples()
    assert (a.row.has_boxes, a.image.bounding_boxes) == (True, ())


@pytest.mark.parametrize("key", ["annotations", "completions"])
def test_earlier_versions_call_them_completions(bench: Bench, key: str) -> None:
    bench.image("a.png")
    _write(bench, {"id": 1, "data": {"image": "a.png"}, key: [{"id": 1, "result": [_rect()]}]})
    assert bench.convert("format: label_studio").startswith("1 image and 1 annotation in")


def test_the_short_form(bench: Bench) -> None:
    bench.image("a.png")
    box = {"x": 10, "y": 20, "width": 50, "height": 40, "rotation": 0, "rectanglelabels": ["cat"]}
    frame = {"original_width": 20, "original_height": 10}
    _write(
        bench,
        {
            "image": "/data/upload/1/0a1b2c3d-a.png",
            "id": 7,
            "label": [box | frame],
            "choice": "sunny",
            "weather": {"choices": ["day", "dry"]},
            "mood": "good",
            "annotator": 1,
            "annotation_id": 3,
            "created_at": "2024-01-30T02:40:43Z",
            "updated_at": "2024-01-30T02:40:43Z",
            "lead_time": 8.65,
        },
    )
    summary = bench.convert("format: label_studio")
    assert "JSON_MIN does not tell if 'mood' is a choice: kept as data" in summary
    (sample,) = bench.samples()
    assert sample.image.labels == ("cat", "day", "dry", "sunny")
    assert [(b.x1, b.y1, b.x2, b.y2) for b in sample.image.bounding_boxes] == [(2, 2, 12, 6)]
    assert json.loads(sample.row.image_extras or "") == {
        "attributes": {"choice": ["sunny"], "weather": ["day", "dry"]},
        "data": {"mood": "good"},
    }


def _turned(result: dict[str, object], **more: object) -> dict[str, object]:
    return {**result, "original_width": 10, "original_height": 20, **more}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("workers", [1, 2])
def test_each_region_states_the_sides_of_the_image(bench: Bench, order: int, workers: int) -> None:
    bench.image("a.png")
    results = [_rect(id="x"), _turned(_rect("dog", id="z"))][::order]
    _write(bench, _task("a.png", *results))
    summary = bench.convert(OPTIONS, workers=workers)
    assert summary.startswith("1 image and 2 annotations in, 1 and 1 out, 0 and 1 rejected")
    (sample,) = bench.samples()
    assert [(b.name, b.x1, b.y1, b.x2, b.y2) for b in sample.image.bounding_boxes] == [
        ("cat", 2, 2, 12, 6)
    ]
    (reason,) = bench.reasons()
    assert reason == (
        "tasks.json#1: region z: it is percent of 10 x 20 pixels, and the image counts as 20 x 10; "
        "draw it again"
    )
    kinds = json.loads((bench.metadata / "conversion.json").read_text())["changes"]
    assert [one["reason"] for one in kinds] == ["sides that differ"]


@pytest.mark.parametrize(
    ("regions", "orientation", "kept", "box"),
    [
        ("xz", "auto", "z", (1, 4, 6, 12)),  # as seen; x is of the image as it is stored
        ("zx", "auto", "z", (1, 4, 6, 12)),
        ("xzx", "auto", "x", (4, 2, 8, 12)),
        ("xz", "stored", "x", (4, 2, 8, 12)),
        ("xxz", "seen", "z", (1, 4, 6, 12)),
    ],
)
def test_no_region_is_turned_that_was_drawn_on_the_image_as_seen(
    bench: Bench, regions: str, orientation: str, kept: str, box: tuple[float, ...]
) -> None:
    exif = Image.Exif()
    exif[274] = 6  # stored 20 x 10, seen 10 x 20
    Image.new("RGB", (20, 10)).save(bench.raw / "a.jpg", exif=exif)
    each = {"x": _rect, "z": lambda **more: _turned(_rect(**more))}
    _write(bench, _task("a.jpg", *(each[kind](id=f"{kind}{i}") for i, kind in enumerate(regions))))
    bench.convert(f"{OPTIONS}, orientation: {orientation}")
    (sample,) = bench.samples()
    boxes = {(b.x1, b.y1, b.x2, b.y2) for b in sample.image.bounding_boxes}
    assert boxes == {box}
    assert len(sample.image.bounding_boxes) == regions.count(kept)
    assert all(f"region {kept}" not in reason for reason in bench.reasons())


def test_a_rejected_region_states_no_sides(bench: Bench) -> None:
    bench.image("a.png")
    bare = _turned(_result("rectangle", None, x=10, y=20, width=50, height=40), id="bare")
    _write(bench, _task("a.png", bare, _rect(id="x")))
    assert "1 and 1 out, 0 and 1 rejected" in bench.convert(OPTIONS)
    assert ["it has no class" in reason for reason in bench.reasons()] == [True]


def test_sides_that_no_file_confirms_reject_the_image(bench: Bench) -> None:
    bench.image("a.png", 30, 30)
    _write(bench, _task("a.png", _rect(id="x"), _turned(_rect(id="z"))))
    with pytest.raises(AnnotationError, match="0 and 0 out, 1 and 2 rejected"):
        bench.convert(OPTIONS)
    assert any("says 10 x 20 pixels, the file has 30 x 30" in one for one in bench.reasons())


SEVERAL = "its data names 2 images: e.png, f.png; a task of one image can be read"


@pytest.mark.parametrize(
    ("keys", "more", "says"),
    [
        (("image", "image2"), ({"to_name": "i1"}, {"to_name": "i2"}), SEVERAL),
        (("left", "right"), ({"to_name": "i1"}, {"to_name": "i2"}), SEVERAL),
        (("image", "image2"), ({"item_index": 0}, {"item_index": 1}), "by item_index"),
        (("image", "image2"), ({"to_name": "i2"}, {"to_name": "i2"}), SEVERAL),
        (("image", "image2"), ({}, {}), ""),  # of the tag that is called image
    ],
)
def test_a_task_of_two_images_is_refused(
    bench: Bench, keys: tuple[str, str], more: tuple[dict[str, object], ...], says: str
) -> None:
    for name in ("a.png", "e.png", "f.png"):
        bench.image(name)
    data = dict(zip(keys, ("e.png", "f.png"), strict=True))
    results = [{**_rect(id=f"r{i}"), **each} for i, each in enumerate(more)]
    task = {"id": 2, "data": data, "annotations": [{"id": 1, "result": results}]}
    _write(bench, _task("a.png", _rect()), task)
    bench.convert(OPTIONS)
    if says:
        assert [one.image.image for one in bench.samples()] == ["a.png"]
        assert [reason for reason in bench.reasons() if says in reason] == bench.reasons() != []
    else:
        assert [len(one.image.bounding_boxes) for one in bench.samples()] == [1, 2]


def test_other_names_of_the_image_and_pictures_elsewhere_are_no_second_image(bench: Bench) -> None:
    bench.image("a.png")
    result = {**_rect(), "to_name": "img"}
    task = _task("/data/upload/1/0a1b2c3d-a.png", result, url="https://x/a.png", logo="logo.png")
    _write(bench, task)
    assert bench.convert("format: label_studio").startswith("1 image and 1 annotation in, 1 and 1")


def test_predictions_and_drafts_are_told_and_not_read(bench: Bench) -> None:
    bench.image("a.png")
    other = [{"id": 9, "result": [_rect("dog")]}]
    _write(bench, {**_task("a.png", _rect()), "predictions": other, "drafts": other})
    summary = bench.convert("format: label_studio")
    assert "1 tasks with predictions, not read" in summary
    assert "1 tasks with drafts, not read" in summary
    assert [one.image.labels for one in bench.samples()] == ["cat"]


PRESENT = ("a.png", "one/b.png", "one/d.png", "two/c d.png", "two/d.png", "two/0a1b2c3d-e.png")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a.png", "a.png"),
        ("/data/upload/1/0a1b2c3d-a.png", "a.png"),
        ("/data/upload/1/0a1b2c3d-e.png", "two/0a1b2c3d-e.png"),
        ("/data/local-files/?d=sets/one/b.png", "one/b.png"),
        ("/data/local-files/?d=sets/two/d.png", "two/d.png"),
        ("/data/local-files/?d=two%2Fc%20d.png", "two/c d.png"),
        ("two\\c d.png", "two/c d.png"),
        ("https://host/x/c%20d.png?key=1#top", "two/c d.png"),
        ("https://host/missing/f.png", "f.png"),
        ("s3://bucket/one/d.png", "one/d.png"),
        ("s3://bucket/missing/f.png", "missing/f.png"),
    ],
)
def test_images_are_found_by_what_tasks_call_them(name: str, path: str) -> None:
    assert ImageFiles(PRESENT, "").find(name) == path


def test_a_name_that_several_images_have_is_refused() -> None:
    with pytest.raises(AnnotationError, match=r"2 images are called d\.png: one/d\.png, two/d"):
        ImageFiles(PRESENT, "").find("https://host/d.png")
    assert ImageFiles(PRESENT, "two").find("https://host/d.png") == "two/d.png"


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        # What its publisher's own tests expect of these: 23, 1 and 1 turned boxes, 1 polygon, ...
        ("test_export_yolo/data_obb.json", [23, 1, 1]),
        ("test_export_yolo/data_polygons.json", [1]),
        # ... two lines for each of three annotations; two of those are of one image, so rejected.
        ("test_export_yolo/data.json", [2]),
        ("test_export_csv/csv_test.json", [2, 1]),
        ("test_export_json_min/data.json", [1]),
        ("test_export_json_min/data_repeater.json", []),  # a task of three images
        ("test_export_csv/csv_test2.json", []),  # of text
        ("test_export_csv/csv_test_history.json", []),
    ],
)
def test_the_real_set(tmp_path: Path, shared_data: Path, name: str, counts: list[int]) -> None:
    root = shared_data / "ls_converter" / "tests_data"
    found = _found(root, name, tmp_path)
    assert [len(one.annotations) for one in found] == counts
    assert not any(one.lost for one in found)


def test_the_real_set_has_no_images(bench: Bench, shared_data: Path) -> None:
    bench.raw.rmdir()
    bench.raw.symlink_to(shared_data / "ls_converter" / "tests_data")
    name = "test_export_yolo/data_obb.json"
    with pytest.raises(AnnotationError, match="0 and 0 out, 3 and 25 rejected"):
        bench.convert(f"{OPTIONS}, annotations: {name}")
    assert all("there is no such file" in reason for reason in bench.reasons())


def test_golden(bench: Bench) -> None:
    for name in ("a.png", "b.png", "unnamed.png"):
        bench.image(name)
    _write(
        bench,
        _task(
            "/data/upload/1/0a1b2c3d-a.png",
            _rect(id="a"),
            _result("rectanglelabels", "dog", x=50, y=20, width=20, height=20, rotation=45, id="b"),
            _result("polygonlabels", "dog", points=[[5, 10], [25, 10], [25, 40]], id="c"),
            _result("timeserieslabels", "dog", id="d"),
            _result("choices", None, id="e", choices=["sunny"]),
        ),
        {"id": 2, "data": {"image": "b.png"}, "annotations": []},
        {"id": 3, "data": {"text": "no image"}, "annotations": []},
    )
    bench.convert(OPTIONS)
    bench.golden("label_studio")
