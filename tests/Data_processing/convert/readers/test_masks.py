"""One mask an image: what its values mean, and which image it belongs to."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from Datasets.errors import AnnotationError, ParamsError, RejectedError
from Datasets.metadata import read_classes
from tests.Data_processing.convert.conftest import Bench
from tests.Data_processing.convert.test_ingest import turned

MASKS = "format: masks"
CELL = f"{MASKS}, values: {{cell: 255}}"


def mask(bench: Bench, name: str, *marks: tuple[int, int, int], width: int = 20) -> None:
    """Draw a mask of 10 pixels height: at x, y the value."""
    pixels = np.zeros((10, width), np.uint8)
    for x, y, value in marks:
        pixels[y, x] = value
    path = bench.raw / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def written(bench: Bench, number: int = 0) -> np.ndarray:
    """Return the mask that was written for a sample."""
    name = bench.samples()[number].image.segmentation_mask
    assert name is not None
    return np.array(Image.open(bench.metadata / name))


def test_a_binary_mask(bench: Bench) -> None:
    bench.image("images/a.png")
    mask(bench, "masks/a.png", (3, 4, 255))
    assert bench.convert(CELL) == "1 image in, 1 out; 1 class"
    (sample,) = bench.samples()
    assert sample.image.labels == "cell" and sample.row.source == "masks/a.png"
    assert sample.row.has_labels and sample.row.has_mask
    assert not sample.row.has_boxes and not sample.row.has_counts
    made = written(bench)
    assert made[4, 3] == 1 and made.sum() == 1


def test_classes_are_drawn_in_the_order_of_their_names_and_ignore_is_255(bench: Bench) -> None:
    bench.image("images/a.png")
    mask(bench, "masks/a.png", (0, 0, 7), (1, 0, 3), (2, 0, 200), (3, 0, 201), (4, 0, 8))
    values = "values: {bee: 7, ant: 3, wasp: '8, 9', ignore: '200, 201'}"
    bench.convert(f"{MASKS}, {values}")
    assert read_classes(bench.metadata) == ("ant", "bee", "wasp")
    assert written(bench)[0, :6].tolist() == [2, 1, 255, 255, 3, 0]
    assert bench.samples()[0].image.labels == ("ant", "bee", "wasp")


def test_a_mask_that_was_drawn_on_the_image_as_stored_is_turned(bench: Bench) -> None:
    turned(bench, "images/a.jpg", 6)
    mask(bench, "masks/a.png", (3, 4, 255))
    with pytest.raises(RejectedError, match="or set `orientation: stored`"):
        bench.convert(CELL)
    assert "1 turned" in bench.convert(f"{CELL}, orientation: stored")
    made = written(bench)
    # seen, the 0th row is the right side of the image: x = 10 - 1 - 4, y = 3
    assert made.shape == (20, 10) and made[3, 5] == 1 and made.sum() == 1


def test_classes_that_rules_change_are_noted_where_they_occur(bench: Bench) -> None:
    for name in ("a", "b"):
        bench.image(f"images/{name}.png")
    mask(bench, "masks/a.png", (0, 0, 7), (1, 0, 3))
    mask(bench, "masks/b.png", (0, 0, 9))
    rules = "labels: {ignore: [ant], map: {bee: wasp}}"
    summary = bench.convert(f"{MASKS}, values: {{bee: 7, ant: 3, fly: 9}}, {rules}")
    assert summary == (
        "2 images in, 2 out; 2 classes; 1 dropped: the class 'ant' is ignored by labels.ignore; "
        "1 renamed: 'bee' is now 'wasp'"
    )


def test_a_relabel_cannot_contradict_a_mask(bench: Bench) -> None:
    bench.image("images/a.png")
    mask(bench, "masks/a.png", (3, 4, 255))
    bench.convert(CELL)
    row = bench.samples()[0].row
    path = bench.folder / "Datasets/corrections/tiny.jsonl"
    path.parent.mkdir()
    one = {"action": "relabel", "sample": row.id, "sha256": row.sha256, "old": "cell", "new": "x"}
    path.write_text(json.dumps(one))
    with pytest.raises(AnnotationError, match="are those of its mask; correct the mask, and take"):
        bench.convert(CELL)


def test_an_empty_mask_says_that_nothing_is_there(bench: Bench) -> None:
    bench.image("images/a.png")
    mask(bench, "masks/a.png")
    bench.convert(CELL)
    (sample,) = bench.samples()
    assert sample.image.labels == () and sample.row.has_labels and sample.row.has_mask
    assert written(bench).sum() == 0


def test_colours(bench: Bench) -> None:
    bench.image("images/a.png", 4, 2)
    pixels = np.zeros((2, 4, 3), np.uint8)
    pixels[0, 0], pixels[1, 3], pixels[1, 0] = (128, 0, 0), (0, 128, 0), (224, 224, 192)
    (bench.raw / "masks").mkdir()
    Image.fromarray(pixels).save(bench.raw / "masks" / "a.png")
    values = 'values: {plane: "#800000", bike: "#008000", ignore: "#e0e0c0"}'
    bench.convert(f"{MASKS}, {values}")
    assert written(bench).tolist() == [[2, 0, 0, 0], [255, 0, 0, 1]]


@pytest.mark.parametrize(
    ("image", "file", "annotations"),
    [
        ("images/train/ä b.png", "masks/train/ä b.png", ""),
        ("a.jpg", "labels/a.png", ""),
        ("JPEGImages/a.jpg", "SegmentationClass/a.png", ""),
        ("x/a.jpg", "x/a.png", "x/*.png"),
        ("a.png", "a_mask.png", "*_mask.png"),
        ("a_sat.jpg", "a_mask.png", "*_mask.png"),
        ("left/a_leftImg8bit.png", "gtFine/a_gtFine_labelIds.png", "gtFine"),
    ],
)
def test_which_mask_belongs_to_an_image(
    bench: Bench, image: str, file: str, annotations: str
) -> None:
    bench.image(image)
    mask(bench, file, (0, 0, 255))
    options = f"{CELL}, annotations: '{annotations}'" if annotations else CELL
    summary = bench.convert(options)
    (sample,) = bench.samples()
    assert (sample.row.image, sample.row.source) == (image, file)
    differ = Path(image).stem != Path(file).stem
    assert (f"1 masks told by names such as {image} and {file}" in summary) == differ


def test_masks_of_one_name_go_with_the_folder_of_the_image(bench: Bench) -> None:
    for part, value in (("train", 1), ("val", 2)):
        bench.image(f"{part}/images/1.png")
        mask(bench, f"{part}/masks/1.png", (0, 0, value))
    bench.convert(f"{MASKS}, values: {{ant: 1, bee: 2}}")
    assert [sample.image.labels for sample in bench.samples()] == ["ant", "bee"]


def test_images_without_a_mask_are_left_out_and_masks_without_an_image_rejected(
    bench: Bench,
) -> None:
    for name in ("images/a.png", "images/b.png"):
        bench.image(name)
    mask(bench, "masks/a.png")
    mask(bench, "masks/c.png")
    summary = bench.convert(f"{CELL}, on_bad: skip")
    assert summary.startswith("2 images in, 1 out, 1 rejected; 1 class")
    assert "1 left out: an image that no annotation names" in summary
    assert bench.reasons() == [
        "there is no image for this mask; add the image, or take the mask out"
    ]


def test_labels_can_be_renamed_joined_and_ignored(bench: Bench) -> None:
    bench.image("images/a.png")
    mask(bench, "masks/a.png", (0, 0, 1), (1, 0, 2), (2, 0, 3))
    rules = "labels: {map: {cat: pet, dog: pet}, ignore: [sky]}"
    bench.convert(f"{MASKS}, values: {{cat: 1, dog: 2, sky: 3}}, {rules}")
    assert written(bench)[0, :3].tolist() == [1, 1, 0]
    assert bench.samples()[0].image.labels == "pet"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ("{}", r"which value of a mask is which class\? Say it as in"),
        ("{ignore: 255}", r"values: which value of a mask is"),
        ("{cell: -1}", r"tiny\.values\.cell: a number from 0 to 65535 or a colour as"),
        ("{cell: 70000}", "a number from 0 to 65535 or a colour"),
        ("{cell: 'red'}", "got 'red'"),
        ("{cell: '#12345'}", "got '#12345'"),
        ("{cell: 1, sky: 1}", "sky: 1 is named twice; remove one"),
        ("{cell: 1, ignore: '2, 1'}", "ignore: '2, 1' is named twice"),
        ("{cell: 1, sky: '#0000ff'}", "numbers and colours stand side by side; write all one"),
        ("{' ': 1}", "the name of its class is empty; give it one"),
    ],
)
def test_values_that_say_nothing(bench: Bench, values: str, sentence: str) -> None:
    bench.image("images/a.png")
    mask(bench, "masks/a.png")
    with pytest.raises(ParamsError, match=sentence):
        bench.convert(f"{MASKS}, values: {values}")


def test_folders_of_several_names_have_to_be_told_apart(bench: Bench) -> None:
    bench.image("images/a.png")
    mask(bench, "masks/a.png")
    mask(bench, "labels/a.png")
    with pytest.raises(AnnotationError, match="there are labels, masks; name the masks as"):
        bench.convert(CELL)
    bench.convert(f"{CELL}, images: images, annotations: masks")
    assert bench.samples()[0].row.source == "masks/a.png"
    with pytest.raises(ParamsError, match="annotations: no file below raw matches"):
        bench.convert(f"{CELL}, annotations: none")


def test_the_real_set_of_gray_masks(bench: Bench, shared_data: Path) -> None:
    source = shared_data / "coco_yolo_cc33"
    bench.raw.rmdir()
    bench.raw.symlink_to(source)
    folder = source / "semantic_segmentation" / "masks"
    files = sorted(folder.rglob("*.png"))
    values = {int(v) for file in files for v in np.unique(np.array(Image.open(file)))} - {0}
    named = ", ".join(f"c{value:03}: {value}" for value in sorted(values))
    options = "images: images, annotations: semantic_segmentation/masks"
    summary = bench.convert(f"{MASKS}, {options}, values: {{{named}}}")
    assert summary == (
        f"26 images in, 26 out; {len(values)} classes; "
        "7 left out: an image that no annotation names"
    )
    place = {value: i for i, value in enumerate(sorted(values), 1)}
    raw = np.array(Image.open(files[0]))
    assert written(bench).tolist() == np.vectorize(lambda v: place.get(v, 0))(raw).tolist()


def test_the_real_set_of_palettes(bench: Bench, shared_data: Path) -> None:
    bench.raw.rmdir()
    bench.raw.symlink_to(shared_data / "labelme_examples/semantic_segmentation/data_dataset_voc")
    named = {"bottle": 5, "bus": 6, "car": 7, "chair": 9, "person": 15, "sofa": 18}
    values = ", ".join(f"{name}: {value}" for name, value in named.items())
    summary = bench.convert(f"{MASKS}, values: {{{values}, ignore: 255}}")
    assert summary == "3 images in, 3 out; 6 classes"
    assert [bool((written(bench, i) == 255).any()) for i in range(3)] == [True, True, False]
    assert {name for s in bench.samples() for name in s.image.label_names()} == set(named)


def test_the_golden_file(bench: Bench) -> None:
    for name in ("images/ä b.png", "images/empty.png", "images/none.png"):
        bench.image(name)
    mask(bench, "masks/ä b_mask.png", (0, 0, 1), (5, 5, 2), (6, 5, 9))
    mask(bench, "masks/empty.png")
    bench.convert(f"{MASKS}, values: {{cat: 1, ant: 2, ignore: 9}}")
    bench.golden("masks")
