"""A re-run makes what changed and takes over the rest; the bytes are those of a first run."""

import shutil
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from Data_processing import source
from Data_processing.interim import folder_of
from Data_processing.steps import process, runner
from Data_processing.steps.operation import Operation
from Data_processing.steps.work import Work
from Datasets import row_cache
from Datasets.errors import RejectedError, StoreError
from Datasets.files import sha256_of
from Datasets.image import encode_png
from Datasets.sample import Sample
from Datasets.stage import timings
from tests.Data_processing.conftest import Workspace

STEPS = ("flip", "shrink")
SAMPLES = Path("Datasets/metadata/shapes/samples.parquet")
LINES = Path("Datasets/metadata/shapes/metadata.jsonl")


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let twelve samples lie in several shards."""
    monkeypatch.setattr(source, "SHARD_BYTES", 1)
    monkeypatch.setattr(source, "SHARD_ROWS", 6)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Yield a list that fills with what is really computed: the step, the sample, the copy."""
    found: list[str] = []
    run = runner._run

    def noted(work: Work, ops: tuple[Operation, ...], sample: Sample, copy: int) -> Sample:
        found.append(f"{work.name} {sample.id.removeprefix('shapes/')} {copy}")
        return run(work, ops, sample, copy)

    monkeypatch.setattr(runner, "_run", noted)
    yield found


def walk() -> dict[str, bytes]:
    """Run source and the steps, and return every file of the stores."""
    source.run(Namespace())
    for step in STEPS:
        process.run(Namespace(step=step))
    return contents()


def contents() -> dict[str, bytes]:
    return {
        f"{step}/{path.name}": path.read_bytes()
        for step in STEPS
        for path in sorted(folder_of(step).iterdir())
    }


def fresh() -> dict[str, bytes]:
    """Return what a run without any cache writes."""
    shutil.rmtree(row_cache.ROWS, ignore_errors=True)
    return walk()


def known(step: str) -> int:
    """Return how many units the last run of a step said it took over."""
    words = timings()[f"process@{step}"].summary.split(", ")
    return next((int(word.split()[0]) for word in words if "known from before" in word), 0)


def drop(*names: str) -> None:
    """Take samples out of the metadata."""
    table = pd.read_parquet(SAMPLES)
    table[~table["image"].isin(names)].to_parquet(SAMPLES, index=False)
    lines = LINES.read_text().splitlines(keepends=True)
    LINES.write_text("".join(line for line in lines if not any(f'"{n}"' in line for n in names)))


def test_a_second_run_makes_nothing(workspace: Workspace, made: list[str]) -> None:
    before = walk()
    assert len(made) == 2 * 36
    made.clear()
    assert walk() == before
    assert made == []
    assert (known("flip"), known("shrink")) == (36, 36)


def test_shards_of_which_all_is_known_are_linked(workspace: Workspace) -> None:
    """One inode: neither read into memory nor written."""
    walk()
    inodes = {path.name: path.stat().st_ino for path in folder_of("flip").glob("*.npy")}
    walk()
    assert inodes == {path.name: path.stat().st_ino for path in folder_of("flip").glob("*.npy")}
    assert len(inodes) > 4


def test_a_removed_sample_leaves_the_others_known(workspace: Workspace, made: list[str]) -> None:
    walk()
    made.clear()
    drop("03.png", "07.png")
    after = walk()
    assert made == []
    assert known("flip") == 30
    assert after == fresh()


def test_an_added_sample_is_all_that_is_made(workspace: Workspace, made: list[str]) -> None:
    whole = {name: Path(name).read_bytes() for name in (str(SAMPLES), str(LINES))}
    drop("05.png")
    walk()
    for name, content in whole.items():
        Path(name).write_bytes(content)
    made.clear()
    after = walk()
    assert made == [f"{step} 05.png {copy}" for step in STEPS for copy in (0, 1, 2)]
    assert after == fresh()


def test_a_label_travels_along(workspace: Workspace, made: list[str]) -> None:
    """A row's pixels do not depend on it, its box's name does."""
    walk()
    made.clear()
    LINES.write_text(LINES.read_text().replace('"labels":"bright"', '"labels":"dark"', 1))
    relabelled = walk()
    assert made == []
    LINES.write_text(LINES.read_text().replace('[{"name":"bright"', '[{"name":"dark"', 1))
    again = walk()
    assert len(made) == 6
    assert len({one.split()[1] for one in made}) == 1
    assert again == fresh()
    assert again["flip/index.parquet"] != relabelled["flip/index.parquet"]


def test_a_changed_image_is_made_again(workspace: Workspace, made: list[str]) -> None:
    walk()
    made.clear()
    path = Path("raw/04.png")
    path.write_bytes(encode_png(np.full((30, 30, 3), 99, np.uint8)))
    table = pd.read_parquet(SAMPLES).set_index("image", drop=False)
    for name, value in (("sha256", sha256_of(path.read_bytes())), ("width", 30), ("height", 30)):
        table.loc["04.png", name] = value
    table.to_parquet(SAMPLES, index=False)
    mask = Path("Datasets/metadata/shapes/masks/04.png")
    mask.write_bytes(encode_png(np.ones((30, 30), np.uint8)))
    after = walk()
    assert {one.split()[1] for one in made} == {"04.png"}
    assert after == fresh()


