"""``preview`` shows what the stage stores, and writes nothing but its panel."""

import argparse
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from Data_processing.interim import folder_of
from Data_processing.steps.preview import arguments, cells, preview, run
from Datasets.draw import colour_of
from Datasets.errors import ParamsError, SampleError, StageError, StoreError
from Datasets.image import decode
from Datasets.panel import CELL, GAP, LINE, picture
from Datasets.sample import Sample
from Datasets.store import Store
from tests.Data_processing.conftest import Workspace
from tests.Data_processing.test_walk import walk


def asked(*words: str) -> None:
    """Run the verb as a command line would."""
    parser = argparse.ArgumentParser()
    arguments(parser)
    run(parser.parse_args(words))


def stored(step: str, id_: str) -> list[Sample]:
    """Return all copies of a sample in the store of a step, copy 0 first."""
    store = Store(folder_of(step))
    return [store.sample(row) for row in store.rows() if row.id == id_]


def assert_same(one: Sample, other: Sample) -> None:
    """Pixels, mask and boxes are equal to the bit."""
    assert (one.id, one.copy, one.boxes.names) == (other.id, other.copy, other.boxes.names)
    assert one.image.dtype == other.image.dtype
    assert np.array_equal(one.image, other.image)
    assert one.mask is not None and other.mask is not None
    assert np.array_equal(one.mask, other.mask)
    assert np.array_equal(one.boxes.corners, other.boxes.corners)


@pytest.mark.parametrize("step", ["flip", "shrink"])
def test_a_copy_is_what_the_stage_stores(workspace: Workspace, step: str) -> None:
    """Where copies begin and where each is made of its own, for every sample."""
    noisy = "flip: {from: source, ops: [{GaussNoise: {p: 1.0}}, {Affine: {rotate: [-20, 20]}},"
    workspace.params("flip: {from: source, ops: [", noisy + " ")
    walk(*(("flip",) if step == "shrink" else ()))
    shown = [preview(step, f"{number:02d}.png", 2) for number in range(12)]
    assert not folder_of(step).exists()
    walk("flip", "shrink")
    for made in shown:
        after = [sample for pair in made.pairs for sample in pair.after]
        for one, other in zip(after, stored(step, made.row.id), strict=True):
            assert_same(one, other)
    assert not np.array_equal(after[1].image, after[2].image)


def test_before_is_what_the_step_reads(workspace: Workspace) -> None:
    """The raw file, or each copy of the step before it."""
    walk("flip")
    (pair,) = preview("flip", "03.png", 2).pairs
    raw = decode(Path("raw/03.png").read_bytes(), "03.png")
    assert np.array_equal(pair.before.image, raw)
    assert np.array_equal(pair.after[0].image, raw)
    pairs = preview("shrink", "03.png", 2).pairs
    for one, other in zip(pairs, stored("flip", "shapes/03.png"), strict=True):
        assert_same(one.before, other)


