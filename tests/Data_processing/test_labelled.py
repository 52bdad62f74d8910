"""Samples as they are dealt out: annotated ones, and a pool that nobody annotated."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from Data_processing.labelled import read_labelled
from Data_processing.sections import Split
from Data_processing.split import stage
from Datasets.errors import ParamsError
from Datasets.metadata import ANNOTATED, IMAGES_FILE, SAMPLES_FILE
from Datasets.splits import ALWAYS_TRAINS
from tests.Data_processing.conftest import Workspace


def pool(workspace: Workspace, annotated: bool = False) -> None:
    """Write a second data set, ``pool``: the same images without a table, or annotations."""
    folder = workspace.folder / "Datasets/metadata/pool"
    shutil.copytree(workspace.folder / "Datasets/metadata/shapes", folder)
    rows = pd.read_parquet(folder / SAMPLES_FILE).drop(columns="column.site")
    rows["id"] = rows["id"].str.replace("shapes/", "pool/")
    rows[list(ANNOTATED)] = annotated
    rows.to_parquet(folder / SAMPLES_FILE, index=False)
    images = (folder / IMAGES_FILE).read_text().splitlines()
    assert len(images) == len(rows)


def test_a_pool_needs_no_group_and_trains_in_every_fold(workspace: Workspace) -> None:
    """Whoever is annotated is dealt out by group as if the pool were not there."""
    pool(workspace)
    asked = Split(("shapes", "pool"), "group", 3, group="site")
    samples = read_labelled(asked)
    assert samples["is_annotated"].sum() == 12 == (~samples["is_annotated"]).sum()
    folds = stage.assign(samples, asked, 7).folds.table.set_index("id")["fold"]
    assert (folds[folds.index.str.startswith("pool/")] == ALWAYS_TRAINS).all()
    alone = Split(("shapes",), "group", 3, group="site")
    without = stage.assign(read_labelled(alone), alone, 7).folds.table.set_index("id")["fold"]
    assert (folds[without.index] == without).all()


def test_an_annotated_set_without_the_column_is_refused(workspace: Workspace) -> None:
    pool(workspace, annotated=True)
    with pytest.raises(ParamsError, match=r"split.group: data set 'pool' has no column 'site'"):
        read_labelled(Split(("shapes", "pool"), "group", 3, group="site"))


def test_a_pool_needs_no_column_that_says_who_keeps_a_label(workspace: Workspace) -> None:
    pool(workspace)
    path = Path("Datasets/metadata/shapes") / SAMPLES_FILE
    rows = pd.read_parquet(path)
    rows["column.keep"] = [True] * 10 + [False] * 2
    rows.to_parquet(path, index=False)
    asked = Split(("shapes", "pool"), "samples", 3, labelled="keep")
    kept = stage.assign(read_labelled(asked), asked, 7).folds.labelled
    assert kept is not None and not kept["id"].str.startswith("pool/").any()


def test_a_pool_joins_no_groups(workspace: Workspace) -> None:
    """Of two columns it has one: its rows share sites, and no patient that nobody named."""
    pool(workspace)
    for name in ("shapes", "pool"):
        path = Path("Datasets/metadata") / name / SAMPLES_FILE
        rows = pd.read_parquet(path)
        rows["column.site"] = [f"s{i // 3}" for i in range(12)]
        if name == "shapes":
            rows["column.patient"] = [f"p{i // 2}" for i in range(12)]
        rows.to_parquet(path, index=False)
    alone = read_labelled(Split(("shapes",), "group", 3, group=("patient", "site")))
    both = read_labelled(Split(("shapes", "pool"), "group", 3, group=("patient", "site")))
    assert both["group"].nunique() == alone["group"].nunique() == 2


def test_a_copy_in_a_pool_follows_its_original_alone(workspace: Workspace) -> None:
    """The others of the pool train on, and no two sites are joined by it."""
    pool(workspace)
    asked = Split(("shapes", "pool"), "group", 3, group="site")
    samples = read_labelled(asked)
    samples["content"] = samples["id"].where(
        ~samples["id"].isin(["shapes/00.png", "pool/05.png"]), "x"
    )
    folds = stage.assign(samples, asked, 7, ["content"]).folds.table.set_index("id")["fold"]
    assert folds["pool/05.png"] == folds["shapes/00.png"] >= 0
    others = folds[folds.index.str.startswith("pool/")].drop("pool/05.png")
    assert (others == ALWAYS_TRAINS).all()


@pytest.mark.parametrize("key", [{"group": "siet"}, {"labelled": "kepe"}])
def test_where_nothing_is_annotated_a_misspelt_column_is_refused(
    workspace: Workspace, key: dict[str, str]
) -> None:
    pool(workspace)
    with pytest.raises(ParamsError, match="data set 'pool' has no column"):
        read_labelled(Split(("pool",), "samples", 3, **key))  # type: ignore[arg-type]
