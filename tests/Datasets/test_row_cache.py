"""The row cache keeps what it is given, says what it holds, and stays within its limit."""

import argparse
import os
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from Datasets import cache, row_cache
from Datasets.errors import ParamsError
from Datasets.row_cache import GB, ROWS
from Datasets.sample import NO_BOXES, Sample
from tests.Datasets.stores import write_store


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def keep(step: str, value: int, limit_gb: float = 1.0) -> None:
    """Keep a store of two samples of 3,000 bytes each, whose pixels are ``value``."""
    image = np.full((100, 10, 3), value, np.uint8)
    folder = Path(f"store-{value}")
    folder.mkdir()
    write_store(folder, [Sample(name, 0, image, None, NO_BOXES) for name in "ab"], bits=0)
    row_cache.keep(step, folder, [bytes([i]) * 16 for i in range(2)], np.arange(2), limit_gb)


def age(seconds: int) -> None:
    """Make all that is kept older."""
    for one in row_cache.listed():
        os.utime(one.folder, (one.used - seconds, one.used - seconds))


def test_a_generation_gives_back_the_rows_of_a_unit() -> None:
    keep("crop", 7)
    (generation,) = row_cache.generations("crop")
    assert generation.unit_of == {b"\0" * 16: 0, b"\1" * 16: 1}
    rows = generation.store.rows()
    found, owners = generation.rows_of(np.array([1, 0]))
    assert [rows[i].id for i in found] == ["b", "a"]
    assert owners.tolist() == [0, 1]
    assert (generation.store.image(rows[1]) == 7).all()
    assert list(row_cache.generations("other")) == []


def test_the_same_store_is_kept_once() -> None:
    keep("crop", 7)
    (before,) = row_cache.listed()
    age(100)
    row_cache.keep("crop", Path("store-7"), [bytes([i]) * 16 for i in range(2)], np.arange(2), 1.0)
    (after,) = row_cache.listed()
    assert after.folder == before.folder
    assert after.used > before.used - 100


def test_the_last_used_comes_first() -> None:
    for value in (1, 2, 3):
        age(10)
        keep("crop", value)
    stores = [generation.store for generation in row_cache.generations("crop")]
    found = [store.image(store.rows()[0])[0, 0, 0] for store in stores]
    assert found == [3, 2, 1]


def test_few_generations_of_a_step_are_kept() -> None:
    for value in range(row_cache.KEPT + 2):
        age(10)
        keep("crop", value)
    assert len(row_cache.listed()) == row_cache.KEPT


def test_the_oldest_goes_where_the_limit_is_passed() -> None:
    keep("crop", 1)
    size = row_cache.taken([row_cache.listed()[0].folder]) / GB
    for value, step in ((2, "augment"), (3, "crop")):
        age(10)
        keep(step, value, limit_gb=2.5 * size)
    kept = row_cache.listed()
    assert [one.step for one in kept] == ["augment", "crop"]
    assert row_cache.taken([one.folder for one in kept]) <= 2.5 * size * GB


def test_what_is_larger_than_the_limit_is_not_kept() -> None:
    keep("crop", 1, limit_gb=1e-6)
    assert row_cache.listed() == []


def test_bytes_shared_with_an_output_are_not_freed() -> None:
    keep("crop", 1)
    (one,) = row_cache.listed()
    shard = next(one.folder.glob("images-*.npy")).stat()
    assert shard.st_nlink == 2
    assert row_cache.taken([one.folder]) - row_cache.freed([one.folder]) == shard.st_size


def test_show_and_prune_say_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    keep("crop", 1)
    keep("augment", 2)
    cache.run(Namespace(what="show", gb=None))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["step", "augment", "crop", ".darkroom/rows:"]
    assert "of 20 GB (row_cache_gb in compute.yaml)" in lines[-1]
    cache.run(Namespace(what="prune", gb=0.0))
    assert "2 of 2 runs removed" in capsys.readouterr().out
    assert not list(ROWS.glob("*/*"))


@pytest.mark.parametrize("size", ["-1", "nan", "inf", "much"])
def test_prune_takes_a_size(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing goes by mistake."""
    keep("crop", 1)
    parser = argparse.ArgumentParser()
    cache.arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["prune", "--gb", size])
    assert "a number of gigabytes, 0 or more" in capsys.readouterr().err
    assert len(row_cache.listed()) == 1


def test_show_has_no_use_for_a_size() -> None:
    with pytest.raises(ParamsError, match="--gb is for prune"):
        cache.run(Namespace(what="show", gb=1.0))
