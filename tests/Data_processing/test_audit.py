"""The gate between the folds."""

import json
import re
import shutil
from argparse import Namespace
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from Data_processing import audit, check_params
from Data_processing.audit import PASSED
from Data_processing.convert import stage as convert
from Data_processing.sharing import shared
from Data_processing.split import stage as split
from Datasets import splits
from Datasets.analytics import ANALYTICS
from Datasets.errors import GateError
from Datasets.files import sha256_of
from Datasets.image import encode_png
from Datasets.metadata import SAMPLES_FILE
from tests.Data_processing.conftest import Workspace

COVID = """\
seed: 42
datasets:
  covid: {{format: csv, path: "{folder}", annotations: metadata.csv, images: images, on_bad: skip,
    columns: {{image: filename, labels: finding}}, table: {{file: metadata.csv, key: filename}},
    group: patientid}}
demo: {{}}
decode: {{colour: unchanged}}
split: {{from: [covid], scheme: group, n_folds: 5, group: patientid}}
audit: {{}}
copies: 1
"""


def test_it_passes_and_its_output_holds_hashes_only(workspace: Workspace) -> None:
    """Twice the same bytes, and analytics that agree with what was drawn."""
    split.run(None)  # type: ignore[arg-type]
    audit.run(None)  # type: ignore[arg-type]
    first = PASSED.read_bytes()
    audit.run(None)  # type: ignore[arg-type]
    assert PASSED.read_bytes() == first
    assert all(len(digest) == 64 for digest in msgspec.json.decode(first)["inputs"].values())
    summary = msgspec.json.decode((ANALYTICS / "summary.json").read_bytes())
    assert summary["samples"] == 12
    assert summary["classes"] == [
        {"name": "bright", "samples": 6, "boxes": 6, "counted": 6},
        {"name": "dark", "samples": 6, "boxes": 6, "counted": 6},
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
    with pytest.raises(GateError, match="1 set of equal pictures stands in two folds") as refused:
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
    assert "pictures" not in str(refused.value)
    workspace.params("path: raw", "path: raw, samples: box")
    workspace.params("scheme: stratified", "scheme: group")
    check_params.run(Namespace(raw=False))
    split.run(None)  # type: ignore[arg-type]
    audit.run(None)  # type: ignore[arg-type]


def test_a_group_in_two_folds_stops_it(workspace: Workspace) -> None:
    """Split by label, grouped by site: each site stands in several folds."""
    workspace.params("group: null", "group: site")
    split.run(None)  # type: ignore[arg-type]
    with pytest.raises(GateError, match="groups stand in two folds") as refused:
        audit.run(None)  # type: ignore[arg-type]
    said = str(refused.value)
    assert re.search(r"\n  site site0: shapes/00.png \(fold \d\), shapes/\d\d.png", said)
    ((first, second),) = re.findall(r"site0: \S+ \(fold (\d)\), \S+ \(fold (\d)\)", said)
    assert first != second


def test_shared_tells_inside_from_across() -> None:
    """What is missing is shared by nobody."""
    table = pd.DataFrame(
        {
            "id": list("abcdef"),
            "fold": [0, 0, 1, 2, 1, 2],
            "label": list("aabbab"),
            "sha256": ["x", "x", "y", "y", None, None],
            "is_annotated": True,
        }
    )
    found = shared(table, "sha256")
    assert [one.ids for one in found.inside] == [("a", "b")]
    assert [one.ids for one in found.across] == [("c", "d")]


def plant(workspace: Workspace, number: int, image: np.ndarray) -> None:
    """Put ``image`` in the place of a sample's, in the file and in the metadata."""
    path = workspace.folder / f"raw/{number:02d}.png"
    path.write_bytes(encode_png(image))
    folder = workspace.folder / "Datasets/metadata/shapes"
    table = pd.read_parquet(folder / SAMPLES_FILE)
    table.loc[number, ["sha256", "height", "width"]] = [
        sha256_of(path.read_bytes()),
        image.shape[0],
        image.shape[1],
    ]
    table.to_parquet(folder / SAMPLES_FILE, index=False)


def shape(seed: int) -> np.ndarray:
    """Return a picture with something to be seen, (64, 96, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 255, (4, 6, 3), np.uint8)
    return coarse.repeat(16, axis=0).repeat(16, axis=1)


def leaks(workspace: Workspace) -> str:
    """Return what the audit says after a split."""
    split.run(Namespace())
    with pytest.raises(GateError) as refused:
        audit.run(Namespace())
    return str(refused.value)


def test_the_same_pixels_in_other_files_stop_it(workspace: Workspace) -> None:
    """Another compression is another file; 0 is bright and 1 is dark, which is listed."""
    for number in (0, 1):
        plant(workspace, number, shape(1))
    path = workspace.folder / "raw/01.png"
    Image.fromarray(shape(1)).save(path, compress_level=1)
    folder = workspace.folder / "Datasets/metadata/shapes"
    table = pd.read_parquet(folder / SAMPLES_FILE)
    table.loc[1, "sha256"] = sha256_of(path.read_bytes())
    table.to_parquet(folder / SAMPLES_FILE, index=False)
    assert table["sha256"].is_unique
    workspace.params("scheme: stratified", "scheme: samples")
    workspace.params("near: warn", "near: error")
    said = leaks(workspace)
    assert (
        "1 set of equal pictures stands in two folds" in said and "audit.duplicates: merge" in said
    )
    assert ", labelled bright and dark" in said
    listed = json.loads((ANALYTICS / "duplicates.json").read_text())
    assert [one["kind"] for one in listed] == ["content"]  # not a second time as what looks alike
    assert listed[0]["ids"] == ["shapes/00.png", "shapes/01.png"]
    summary = json.loads((ANALYTICS / "summary.json").read_text())
    assert summary["disputed"] == 1


@pytest.mark.parametrize("change", ["mirrored", "brighter", "larger"])
def test_what_looks_alike_is_stopped_said_or_merged(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], change: str
) -> None:
    other = {
        "mirrored": shape(5)[:, ::-1],
        "brighter": (shape(5) * 0.8 + 40).astype(np.uint8),
        "larger": shape(5).repeat(2, axis=0).repeat(2, axis=1),
    }[change]
    workspace.params("scheme: stratified", "scheme: samples")
    workspace.params("seed: 7", "seed: 2")  # by which the two fall apart
    plant(workspace, 2, shape(5))
    plant(workspace, 3, other)
    workspace.params("near: warn", "near: error")
    assert "1 set of pictures that look alike stands in two folds" in leaks(workspace)
    workspace.params("near: error", "near: warn")
    audit.run(Namespace())
    assert "warning: 1 set of pictures that look alike" in capsys.readouterr().err
    assert PASSED.exists()
    workspace.params("near: warn", "near: merge")
    split.run(Namespace())
    assert "1 moved to the fold of what is like them" in capsys.readouterr().err
    audit.run(Namespace())
    folds = splits.read().table.set_index("id")["fold"]
    assert folds["shapes/02.png"] == folds["shapes/03.png"]


def test_merged_groups_stay_whole(workspace: Workspace) -> None:
    """02 is of site 0, 03 of site 1: both sites become one group."""
    plant(workspace, 2, shape(5))
    plant(workspace, 3, shape(5))
    workspace.params("scheme: stratified", "scheme: group")
    workspace.params("group: null", "group: site")
    workspace.params("audit: {near: warn}", "audit: {duplicates: merge, near: warn}")
    split.run(Namespace())
    audit.run(Namespace())
    folds = splits.read().table["fold"].tolist()
    assert len(set(folds[:6])) == 1


def test_nothing_is_decoded_where_nobody_asks(workspace: Workspace) -> None:
    """A file twice is still told by its hash."""
    workspace.params("near: warn", "near: 'off'")
    split.run(Namespace())
    shutil.rmtree("raw")
    audit.run(Namespace())
    assert not Path(".darkroom/fingerprints").exists()


def test_pictures_in_which_nothing_is_seen_are_no_likeness(workspace: Workspace) -> None:
    """All flat: each is told by its pixels alone."""
    for number in range(12):
        plant(workspace, number, np.full((20, 20, 3), 9 * number, np.uint8))
    workspace.params("near: warn", "near: error")
    split.run(Namespace())
    audit.run(Namespace())
    assert json.loads((ANALYTICS / "duplicates.json").read_text()) == []


def test_who_was_not_looked_at_is_not_labelled_differently() -> None:
    """Somebody who looked and found nothing says something else than nobody."""
    table = pd.DataFrame({"id": list("abcd"), "fold": [0, 0, 1, 1], "label": ["x", "", "x", ""]})
    table["content"], table["is_annotated"] = list("1122"), [True, False, True, True]
    first, second = shared(table, "content").inside
    assert (first.disputed(), second.disputed()) == (False, True)
    assert second.said() == ["x", ""]


def test_patients_of_a_real_set_are_kept_apart_or_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_data: Path
) -> None:
    """39 radiographs of 22 patients: by patient none is in two folds, by samples six are named."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(COVID.format(folder=shared_data / "tab_covid"))
    convert.run(Namespace(dataset="covid"))
    split.run(None)  # type: ignore[arg-type]
    audit.run(None)  # type: ignore[arg-type]
    rows = pd.read_parquet(f"Datasets/metadata/covid/{SAMPLES_FILE}")
    folds = rows.merge(splits.read().table, on="id")
    assert len(folds) == 39 and folds["column.patientid"].nunique() == 22
    assert folds.groupby("column.patientid")["fold"].nunique().max() == 1
    params = Path("params.yaml")
    params.write_text(params.read_text().replace("scheme: group", "scheme: samples"))
    split.run(None)  # type: ignore[arg-type]
    with pytest.raises(GateError, match="6 groups stand in two folds") as refused:
        audit.run(None)  # type: ignore[arg-type]
    named = set(re.findall(r"patientid (\d+): ", str(refused.value)))
    dealt = rows.merge(splits.read().table, on="id").groupby("column.patientid")["fold"].nunique()
    assert named == {str(int(patient)) for patient in dealt.index[dealt > 1]}
