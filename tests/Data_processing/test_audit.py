"""The gate between the folds."""

from argparse import Namespace

import msgspec
import pandas as pd
import pytest

from Data_processing import audit, check_params
from Data_processing.audit import PASSED, shared
from Data_processing.split import stage as split
from Datasets.errors import GateError
from Datasets.metadata import SAMPLES_FILE
from tests.Data_processing.conftest import Workspace


def test_it_passes_and_its_output_holds_hashes_only(workspace: Workspace) -> None:
    """Twice the same bytes, and analytics that agree with what was drawn."""
    split.run(None)  # type: ignore[arg-type]
    audit.run(None)  # type: ignore[arg-type]
    first = PASSED.read_bytes()
    audit.run(None)  # type: ignore[arg-type]
    assert PASSED.read_bytes() == first
    assert all(len(digest) == 64 for digest in msgspec.json.decode(first)["inputs"].values())
    summary = msgspec.json.decode((audit.ANALYTICS / "summary.json").read_bytes())
    assert summary["samples"] == 12
    assert summary["classes"] == [
        {"name": "bright", "samples": 6, "boxes": 6},
        {"name": "dark", "samples": 6, "boxes": 6},
    ]
    assert [fold["samples"] for fold in summary["folds"]] == [4, 4, 4]


def test_a_file_in_two_folds_stops_it(workspace: Workspace) -> None:
    """Both samples and their folds are named, and nothing says passed."""
    split.run(None)  # type: ignore[arg-type]
    folds = pd.read_parquet("Datasets/splits/folds.parquet").set_index("id")["fold"]
    one = folds.index[0]
    other = folds.index[folds != folds[one]][0]
    path = workspace.folder / "Datasets/metadata/shapes" / SAMPLES_FILE
    table = pd.read_parquet(path)
    table.loc[table["id"] == other, "sha256"] = table.loc[table["id"] == one, "sha256"].iloc[0]
    table.to_parquet(path)
    with pytest.raises(GateError, match="files stand in two folds") as refused:
        audit.run(None)  # type: ignore[arg-type]
    assert f"{one} (fold {folds[one]}) = {other} (fold {folds[other]})" in str(refused.value)
    assert not PASSED.exists()


def test_parts_of_one_file_are_no_duplicates_but_a_group(workspace: Workspace) -> None:
    """The scheme group keeps them in one fold; then nothing leaks."""
    path = workspace.folder / "Datasets/metadata/shapes" / SAMPLES_FILE
    table = pd.read_parquet(path)
    table["sha256"], table["window_hash"] = table["sha256"].iloc[0], table["id"]
    table["group"] = ["a.tif", "b.tif", "c.tif"] * 4
    table.to_parquet(path)
    split.run(None)  # type: ignore[arg-type]
    with pytest.raises(GateError, match="scheme to group") as refused:
        audit.run(None)  # type: ignore[arg-type]
    assert "files" not in str(refused.value)
    workspace.params("path: raw", "path: raw, samples: box")
    workspace.params("scheme: stratified", "scheme: group")
    check_params.run(Namespace(raw=False))
    split.run(None)  # type: ignore[arg-type]
    audit.run(None)  # type: ignore[arg-type]


def test_a_group_in_two_folds_stops_it(workspace: Workspace) -> None:
    """Split by label, grouped by site: each site stands in several folds."""
    workspace.params("group: null", "group: site")
    split.run(None)  # type: ignore[arg-type]
    with pytest.raises(GateError, match="groups stand in two folds"):
        audit.run(None)  # type: ignore[arg-type]


def test_shared_tells_inside_from_across() -> None:
    """What is missing is shared by nobody."""
    table = pd.DataFrame(
        {
            "id": list("abcdef"),
            "fold": [0, 0, 1, 2, 1, 2],
            "sha256": ["x", "x", "y", "y", None, None],
        }
    )
    inside, across = shared(table, "sha256")
    assert [one.ids for one in inside] == [("a", "b")]
    assert [one.ids for one in across] == [("c", "d")]
