"""What ``audit`` tells of planted oddities, and what it tells of ordinary data."""

from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from Data_processing import audit
from Data_processing.analytics import findings
from Data_processing.analytics.drift import drifts
from Data_processing.analytics.quantities import quantities
from Data_processing.analytics.tables import fold_names
from Data_processing.analytics.write import dealt_by
from Data_processing.sections import Split
from Data_processing.sharing import Shared
from Data_processing.split import stage as split
from Datasets.analytics import (
    ANALYTICS,
    PICTURES_FILE,
    SAMPLES_FILE,
    SUMMARY_FILE,
    Finding,
    Summary,
)
from Datasets.dataset import Dataset
from Datasets.files import sha256_of
from Datasets.image import encode_png
from Datasets.metadata import COLUMN
from Datasets.metadata import SAMPLES_FILE as ROWS_FILE
from Datasets.splits import About
from tests.Data_processing.conftest import Workspace

SITES = "scheme: leave_one_group_out, n_folds: 3, holdout: 0.0, group: site"


def written() -> Summary:
    """Return what is written of the workspace."""
    split.run(None)  # type: ignore[arg-type]
    audit.run(None)  # type: ignore[arg-type]
    return msgspec.json.decode((ANALYTICS / SUMMARY_FILE).read_bytes(), type=Summary)


def replace(workspace: Workspace, number: int, image: np.ndarray) -> None:
    """Put ``image`` in the place of a sample's, in the file and in its row."""
    path = workspace.folder / f"raw/{number:02d}.png"
    path.write_bytes(encode_png(image))
    rows = workspace.folder / "Datasets/metadata/shapes" / ROWS_FILE
    table = pd.read_parquet(rows)
    height, width, channels = image.shape
    told = [sha256_of(path.read_bytes()), height, width, channels]
    table.loc[number, ["sha256", "height", "width", "channels"]] = told
    table.to_parquet(rows, index=False)


def found(summary: Summary) -> dict[str, tuple[str, ...]]:
    return {one.what: one.samples for one in summary.findings}


def test_ordinary_data_give_no_findings(workspace: Workspace) -> None:
    summary = written()
    assert not summary.findings and not summary.pictures
    assert summary.tests == 0  # four samples a fold say nothing
    assert [(one.channels, one.dtype, one.samples) for one in summary.kinds] == [(3, "uint8", 12)]


def test_figures_are_those_of_the_pixels(workspace: Workspace) -> None:
    """Recomputed from the files themselves."""
    summary = written()
    means = []
    for path in sorted(Path("raw").glob("*.png")):
        with Image.open(path) as image:
            means.append(np.asarray(image).reshape(-1, 3).mean(axis=0) / 255)
    (tone,) = summary.tones
    bright = np.array(means)
    for channel in range(3):
        own = tone.channels[channel]
        expected = (
            bright[:, channel].min(),
            np.median(bright[:, channel]),
            bright[:, channel].max(),
        )
        assert (own.min, own.median, own.max) == pytest.approx(expected, rel=1e-4)
    counts, _ = np.histogram(bright.mean(axis=1), 20, (0, 1))
    assert tone.brightness.counts == tuple(counts)
    table = pd.read_parquet(ANALYTICS / SAMPLES_FILE)
    assert table["brightness"].to_numpy() == pytest.approx(bright.mean(axis=1), rel=1e-4)


def test_boxes_are_where_they_were_drawn(workspace: Workspace) -> None:
    """All are 8 wide and 10 high, with their corner within 2 to 8 pixels."""
    summary = written()
    assert all(
        (one.width.min, one.width.max, one.height.median) == (8, 8, 10) for one in summary.boxes
    )
    sides = summary.box_sides
    assert sides is not None and (list(sides.edges), list(sides.counts)) == ([8, 16], [12])
    places = np.array(summary.box_places)
    assert places.sum() == 12 and places[9:].sum() == 0 == places[:, 9:].sum()


