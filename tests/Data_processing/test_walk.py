"""From metadata to tensors: source, two steps, stack, scale, on samples drawn in code."""

import os
import shutil
import signal
from argparse import Namespace
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from Data_processing import scale, source, stack
from Data_processing.interim import folder_of
from Data_processing.split import stage as split
from Data_processing.steps import process
from Datasets import scaler, splits
from Datasets.errors import (
    ParamsError,
    RejectedError,
    StackError,
    StageError,
    StoreError,
)
from Datasets.fold_range import parse
from Datasets.image import decode, encode_png
from Datasets.layout import NOWHERE
from Datasets.recipe import Letterbox
from Datasets.store import Store
from Datasets.tensors import Tensors
from tests.Data_processing.conftest import Workspace


def walk(*steps: str) -> None:
    """Run source and the steps."""
    source.run(Namespace())
    for step in steps:
        process.run(Namespace(step=step))


def test_source_points_at_raw_files(workspace: Workspace) -> None:
    """No pixels, all annotations, the user's column."""
    walk()
    store = Store(folder_of("source"))
    assert len(store.rows()) == 12
    assert all(row.image_offset == NOWHERE for row in store.rows())
    assert not list(store.folder.glob("*.npy"))
    assert store.table["column.site"].to_pylist()[0].startswith("site")


def test_copies_fan_out_at_the_step_that_draws(workspace: Workspace) -> None:
    """Copy 0 is the raw image itself; copies differ from it where the draw said so.

    Boxes follow the ink.
    """
    walk("flip")
    store = Store(folder_of("flip"))
    rows = store.rows()
    assert sorted({row.copy for row in rows}) == [0, 1, 2]
    assert store.about.copies == 2
    flipped = 0
    for row in rows:
        raw = decode((Path("raw") / row.files[0]).read_bytes(), row.id)
        image, mask = store.image(row), store.mask(row)
        mirrored = not np.array_equal(image, raw)
        assert np.array_equal(image, raw[:, ::-1] if mirrored else raw)
        assert not (mirrored and row.copy == 0)
        flipped += mirrored
        x1, y1, x2, y2 = (round(side) for side in row.box_corners)
        assert mask is not None
        assert set(np.unique(mask[y1:y2, x1:x2])) == {1 if row.labels == ("bright",) else 2}
        assert (mask > 0).sum() == (y2 - y1) * (x2 - x1)
    assert 4 < flipped < 20


def test_order_of_steps_is_a_parameter(workspace: Workspace) -> None:
    """The frame first, then the flip: copies fan out there all the same."""
    workspace.params("flip: {from: source", "flip: {from: shrink")
    workspace.params("shrink: {from: flip", "shrink: {from: source")
    walk("shrink", "flip")
    assert Store(folder_of("shrink")).about.copies == 0
    assert len(Store(folder_of("flip")).rows()) == 36


def test_stack_links_and_carries_the_recipe(workspace: Workspace) -> None:
    """One inode, one shape, and what was done to copy 0."""
    walk("flip", "shrink")
    stack.run(Namespace())
    tensors = Tensors()
    assert tensors.shape == (16, 20, 3)
    assert len(tensors) == 36
    assert tensors.store.recipe.ops == (Letterbox(16, 20),)
    shard = next(Path("Datasets/tensors").glob("images-*.npy"))
    assert shard.stat().st_ino == (folder_of("shrink") / shard.name).stat().st_ino
    rows = tensors.store.rows()
    for place in (35, 0, 17):
        assert np.array_equal(
            tensors.gather(np.array([place]))[0], tensors.store.image(rows[place])
        )


def test_jagged_samples_are_refused_at_the_door(workspace: Workspace) -> None:
    """Two samples, their shapes, and what would help."""
    workspace.params("stack: {from: shrink}", "stack: {from: flip}")
    walk("flip")
    with pytest.raises(
        StackError, match=r"shapes/\d\d.png.* is \d+ x \d+ x 3 uint8, but shapes/.*letterbox"
    ):
        stack.run(Namespace())


