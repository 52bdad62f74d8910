"""compute.yaml: how much of the machine is used."""

import os
from pathlib import Path

import pytest

from Datasets.compute import Compute, load
from Datasets.errors import ParamsError


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load(tmp_path / "compute.yaml") == Compute("auto", "local", None, 20.0, False, "auto")


def test_the_repositorys_own_file_says_the_defaults(root: Path) -> None:
    assert load(root / "compute.yaml") == Compute()


def test_what_is_asked_is_what_comes(tmp_path: Path) -> None:
    (tmp_path / "compute.yaml").write_text("workers: 3\ndevice: cpu\n")
    assert load(tmp_path / "compute.yaml").worker_count() == 3


def test_auto_counts_what_this_process_may_use() -> None:
    assert 1 <= Compute().worker_count() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("workers: 0", "workers: .*>= 1, got 0"),
        ("workers: many", "workers: unknown value 'many'; known: auto$"),
        ("engine: dask", "address: engine: dask needs the address of a scheduler, .* got nothing"),
        ("engine: dask\naddress: 127.0.0.1:8786", "as tcp://127.0.0.1:8786, got 127.0.0.1:8786"),
        (
            "address: tcp://127.0.0.1:8786",
            "address: only engine: dask takes one; write engine: dask",
        ),
        ("device: tpu", "device: unknown value 'tpu'; .*'cpu'"),
        ("worker: 2", "unknown key 'worker'; did you mean 'workers'"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "compute.yaml").write_text(text + "\n")
    with pytest.raises(ParamsError, match=said):
        load(tmp_path / "compute.yaml")
