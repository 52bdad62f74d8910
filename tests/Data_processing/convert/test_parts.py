"""``samples: box``: annotated objects of a raster become samples, read by windows."""

import numpy as np
import pytest
import tifffile
from pycocotools import mask as coco_mask

from Data_processing.convert.found import BOXES, REGIONS, FoundAnnotation, FoundImage, FoundRle
from Data_processing.convert.objects import Kept
from Data_processing.convert.parts import moved, window_of
from Datasets.files import content_hash
from Datasets.image import decode
from Datasets.metadata import Box
from Datasets.raster import read_window
from Datasets.regions import Region
from tests.Data_processing.convert.conftest import Bench
from tests.Data_processing.convert.test_ingest import by_hand, ingest_with


def raster(bench: Bench, name: str = "map.tif") -> np.ndarray:
    pixels = np.random.default_rng(5).integers(1, 255, (60, 80, 3), np.uint8)
    tifffile.imwrite(bench.raw / name, pixels, tile=(16, 16), photometric="rgb")
    return pixels


def test_each_box_is_a_sample_with_its_own_frame(bench: Bench) -> None:
    pixels = raster(bench)
    polygon = (10.0, 20.0, 18.0, 20.0, 18.0, 26.0)
    found = FoundImage(
        "map.tif",
        "map.tif",
        "x.json#1",
        REGIONS,
        annotations=(
            FoundAnnotation(2, "tree", (3.5, 4.25, 20.0, 30.75)),
            FoundAnnotation(10, "house", polygons=(polygon,), keypoints=(12.0, 21.0, 2.0)),
        ),
    )
    tally = ingest_with(bench, by_hand(found, names=("house", "tree")), samples="box")
    assert tally.sentence().startswith("1 image and 2 annotations in, 1 and 2 out; 2 samples; 2 cl")
    tree, house = bench.samples()
    assert (tree.row.id, house.row.id) == ("tiny/map.tif#2", "tiny/map.tif#10")
    assert tree.row.group == house.row.group == "map.tif"  # to be kept in one fold
    assert tree.row.window == (3, 4, 20, 31) and tree.row.files == ("map.tif",)
    assert (tree.row.width, tree.row.height) == (17, 27)
    assert tree.image.labels == "tree" and tree.image.counts == {"tree": 1}
    assert tree.image.bounding_boxes == (Box("tree", 0.5, 17.0, 0.25, 26.75),)
    window = np.ascontiguousarray(pixels[4:31, 3:20])
    assert tree.row.window_hash == content_hash(window.data.cast("B"))
    read = read_window(bench.raw / "map.tif", (3, 4, 20, 31), "map.tif")
    np.testing.assert_array_equal(read, window)
    assert not tree.row.has_mask and house.row.has_mask
    assert house.row.polygons == (((0.0, 0.0, 8.0, 0.0, 8.0, 6.0),),)
    assert house.row.keypoints == ((2.0, 1.0, 2.0),)
    content = (bench.metadata / str(house.image.segmentation_mask)).read_bytes()
    mask = decode(content, "mask", "unchanged")[:, :, 0]
    whole = Region([polygon], None, 60, 80).pixels()
    np.testing.assert_array_equal(mask, whole[20:26, 10:18])  # house is the first class


def test_what_stands_beside_a_part_is_told(bench: Bench) -> None:
    raster(bench)
    points = (12.0, 21.0, 2.0, 0.0, 0.0, 0.0, 3.0, 25.0, 2.0)
    told = '{"circle":[12.0,21.0,1.0],"shape":"x"}'
    one = FoundAnnotation(1, "cat", (10.0, 20.0, 18.0, 26.0), keypoints=points, extras=told)
    found = FoundImage("map.tif", "map.tif", "x.json#1", BOXES, annotations=(one,))
    tally = ingest_with(bench, by_hand(found, names=("cat",)), samples="box")
    assert "1 clipped: keypoint outside the part" in tally.sentence()
    (part,) = bench.samples()
    assert part.row.keypoints == ((2.0, 1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 5.0, 1.0),)
    assert part.row.extras == ('{"shape":"x"}',)


def test_an_image_without_objects_gives_no_sample_and_is_counted(bench: Bench) -> None:
    raster(bench)
    found = FoundImage("map.tif", "map.tif", "x", BOXES)
    tally = ingest_with(bench, by_hand(found), samples="box")
    assert (tally.images_out, tally.images_dropped, tally.samples) == (0, 1, 0)
    assert "no annotation to cut out as a sample" in tally.sentence()