def test_what_is_odd_is_named_and_shown(workspace: Workspace) -> None:
    noise = np.random.default_rng(5).integers(0, 255, (200, 300, 3), np.uint8)
    replace(workspace, 0, np.zeros((24, 30, 3), np.uint8))
    replace(workspace, 1, np.full((26, 30, 3), 254, np.uint8))
    replace(workspace, 2, noise)
    replace(workspace, 3, noise[:25, :25, :1])
    rows = workspace.folder / "Datasets/metadata/shapes" / ROWS_FILE
    table = pd.read_parquet(rows)
    table.loc[4, COLUMN + "site"] = None
    table.to_parquet(rows, index=False)
    summary = written()
    names = found(summary)
    assert names["Nearly black images"] == ("shapes/00.png",)
    assert names["Nearly white images"] == ("shapes/01.png",)
    assert names["Images with nearly nothing in them"] == ("shapes/00.png", "shapes/01.png")
    assert names["Far larger than the others"] == ("shapes/02.png",)
    assert names["Channels and type: 1 of uint8"] == ("shapes/03.png",)
    assert names["Values missing in the table"] == ("shapes/04.png",)
    assert "1 image; site: 1" in {one.figures for one in summary.findings}
    assert {one.sample for one in summary.pictures} == {f"shapes/{i:02d}.png" for i in range(5)}
    with Image.open(ANALYTICS / PICTURES_FILE) as sheet:
        black = next(one for one in summary.pictures if one.sample == "shapes/00.png")
        cut = sheet.crop((black.x, black.y, black.x + black.width, black.y + black.height))
        assert (black.width, black.height) == (120, 96)  # four times as large, not stretched
        assert cut.getpixel((0, 0)) == (0, 0, 0)


def test_a_file_that_cannot_be_decoded_is_found_and_not_drawn(workspace: Workspace) -> None:
    path = workspace.folder / "raw/07.png"
    path.write_bytes(path.read_bytes()[:60])
    rows = workspace.folder / "Datasets/metadata/shapes" / ROWS_FILE
    table = pd.read_parquet(rows)
    table.loc[7, "sha256"] = sha256_of(path.read_bytes())
    table.to_parquet(rows, index=False)
    summary = written()
    first = summary.findings[0]
    assert (first.what, first.samples, first.is_wrong) == (
        "Images that cannot be decoded",
        ("shapes/07.png",),
        True,
    )
    assert not summary.pictures


def test_without_decoding_there_are_no_tones(workspace: Workspace) -> None:
    workspace.params("near: warn", "near: off")
    summary = written()
    assert not summary.tones and not summary.findings
    assert pd.read_parquet(ANALYTICS / SAMPLES_FILE)["brightness"].isna().all()


def test_a_group_that_is_left_out_gives_its_fold_a_name(workspace: Workspace) -> None:
    workspace.params("scheme: stratified, n_folds: 3, holdout: 0.0, group: null", SITES)
    names = [one.name for one in written().folds]
    assert names == ["fold 0, site0", "fold 1, site1", "fold 2, site2", "fold 3, site3"]


def test_many_rare_classes_are_summed_up() -> None:
    """Five are named, the rarest first; the others are one finding."""
    labels = [("big",)] * 100 + [(f"r{i}",) for i in range(7)]
    table = pd.DataFrame({"id": [f"d/{i:03d}" for i in range(107)], "labels": labels})
    rare = findings._rare(table)
    assert [one.what for one in rare] == [
        *(f"Rare class r{i}" for i in range(5)),
        "2 more rare classes",
    ]
    assert rare[-1].samples == ("d/105", "d/106")


def test_where_nothing_can_be_decoded_all_are_named(workspace: Workspace) -> None:
    rows = workspace.folder / "Datasets/metadata/shapes" / ROWS_FILE
    table = pd.read_parquet(rows)
    for number in range(12):
        path = workspace.folder / f"raw/{number:02d}.png"
        path.write_bytes(b"no picture %d" % number)
        table.loc[number, "sha256"] = sha256_of(path.read_bytes())
    table.to_parquet(rows, index=False)
    (finding,) = written().findings
    assert (finding.what, finding.count) == ("Images that cannot be decoded", 12)