@pytest.mark.parametrize("workers", [1, 2])
def test_bytes_do_not_depend_on_workers(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    """The store of one process and of two, file by file.

    Many small shards force the work to be shared.
    """
    monkeypatch.setattr("Data_processing.steps.walking.ONE_PROCESS_ROWS", 0)
    monkeypatch.setattr(source, "SHARD_BYTES", 1)
    monkeypatch.setattr(source, "SHARD_ROWS", 4)
    (workspace.folder / "compute.yaml").write_text(f"workers: {workers}\nrow_cache_gb: 0\n")
    walk("flip")
    hashes = {path.name: path.read_bytes() for path in sorted(folder_of("flip").iterdir())}
    assert len(hashes) > 10
    (workspace.folder / "compute.yaml").write_text("workers: 1\nrow_cache_gb: 0\n")
    process.run(Namespace(step="flip"))
    assert {path.name: path.read_bytes() for path in sorted(folder_of("flip").iterdir())} == hashes


class Killing(ProcessPoolExecutor):
    """A pool whose first worker is killed as soon as there is work."""

    killed = 0

    def submit(self, *given: Any, **named: Any) -> Future[Any]:
        """Give out the task; then, once, kill."""
        future = super().submit(*given, **named)
        if not Killing.killed and self._processes:
            Killing.killed = next(iter(self._processes))
            os.kill(Killing.killed, signal.SIGKILL)
        return future


def test_a_killed_worker_changes_no_byte(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its shards are made again, and nothing half written stays."""
    monkeypatch.setattr(source, "SHARD_BYTES", 1)
    monkeypatch.setattr(source, "SHARD_ROWS", 4)
    compute = workspace.folder / "compute.yaml"
    compute.write_text("workers: 1\nrow_cache_gb: 0\n")
    walk("flip")
    alone = {path.name: path.read_bytes() for path in folder_of("flip").iterdir()}
    monkeypatch.setattr("Data_processing.steps.walking.ONE_PROCESS_ROWS", 0)
    monkeypatch.setattr("Datasets.own_processes.ProcessPoolExecutor", Killing)
    compute.write_text("workers: 2\nrow_cache_gb: 0\n")
    process.run(Namespace(step="flip"))
    assert Killing.killed
    assert "a worker process died; what it left is done again" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder_of("flip").iterdir()} == alone


def test_a_sample_draws_the_same_among_others(workspace: Workspace) -> None:
    """Half of the samples gone, the others get the same copies."""
    walk("flip")
    before = {(row.id, row.copy): row.image_hash for row in Store(folder_of("flip")).rows()}
    (workspace.folder / "Datasets/metadata").rename(workspace.folder / "Datasets/gone")
    workspace.draw(6)
    walk("flip")
    after = {(row.id, row.copy): row.image_hash for row in Store(folder_of("flip")).rows()}
    assert len(after) == 18
    assert all(before[key] == digest for key, digest in after.items())


def test_unreadable_images_stop_the_step_or_are_left_out(workspace: Workspace) -> None:
    """Strict names file and reason; skip goes on, and in = out + rejected."""
    walk()
    path = workspace.folder / "raw/03.png"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(RejectedError, match=r"raw/03.png changed since `convert` read it"):
        process.run(Namespace(step="flip"))
    assert not folder_of("flip").exists()
    workspace.params("path: raw}", "path: raw, on_bad: skip}")
    process.run(Namespace(step="flip"))
    store = Store(folder_of("flip"))
    assert len(store.rows()) == 33
    assert b"03.png" in (store.folder / "rejected.jsonl").read_bytes()


def test_a_step_that_leaves_nothing_stops(workspace: Workspace) -> None:
    """Also under skip: what is wrong is the step, not the samples."""
    workspace.params("path: raw}", "path: raw, on_bad: skip}")
    workspace.params("HorizontalFlip: {p: 0.5}", "crop: {height: 99, width: 99}")
    source.run(Namespace())
    with pytest.raises(
        StageError, match=r"process@flip: nothing is left, 12 samples rejected: .*rejected/process"
    ):
        process.run(Namespace(step="flip"))
    assert not folder_of("flip").exists()


def test_a_store_of_a_data_set_that_has_another_name_now_is_refused(workspace: Workspace) -> None:
    """Else what it rejects would be named nowhere."""
    source.run(Namespace())
    workspace.params("{shapes: {format", "{forms: {format")
    workspace.params("from: [shapes]", "from: [forms]")
    with pytest.raises(
        StoreError, match=r"data set 'shapes', which params\.yaml does not name; `dvc"
    ):
        process.run(Namespace(step="flip"))
    assert not folder_of("flip").exists()


def test_a_damaged_shard_is_noticed(workspace: Workspace) -> None:
    """One flipped bit in what the step before wrote."""
    walk("flip")
    shard = next(folder_of("flip").glob("images-*.npy"))
    content = bytearray(shard.read_bytes())
    content[500] ^= 1
    shard.write_bytes(content)
    with pytest.raises(StoreError, match="are not those that were written"):
        process.run(Namespace(step="shrink"))


def test_a_crop_larger_than_an_image_names_the_sample(workspace: Workspace) -> None:
    """For copy 0 and for drawn copies alike."""
    workspace.params("letterbox: {height: 16, width: 20}", "crop: {height: 39, width: 39}")
    walk("flip")
    with pytest.raises(
        RejectedError, match=r"shapes/\d\d.png: .*smaller than the crop of 39 x 39.*resize or a pad"
    ):
        process.run(Namespace(step="shrink"))


def test_an_unknown_step_is_named(workspace: Workspace) -> None:
    """With the nearest."""
    with pytest.raises(ParamsError, match="there is no step 'shrnk'; did you mean 'shrink'"):
        process.run(Namespace(step="shrnk"))


def test_scale_sees_the_training_part_only(workspace: Workspace) -> None:
    """Mean and deviation equal numpy's over copy 0 of the training part."""
    walk("flip", "shrink")
    stack.run(Namespace())
    split.run(Namespace())
    scale.run(Namespace(folds=parse(1)))
    tensors = Tensors()
    folds = dict(
        zip(*(Store(Path("Datasets/tensors")).index(["id"])["id"], range(0)), strict=False)
    )
    assert not folds  # the index has copies; the parts below come from the folds' own table

    table = splits.read().table.set_index("id")["fold"]
    index = tensors.index
    chosen = np.flatnonzero((index["copy"] == 0) & (index["id"].map(table) == 0))
    pixels = tensors.gather(chosen).astype(np.float64)
    (fitted,) = scaler.read(Path("Datasets/scalers/1"))
    assert isinstance(fitted, scaler.Affine)
    np.testing.assert_allclose(fitted.shift, pixels.mean((0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(1 / fitted.gain, pixels.std((0, 1, 2)), rtol=1e-5)


def test_every_scaler_is_fitted_behind_the_others(workspace: Workspace) -> None:
    """Each on what those before it made; what is read again scales the tensors alike."""
    entries = "[bounds: {low: 0, high: 255}, robust: {}, zca_channel: {}, minmax: {per: channel}, "
    entries += "standard: {per: pixel}, zca_patch: {side: 3}, zca_full: {}, standard: {per: image}]"
    workspace.params("[{standard: {per: channel}}]", entries)
    walk("flip", "shrink")
    stack.run(Namespace())
    split.run(Namespace())
    scale.run(Namespace(folds=parse(0)))
    first = scaler.read(Path("Datasets/scalers/0"))
    kinds = "affine affine channel_matrix affine affine patch_matrix image_matrix standard_image"
    assert [scaler.KINDS[type(one)] for one in first] == kinds.split()
    scaled = scaler.apply(first, Tensors().gather(np.arange(4)))
    assert np.isfinite(scaled).all()
    np.testing.assert_allclose(scaled.mean((1, 2, 3)), 0, atol=1e-4)
    np.testing.assert_allclose(scaled.std((1, 2, 3)), 1, atol=1e-3)
    files = {path: path.read_bytes() for path in Path("Datasets/scalers/0").iterdir()}
    scale.run(Namespace(folds=parse(0)))
    assert {path: path.read_bytes() for path in Path("Datasets/scalers/0").iterdir()} == files


def test_the_contact_sheet_shows_six_samples_and_their_boxes(workspace: Workspace) -> None:
    """Before, copy 0, two copies; every cell inside the picture, every box inside its cell."""
    walk("flip", "shrink")
    first, second = (
        msgspec.json.decode(Path(f"Datasets/sheets/{n}.json").read_bytes())
        for n in ("flip", "shrink")
    )
    assert first["columns"] == ["before", "copy 0", "copy 1", "copy 2"]
    assert len(first["cells"]) == 24
    assert [cell["sample"] for cell in first["cells"]] == [
        cell["sample"] for cell in second["cells"]
    ]
    with Image.open("Datasets/sheets/flip.png") as sheet:
        width, height = sheet.size
    for cell in first["cells"]:
        assert 0 <= cell["x"] <= width - cell["width"]
        assert 0 <= cell["y"] <= height - cell["height"]
        (box,) = cell["boxes"]
        assert cell["x"] <= box["x"] <= box["x"] + box["width"] <= cell["x"] + cell["width"]


def test_a_sample_is_rejected_whole(workspace: Workspace) -> None:
    """A copy that fails takes its copy 0 along; who is left has all, and a sheet is drawn."""
    workspace.params("HorizontalFlip: {p: 0.5}", "RandomRotate90: {p: 0.5}")
    workspace.params("letterbox: {height: 16, width: 20}", "crop: {height: 32, width: 22}")
    workspace.params("path: raw}", "path: raw, on_bad: skip}")
    walk("flip", "shrink")
    index = Store(folder_of("shrink")).index()
    assert 0 < index["id"].nunique() < 12
    assert (index.groupby("id")["copy"].nunique() == 3).all()


def test_a_scaler_is_not_fitted_on_nothing(workspace: Workspace) -> None:
    """All training samples rejected on the way: said, not passed over."""
    workspace.params("{standard: {per: channel}}", "{standard: {per: image}}")
    walk("flip", "shrink")
    stack.run(Namespace())
    split.run(Namespace())
    table = splits.read().table
    splits.write(splits.SPLITS, splits.About(3, "samples"), table.assign(fold=0))
    with pytest.raises(StoreError, match=r"^the training part of fold 0 has no samples"):
        scale.run(Namespace(folds=parse(0)))
    with pytest.raises(StoreError, match=r"^fold 0 of the fold range all: the training part of"):
        scale.run(Namespace(folds=parse("all")))


def test_the_scalers_of_all_folds_are_those_of_each(workspace: Workspace) -> None:
    walk("flip", "shrink")
    stack.run(Namespace())
    split.run(Namespace())
    scale.run(Namespace(folds=parse("all")))
    scalers = Path("Datasets/scalers")
    for fold in range(3):
        scale.run(Namespace(folds=parse(fold)))
        alone = {path.name: path.read_bytes() for path in (scalers / str(fold)).iterdir()}
        inside = scalers / "all" / str(fold)
        assert {path.name: path.read_bytes() for path in inside.iterdir()} == alone
    assert len({(scalers / str(fold) / "0-shift.npy").read_bytes() for fold in range(3)}) == 3
    with pytest.raises(StoreError, match=r"fold 3 was asked for, but 3 exist \(0 to 2\)"):
        scale.run(Namespace(folds=parse("0-3")))


def test_masks_of_joined_sets_name_the_classes_of_both(workspace: Workspace) -> None:
    """A mask's values count its own set's classes; in the walk they count those of all sets."""
    raw = workspace.folder / "Datasets/metadata"
    shutil.copytree(raw / "shapes", raw / "more")
    (raw / "more/classes.json").write_text('["absent", "bright", "dark"]')
    for path in (raw / "more/masks").iterdir():
        with Image.open(path) as mask:
            values = np.array(mask)
        path.write_bytes(encode_png(np.where(values > 0, values + 1, 0).astype(np.uint8)))
    lines = (raw / "more/samples.parquet", raw / "more/metadata.jsonl")
    table = pd.read_parquet(lines[0])
    table.assign(id=table["id"].str.replace("shapes/", "more/")).to_parquet(lines[0])
    workspace.params("path: raw}", "path: raw}, more: {format: coco, path: raw}")
    workspace.params("from: [shapes]", "from: [shapes, more]")
    walk("flip")
    store = Store(folder_of("flip"))
    assert store.about.classes == ("absent", "bright", "dark")
    for row in store.rows():
        shown = store.mask(row)
        assert shown is not None
        assert set(np.unique(shown)) == {0, 1 + store.about.classes.index(row.labels[0])}
