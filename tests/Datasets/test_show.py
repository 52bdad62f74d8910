"""``show`` draws the samples that were asked for."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from Datasets import show, show_sample
from Datasets.draw import colour_of
from Datasets.errors import ParamsError, SampleError, StageError, StoreError
from Datasets.files import sha256_of
from Datasets.image import decode, encode_png
from Datasets.metadata import Box, ImageMetadata, SampleRow
from Datasets.metadata_folder import metadata_folder
from Datasets.metadata_writer import MetadataWriter
from Datasets.panel import CELL, GAP, LINE


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a metadata folder of three images: one small, one large, one with a box."""
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "tiny"
    (tmp_path / "raw").mkdir()
    made.mkdir()
    with MetadataWriter(made) as writer:
        for name, (height, width) in {"a": (32, 64), "b": (300, 600), "c": (64, 64)}.items():
            content = encode_png(np.full((height, width, 3), 100, np.uint8))
            (tmp_path / "raw" / name).write_bytes(content)
            boxes = (Box("cat", 0, 64, 0, 64),) if name == "c" else ()
            image = ImageMetadata(name, "cat" if boxes else (), (), boxes)
            digest = sha256_of(content)
            seen = bool(boxes)
            row = SampleRow(
                f"tiny/{name}", name, digest, width, height, 3, "uint8", 1, None, "",
                seen, seen, seen, seen,
            )  # fmt: skip
            writer.add(image, row)
        writer.close(("ant", "cat"))
    return made


def run(*words: object) -> np.ndarray:
    parser = argparse.ArgumentParser()
    show.arguments(parser)
    show.run(parser.parse_args([str(word) for word in words]))
    return decode(Path("panel.png").read_bytes(), "panel.png")


def test_all_are_drawn_side_by_side_and_not_stretched(folder: Path) -> None:
    panel = run(folder, "--raw", "raw")
    assert panel.shape == (CELL + 2 * LINE + 3 * GAP, 3 * (CELL + GAP) + GAP, 3)
    for place, height in enumerate((CELL // 2, CELL // 2)):
        column = panel[GAP : GAP + CELL, GAP + place * (CELL + GAP) + CELL // 2, 0]
        assert (column == 100).sum() == height


def test_a_box_stays_one_pixel_wide_when_enlarged(folder: Path) -> None:
    panel = run(folder, "--raw", "raw", "--ids", "tiny/c")
    cell = panel[GAP : GAP + CELL, GAP : GAP + CELL]
    painted = (cell == colour_of(1)).all(axis=2)
    assert painted[0].all() and painted[:, -1].all() and not painted[1:-1, 1:-1].any()


def test_samples_can_be_chosen_by_id_or_path(folder: Path) -> None:
    assert run(folder, "--raw", "raw", "--ids", "c", "tiny/a").shape[1] == 2 * (CELL + GAP) + GAP
    assert run(folder, "--raw", "raw", "--first", "1").shape[1] == CELL + 2 * GAP
    with pytest.raises(StageError, match="no sample 'tiny/d'; did you mean"):
        run(folder, "--raw", "raw", "--ids", "tiny/d")


def test_the_raw_folder_comes_from_params(folder: Path) -> None:
    Path("params.yaml").write_text("datasets: {tiny: {format: folders, path: raw}}\n")
    assert run(folder).size
    Path("params.yaml").write_text("datasets: {other: {format: folders, path: raw}}\n")
    with pytest.raises(ParamsError, match="unknown data set 'tiny'"):
        run(folder)


def test_a_data_set_may_be_named_in_place_of_its_folder(folder: Path) -> None:
    Path("Datasets").mkdir()
    Path("Datasets/metadata").symlink_to(folder.parent)
    folder.rename(folder.parent / "small")
    assert run("small", "--raw", "raw").size
    with pytest.raises(StoreError, match=r"smal is no metadata folder, nor .* mean 'small'\?"):
        run("smal", "--raw", "raw")


def test_a_data_set_that_was_not_converted_is_told_from_one_that_is_unknown(folder: Path) -> None:
    text = "seed: 1\ndatasets: {ccy: {format: coco, path: raw}}\n"
    (folder.parent / "params.yaml").write_text(text)
    with pytest.raises(StoreError, match=r"ccy was not converted yet; `dvc repro convert@ccy`"):
        metadata_folder(Path("ccy"))
    with pytest.raises(StoreError, match="ccx is no metadata folder, nor a data set"):
        metadata_folder(Path("ccx"))


def test_what_is_written_is_a_png_in_a_folder_that_exists(folder: Path) -> None:
    for out in ("panel.jpg", "nowhere/panel.png"):
        with pytest.raises(StageError, match=f"a .png file in a folder that exists .* got {out}"):
            run(folder, "--raw", "raw", "--out", out)


def test_raw_files_that_are_gone_or_changed(folder: Path) -> None:
    Path("raw/a").write_bytes(encode_png(np.zeros((32, 64, 3), np.uint8)))
    with pytest.raises(SampleError, match="changed since `convert` read it"):
        run(folder, "--raw", "raw")
    Path("raw/a").unlink()
    with pytest.raises(StoreError, match="--raw names the folder"):
        run(folder, "--raw", "raw")
    with pytest.raises(StoreError, match="no metadata folder"):
        run("raw", "--raw", "raw")


def test_a_sample_is_printed_with_what_a_correction_needs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    show_sample.arguments(parser)
    show_sample.run(parser.parse_args([str(folder), "c"]))
    printed = json.loads(capsys.readouterr().out)
    assert printed["row"]["id"] == "tiny/c" and len(printed["row"]["sha256"]) == 64
    assert printed["image"]["bounding_boxes"][0]["name"] == "cat"
    with pytest.raises(StageError, match="no sample 'x'"):
        show_sample.run(parser.parse_args([str(folder), "x"]))