def test_a_parameter_makes_its_step_and_what_follows_anew(
    workspace: Workspace, made: list[str]
) -> None:
    """Of the drawing step copy 0 stays: a transform does nothing to it."""
    walk()
    made.clear()
    workspace.params("HorizontalFlip: {p: 0.5}", "HorizontalFlip: {p: 1.0}")
    after = walk()
    flipped = [one for one in made if one.startswith("flip")]
    assert sorted({one.split()[2] for one in flipped}) == ["1", "2"]
    assert len(flipped) == 24
    follow = [one for one in made if one.startswith("shrink")]
    assert 0 < len(follow) <= 24  # a copy that was flipped already stays what it was
    assert after == fresh()
    made.clear()
    workspace.params("letterbox: {height: 16, width: 20}", "letterbox: {height: 20, width: 20}")
    walk()
    assert {one.split()[0] for one in made} == {"shrink"}
    assert len(made) == 36


def test_going_back_makes_nothing(workspace: Workspace, made: list[str]) -> None:
    """Earlier generations are kept."""
    first = walk()
    workspace.params("p: 0.5", "p: 0.9")
    walk()
    workspace.params("p: 0.9", "p: 0.5")
    made.clear()
    assert walk() == first
    assert made == []


def test_more_copies_keep_those_that_were(workspace: Workspace, made: list[str]) -> None:
    walk()
    made.clear()
    workspace.params("copies: 2", "copies: 3")
    after = walk()
    assert {one.split()[2] for one in made} == {"3"}
    assert after == fresh()


@pytest.mark.parametrize("kind", ["images", "masks"])
def test_a_damaged_row_is_noticed_and_made_anew(
    workspace: Workspace, made: list[str], capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """One flipped bit in the cache, size and time as they were."""
    before = walk()
    shutil.rmtree("Data_processing/interim")  # the cache holds links to the same bytes
    shard = next(row_cache.ROWS.glob(f"flip/*/{kind}-*.npy"))
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)
    made.clear()
    capsys.readouterr()
    assert walk() == before
    assert len(made) == 1
    assert "1 damaged entry of the row cache: made anew" in capsys.readouterr().err


def test_a_damaged_header_is_written_anew(workspace: Workspace, made: list[str]) -> None:
    """The pixels behind it are sound: they are copied."""
    before = walk()
    shutil.rmtree("Data_processing/interim")
    shard = next(row_cache.ROWS.glob("flip/*/images-*.npy"))
    content = bytearray(shard.read_bytes())
    content[content.index(b"(") + 1] ^= 1
    shard.write_bytes(content)
    made.clear()
    assert walk() == before
    assert made == []


@pytest.mark.parametrize("name", ["keys.npy", "unit_of_row.npy", "index.parquet", "store.json"])
@pytest.mark.parametrize("harm", ["flip", "cut", "gone"])
def test_damaged_tables_are_not_believed(
    workspace: Workspace, made: list[str], name: str, harm: str
) -> None:
    before = walk()
    (path,) = row_cache.ROWS.glob(f"flip/*/{name}")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    if harm != "gone":
        path.write_bytes(content if harm == "flip" else content[: len(content) // 2])
    made.clear()
    assert walk() == before
    assert len([one for one in made if one.startswith("flip")]) == 36


def test_a_cache_that_cannot_be_written_stops_nothing(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    row_cache.ROWS.parent.mkdir()
    row_cache.ROWS.write_text("a file, where a folder should be")
    after = walk()
    assert "the row cache .darkroom/rows cannot be written" in capsys.readouterr().err
    row_cache.ROWS.unlink()
    assert after == walk()


def test_without_a_cache_none_is_kept(workspace: Workspace, made: list[str]) -> None:
    Path("compute.yaml").write_text("row_cache_gb: 0\n")
    walk()
    walk()
    assert len(made) == 4 * 36
    assert not row_cache.ROWS.exists()


def test_a_rejected_sample_is_looked_at_again(workspace: Workspace, made: list[str]) -> None:
    """What could not be made is not known; the rest is."""
    workspace.params("path: raw}", "path: raw, on_bad: skip}")
    path = Path("raw/02.png")
    content = path.read_bytes()
    path.write_bytes(content[:-30])
    first = walk()
    made.clear()
    path.write_bytes(content)
    after = walk()
    assert {one.split()[1] for one in made} == {"02.png"}
    assert after == fresh() != first


def test_a_raw_file_that_changed_after_convert_is_noticed(workspace: Workspace) -> None:
    """Whoever decodes it looks; where its rows are known it is not decoded."""
    walk()
    Path("raw/02.png").write_bytes(b"other")
    workspace.params("p: 0.5", "p: 0.9")
    with pytest.raises(RejectedError, match=r"02\.png changed since"):
        walk()


def test_the_input_is_checked_before_it_is_used(workspace: Workspace) -> None:
    """A damaged store is not hidden by what is known of it."""
    walk()
    shard = next(folder_of("flip").glob("images-*.npy"))
    content = bytearray(shard.read_bytes())
    content[500] ^= 1
    shard.unlink()
    shard.write_bytes(content)
    workspace.params("height: 16", "height: 12")
    with pytest.raises(StoreError, match="are not those that were written"):
        process.run(Namespace(step="shrink"))


def test_generations_are_opened_until_all_is_known(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the last run knows all, others are not read: each costs as much as the index."""
    walk()
    workspace.params("p: 0.5", "p: 0.9")
    walk()
    opened: list[Path] = []
    make = row_cache.Generation.__init__

    def noted(self: row_cache.Generation, folder: Path) -> None:
        opened.append(folder)
        make(self, folder)

    monkeypatch.setattr(row_cache.Generation, "__init__", noted)
    process.run(Namespace(step="flip"))
    assert len(opened) == 1
    opened.clear()
    workspace.params("copies: 2", "copies: 3")
    walk()
    assert len(opened) == 4