def test_more_copies_than_the_stage_makes_leave_the_first_as_they_are(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """And it is said that they are more."""
    walk()
    few, many = (preview("flip", "03.png", n).pairs[0].after for n in (0, 8))
    assert [sample.copy for sample in many] == list(range(9))
    assert len(few) == 1
    walk("flip")
    for one, other in zip(many, stored("flip", "shapes/03.png"), strict=False):
        assert_same(one, other)
    asked("flip", "--sample", "03.png", "--copies", "3")
    said = "preview.png: shapes/03.png by flip, copy 0 and 3 more; the stage makes 2, as `copies`"
    assert said in capsys.readouterr().out
    asked("shrink", "--sample", "03.png")
    assert "copy 0 and 2 more; Data_processing/interim/flip has 2" in capsys.readouterr().out


def test_a_walk_without_draws_has_copy_0_alone(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Said, rather than eight times the same."""
    workspace.params("shrink: {from: flip", "shrink: {from: source")
    walk()
    asked("shrink", "--sample", "03.png")
    assert "copy 0 and 0 more; nothing is drawn" in capsys.readouterr().out


def test_the_panel_has_every_picture_under_its_caption(workspace: Workspace) -> None:
    """Four a line; each is the sample with its mask and box, at the place of its caption."""
    walk("flip")
    asked("flip", "--sample", "shapes/03.png", "--copies", "3")
    made = preview("flip", "03.png", 3)
    found = cells(made)
    assert [cell.title for cell in found] == ["before", "copy 0", "copy 1", "copy 2", "copy 3"]
    assert {cell.labels for cell in found} == {("dark",)}
    drawn = decode(Path("preview.png").read_bytes(), "preview.png")
    pitch = CELL + GAP
    samples = [made.pairs[0].before, *made.pairs[0].after]
    for place, sample in enumerate(samples):
        wanted = picture(sample.image, sample.mask, sample.boxes, ("bright", "dark"))
        height, width = wanted.shape[:2]
        top = GAP + place // 4 * (pitch + 2 * LINE + GAP) + (CELL - height) // 2
        left = GAP + place % 4 * pitch + (CELL - width) // 2
        assert np.array_equal(drawn[top : top + height, left : left + width], wanted)
        assert (wanted == colour_of(1)).all(axis=2).any()
    titles = [cell.title for cell in cells(preview("shrink", "03.png", 1))]
    assert titles == ["before", "copy 0", "before: copy 1", "copy 1"]


def test_nothing_but_the_panel_is_written(workspace: Workspace) -> None:
    """No store, no sheet, no lock."""
    walk()
    before = set(workspace.folder.rglob("*"))
    asked("flip", "--sample", "03.png")
    assert set(workspace.folder.rglob("*")) - before == {workspace.folder / "preview.png"}


def test_unknown_names_are_told_with_the_nearest(workspace: Workspace) -> None:
    """Of steps, of samples and of the step that is read."""
    walk()
    with pytest.raises(ParamsError, match="there is no step 'filp'; did you mean 'flip'"):
        asked("filp", "--sample", "03.png")
    with pytest.raises(StageError, match=r"no sample '03.pgn'; did you mean .*'03.png'"):
        asked("flip", "--sample", "03.pgn")
    with pytest.raises(StageError, match=r"did you mean 'shapes/03.png'"):
        asked("flip", "--sample", "shpes/03.png")
    workspace.params("flip: {from: source", "flip: {from: sorce")
    with pytest.raises(ParamsError, match=r"preprocess.flip.from: .* did you mean 'source'"):
        asked("flip", "--sample", "03.png")


def test_a_path_of_two_data_sets_is_not_guessed(workspace: Workspace) -> None:
    """Both ids are named; an id is enough."""
    metadata = workspace.folder / "Datasets/metadata"
    shutil.copytree(metadata / "shapes", metadata / "more")
    workspace.params("path: raw}", "path: raw}, more: {format: coco, path: raw}")
    workspace.params("from: [shapes]", "from: [shapes, more]")
    file = metadata / "more/samples.parquet"
    table = pd.read_parquet(file)
    table.assign(id=table["id"].str.replace("shapes/", "more/")).to_parquet(file)
    walk()
    with pytest.raises(StageError, match=r"ask for 'more/03.png' or 'shapes/03.png'"):
        asked("flip", "--sample", "03.png")
    assert preview("flip", "more/03.png", 1).row.id == "more/03.png"


def test_a_store_that_is_missing_is_named_with_what_makes_it(workspace: Workspace) -> None:
    """The source is a stage of its own."""
    with pytest.raises(StoreError, match="interim/source does not exist; `dvc repro source`"):
        asked("flip", "--sample", "03.png")
    walk()
    with pytest.raises(StoreError, match="interim/flip does not exist; `dvc repro process@flip`"):
        asked("shrink", "--sample", "03.png")


def test_an_operation_that_fails_is_named_as_the_stage_names_it(workspace: Workspace) -> None:
    """With the step and the sample."""
    workspace.params("letterbox: {height: 16, width: 20}", "crop: {height: 99, width: 99}")
    walk("flip")
    with pytest.raises(SampleError, match=r"^process@shrink: shapes/03.png: .* smaller than the"):
        asked("shrink", "--sample", "03.png")
    Path("raw/03.png").write_bytes(b"")
    with pytest.raises(SampleError, match=r"^process@flip: shapes/03.png: .*changed since"):
        asked("flip", "--sample", "03.png")


def test_what_is_written_is_a_png_in_a_folder_that_exists(workspace: Workspace) -> None:
    """Refused before anything is read."""
    for out in ("panel.jpg", "nowhere/panel.png"):
        with pytest.raises(StageError, match=f"a .png file in a folder that exists .* got {out}"):
            asked("flip", "--sample", "03.png", "--out", out)


@pytest.mark.parametrize("copies", ["-1", "two", "²"])
def test_copies_are_counted_in_whole_numbers(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], copies: str
) -> None:
    """Else the command line is refused."""
    with pytest.raises(SystemExit):
        asked("flip", "--sample", "03.png", "--copies", copies)
    assert "a whole number, 0 or above, was expected" in capsys.readouterr().err