def test_a_name_with_a_hash_is_refused_where_parts_are_made(bench: Bench) -> None:
    raster(bench, "a#1.tif")
    found = FoundImage("a#1.tif", "a#1.tif", "x", BOXES)
    tally = ingest_with(bench, by_hand(found), samples="box", on_bad="skip")
    assert tally.images_rejected == 1
    assert "holds a #, which separates parts" in bench.reasons()[0]


def test_run_lengths_are_cut_to_the_window() -> None:
    drawn = np.random.default_rng(1).random((12, 9)) > 0.5
    rle = coco_mask.encode(np.asfortranarray(drawn, np.uint8))["counts"].decode()
    one = Kept(1, Box("x", 2, 7, 3, 9), rle=rle)
    assert window_of(one.box) == (2, 3, 7, 9)
    part = moved(one, (2, 3, 7, 9), 12, 9)
    assert part.rle is not None and part.box == Box("x", 0, 5, 0, 6)
    np.testing.assert_array_equal(Region((), part.rle, 6, 5).pixels(), drawn[3:9, 2:7])


@pytest.mark.parametrize("nodata", [0, None])
def test_where_there_is_no_data_is_a_mask(bench: Bench, nodata: int | None) -> None:
    pixels = np.full((10, 20, 3), 7, np.uint8)
    pixels[2:4, 5:9] = 0
    tags = [] if nodata is None else [(42113, "s", 0, str(nodata), True)]
    tifffile.imwrite(bench.raw / "a.tif", pixels, photometric="rgb", extratags=tags)
    square = (2.0, 1.0, 8.0, 1.0, 8.0, 6.0, 2.0, 6.0)
    rle = coco_mask.frPyObjects([list(square)], 10, 20)[0]["counts"].decode()
    one = FoundAnnotation(1, "x", rle=FoundRle((10, 20), rle))
    found = FoundImage("a.tif", "a.tif", "x", REGIONS, annotations=(one,))
    ingest_with(bench, by_hand(found), masks="both")
    (sample,) = bench.samples()
    assert sample.row.nodata_mask == (None if nodata is None else "nodata/a.tif.png")
    drawn = np.zeros((10, 20), np.uint8)
    drawn[1:6, 2:8] = 1
    instances = decode((bench.metadata / "instances/a.tif.png").read_bytes(), "x", "unchanged")
    assert instances.dtype == np.uint16
    np.testing.assert_array_equal(instances[:, :, 0], drawn)
    if nodata is not None:
        missing = decode((bench.metadata / "nodata/a.tif.png").read_bytes(), "x", "unchanged")
        np.testing.assert_array_equal(missing[:, :, 0] == 255, (pixels == 0).all(axis=2))
        drawn[2:4, 5:9] = 255
    mask = decode((bench.metadata / "masks/a.tif.png").read_bytes(), "x", "unchanged")
    np.testing.assert_array_equal(mask[:, :, 0], drawn)


def test_bands_are_one_sample(bench: Bench) -> None:
    for band, level in (("B04", 4), ("B08", 8)):
        tifffile.imwrite(bench.raw / f"x_{band}.tif", np.full((10, 20), level, np.uint16))
    tifffile.imwrite(bench.raw / "y_B04.tif", np.full((10, 20), 1, np.uint16))
    images = [FoundImage(name, name, "here", BOXES) for name in ("x", "y")]
    bands = {"red": "*_B04.tif", "nir": "*_B08.tif"}
    tally = ingest_with(bench, by_hand(*images), bands=bands, on_bad="skip")
    assert (tally.images_out, tally.images_rejected) == (1, 1)
    assert "the band 'nir' of y is missing: there is no file y_B08.tif" in bench.reasons()[0]
    (sample,) = bench.samples()
    box = FoundAnnotation(3, "tree", (2.0, 1.0, 8.0, 6.0))
    cut = FoundImage("x", "x", "here", BOXES, annotations=(box,))
    ingest_with(bench, by_hand(cut, names=("tree",)), bands=bands, samples="box")
    (part,) = bench.samples()
    assert part.row.id == "tiny/x#3" and part.row.files == sample.row.files
    assert (part.row.width, part.row.height, part.row.channels) == (6, 5, 2)
    assert sample.row.id == "tiny/x#bands" and sample.row.files == ("x_B08.tif", "x_B04.tif")
    assert (sample.row.channels, sample.row.dtype) == (2, "uint16")
