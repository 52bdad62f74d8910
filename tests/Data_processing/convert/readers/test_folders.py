"""Class folders, and folders of images without classes."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing.convert.found import Source
from Data_processing.convert.readers.folders import extract
from Data_processing.convert.report import Report
from Datasets.dataset import Dataset
from Datasets.errors import AnnotationError, RejectedError
from Datasets.metadata import read_classes
from Datasets.rejections import Rejections
from tests.Data_processing.convert.conftest import Bench

FOLDERS = "format: folders"


def test_the_first_folder_is_the_class(bench: Bench) -> None:
    for name in ("dog/1.png", "cat/x/2.png", "cat/1.JPG", "dog/deep er/3.bmp"):
        bench.image(name)
    assert bench.convert(FOLDERS) == "4 images in, 4 out; 2 classes"
    assert [s.row.image for s in bench.samples()] == sorted(
        ["dog/1.png", "cat/x/2.png", "cat/1.JPG", "dog/deep er/3.bmp"]
    )
    first = bench.samples()[0]
    assert first.image.labels == "cat" and first.row.source == "cat/"
    assert first.row.has_labels and not first.row.has_boxes and not first.row.has_counts
    assert not first.row.has_mask and first.image.segmentation_mask is None
    assert read_classes(bench.metadata) == ("cat", "dog")


def test_images_without_class_folders_are_unlabelled(bench: Bench) -> None:
    bench.image("1.png")
    bench.image("2.png")
    assert bench.convert(FOLDERS) == "2 images in, 2 out; no labels"
    assert not any(s.row.has_labels for s in bench.samples())
    assert all(s.image.labels == () for s in bench.samples())


def test_an_image_beside_class_folders_is_rejected(bench: Bench) -> None:
    bench.image("cat/1.png")
    bench.image("stray.png")
    with pytest.raises(RejectedError, match=r"stray\.png: lies beside the class folders"):
        bench.convert(FOLDERS)
    summary = bench.convert(f"{FOLDERS}, on_bad: skip")
    assert summary.startswith("2 images in, 1 out, 1 rejected; 1 class; every image is of the one")


def test_what_is_no_image_is_counted_and_what_is_hidden_is_no_data(bench: Bench) -> None:
    bench.image("cat/1.png")
    bench.image(".thumbs/1.png")
    (bench.raw / "cat" / "notes.txt").write_text("x")
    summary = bench.convert(FOLDERS)
    assert summary.startswith("1 image in, 1 out; 1 class; 1 other files left alone; every image")


def test_broken_images_and_linked_folders_are_named(bench: Bench) -> None:
    bench.image("cat/1.png")
    (bench.raw / "cat" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (bench.raw / "dog").symlink_to(bench.raw / "cat")
    with pytest.raises(RejectedError) as caught:
        bench.convert(FOLDERS)
    assert "dog: is a link to a folder" in str(caught.value) and "cat/2.png" in str(caught.value)


def test_a_class_without_images_is_named(bench: Bench) -> None:
    bench.image("cat/a.jfif")
    (bench.raw / "fox").mkdir()
    (bench.raw / "fox/a.npy").write_bytes(b"x")
    summary = bench.convert("format: folders")
    assert summary.startswith("1 image in, 1 out; 1 class; 1 other files left alone")
    assert '"fox/"' in (bench.metadata / "changes.jsonl").read_text()


def test_no_image_is_an_error(bench: Bench) -> None:
    with pytest.raises(AnnotationError, match="there is no image in raw"):
        bench.convert(FOLDERS)


def test_a_sub_folder_can_be_meant(bench: Bench) -> None:
    bench.image("photos/1.png")
    bench.image("other/1.png")
    assert bench.convert(f"{FOLDERS}, images: photos") == "1 image in, 1 out; no labels"
    assert bench.samples()[0].row.image == "photos/1.png"


def test_the_real_set(bench: Bench, shared_data: Path) -> None:
    bench.raw.rmdir()
    bench.raw.symlink_to(shared_data / "cls_signdigits" / "Dataset")
    assert bench.convert(FOLDERS) == "600 images in, 600 out; 10 classes"
    assert read_classes(bench.metadata) == tuple("0123456789")


def test_labels_follow_the_rules_and_names_may_be_of_any_script(bench: Bench) -> None:
    for name in ("Hund /1.png", "Katze/ä 1.png", "日本/1.png"):
        bench.image(name)
    rules = "labels: {strip: true, case: lower, map: {katze: cat}, ignore: [日本]}"
    summary = bench.convert(f"{FOLDERS}, {rules}")
    assert summary.startswith("3 images in, 2 out, 1 dropped; 2 classes")
    assert [s.image.labels for s in bench.samples()] == ["hund", "cat"]


@given(st.dictionaries(st.sampled_from(["ant", "bee", "Cat", "ä"]), st.integers(1, 3), min_size=1))
def test_every_image_has_its_folder_s_name(
    tmp_path_factory: pytest.TempPathFactory, counts: dict[str, int]
) -> None:
    root = tmp_path_factory.mktemp("raw")
    for name, count in counts.items():
        (root / name).mkdir()
        for i in range(count):
            (root / name / f"{i}.png").touch()
    with Report(root, Rejections("convert@x", "strict", "on_bad")) as report:
        found = extract(Source("x", root, Dataset("folders", str(root)), "x"), report)
        labels = Counter(image.labels[0] for image in found.images)
    assert labels == counts and found.names == tuple(sorted(counts))
    assert found.seen.images == sum(counts.values())


def test_the_golden_file(bench: Bench) -> None:
    for name in ("dog/1.png", "big cat/x/ä.png"):
        bench.image(name)
    (bench.raw / "notes.txt").write_text("x")
    bench.convert(FOLDERS)
    bench.golden("folders")
