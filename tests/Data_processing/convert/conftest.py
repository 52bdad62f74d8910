"""A small data set in a folder of its own, and the stage run on it."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from Data_processing.convert import stage
from Datasets.metadata import Annotated, read

Coco = dict[str, list[dict[str, object]]]
GOLDEN = Path(__file__).parents[2] / "golden" / "convert"
"""One file a format: all lines and rows that come out of a small data set, to be read by eye."""


class Bench:
    """A folder with ``params.yaml``, a raw folder beside it, and what ``convert`` makes of it."""

    def __init__(self, folder: Path, update_golden: bool = False) -> None:
        self.folder = folder
        self.update_golden = update_golden
        self.engine = ""
        """More lines of compute.yaml."""
        self.raw = folder / "raw"
        self.raw.mkdir()
        self.metadata = folder / "Datasets" / "metadata" / "tiny"
        self.rejected = folder / ".darkroom" / "rejected" / "convert@tiny.jsonl"

    def image(self, name: str, width: int = 20, height: int = 10, level: int = 90) -> Path:
        path = self.raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((height, width, 3), level, np.uint8)).save(path)
        return path

    def coco(self, content: Coco | str, name: str = "annotations.json") -> None:
        text = content if isinstance(content, str) else json.dumps(content, indent=1)
        (self.raw / name).write_text(text)

    def convert(self, options: str = "format: coco", workers: int = 1) -> str:
        """Run the stage and return its summary."""
        lines = ["seed: 1", f"datasets: {{tiny: {{path: raw, {options}}}}}", ""]
        (self.folder / "params.yaml").write_text("\n".join(lines))
        (self.folder / "compute.yaml").write_text(f"workers: {workers}\n{self.engine}")
        parser = argparse.ArgumentParser()
        stage.arguments(parser)
        stage.run(parser.parse_args(["tiny"]))
        timing = json.loads((self.folder / ".darkroom/timings/convert@tiny.json").read_text())
        return str(timing["summary"])

    def samples(self) -> list[Annotated]:
        return list(read(self.metadata))

    def golden(self, name: str) -> None:
        """Compare everything that came out with a golden file, or write that anew if asked to."""
        parts = [
            *(
                msgspec.json.format(msgspec.json.encode(sample), indent=1)
                for sample in read(self.metadata)
            ),
            *((self.metadata / name).read_bytes() for name in ("classes.json", "conversion.json")),
        ]
        written = b"\n".join(parts)
        path = GOLDEN / f"{name}.jsonl"
        if self.update_golden:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(written)
        assert written.decode() == path.read_text(), f"read {path}, then run with --update-golden"

    def reasons(self) -> list[str]:
        lines = self.rejected.read_text().splitlines()
        return [str(json.loads(line)["reason"]) for line in lines]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Bench:
    monkeypatch.chdir(tmp_path)
    return Bench(tmp_path, bool(request.config.getoption("--update-golden")))


@pytest.fixture
def two_images(bench: Bench) -> Callable[..., Coco]:
    """Return a maker of a sound COCO document over two images; its annotations can be replaced."""
    bench.image("a.png")
    bench.image("b.png")

    def made(*annotations: dict[str, object]) -> Coco:
        sound = {"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 5, 4], "iscrowd": 0}
        return {
            "images": [
                {"id": 1, "file_name": "a.png", "width": 20, "height": 10},
                {"id": 2, "file_name": "b.png", "width": 20, "height": 10},
            ],
            "categories": [{"id": 3, "name": "cat"}, {"id": 7, "name": "ant"}],
            "annotations": [sound, *annotations],
        }

    return made
