"""COCO's files: which ones are read, what is wrong with one as a whole or with an image."""

import bz2
import gzip
import json
import lzma
from collections.abc import Callable

import pytest

from Datasets.errors import AnnotationError, ParamsError
from tests.Data_processing.convert.conftest import Bench, Coco

Made = Callable[..., Coco]
SKIP = "format: coco, on_bad: skip"
SQUARE = [[2.0, 2.0, 8.0, 2.0, 8.0, 6.0, 2.0, 6.0]]


def one(**changed: object) -> dict[str, object]:
    return {"id": 2, "image_id": 2, "category_id": 7, "bbox": [3, 3, 4, 5], **changed}


def test_broken_images_are_named(bench: Bench, two_images: Made) -> None:
    document = two_images(one())
    names = ["empty.png", "text.png", "gone.png", "../x.png", "/etc/x.png", "c.png", "d.png", ""]
    for number, name in enumerate(names, 10):
        document["images"].append({"id": number, "file_name": name, "width": 20, "height": 10})
        document["annotations"].append(one(id=number, image_id=number))
    document["images"].append({"id": 30, "file_name": "a/\x00.png"})
    (bench.raw / "empty.png").write_bytes(b"")
    (bench.raw / "text.png").write_bytes(b"not an image at all")
    bench.image("c.png", width=21)
    outside = bench.image("c.png", width=21).rename(bench.folder / "outside.png")
    bench.image("c.png", width=21)
    (bench.raw / "d.png").symlink_to(outside)
    bench.coco(document)
    summary = bench.convert(SKIP)
    assert summary.startswith("11 images and 10 annotations in, 2 and 2 out, 9 and 8 rejected")
    text = "\n".join(bench.reasons())
    for says in (
        "the file is empty",
        "not an image of a known format",
        "there is no such file",
        "'../x.png' leads out",
        "'/etc/x.png' leads out",
        "says 20 x 10 pixels, the file has 21 x 10",
        "a link leads out",
        "'' is empty",
        "cannot be printed",
    ):
        assert says in text


def test_ids_and_names_that_occur_twice(bench: Bench, two_images: Made) -> None:
    document = two_images(one())
    document["images"] += [{"id": 2, "file_name": "c.png"}, {"id": 4, "file_name": "./a.png"}]
    bench.coco(document)
    with pytest.raises(AnnotationError, match=r"nothing is left: .* 0 and 0 out, 4 and 2 rejected"):
        bench.convert(SKIP)
    text = "\n".join(bench.reasons())
    assert "the image id 2 occurs 2 times" in text and "a.png is named 2 times" in text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"images": [\n{"id": 1,]}', r"annotations\.json:2: not JSON"),
        ('{"images": [{"id": 1', r"annotations\.json:1: not JSON"),
        ("", r"annotations\.json: the file is empty"),
        ("  ", r"annotations\.json:1: not JSON"),
        ("[]", "not a COCO file: Expected `object`"),
        ("[" * 200_000, "not a COCO file: Expected `object`"),
        ('{"annotations": []}', "missing required field `images`"),
        ('{"images": [], "images": []}', "the key 'images' occurs twice"),
        ('{"images": [], "categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}', "id 1"),
        ('{"images": [], "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "a"}]}', "'a'"),
        (
            '{"images": [], "categories": [{"id": 1, "name": ""}]}',
            "category 1: the name of its",
        ),
        (
            '{"images": [], "categories": [{"id": 1, "name": " "}]}',
            "category 1: the name of its",
        ),
        (
            '{"images": [], "categories": [{"id": 1, "name": "a\\nb"}]}',
            "1: the class name .* holds",
        ),
        (
            '{"images": [], "categories": [{"id": 1, "name": "\\u0000"}]}',
            "1: the class name .* holds",
        ),
        ('{"images": ' + "[" * 200_000, r"annotations\.json: lists or objects are nested too"),
        ('{"images": [], "info": ' + '{"a":' * 200_000, "nested too deeply"),
    ],
)
def test_a_file_broken_as_a_whole_stops_the_stage(bench: Bench, text: str, says: str) -> None:
    bench.image("a.png")
    bench.coco(text)
    with pytest.raises(AnnotationError, match=says):
        bench.convert(SKIP)


