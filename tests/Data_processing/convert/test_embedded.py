"""Images that stand in a LabelMe file."""

import base64
import json
from pathlib import Path

import pytest

from Data_processing.convert import embedded
from Datasets.errors import AnnotationError


def _written(folder: Path, **keys: object) -> Path:
    (folder / "a.json").write_text(json.dumps(keys))
    return folder


def test_the_bytes_come_back(tmp_path: Path) -> None:
    content = bytes(range(256))
    root = _written(tmp_path, shapes=[], imageData=base64.b64encode(content).decode())
    assert embedded.content(root, "a.json") == content


@pytest.mark.parametrize("data", [None, ""])
def test_a_file_without_an_image_is_refused(tmp_path: Path, data: str | None) -> None:
    root = _written(tmp_path, imageData=data)
    with pytest.raises(AnnotationError, match=r"^a\.json: holds no image: imageData is empty$"):
        embedded.content(root, "a.json")


@pytest.mark.parametrize("data", ["abc", "a b=", "ä", "a\nb="])
def test_what_is_not_base64_is_refused(tmp_path: Path, data: str) -> None:
    root = _written(tmp_path, imageData=data)
    with pytest.raises(AnnotationError, match=r"^a\.json: imageData is not base64"):
        embedded.content(root, "a.json")


def test_another_type_is_refused(tmp_path: Path) -> None:
    root = _written(tmp_path, imageData=7)
    with pytest.raises(AnnotationError, match=r"Expected `str.*got `int`"):
        embedded.content(root, "a.json")


def test_a_link_out_of_the_root_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "raw"
    root.mkdir()
    (root / "a.json").symlink_to(_written(tmp_path, imageData="aa==") / "a.json")
    with pytest.raises(AnnotationError, match="a link leads out of the data set's folder"):
        embedded.content(root, "a.json")
