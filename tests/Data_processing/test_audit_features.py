"""The gate between the folds, where a network is asked."""

import json
from argparse import Namespace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from Data_processing import audit
from Data_processing.audit import PASSED
from Data_processing.fingerprints import kin as kin_module
from Data_processing.fingerprints.kin import CONTENT, FEATURES, LOOK, kin, merging
from Data_processing.sections import Audit
from Data_processing.split import stage as split
from Datasets import splits
from Datasets.analytics import ANALYTICS
from Datasets.compute import Compute
from Datasets.errors import GateError, ParamsError
from tests.Data_processing.conftest import Workspace
from tests.Data_processing.fingerprints.tiny_onnx import WEIGHTS, pooled, write
from tests.Data_processing.test_audit import plant

ASKED = "audit: {near: warn, features: error, network: tiny.onnx, cosine: 0.97}"


def scene(seed: int) -> np.ndarray:
    """Return a picture of soft shapes, (160, 200, 3)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:160, :200]
    picture = np.zeros((160, 200, 3))
    for _ in range(14):
        top, left, wide = rng.uniform(0, 160), rng.uniform(0, 200), rng.uniform(8, 30)
        blob = np.exp(-((y - top) ** 2 + (x - left) ** 2) / (2 * wide**2))
        picture += blob[:, :, None] * rng.uniform(-90, 120, 3)
    return np.clip(picture + 100, 0, 255).astype(np.uint8)


def cropped(picture: np.ndarray, share: float) -> np.ndarray:
    """Return what is left when ``share`` of each side is cut off, half at either end."""
    rows, columns = (round(side * share / 2) for side in picture.shape[:2])
    return np.ascontiguousarray(picture[rows:-rows, columns:-columns])


def prepare(workspace: Workspace, policies: str = ASKED) -> None:
    """Plant twelve scenes of which 3 is 2 cropped, 5 is 4 mirrored and cropped; set policies."""
    for number in range(12):
        plant(workspace, number, scene(number))
    plant(workspace, 3, cropped(scene(2), 0.15))
    plant(workspace, 5, cropped(scene(4)[:, ::-1], 0.04))
    write("tiny.onnx", pooled())
    workspace.params("audit: {near: warn}", policies)
    workspace.params("scheme: stratified", "scheme: samples")
    workspace.params("seed: 7", "seed: 2")


def found(kind: str) -> list[list[str]]:
    """Return the sets of a kind that the audit listed."""
    listed = json.loads((ANALYTICS / "duplicates.json").read_text())
    return sorted(one["ids"] for one in listed if one["kind"] == kind)


def test_a_network_finds_the_crop_that_hashes_miss(workspace: Workspace) -> None:
    """And the flip; and nothing else."""
    prepare(workspace)
    split.run(Namespace())
    with pytest.raises(GateError, match="alike to the network stand"):
        audit.run(Namespace())
    assert ["shapes/02.png", "shapes/03.png"] not in found("look")
    pairs = [["shapes/02.png", "shapes/03.png"], ["shapes/04.png", "shapes/05.png"]]
    assert found("features") == pairs
    assert not PASSED.exists()


def test_it_is_said_or_merged(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    prepare(workspace, ASKED.replace("error", "warn"))
    split.run(Namespace())
    audit.run(Namespace())
    assert "alike to the network" in capsys.readouterr().err
    before = PASSED.read_bytes()
    write("other.onnx", pooled(side=16))
    audit.run(Namespace())
    assert PASSED.read_bytes() == before
    workspace.params("features: warn", "features: merge")
    split.run(Namespace())
    assert "moved to the fold of what is like them" in capsys.readouterr().err
    audit.run(Namespace())
    folds = splits.read().table.set_index("id")["fold"]
    assert folds["shapes/02.png"] == folds["shapes/03.png"]
    assert folds["shapes/04.png"] == folds["shapes/05.png"]
    summary = json.loads((ANALYTICS / "summary.json").read_text())
    assert summary["alike_within_folds"] == 2


def test_nobody_asks_it_where_features_are_off(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And split does not, where it does not merge what it says."""
    prepare(workspace, "audit: {near: merge, features: warn, network: tiny.onnx}")
    monkeypatch.setattr(kin_module, "_said", lambda *_: pytest.fail("the network was asked"))
    split.run(Namespace())
    workspace.params("features: warn", "features: 'off'")
    audit.run(Namespace())


