"""One mask an object: which image it belongs to, and of which class it is."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from Datasets.errors import AnnotationError, ParamsError
from Datasets.metadata import read_classes
from Datasets.regions import Region
from tests.Data_processing.convert.conftest import Bench
from tests.Data_processing.convert.test_ingest import turned

MASKS = "format: instance_masks"
NUCLEI = f"{MASKS}, classes: nucleus"


def mask(bench: Bench, name: str, x1: int = 3, y1: int = 2, x2: int = 5, y2: int = 6) -> None:
    """Draw a mask of 20 x 10 pixels with one rectangle."""
    pixels = np.zeros((10, 20), np.uint8)
    pixels[y1:y2, x1:x2] = 255
    path = bench.raw / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def test_a_mask_becomes_a_box_and_a_region(bench: Bench) -> None:
    bench.image("x/images/x.png")
    mask(bench, "x/masks/1.png", 3, 2, 5, 6)
    mask(bench, "x/masks/2.png", 0, 0, 20, 10)
    summary = bench.convert(NUCLEI)
    assert summary == "1 image and 2 annotations in, 1 and 2 out; 1 class"
    (sample,) = bench.samples()
    boxes = [(box.x1, box.y1, box.x2, box.y2) for box in sample.image.bounding_boxes]
    assert boxes == [(3.0, 2.0, 5.0, 6.0), (0.0, 0.0, 20.0, 10.0)]
    assert sample.image.class_counts() == {"nucleus": 2}
    assert sample.row.source == "x/masks/" and sample.row.has_mask
    rle = sample.row.rles[0]
    assert rle is not None and Region((), rle, 10, 20).area == 8


def test_masks_that_were_drawn_on_the_image_as_stored_are_turned(bench: Bench) -> None:
    turned(bench, "x/images/x.jpg", 6)
    mask(bench, "x/masks/1.png", 3, 2, 5, 6)
    bench.convert(f"{NUCLEI}, orientation: stored")
    (sample,) = bench.samples()
    (box,) = sample.image.bounding_boxes
    assert (box.x1, box.y1, box.x2, box.y2) == (4.0, 3.0, 8.0, 5.0)  # x = 10 - y, y = x
    rle = sample.row.rles[0]
    assert rle is not None and Region((), rle, 20, 10).pixels()[3:5, 4:8].sum() == 8


@pytest.mark.parametrize(
    ("image", "file", "annotations"),
    [
        ("id/images/id.png", "id/masks/1.png", ""),
        ("id/id.png", "id/masks/1.png", ""),
        ("images/ä b.png", "masks/ä b/1.png", ""),
        ("images/a.png", "masks/a_1.png", ""),
        ("images/a_b.png", "masks/a_b_1_2.png", ""),
        ("a.png", "a_mask1.png", "*_mask*.png"),
        ("images/a.png", "objects/a/1.png", "objects"),
        ("images/a.png", "objects/a/1.png", "objects/*/*.png"),
    ],
)
@pytest.mark.parametrize("others", [0, 1])
def test_which_image_a_mask_belongs_to(
    bench: Bench, image: str, file: str, annotations: str, others: int
) -> None:
    bench.image(image)
    mask(bench, file)
    if others:  # beside it another one, whose name is a part of the first
        folder = str(Path(image).parent).replace("id", "i")
        bench.image(f"{folder}/{'i' if 'id' in image else 'q'}.png")
    options = f"{NUCLEI}, annotations: '{annotations}'" if annotations else NUCLEI
    bench.convert(options)
    (sample,) = bench.samples()
    assert sample.row.image == image and len(sample.image.bounding_boxes) == 1


def test_each_image_in_a_folder_of_its_own_whatever_it_is_called(bench: Bench) -> None:
    for folder in ("one", "two"):
        bench.image(f"{folder}/images/photo.png")
        mask(bench, f"{folder}/masks/1.png")
    summary = bench.convert(NUCLEI)
    assert summary.startswith("2 images and 2 annotations in, 2 and 2 out")


def test_the_longest_name_before_an_underscore_is_the_image(bench: Bench) -> None:
    for name in ("a", "a_b"):
        bench.image(f"images/{name}.png")
    mask(bench, "masks/a_1.png")
    mask(bench, "masks/a_b_1.png")
    mask(bench, "masks/a_b_2.png")
    bench.convert(NUCLEI)
    assert [len(sample.image.bounding_boxes) for sample in bench.samples()] == [1, 2]


def test_the_folder_names_the_class(bench: Bench) -> None:
    bench.image("images/a.png")
    mask(bench, "masks/cat/a_1.png")
    mask(bench, "masks/ant/a/1.png")
    mask(bench, "masks/a/bee/1.png")
    bench.convert(MASKS)
    assert read_classes(bench.metadata) == ("ant", "bee", "cat")
    assert bench.samples()[0].image.class_counts() == {"ant": 1, "bee": 1, "cat": 1}
    bench.convert(f"{MASKS}, classes: pet")
    assert bench.samples()[0].image.class_counts() == {"pet": 3}


def test_an_empty_mask_is_rejected_and_the_others_are_read(bench: Bench) -> None:
    bench.image("images/a.png")
    mask(bench, "masks/a_1.png")
    mask(bench, "masks/a_2.png", 0, 0, 0, 0)
    summary = bench.convert(f"{NUCLEI}, on_bad: skip")
    assert summary.startswith("1 image and 2 annotations in, 1 and 1 out, 0 and 1 rejected")
    assert "annotation 2: its region is empty: no pixel is drawn" in bench.reasons()[0]


def test_masks_without_an_image_are_rejected_and_images_without_one_left_out(bench: Bench) -> None:
    for name in ("images/a.png", "images/b.png"):
        bench.image(name)
    mask(bench, "masks/a_1.png")
    mask(bench, "masks/c_1.png")
    summary = bench.convert(f"{NUCLEI}, on_bad: skip")
    assert summary.startswith("1 image and 2 annotations in, 1 and 1 out, 0 and 1 rejected")
    assert "1 left out: an image that no annotation names" in summary


def test_masks_of_instances_can_be_drawn(bench: Bench) -> None:
    bench.image("images/a.png")
    mask(bench, "masks/a_1.png", 0, 0, 2, 2)
    mask(bench, "masks/a_2.png", 5, 5, 6, 6)
    bench.convert(f"{NUCLEI}, masks: both")
    (sample,) = bench.samples()
    assert sample.row.instance_mask is not None
    drawn = np.array(Image.open(bench.metadata / sample.row.instance_mask))
    assert drawn.max() == 2 and (drawn == 1).sum() == 4 and drawn[5, 5] == 2


def test_a_class_has_to_be_told(bench: Bench) -> None:
    bench.image("images/a.png")
    mask(bench, "masks/a_1.png")
    with pytest.raises(ParamsError, match=r"tiny\.classes: the name of its class is empty"):
        bench.convert(f"{MASKS}, classes: ' '")
    with pytest.raises(
        AnnotationError, match=r"no mask \('masks/a_1\.png', \.\.\.\) belongs to one"
    ):
        bench.convert(f"{NUCLEI}, images: masks")


def test_the_real_set(bench: Bench, shared_data: Path) -> None:
    bench.raw.rmdir()
    bench.raw.symlink_to(shared_data / "mask_dsb2018")
    summary = bench.convert(NUCLEI)
    assert summary == "40 images and 1,601 annotations in, 40 and 1,601 out; 1 class"
    (sample, *_) = bench.samples()
    folder = bench.raw / sample.row.source
    files = sorted(folder.glob("*.png"))
    drawn = [np.array(Image.open(file)) != 0 for file in files]
    rles = [rle for rle in sample.row.rles if rle is not None]
    height, width = drawn[0].shape
    assert len(rles) == len(files)
    for rle, pixels in zip(rles, drawn, strict=True):
        assert (Region((), rle, height, width).pixels() == pixels).all()


def test_the_golden_file(bench: Bench) -> None:
    for name in ("images/ä b.png", "images/none.png"):
        bench.image(name)
    mask(bench, "masks/cat/ä b_1.png", 3, 2, 5, 6)
    mask(bench, "masks/ant/ä b_1.png", 0, 0, 1, 1)
    bench.convert(MASKS)
    bench.golden("instance_masks")