def test_what_is_only_said_stands_in_the_summary(workspace: Workspace) -> None:
    workspace.params("group: null", "group: site")
    workspace.params("near: warn", "near: warn, groups: warn")
    summary = written()
    assert summary.warnings == ("4 groups stand in two folds",)
    assert "Groups in two folds" in found(summary)


def seen(count: int = 120) -> pd.DataFrame:
    """Return samples of two data sets in three folds, as the analytics know them."""
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        {
            "id": [f"d/{i:03d}" for i in range(count)],
            "dataset": ["one", "two"] * (count // 2),
            "fold": np.arange(count) % 3,
            "label": "a",
            "labels": [("a",)] * count,
            "group": None,
            **{name: rng.normal(0.5, 0.1, count) for name in ("brightness", "contrast", "holes")},
            **dict.fromkeys(("width", "height"), 64),
            **dict.fromkeys(("boxes", "objects"), 0),
            "channels": 3,
            "dtype": "uint8",
            **dict.fromkeys(("has_labels", "has_counts", "has_boxes", "has_mask"), True),
        }
    )


def differences(table: pd.DataFrame) -> dict[str, Finding]:
    """Return what is told of how the folds of a table differ."""
    values = quantities(table, ())
    drifted = drifts(table, values)
    names = fold_names(table, About(3, "samples"))
    told = findings._drifts(table, drifted.found, values, names)
    return {one.what: one for one in told}


def test_a_data_set_that_one_fold_has_more_of_is_told_with_its_samples() -> None:
    table = seen()
    table.loc[table["fold"] == 1, "dataset"] = pd.Series("two", table.index)
    finding = differences(table)["Fold 1 differs in data set"]
    assert finding.figures.startswith("two: 100% of it, 50% of the others; V 0.50")
    assert finding.samples == tuple(table["id"][table["fold"] == 1][:8])


def test_what_a_fold_lacks_is_told_with_samples_that_lack_it() -> None:
    table = seen()
    table["column.site"] = np.where((table["fold"] != 2) & (table.index % 2 == 0), "north", "south")
    finding = differences(table)["Fold 2 differs in column site"]
    assert finding.figures.startswith("south: 100% of it") and len(finding.samples) == 8


def test_further_differences_are_summed_up() -> None:
    table = seen()
    for number in range(7):
        table[f"column.c{number}"] = table["fold"] * 1.0 + table["brightness"] * 0.1 * (1 + number)
    told = differences(table)
    assert len(told) == 6
    last = told["Folds differ in 2 more quantities"]
    assert len(last.figures.split(", ")) == 2 and last.samples


@pytest.mark.parametrize(
    ("split", "left_out"),
    [
        (Split(("a",), "group", group="site"), {"site"}),
        (Split(("a",), "group"), {"own"}),
        (Split(("a",), "stratified", group="site", time="day", given="part"), set()),
        (Split(("a",), "time", group="site", time="day", given="part"), {"day"}),
        (Split(("a",), "given", given="part"), {"part"}),
    ],
)
def test_only_what_made_the_folds_is_not_compared(split: Split, left_out: set[str]) -> None:
    assert dealt_by(split, {"a": Dataset("folders", "raw", group="own")}) == left_out


def test_a_fold_of_joined_groups_says_so() -> None:
    table = pd.DataFrame({"fold": [0, 0, 1, -1], "group": ["n", "s", "w", "x"]})
    names = fold_names(table, About(2, "leave_one_group_out", "site"))
    assert names == {-1: "holdout", 0: "fold 0, n and 1 more", 1: "fold 1, w"}


def test_the_pair_that_is_shown_contradicts_itself() -> None:
    """Not the one that nobody looked at."""
    shared = Shared("content", "x", ("a", "b", "c"), (0, 0, 0), (None, "cat", "dog"))
    assert findings._pair(shared) == ("b", "c")
    across = Shared("look", "y", ("a", "b", "c"), (1, 1, 2), ("cat", "cat", "cat"))
    assert findings._pair(across) == ("a", "c")
