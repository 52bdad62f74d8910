"""The same images in three formats give the same boxes, class by class."""

from pathlib import Path

import numpy as np
import pytest

from tests.Data_processing.convert.conftest import Bench

Boxes = dict[str, dict[str, np.ndarray]]
CROWDS = 3


def boxes_of(bench: Bench, options: str) -> Boxes:
    """Return corners (n, 4), sorted, by stem of the image and class; crowds apart."""
    bench.convert(options)
    found: Boxes = {}
    for sample in bench.samples():
        own = found.setdefault(Path(sample.row.image).stem, {})
        for box, is_crowd in zip(sample.image.bounding_boxes, sample.row.iscrowd, strict=True):
            if not is_crowd:
                corners = np.array([[box.x1, box.y1, box.x2, box.y2]])
                own[box.name] = np.concatenate([own.get(box.name, np.zeros((0, 4))), corners])
    return {
        image: {name: each[np.lexsort(each.T.round())] for name, each in own.items()}
        for image, own in found.items()
    }


def count(boxes: Boxes) -> int:
    return sum(len(each) for own in boxes.values() for each in own.values())


@pytest.fixture
def coco(bench: Bench, shared_data: Path) -> Boxes:
    source = shared_data / "coco_yolo_cc33"
    for folder in ("images/train2017", "annotations", "labels"):
        (bench.raw / folder).mkdir(parents=True)
    for image in (source / "images/train2017").iterdir():
        (bench.raw / "images/train2017" / image.name).write_bytes(image.read_bytes())
    text = (source / "annotations/instances_subset.json").read_text()
    (bench.raw / "annotations/all.json").write_text(text)
    found = boxes_of(
        bench, "format: coco, annotations: annotations/all.json, images: images/train2017"
    )
    assert count(found) == 246 - CROWDS
    return found


def yolo(bench: Bench, source: Path, task: str) -> Boxes:
    """Return the boxes of the label files of a task, beside the images."""
    config = (source / f"lightly_{task}_config.yaml").read_text()
    (bench.raw / "data.yaml").write_text("names:" + config.split("names:")[1])
    target = bench.raw / "labels/train2017"
    target.mkdir()
    for file in (source / task / "labels/train2017").iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return boxes_of(bench, "format: yolo, outside: clip")


def close(ours: np.ndarray, theirs: np.ndarray, pixels: float) -> bool:
    """Return whether every box has one in the other set whose corners are so close."""
    distance = np.abs(ours[None] - theirs[:, None]).max(axis=2)  # (n, n)
    return bool((distance.min(axis=0) <= pixels).all() and (distance.min(axis=1) <= pixels).all())


def overlap(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the least intersection over union that a box has with its best match."""
    a, b = ours[None], theirs[:, None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = sides.clip(0).prod(axis=2)
    areas = [(each[..., 2:] - each[..., :2]).prod(axis=2) for each in (a, b)]
    iou = shared / (areas[0] + areas[1] - shared)  # (n, n)
    return float(min(iou.max(axis=0).min(), iou.max(axis=1).min()))


def test_yolo_detection_gives_the_boxes_of_coco(
    bench: Bench, coco: Boxes, shared_data: Path
) -> None:
    found = yolo(bench, shared_data / "coco_yolo_cc33", "object_detection")
    assert count(found) == 246 - CROWDS and found.keys() == coco.keys()
    for image, own in coco.items():
        assert found[image].keys() == own.keys()
        for name, corners in own.items():
            assert found[image][name].shape == corners.shape
            assert close(found[image][name], corners, 0.01)  # the files have six digits


def test_yolo_segmentation_gives_the_boxes_of_coco(
    bench: Bench, coco: Boxes, shared_data: Path
) -> None:
    """The set has segments of 26 images only, of two of them one more or one less than COCO."""
    found = yolo(bench, shared_data / "coco_yolo_cc33", "instance_segmentation")
    without = {name for name in coco if coco[name] and not found[name]}
    assert len(without) == 7 and count(found) == 181
    left = {name: own for name, own in coco.items() if name not in without}
    assert count(left) == 181
    differing = {"000000000071": -1, "000000000257": 1}
    for image, own in left.items():
        assert count({image: found[image]}) - count({image: own}) == differing.get(image, 0)
        if image not in differing:
            assert found[image].keys() == own.keys()
            for name, corners in own.items():
                assert overlap(found[image][name], corners) > 0.65  # small, in parts