def test_near_off_and_features_on(workspace: Workspace) -> None:
    prepare(workspace, ASKED.replace("near: warn", "near: 'off'"))
    split.run(Namespace())
    with pytest.raises(GateError):
        audit.run(Namespace())
    assert len(found("features")) == 2
    assert not Path(".darkroom/fingerprints/shapes").exists()


def sets(monkeypatch: pytest.MonkeyPatch, asked: Audit) -> pd.DataFrame:
    """Return the columns of the workspace's samples, where the first five are told alike.

    0 = 1 by hashes, 0 = 1 and 2 = 3 = 4 by the network, 2 and 3 are one picture.
    """
    told = {"look": [0, 0], "features": [0, 0, 2, 2, 2]}

    def column(key: str, ids: pd.Series) -> pd.Series:
        firsts = [ids.iloc[place] for place in told[key]]
        return pd.Series(firsts + [None] * (len(ids) - len(firsts)), ids.index, dtype=object)

    monkeypatch.setattr(kin_module, "_looks", lambda prints, _: column("look", prints["id"]))
    monkeypatch.setattr(kin_module, "_said", lambda ids, *_: column("features", ids))
    return kin({"shapes": Path("raw")}, asked, Compute(workers=1))


@pytest.mark.parametrize(
    ("near", "features", "first"),
    [("warn", "warn", None), ("error", "merge", None), ("warn", "merge", "shapes/00.png"),
     ("warn", "error", "shapes/00.png"), ("off", "warn", "shapes/00.png")],
)  # fmt: skip
def test_what_hashes_told_as_loudly_is_not_told_twice(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, near: str, features: str, first: str
) -> None:
    """A set that only warns must not hide what is to stop the run, or to be merged."""
    plant(workspace, 2, scene(0))
    plant(workspace, 3, scene(0))
    asked = Audit(near=near, features=features)  # type: ignore[arg-type]
    table = sets(monkeypatch, asked).set_index("id")
    told = table[FEATURES]
    assert told["shapes/00.png"] == told["shapes/01.png"] == first
    assert told["shapes/02.png"] == told["shapes/04.png"] == "shapes/02.png"  # 4 is told by no one
    assert (table[LOOK]["shapes/00.png"] is None) == (first is not None)  # by one of them


def test_two_that_are_one_picture_are_no_likeness(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(workspace, 0, scene(0))
    plant(workspace, 1, scene(0))
    table = sets(monkeypatch, Audit(near="warn", features="error"))
    assert table.loc[table["id"] == "shapes/00.png", FEATURES].tolist() == [None]
    assert table[LOOK].tolist() == [None] * 12


def test_merging_names_the_columns_of_all_that_is_merged() -> None:
    assert merging(Audit(features="merge")) == [FEATURES]
    assert merging(Audit(duplicates="merge", near="merge", features="warn")) == [CONTENT, LOOK]


def test_a_damaged_network_stops_the_audit_in_a_sentence(workspace: Workspace) -> None:
    prepare(workspace)
    split.run(Namespace())
    write("tiny.onnx", pooled()[:-40])
    with pytest.raises(ParamsError, match=r"audit\.network: Datasets/weights/tiny\.onnx: it is no"):
        audit.run(Namespace())
    (WEIGHTS / "tiny.onnx").unlink()
    with pytest.raises(ParamsError, match=r"there is no file Datasets/weights/tiny\.onnx"):
        audit.run(Namespace())