def test_the_image_folder_is_found(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(one()))
    for name in ("a.png", "b.png", "not_named.png"):
        bench.image(f"pictures/{name}", level=7)
    for name in ("a.png", "b.png"):
        (bench.raw / name).unlink()
    assert bench.convert().endswith("; 1 left out: an image that no annotation names")
    assert [s.row.image for s in bench.samples()] == ["pictures/a.png", "pictures/b.png"]


def test_names_as_windows_writes_them(bench: Bench, two_images: Made) -> None:
    content = two_images(one())
    for image in content["images"]:
        bench.image(f"images/d/{image['file_name']}")
        image["file_name"] = f"d\\{image['file_name']}"
    bench.coco(content)
    bench.convert()
    assert [s.row.image for s in bench.samples()] == ["images/d/a.png", "images/d/b.png"]
    assert bench.samples()[0].row.image_extras == r'{"file_name":"d\\a.png"}'


def test_two_image_folders_are_a_question(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(one()))
    for name in ("a.png", "b.png"):
        bench.image(f"pictures/{name}")
    with pytest.raises(AnnotationError, match=r"are in \., pictures alike; say which"):
        bench.convert()
    bench.convert("format: coco, images: pictures")
    assert bench.samples()[0].row.image == "pictures/a.png"


def test_which_annotation_file(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(one()))
    bench.coco("{}", "other.json")
    with pytest.raises(AnnotationError, match=r"there are 2: annotations\.json, other\.json"):
        bench.convert()
    assert bench.convert("format: coco, annotations: ann*.json").startswith("2 images and 2")
    with pytest.raises(ParamsError, match="matches 'x"):
        bench.convert("format: coco, annotations: x.json")


def test_several_files_join(bench: Bench, two_images: Made) -> None:
    first, second = two_images(), two_images()
    first["images"].pop()
    second["images"].pop(0)
    second["annotations"] = [one(id=1)]
    bench.coco(first, "one.json")
    bench.coco(second, "two.json")
    summary = bench.convert('format: coco, annotations: "*.json"')
    assert summary.startswith("2 images and 2 annotations in, 2 and 2 out; 2 classes")
    assert [s.row.source for s in bench.samples()] == ["one.json#1", "two.json#2"]


def test_one_image_in_two_files_is_a_question(bench: Bench, two_images: Made) -> None:
    bench.coco(two_images(), "instances.json")
    bench.coco(two_images(one()), "keypoints.json")
    options = 'format: coco, on_bad: skip, annotations: "*.json"'
    with pytest.raises(AnnotationError, match="0 and 0 out, 4 and 3 rejected"):
        bench.convert(options)
    assert "it stands in instances.json, keypoints.json: name one of them" in bench.reasons()[0]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_a_file_in_another_encoding_is_to_be_saved_as_utf8(
    bench: Bench, two_images: Made, encoding: str
) -> None:
    text = json.dumps(two_images(one()))
    (bench.raw / "a.json").write_bytes(text.encode(encoding))
    with pytest.raises(AnnotationError, match=r"^a\.json: is not UTF-8 .*; save the file as UTF-8"):
        bench.convert()
    (bench.raw / "a.json").write_bytes(text.encode("utf-8-sig"))
    assert bench.convert().startswith("2 images and 2 annotations in, 2 and 2 out")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_file_is_to_be_unpacked(
    bench: Bench, two_images: Made, pack: Callable[[bytes], bytes]
) -> None:
    (bench.raw / "a.json").write_bytes(pack(json.dumps(two_images()).encode()))
    with pytest.raises(AnnotationError, match=r"^a\.json: is a packed file; unpack it"):
        bench.convert()


def test_a_key_at_the_top_that_is_not_utf8_is_named(bench: Bench, two_images: Made) -> None:
    text = json.dumps(two_images() | {"größe": []}, indent=1, ensure_ascii=False)
    (bench.raw / "a.json").write_bytes(text.encode("latin-1"))
    line = text[: text.index("größe")].count("\n") + 1
    with pytest.raises(AnnotationError, match=rf"^a\.json:{line}: not UTF-8: .*save the file as"):
        bench.convert()
