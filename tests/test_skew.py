"""The same image through both roads, training's and serving's, becomes the same tensor."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

from Datasets.image import decode, encode_png
from Datasets.preprocess import Preprocess, apply_fixed
from Datasets.recipe import FixedOp, Letterbox, Pad
from Datasets.sample import NO_BOXES, Sample
from Models.export_graph import preprocess_graph

STEPS: tuple[FixedOp, ...] = (
    Pad(height=50, width=50, fill=30),
    Letterbox(height=48, width=48),
)
"""What the steps of a walk may have put into the recipe."""


@pytest.fixture(scope="module")
def served() -> onnxruntime.InferenceSession:
    graph = preprocess_graph(Preprocess(STEPS), 3, torch.uint8)
    return onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])


def in_training(pixels: np.ndarray) -> np.ndarray:
    """Return what the steps store, which take the operations one by one."""
    sample = Sample("a", 0, pixels, None, NO_BOXES)
    for op in STEPS:
        sample = apply_fixed(sample, op)
    return sample.image


def in_serving(served: onnxruntime.InferenceSession, pixels: np.ndarray) -> np.ndarray:
    tensor: np.ndarray = served.run(["tensor"], {"image": pixels})[0]
    return tensor


@pytest.mark.parametrize("height", [1, 47, 48, 64, 333])
@pytest.mark.parametrize("width", [1, 60, 96, 500])
def test_drawn_images(served: onnxruntime.InferenceSession, height: int, width: int) -> None:
    rng = np.random.default_rng([height, width])
    pixels = decode(encode_png(rng.integers(0, 256, (height, width, 3), np.uint8)), "drawn")
    assert np.array_equal(in_training(pixels), in_serving(served, pixels))


def test_a_photo_on_its_side(served: onnxruntime.InferenceSession, tmp_path: Path) -> None:
    """Orientation and colour are the decoder's, which both roads share."""
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 70), np.uint8))
    exif = photo.getexif()
    exif[0x0112] = 6
    photo.save(tmp_path / "photo.jpg", exif=exif)
    pixels = decode((tmp_path / "photo.jpg").read_bytes(), "photo")
    assert pixels.shape == (70, 90, 3)
    assert np.array_equal(in_training(pixels), in_serving(served, pixels))


def test_real_photos(served: onnxruntime.InferenceSession, shared_data: Path) -> None:
    photos = sorted(shared_data.glob("voc_bccd/**/*.jpg"))[:5]
    photos += sorted(shared_data.glob("coco_yolo_cc33/**/*.jpg"))[:5]
    assert photos
    for photo in photos:
        pixels = decode(photo.read_bytes(), str(photo))
        assert np.array_equal(in_training(pixels), in_serving(served, pixels)), photo
