"""Instance masks from metadata to tensors, on samples drawn in code that have no class masks."""

import shutil
from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from Data_processing import source, stack
from Data_processing.interim import folder_of
from Data_processing.steps import process
from Data_processing.steps.preview import cells, preview
from Datasets import row_cache
from Datasets.errors import StoreError
from Datasets.files import sha256_of
from Datasets.image import encode_png
from Datasets.layout import shard_name
from Datasets.metadata import Box, ImageMetadata, SampleRow
from Datasets.metadata_writer import MetadataWriter
from Datasets.sample import strays
from Datasets.stage import timings
from Datasets.store import Store
from Datasets.tensors import TENSORS
from tests.Data_processing.conftest import PARAMS

STEPS = ("flip", "shrink")
FOLDER = Path("Datasets/metadata/shapes")
COUNT = 8


@pytest.fixture(autouse=True)
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw a data set in which one sample has no instance mask; twelve shards of it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(source, "SHARD_BYTES", 1)
    monkeypatch.setattr(source, "SHARD_ROWS", 6)
    affine = "{Affine: {rotate: [-40, 40], translate_percent: [-0.3, 0.3], p: 1.0}}, {rot8: {}}"
    Path("params.yaml").write_text(PARAMS.replace("{HorizontalFlip: {p: 0.5}}", affine))
    Path("raw").mkdir()
    (FOLDER / "instances").mkdir(parents=True)
    with MetadataWriter(FOLDER, pa.schema([])) as writer:
        for number in range(COUNT):
            _write_one(writer, number)
        writer.close(("disc",))


def instances_of(number: int) -> np.ndarray:
    """Return discs on one another, each seen somewhere."""
    rng = np.random.default_rng(number)
    height, width = int(rng.integers(30, 50)), int(rng.integers(30, 50))
    rows, columns = np.mgrid[:height, :width]
    mask = np.zeros((height, width), np.uint16)
    for i, (y, x) in enumerate(((8, 8), (12, 14), (22, 20)), 1):
        mask[(rows - y) ** 2 + (columns - x) ** 2 <= 36] = i
    return mask


def _write_one(writer: MetadataWriter, number: int) -> None:
    mask, name = instances_of(number), f"{number:02d}.png"
    image = np.repeat((60 + 60 * mask[:, :, None]).astype(np.uint8), 3, axis=2)
    (Path("raw") / name).write_bytes(encode_png(image))
    is_masked = number > 0
    if is_masked:
        (FOLDER / "instances" / name).write_bytes(encode_png(mask))
    boxes = []
    for i in range(1, 4):
        rows, columns = np.nonzero(mask == i)
        sides = (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1)
        boxes.append(Box("disc", *(float(side) for side in sides)))
    height, width = mask.shape
    writer.add(
        ImageMetadata(name, "disc", {"disc": 3}, tuple(boxes)),
        SampleRow(
            id=f"shapes/{name}", image=name, sha256=sha256_of((Path("raw") / name).read_bytes()),
            width=width, height=height, channels=3, dtype="uint8", orientation=1, group=None,
            source="drawn", has_labels=True, has_counts=True, has_boxes=True, has_mask=False,
            annotation_ids=(1, 2, 3), iscrowd=(False,) * 3, areas=(80.0,) * 3,
            polygons=((),) * 3, rles=(None,) * 3,
            instance_mask=f"instances/{name}" if is_masked else None,
        ),
    )  # fmt: skip


def walk(workers: int = 1, row_cache_gb: int = 1) -> dict[str, bytes]:
    """Run everything from source to stack, and return every file of the stores."""
    Path("compute.yaml").write_text(f"workers: {workers}\nrow_cache_gb: {row_cache_gb}\n")
    source.run(Namespace())
    for step in STEPS:
        process.run(Namespace(step=step))
    stack.run(Namespace())
    folders = [folder_of("source"), *(folder_of(step) for step in STEPS), TENSORS]
    return {str(p): p.read_bytes() for folder in folders for p in sorted(folder.iterdir())}


def known() -> list[int]:
    """Return how many units the steps of the last run took over."""
    said = [timings()[f"process@{step}"].summary.split(", ") for step in STEPS]
    return [
        next((int(one.split()[0]) for one in words if "known from before" in one), 0)
        for words in said
    ]


