"""A tiny data set drawn in code.

Jagged images with one bright rectangle each, its box, its mask, its label.
"""

from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from Datasets.files import sha256_of
from Datasets.image import encode_png
from Datasets.metadata import Box, ImageMetadata, SampleRow
from Datasets.metadata_writer import MetadataWriter

PARAMS = """\
seed: 7
datasets: {shapes: {format: coco, path: raw}}
demo: {}
decode: {colour: rgb}
split: {from: [shapes], scheme: stratified, n_folds: 3, holdout: 0.0, group: null}
audit: {near: warn}
copies: 2
preprocess:
  flip: {from: source, ops: [{HorizontalFlip: {p: 0.5}}]}
  shrink: {from: flip, ops: [{letterbox: {height: 16, width: 20}}]}
stack: {from: shrink}
scale: {ops: [{standard: {per: channel}}]}
"""
CLASSES = ("bright", "dark")


class Workspace(msgspec.Struct, frozen=True):
    """A folder with params.yaml, raw images and their metadata.

    The current folder while the test runs.
    """

    folder: Path

    def params(self, old: str, new: str) -> None:
        """Replace ``old``, which must be there, by ``new`` in params.yaml."""
        path = self.folder / "params.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def draw(self, count: int) -> None:
        """Write ``count`` images below ``raw`` and the metadata of the data set ``shapes``."""
        folder = self.folder / "Datasets/metadata/shapes"
        (folder / "masks").mkdir(parents=True)
        with MetadataWriter(folder, pa.schema([("site", pa.string())])) as writer:
            for number in range(count):
                _write_one(self.folder, folder, writer, number)
            writer.close(CLASSES)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return a workspace of twelve samples in two classes and four groups."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(PARAMS)
    (tmp_path / "raw").mkdir()
    made = Workspace(tmp_path)
    made.draw(12)
    return made


def _write_one(top: Path, folder: Path, writer: MetadataWriter, number: int) -> None:
    rng = np.random.default_rng(number)
    height, width = int(rng.integers(20, 40)), int(rng.integers(20, 40))
    x, y = int(rng.integers(2, 8)), int(rng.integers(2, 8))
    label = CLASSES[number % 2]
    image = rng.integers(60, 120, (height, width, 3)).astype(np.uint8)
    image[y : y + 10, x : x + 8] = 250 if label == "bright" else 5
    mask = np.zeros((height, width), np.uint8)
    mask[y : y + 10, x : x + 8] = 1 + CLASSES.index(label)
    name = f"{number:02d}.png"
    (top / "raw" / name).write_bytes(encode_png(image))
    (folder / "masks" / name).write_bytes(encode_png(mask))
    box = Box(label, x, x + 8, y, y + 10)
    writer.add(
        ImageMetadata(name, label, {label: 1}, (box,), f"masks/{name}"),
        SampleRow(
            id=f"shapes/{name}", image=name, sha256=sha256_of((top / "raw" / name).read_bytes()),
            width=width, height=height, channels=3, dtype="uint8", orientation=1, group=None,
            source="drawn",
            has_labels=True, has_counts=True, has_boxes=True, has_mask=True,
            annotation_ids=(number,), iscrowd=(False,), areas=(80.0,), polygons=((),),
            rles=(None,), columns={"site": f"site{number // 3}"},
        ),
    )  # fmt: skip
