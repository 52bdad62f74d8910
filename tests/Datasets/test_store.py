"""A store gives back what was put in, and notices when it no longer can."""

from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Datasets import store
from Datasets.errors import StoreError
from Datasets.index import table_of, with_columns
from Datasets.layout import KINDS, shard_name
from Datasets.sample import NO_BOXES, Sample
from Datasets.store import About, Store
from tests.Datasets.stores import RECIPE, drawn_samples, row_of, same, write_store

IMAGE = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)


def plain(sample_id: str, copy: int = 0, mask: np.ndarray | None = None) -> Sample:
    instances = None if mask is None else mask.astype(np.uint16)
    return Sample(sample_id, copy, IMAGE, mask, NO_BOXES, instances)


@settings(max_examples=40)
@given(samples=drawn_samples(), bits=st.integers(0, 2))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, samples: list[Sample], bits: int
) -> None:
    folder = tmp_path_factory.mktemp("store")
    write_store(folder, samples, bits)
    opened = Store(folder)
    found = {(row.id, row.copy): opened.sample(row) for row in opened.rows()}
    assert len(found) == len(samples)
    assert all(same(found[sample.id, sample.copy], sample) for sample in samples)
    assert (opened.about, opened.recipe) == (About(bits, 2, ("a", "b")), RECIPE)


@settings(max_examples=20)
@given(samples=drawn_samples(), data=st.data())
def test_the_order_of_writing_changes_no_byte_of_the_index(
    tmp_path_factory: pytest.TempPathFactory, samples: list[Sample], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("store")
    rows = write_store(folder, samples)
    before = (folder / store.INDEX_FILE).read_bytes()
    shuffled = data.draw(st.permutations(rows))
    store.write_index(folder, table_of(shuffled), About(1, 2, ("a", "b")), RECIPE)
    assert (folder / store.INDEX_FILE).read_bytes() == before


def test_rows_are_sorted_by_shard_id_and_copy(tmp_path: Path) -> None:
    write_store(tmp_path, [plain(name, copy) for name in "dcba" for copy in (1, 0)])
    opened = Store(tmp_path)
    keys = [(row.shard, row.id, row.copy) for row in opened.rows()]
    assert keys == sorted(keys)
    assert keys == [tuple(key) for key in opened.index(["shard", "id", "copy"]).to_numpy()]
    assert opened.rows(1) == [row for row in opened.rows() if row.shard == 1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_shard_is_noticed_and_the_sample_named(tmp_path: Path, kind: str) -> None:
    mask = np.ones((2, 2), np.uint8)
    rows = write_store(tmp_path, [plain("one", 0, mask), plain("two", 1, mask)], bits=0)
    path = tmp_path / shard_name(kind, 0)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1  # the last byte of the last sample
    path.write_bytes(content)
    opened = Store(tmp_path)
    assert same(opened.sample(rows[0]), plain("one", 0, mask))
    for read in (lambda: opened.sample(rows[1]), lambda: opened.check(0)):
        with pytest.raises(StoreError, match=rf"{kind}-0000\.npy: the pixels of two, copy 1"):
            read()


@settings(max_examples=20)
@given(samples=drawn_samples())
def test_what_is_written_is_sound(
    tmp_path_factory: pytest.TempPathFactory, samples: list[Sample]
) -> None:
    folder = tmp_path_factory.mktemp("store")
    write_store(folder, samples, bits=1)
    for shard in (0, 1):
        Store(folder).check(shard)


def test_pixels_cannot_be_changed_by_who_reads_them(tmp_path: Path) -> None:
    (row,) = write_store(tmp_path, [plain("one")])
    with pytest.raises(ValueError, match="read-only"):
        Store(tmp_path).image(row)[0, 0, 0] = 7


def test_the_users_columns_follow_their_samples(tmp_path: Path) -> None:
    rows = write_store(tmp_path, [plain(name, copy) for name in "ab" for copy in (0, 1)])
    own = pa.table({"id": ["b", "a"], "column.age": [7, 5], "column.note": ["x", None]})
    store.write_index(tmp_path, with_columns(table_of(rows), own), About(1, 1, ()), RECIPE)
    found = Store(tmp_path).table.select(["id", "copy", "column.age", "column.note"]).to_pylist()
    assert [tuple(one.values()) for one in found] == [
        *(("a", copy, 5, None) for copy in (0, 1)),
        *(("b", copy, 7, "x") for copy in (0, 1)),
    ]
    assert [row.id for row in Store(tmp_path).rows()].count("a") == 2


def test_no_store_and_another_format_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no store"):
        Store(tmp_path)
    later = msgspec.structs.replace(About(1, 0, ()), format=store.FORMAT + 1)
    (tmp_path / store.STORE_FILE).write_bytes(msgspec.json.encode(later))
    with pytest.raises(StoreError, match=f"format {store.FORMAT + 1}, this code reads"):
        Store(tmp_path)


def test_a_row_without_pixels_has_no_mask(tmp_path: Path) -> None:
    write_store(tmp_path, [plain("one")])
    assert Store(tmp_path).mask(row_of("one")) is None
    assert Store(tmp_path).instances(row_of("one")) is None
