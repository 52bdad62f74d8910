"""From the annotations of a raster to the pixels that the first step gets."""

import base64
import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from Data_processing import source
from Data_processing.interim import folder_of
from Data_processing.raw import RawFiles
from Datasets.errors import SampleError
from Datasets.image import Colour, decode
from Datasets.sample import Sample
from Datasets.store import Store
from tests.Data_processing.convert.conftest import Bench
from tests.Datasets.broken_images import picture

RGB = np.random.default_rng(1).integers(1, 256, (60, 80, 3), dtype=np.uint8)
PARAMS = """
split: {from: [tiny]}
audit: {}
copies: 0
decode: {colour: %s}
"""


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.chdir(tmp_path)
    return Bench(tmp_path)


def document(name: str, *annotations: dict[str, object]) -> str:
    return json.dumps(
        {
            "images": [{"id": 1, "file_name": name, "width": 80, "height": 60}],
            "categories": [{"id": 1, "name": "roof"}],
            "annotations": [
                {"id": number, "image_id": 1, "category_id": 1, "iscrowd": 0, **annotation}
                for number, annotation in enumerate(annotations, 1)
            ],
        }
    )


def samples(bench: Bench, colour: Colour) -> list[Sample]:
    """Return what the first step gets, in the order of ids."""
    with (bench.folder / "params.yaml").open("a") as params:
        params.write(PARAMS % colour)
    source.run(Namespace())
    store = Store(folder_of("source"))
    raw = RawFiles({"tiny": bench.raw}, colour, store.about.classes)
    return [raw.sample(row) for row in sorted(store.rows(), key=lambda row: row.id)]


def test_objects_of_a_raster_arrive_with_their_outside_filled(bench: Bench) -> None:
    tifffile.imwrite(bench.raw / "map.tif", RGB, tile=(16, 16), photometric="rgb")
    triangle = [10, 10, 30, 10, 10, 40]
    bench.coco(
        document("map.tif", {"bbox": [10, 10, 20, 30], "segmentation": [triangle]},
                 {"bbox": [2.5, 3, 9, 9]})
    )  # fmt: skip
    bench.convert("format: coco, samples: box")
    polygon, box = samples(bench, "rgb")
    assert (polygon.id, box.id) == ("tiny/map.tif#1", "tiny/map.tif#2")
    np.testing.assert_array_equal(box.image, RGB[3:12, 2:12])
    assert polygon.mask is not None and polygon.mask.shape == (30, 20)
    is_inside = polygon.mask == 1
    np.testing.assert_array_equal(polygon.image, RGB[10:40, 10:30] * is_inside[:, :, None])
    assert 280 < is_inside.sum() < 320  # half of 20 x 30


@pytest.mark.parametrize("masks", ["instances", "both"])
def test_instance_masks_of_annotations_arrive(bench: Bench, masks: str) -> None:
    """Each number is that of a box, and lies in it; the small object lies on top."""
    (bench.raw / "a.png").write_bytes(picture(RGB, "PNG"))
    square = [10, 10, 50, 10, 50, 50, 10, 50]
    small = [20, 20, 30, 20, 30, 40, 20, 40]
    bench.coco(
        document("a.png", {"bbox": [10, 10, 40, 40], "segmentation": [square]},
                 {"bbox": [20, 20, 10, 20], "segmentation": [small]})
    )  # fmt: skip
    bench.convert(f"format: coco, masks: {masks}")
    (sample,) = samples(bench, "rgb")
    expected = np.zeros((60, 80), np.uint16)
    expected[10:50, 10:50] = 1
    expected[20:40, 20:30] = 2
    assert sample.instances is not None and sample.instances.dtype == np.uint16
    np.testing.assert_array_equal(sample.instances, expected)
    assert sample.boxes.annotations.tolist() == [0, 1]
    assert (sample.mask is None) == (masks == "instances")


def test_an_object_cut_out_of_a_raster_has_its_instance(bench: Bench) -> None:
    tifffile.imwrite(bench.raw / "map.tif", RGB, tile=(16, 16), photometric="rgb")
    triangle = [10, 10, 30, 10, 10, 40]
    bench.coco(document("map.tif", {"bbox": [10, 10, 20, 30], "segmentation": [triangle]}))
    bench.convert("format: coco, samples: box, masks: both")
    (sample,) = samples(bench, "rgb")
    assert sample.mask is not None and sample.instances is not None
    np.testing.assert_array_equal(sample.instances, sample.mask)


def test_bands_and_no_data_arrive(bench: Bench) -> None:
    for number, band in enumerate(("nir", "red")):
        pixels = RGB[:, :, number].astype(np.float32)
        pixels[:5, :4] = np.nan
        tifffile.imwrite(bench.raw / f"a_{band}.tif", pixels)
    bench.coco(document("a", {"bbox": [10, 10, 20, 30]}))
    bench.convert('format: coco, bands: {red: "*_red.tif", nir: "*_nir.tif"}')
    (sample,) = samples(bench, "unchanged")
    assert sample.image.dtype == np.float32 and np.isnan(sample.image[:5, :4]).all()
    np.testing.assert_array_equal(sample.image[5:], RGB[5:, :, :2])  # by the names of bands
    (row,) = Store(folder_of("source")).rows()
    assert row.files == ("a_nir.tif", "a_red.tif") and row.channels == 2 and row.raw_nodata
    content = (bench.metadata / row.raw_nodata).read_bytes()
    nodata = decode(content, "x", "unchanged")[:, :, 0]
    np.testing.assert_array_equal(nodata == 255, np.isnan(sample.image[:, :, 0]))


def test_an_image_that_its_annotations_hold_arrives(bench: Bench) -> None:
    content = picture(RGB, "PNG")
    shape = {"label": "roof", "points": [[1, 2], [9, 8]], "shape_type": "rectangle"}
    file = {
        **{"version": "5.0.0", "flags": {}, "shapes": [shape], "imagePath": "gone.png"},
        **{"imageHeight": 60, "imageWidth": 80, "imageData": base64.b64encode(content).decode()},
    }
    (bench.raw / "a.json").write_text(json.dumps(file))
    bench.convert("format: labelme")
    (sample,) = samples(bench, "rgb")
    np.testing.assert_array_equal(sample.image, RGB)
    (row,) = Store(folder_of("source")).rows()
    assert row.is_embedded
    (bench.metadata / row.files[0]).unlink()
    raw = RawFiles({"tiny": bench.raw}, "rgb", ("roof",))
    with pytest.raises(SampleError, match=r"cannot be read .No such file"):
        raw.sample(row)
