"""One sample becomes many: their ids, their pixels, what is annotated on them, their way back."""

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from Data_processing import scale, source, stack
from Data_processing.interim import folder_of
from Data_processing.split import stage as split
from Data_processing.steps import process
from Data_processing.steps.preview import preview
from Datasets.errors import ParamsError, RejectedError
from Datasets.fold_range import parse
from Datasets.image import decode
from Datasets.preprocess import Preprocess
from Datasets.raw_image import RawImage
from Datasets.recipe import Tile
from Datasets.stage import timings
from Datasets.store import Store
from Datasets.tensors import Tensors
from tests.Data_processing.conftest import Workspace
from tests.Data_processing.steps.test_reuse import contents, fresh

FLIP = "flip: {from: source, ops: [{HorizontalFlip: {p: 0.5}}]}"
TILE = "{tile: {height: 9, width: 11, edge: %s}}"
TILES = "flip: {from: source, ops: [" + TILE + ", {HorizontalFlip: {p: 0.5}}]}"


@pytest.fixture(params=["shift", "pad", "drop"])
def tiled(workspace: Workspace, request: pytest.FixtureRequest) -> Workspace:
    workspace.params(FLIP, TILES % request.param)
    source.run(Namespace())
    process.run(Namespace(step="flip"))
    return workspace


def raw(file: str) -> np.ndarray:
    return decode((Path("raw") / file).read_bytes(), file)


def test_copy_0_of_a_tile_is_its_part_of_the_raw_image(tiled: Workspace) -> None:
    store = Store(folder_of("flip"))
    rows = [row for row in store.rows() if row.copy == 0]
    seen: dict[str, np.ndarray] = {}
    for row in rows:
        whole = raw(row.files[0])
        x1, y1, x2, y2 = row.tile
        assert row.id == f"{row.parent}#y{y1}x{x1}"
        assert np.array_equal(store.image(row)[: y2 - y1, : x2 - x1], whole[y1:y2, x1:x2])
        seen.setdefault(row.files[0], np.zeros(whole.shape[:2], bool))[y1:y2, x1:x2] = True
    assert len(seen) == 12
    dropped = any(not part.all() for part in seen.values())
    assert dropped == (isinstance(store.recipe.ops[0], Tile) and "drop" in _edge())


def _edge() -> str:
    return Path("params.yaml").read_text().split("edge: ")[1].split("}")[0]


def test_each_copy_is_of_one_tile(tiled: Workspace) -> None:
    """Copies are tiles too, mirrored or not."""
    store = Store(folder_of("flip"))
    first = {row.id: store.image(row) for row in store.rows() if row.copy == 0}
    flips = 0
    for row in store.rows():
        image = store.image(row)
        mirrored = not np.array_equal(image, first[row.id])
        assert np.array_equal(image, first[row.id][:, ::-1] if mirrored else first[row.id])
        assert not (mirrored and row.copy == 0)
        flips += mirrored
    assert {row.copy for row in store.rows()} == {0, 1, 2}
    assert len(store.rows()) == 3 * len(first)
    assert flips > len(first) / 2


def test_boxes_masks_and_counts_are_those_of_the_tile(tiled: Workspace) -> None:
    store = Store(folder_of("flip"))
    emptied = 0
    for row in store.rows():
        mask = store.mask(row)
        assert mask is not None
        assert mask.shape == (row.height, row.width)
        for x1, y1, x2, y2 in np.array(row.box_corners).reshape(-1, 4).round().astype(int):
            assert (mask[y1:y2, x1:x2] > 0).all()
        assert dict(zip(row.count_names, row.count_values, strict=True)) == {
            name: row.box_names.count(name) for name in row.box_names
        }
        assert set(row.labels) == set(row.box_names)
        assert row.has_labels
        assert row.has_counts
        emptied += not row.box_names
    assert emptied


def test_the_recipe_leads_from_the_raw_image_to_the_tile(tiled: Workspace) -> None:
    """What ``verify`` does: the part is cut, the graph does the rest."""
    process.run(Namespace(step="shrink"))
    store = Store(folder_of("shrink"))
    preprocess = Preprocess(store.recipe.ops)
    import torch

    for row in [row for row in store.rows() if row.copy == 0][::5]:
        image = RawImage(Path("raw"), row.files, row.sha256, tile=row.tile).pixels("rgb")
        made, _ = preprocess(torch.from_numpy(image))
        assert np.array_equal(made.numpy(), store.image(row))


def test_tiles_are_known_again(tiled: Workspace) -> None:
    """With tiles that are left out too: that nothing came of them is known."""
    process.run(Namespace(step="shrink"))
    before = contents()
    process.run(Namespace(step="flip"))
    assert contents() == before
    assert "36 known from before" in timings()["process@flip"].summary
    assert fresh() == before


def test_tiles_stay_in_the_fold_of_their_image(tiled: Workspace) -> None:
    process.run(Namespace(step="shrink"))
    stack.run(Namespace())
    split.run(Namespace())
    scale.run(Namespace(folds=parse(0)))
    index = Tensors().index
    assert index["parent"].nunique() == 12
    assert index["id"].nunique() > 40


def test_few_boxes_leave_a_tile_out(workspace: Workspace) -> None:
    workspace.params(
        FLIP, "flip: {from: source, ops: [{tile: {height: 9, width: 11, min_boxes: 1}}]}"
    )
    source.run(Namespace())
    process.run(Namespace(step="flip"))
    rows = Store(folder_of("flip")).rows()
    assert rows
    assert all(len(row.box_names) >= 1 for row in rows)
    process.run(Namespace(step="flip"))
    assert Store(folder_of("flip")).rows() == rows
    assert "12 known from before" in timings()["process@flip"].summary


@pytest.mark.parametrize(
    "params",
    [
        "flip: {from: source, ops: [{HorizontalFlip: {p: 0.5}}, {tile: {height: 9, width: 9}}]}",
        "flip: {from: source, ops: [{tile: {height: 9, width: 9}}, {tile: {height: 3, width: 3}}]}",
        "flip: {from: more, ops: [{tile: {height: 9, width: 9}}]}\n  more: {from: source, ops: []}",
    ],
)
def test_a_tile_comes_first_in_the_walk(workspace: Workspace, params: str) -> None:
    workspace.params(FLIP, params)
    source.run(Namespace())
    if "more" in params:
        process.run(Namespace(step="more"))
    with pytest.raises(ParamsError, match=r"ops\.\d: tile must come first in the walk"):
        process.run(Namespace(step="flip"))


def test_an_image_smaller_than_a_tile_is_named(workspace: Workspace) -> None:
    workspace.params(FLIP, "flip: {from: source, ops: [{tile: {height: 99, width: 99}}]}")
    source.run(Namespace())
    with pytest.raises(RejectedError, match=r"shapes/\d\d.png: .*smaller than a tile of 99 x 99"):
        process.run(Namespace(step="flip"))


def test_preview_shows_every_tile(tiled: Workspace) -> None:
    made = preview("flip", "03.png", 1)
    (pair,) = made.pairs
    ids = [sample.id for sample in pair.after if sample.copy == 0]
    stored = {row.id for row in Store(folder_of("flip")).rows() if row.parent == "shapes/03.png"}
    assert set(ids) == stored
    assert len(pair.after) == 2 * len(stored)
