"""What holds for every format: equal bytes, the balance of in and out, parts that are handed in."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from Data_processing.convert import ingest
from Data_processing.convert.found import (
    BOXES,
    Extract,
    Extraction,
    FoundAnnotation,
    FoundImage,
    Looked,
    Seen,
    Source,
    path_below,
)
from Data_processing.convert.ingest import Ingest
from Data_processing.convert.join import read_table
from Data_processing.convert.load import ToFolder
from Data_processing.convert.report import Report
from Data_processing.convert.tally import Tally
from Data_processing.convert.transform import ToCanonical
from Datasets.check_metadata import Checker
from Datasets.dataset import Dataset
from Datasets.engines import HERE
from Datasets.errors import AnnotationError, RejectedError, StageError
from Datasets.metadata import read
from Datasets.rejections import Rejections
from tests.Data_processing.convert.conftest import Bench, Coco

SQUARE = [[2.0, 2.0, 8.0, 2.0, 8.0, 6.0, 2.0, 6.0]]


def content_of(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def many(bench: Bench, n: int) -> None:
    draw = random.Random(7)
    images = [{"id": i, "file_name": f"{i:02d}.png"} for i in range(n)]
    annotations = [
        {"id": i, "image_id": i // 2, "category_id": i % 3, "bbox": [1, 1, i % 7 + 1, 4]}
        | {"segmentation": SQUARE}
        for i in range(2 * n)
    ]
    draw.shuffle(images)
    draw.shuffle(annotations)
    for image in images:
        bench.image(str(image["file_name"]), level=int(str(image["id"])))
    categories = [{"id": i, "name": name} for i, name in enumerate(("pear", "fig", "äpfel"))]
    bench.coco({"images": images, "categories": categories, "annotations": annotations})


def test_workers_and_chunks_change_no_byte(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    many(bench, 11)
    bench.convert(workers=1)
    alone = content_of(bench.metadata)
    monkeypatch.setattr(ingest, "CHUNK", 2)
    bench.convert(workers=2)
    assert content_of(bench.metadata) == alone
    assert len(alone) == 6 + 11


def turned(bench: Bench, name: str = "a.jpg", orientation: int = 6) -> None:
    """Draw an image of 20 x 10 pixels as stored, which EXIF turns."""
    exif = Image.Exif()
    exif[274] = orientation
    path = bench.raw / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 10)).save(path, exif=exif)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"segmentation": [[1, 1, 5, 1, 5, 4, 2]]}, "a polygon has 7 numbers; three points or mo"),
        ({"keypoints": [1, 1, 2, 3, 3]}, "its keypoints are 5 numbers; x, y and v each are needed"),
        (
            {"segmentation": {"size": [20, 10], "counts": [5, 3, 192]}},
            "run lengths are for 10 x 20",
        ),
    ],
)
def test_numbers_are_checked_before_they_are_turned(
    bench: Bench, keys: dict[str, object], says: str
) -> None:
    turned(bench)
    one = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 4, 4], **keys}
    images = [{"id": 1, "file_name": "a.jpg", "width": 20, "height": 10}]
    categories = [{"id": 1, "name": "cat"}]
    bench.coco({"images": images, "categories": categories, "annotations": [one]})
    with pytest.raises(RejectedError, match=says):
        bench.convert()


def test_an_image_without_labels_gets_some(bench: Bench) -> None:
    bench.image("a.png")
    bench.convert("format: folders")
    (sample,) = bench.samples()
    assert not sample.row.has_labels
    one = {"action": "relabel", "sample": sample.row.id, "sha256": sample.row.sha256, "old": []}
    path = bench.folder / "Datasets/corrections/tiny.jsonl"
    path.parent.mkdir()
    path.write_text(json.dumps({**one, "new": "cat"}))
    bench.convert("format: folders")
    assert bench.samples()[0].row.has_labels
    assert list(Checker(bench.metadata).problems()) == []


def test_hash_seeds_change_no_byte(bench: Bench, root: Path) -> None:
    many(bench, 4)
    bench.convert()
    ours = content_of(bench.metadata)
    code = "from Data_processing.__main__ import *; sys.exit(main('x', VERBS, ['convert', 'tiny']))"
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
        subprocess.run([sys.executable, "-c", code], check=True, env=env, capture_output=True)
        assert content_of(bench.metadata) == ours


def by_hand(*images: FoundImage, names: tuple[str, ...] | None = ("x",)) -> Extract:
    """Return a reader that finds ``images`` and counts them right."""

    def extract(source: Source, report: Report) -> Extraction:
        annotations = sum(len(one.annotations) + one.lost for one in images)
        found = {a.name for one in images for a in one.annotations}
        seen = Seen(len(images), annotations, found)
        return Extraction(iter(images), seen, names, notes=["by hand"])

    return extract


def ingest_with(bench: Bench, extract: Extract, **keys: object) -> Tally:
    dataset = msgspec.convert({"format": "mine", "path": "raw", **keys}, Dataset)
    source = Source("tiny", bench.raw, dataset, "params.yaml: datasets.tiny")
    bench.metadata.mkdir(parents=True, exist_ok=True)
    rejections = Rejections("convert@tiny", dataset.on_bad, "on_bad")
    transform = ToCanonical("tiny", dataset, bench.raw)
    with Report(bench.metadata, rejections) as report:
        ingest = Ingest(extract, transform, ToFolder(bench.metadata))
        return ingest.run(source, read_table(bench.raw, dataset, "x"), report, HERE)


def test_any_reader_can_be_handed_in(bench: Bench) -> None:
    bench.image("a.png")
    bench.image("b.png")
    labelled = Looked(labels=True)
    images = [FoundImage(n, n, "here", labelled, ("x",)) for n in ("a.png", "b.png")]
    tally = ingest_with(bench, by_hand(*images))
    assert tally.sentence() == "2 images in, 2 out; 1 class; by hand"
    assert [sample.image.labels for sample in read(bench.metadata)] == ["x", "x"]


def test_a_reader_that_loses_count_is_found_out(bench: Bench) -> None:
    def extract(source: Source, report: Report) -> Extraction:
        return Extraction(iter(()), Seen(images=1), ())

    with pytest.raises(StageError, match="the reader lost count"):
        ingest_with(bench, extract)


def box(number: int, name: str, *corners: float, **more: object) -> FoundAnnotation:
    return FoundAnnotation(number, name, (corners[0], corners[1], corners[2], corners[3]), **more)  # type: ignore[arg-type]


def test_every_change_is_in_the_report(bench: Bench) -> None:
    bench.image("a.png")
    bench.image("b.png")
    bench.image("c.png")
    found = by_hand(
        FoundImage(
            "a.png",
            "a.png",
            "x.txt",
            BOXES,
            annotations=(
                box(1, "Cat ", 9, 8, 1, 2),
                box(2, "cat", -0.5, 0, 5, 5),
                box(3, "cat", -9, 0, 5, 5),
                box(4, "dust", 0, 0, 5, 5),
                box(5, "cat", 3, 3, 3, 3),
            ),
        ),
        FoundImage("b.png", "b.png", "x.txt", BOXES, annotations=(box(1, "cat", 3, 3, 3, 3),)),
        FoundImage("c.png", "c.png", "x.txt", Looked(labels=True), ("dust",)),
        names=None,
    )
    rules = {"strip": True, "case": "lower", "ignore": ["dust"]}
    tally = ingest_with(bench, found, on_bad="skip", outside="drop", labels=rules)
    assert tally.sentence() == (
        "3 images and 6 annotations in, 1 and 2 out, 1 and 2 rejected, 1 and 2 dropped; 1 class; "
        "by hand; 1 clipped: box outside the image by a pixel or less; "
        "1 dropped: ignored by labels.ignore; 1 dropped: outside the image; "
        "1 dropped: the class 'dust' is ignored by labels.ignore; "
        "1 renamed: 'Cat ' is now 'cat'; 1 reversed: corners in the wrong order, put right"
    )
    report = json.loads((bench.metadata / "conversion.json").read_text())
    assert [(one["action"], one["reason"], one["count"]) for one in report["changes"]] == [
        ("clipped", "box outside the image by a pixel or less", 1),
        ("dropped", "ignored by labels.ignore", 1),
        ("dropped", "outside the image", 1),
        ("dropped", "the class 'dust' is ignored by labels.ignore", 1),
        ("rejected", "nothing left", 1),
        ("rejected", "zero area", 2),
        ("renamed", "'Cat ' is now 'cat'", 1),
        ("reversed", "corners in the wrong order, put right", 1),
    ]
    zero = next(one for one in report["changes"] if one["reason"] == "zero area")
    assert zero["first"][0] == {
        "sample": "a.png",
        "detail": "x.txt: annotation 5: the box from (3, 3) to (3, 3) has no area in the image; "
        "draw it anew or take it out",
    }
    lines = (bench.metadata / "changes.jsonl").read_text().splitlines()
    assert len(lines) == sum(one["count"] for one in report["changes"])
    assert len((bench.metadata / "rejected.jsonl").read_text().splitlines()) == 3


def test_an_image_that_comes_twice_is_refused(bench: Bench) -> None:
    bench.image("a.png")
    twice = [FoundImage("a.png", "a.png", "x", Looked(labels=True), ("x",))] * 2
    with pytest.raises(
        StageError, match=r"gives a\.png after a\.png; it must give each image once"
    ):
        ingest_with(bench, by_hand(*twice))


def test_names_that_differ_by_case_are_noticed(bench: Bench) -> None:
    images = []
    for name in ("A.png", "a.png", "b.png"):
        bench.image(name)
        images.append(FoundImage(name, name, "x", Looked(labels=True), ("x",)))
    tally = ingest_with(bench, by_hand(*images))
    assert tally.images_out == 3
    assert "1 noticed: its name differs from another's by case alone" in tally.sentence()


def test_more_classes_than_a_mask_can_hold(bench: Bench, two_images: Callable[..., Coco]) -> None:
    document = two_images()
    number = count(2)
    document["categories"] = [{"id": i, "name": f"c{i:03d}"} for i in range(260)]
    document["annotations"] = [
        {"id": next(number), "image_id": 1, "category_id": i, "bbox": [2, 2, 6, 4]}
        | {"segmentation": SQUARE}
        for i in range(260)
    ]
    bench.coco(document)
    assert bench.convert().endswith("1 noticed: no mask: 8 bits hold at most 254 classes")
    assert not bench.samples()[0].row.has_mask
    assert bench.samples()[0].row.polygons[0] == tuple(map(tuple, SQUARE))


def test_a_name_that_is_no_path_is_refused() -> None:
    for name in ("", ".", "..", "a/../../b", "/a", "a\nb", "a\0b", "\udc80.png"):
        with pytest.raises(AnnotationError, match="the image's name"):
            path_below("images", name)
    assert path_below("", "a b/ü.png") == "a b/ü.png"


def test_a_file_whose_name_is_no_text_is_named_all_the_same(bench: Bench) -> None:
    bench.image("cat/a.png")
    (bench.raw / "cat" / "b\udcff.png").write_bytes(b"")
    summary = bench.convert("format: folders, on_bad: skip")
    assert summary.startswith("2 images in, 1 out, 1 rejected")
    assert "characters that cannot be printed" in bench.reasons()[0]


def test_the_reader_in_the_documentation_works(bench: Bench, root: Path) -> None:
    text = (root / "docs/formats.md").read_text()
    code = text.split("```python")[1].split("```")[0]
    names: dict[str, Extract] = {}
    exec(compile(code, "docs/formats.md", "exec"), names)  # noqa: S102  (our own page)
    bench.image("a.png")
    bench.image("b.png")
    (bench.raw / "x.mine").write_text(
        "b.png cat 1 0\na.png dog 2 0\n\nb.png dog 3 0\nb.png cat x\n"
    )
    tally = ingest_with(bench, names["extract"], on_bad="skip")
    assert (
        tally.sentence()
        == "2 images and 4 annotations in, 2 and 3 out, 0 and 1 rejected; 2 classes"
    )
    assert "x.mine:5: `name class x y` was expected" in bench.reasons()[0]
    assert [len(sample.image.bounding_boxes) for sample in bench.samples()] == [1, 2]