def test_they_follow_from_raw_files_to_tensors() -> None:
    """The image shows each object in a gray of its own; what has no mask has none all the way."""
    walk()
    found, dropped = 0, 0
    for step in STEPS:
        store = Store(folder_of(step))
        for row in store.rows():
            sample = store.sample(row)
            assert (sample.instances is None) == (row.id == "shapes/00.png")
            if sample.instances is None:
                continue
            assert not len(strays(sample.instances, sample.boxes))
            dropped += len(sample.boxes) < 3
            if step == "flip" and row.copy == 0:
                expected = instances_of(int(row.id[7:9]))
                assert np.array_equal(sample.instances, expected)
            for number in np.unique(sample.instances[sample.instances > 0]).tolist():
                inside = sample.image[sample.instances == number][:, 0].astype(float)
                found += abs(np.median(inside) - (60 + 60 * number)) < 15
    assert found > 90 and dropped > 0
    assert Store(TENSORS).index(["instances_offset"])["instances_offset"].max() > 0


def test_stack_links_them() -> None:
    walk()
    shards = sorted(TENSORS.glob("instances-*.npy"))
    assert shards and not list(TENSORS.glob("masks-*.npy"))
    for path in shards:
        assert path.stat().st_ino == (folder_of("shrink") / path.name).stat().st_ino


def test_a_second_run_takes_all_over_and_one_without_cache_gives_the_same() -> None:
    before = walk()
    inodes = {path: Path(path).stat().st_ino for path in before if path.endswith(".npy")}
    assert walk() == before
    assert known() == [3 * COUNT, 3 * COUNT]
    assert inodes == {path: Path(path).stat().st_ino for path in inodes}
    shutil.rmtree(row_cache.ROWS)
    assert walk(row_cache_gb=0) == before


def test_two_workers_write_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    one = walk(1, row_cache_gb=0)
    monkeypatch.setattr("Data_processing.steps.walking.ONE_PROCESS_ROWS", 0)
    assert walk(2, row_cache_gb=0) == one


def test_a_changed_mask_is_all_that_is_made_again() -> None:
    """By the raw file's hash first, then by that of what the step before stored."""
    walk()
    path = FOLDER / "instances/03.png"
    path.write_bytes(encode_png(np.where(instances_of(3) == 2, 0, instances_of(3))))
    after = walk()
    assert known() == [3 * COUNT - 3, 3 * COUNT - 3]
    shutil.rmtree(row_cache.ROWS)
    assert walk() == after


def test_damage_in_the_cache_is_noticed_and_made_anew() -> None:
    before = walk()
    shard = next(folder_of("flip").glob("instances-*.npy"))
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)  # of the generation too: it is a link
    assert walk() == before
    assert known()[0] < 3 * COUNT


def test_what_is_not_as_convert_wrote_it_is_named() -> None:
    walk()
    path = FOLDER / "instances/03.png"
    path.write_bytes(encode_png(instances_of(4)))
    shutil.rmtree(row_cache.ROWS)
    with pytest.raises(StoreError, match=r"instances/03\.png is not the mask .* convert@shapes"):
        process.run(Namespace(step="flip"))
    path.write_bytes(encode_png(instances_of(3) + 1))
    with pytest.raises(StoreError, match=r"instances/03\.png: names box 4 of 3; run `dvc repro"):
        walk()
    path.write_bytes(encode_png(instances_of(3)[:9]))
    with pytest.raises(StoreError, match=r"03\.png: mask of \(9, \d+\), image of"):
        walk()


def test_without_them_there_are_no_files() -> None:
    file = FOLDER / "samples.parquet"
    pd.read_parquet(file).assign(instance_mask=None).to_parquet(file)
    assert not [path for path in walk() if shard_name("instances", 0)[:9] in Path(path).name]


def test_a_preview_shows_them() -> None:
    """Where there is no class mask; more than its boxes alone."""
    walk()
    with_mask, without = (cells(preview("flip", f"0{n}.png", 1))[0].picture for n in (1, 0))
    for shown, is_tinted in ((with_mask, True), (without, False)):
        gray = (shown[:, :, 0] == shown[:, :, 2]).mean()
        assert (gray < 0.9) == is_tinted
