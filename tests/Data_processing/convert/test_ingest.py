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
import pyarrow as pa
import pytest

from Data_processing.convert import ingest
from Data_processing.convert.found import Extraction, FoundImage, Looked, Source, path_below
from Data_processing.convert.ingest import Ingest
from Data_processing.convert.join import Joined, read_table
from Data_processing.convert.load import ToFolder
from Data_processing.convert.transform import ToCanonical
from Datasets.dataset import Dataset
from Datasets.errors import AnnotationError
from Datasets.metadata import read
from Datasets.rejections import Rejections
from tests.Data_processing.convert.conftest import Bench, Coco

GOLDEN = Path(__file__).parents[2] / "golden" / "convert_coco"
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
    monkeypatch.setattr(ingest, "WINDOW", 3)
    bench.convert(workers=2)
    assert content_of(bench.metadata) == alone
    assert len(alone) == 3 + 11


def test_hash_seeds_change_no_byte(bench: Bench, root: Path) -> None:
    many(bench, 4)
    bench.convert()
    ours = content_of(bench.metadata)
    code = "from Data_processing.__main__ import *; sys.exit(main('x', VERBS, ['convert', 'tiny']))"
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
        subprocess.run([sys.executable, "-c", code], check=True, env=env, capture_output=True)
        assert content_of(bench.metadata) == ours


def test_golden(bench: Bench, request: pytest.FixtureRequest) -> None:
    """The small document and what becomes of it stand side by side, to be read."""
    bench.image("a.png")
    bench.image("sub/b c.png", width=12, height=16)
    bench.coco((GOLDEN / "annotations.json").read_text())
    bench.convert()
    lines = (bench.metadata / "metadata.jsonl").read_text()
    rows = [{**msgspec.to_builtins(sample.row), "sha256": "..."} for sample in bench.samples()]
    made = {"metadata.jsonl": lines, "samples.json": json.dumps(rows, indent=1) + "\n"}
    for name, text in made.items():
        if request.config.getoption("--update-golden"):
            (GOLDEN / name).write_text(text)
        assert text == (GOLDEN / name).read_text()


def test_any_reader_can_be_handed_in(bench: Bench) -> None:
    bench.image("a.png")
    bench.image("b.png")

    def extract(source: Source, rejections: Rejections) -> Extraction:
        looked = Looked(labels=True)
        images = (FoundImage(n, n, "here", looked, ("x",)) for n in ("a.png", "b.png"))
        return Extraction(("x",), images, 2, 0, ["by hand"])

    dataset = Dataset("mine", "raw")
    source = Source("tiny", bench.raw, dataset, "params.yaml: datasets.tiny")
    bench.metadata.mkdir(parents=True)
    run = Ingest(extract, ToCanonical("tiny"), ToFolder(bench.metadata)).run
    rejections = Rejections("convert@tiny", "strict", "on_bad")
    tally = run(source, read_table(bench.raw, dataset, "x"), rejections, 1)
    assert tally.sentence() == "2 images in, 2 out; 1 class; by hand"
    assert [sample.image.labels for sample in read(bench.metadata)] == ["x", "x"]


def test_a_reader_that_loses_count_is_found_out(bench: Bench) -> None:
    def extract(source: Source, rejections: Rejections) -> Extraction:
        return Extraction((), iter(()), 1, 0)

    bench.metadata.mkdir(parents=True)
    source = Source("tiny", bench.raw, Dataset("mine", "raw"), "x")
    table = Joined(pa.schema([]), {})
    with pytest.raises(RuntimeError, match="lost count"):
        Ingest(extract, ToCanonical("tiny"), ToFolder(bench.metadata)).run(
            source, table, Rejections("convert@tiny", "strict", "x"), 1
        )


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
    assert bench.convert().endswith("no masks, as an 8-bit mask holds at most 254 classes")
    assert not bench.samples()[0].row.has_mask
    assert bench.samples()[0].row.polygons[0] == tuple(map(tuple, SQUARE))


def test_a_name_that_is_no_path_is_refused() -> None:
    for name in ("", ".", "..", "a/../../b", "/a", "a\nb", "a\0b", "\udc80.png"):
        with pytest.raises(AnnotationError, match="the image's name"):
            path_below("images", name)
    assert path_below("", "a b/ü.png") == "a b/ü.png"
