"""The stage ``train`` is broken off by signals, by its own data, or by memory, and goes on."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from torch import Tensor

from Datasets import scaler
from Datasets.command import main
from Datasets.files import sha256_of_file
from Datasets.layout import shard_name
from Datasets.scaler import SCALERS, Affine
from Datasets.tensors import TENSORS, Tensors
from Models import checkpoint, log, saving
from Models.__main__ import VERBS
from Models.experiments.e001_small_cnn import SmallCNN
from Models.resume import CHECKPOINTS
from tests.conftest import ROOT
from tests.Models.tiny import PARAMS, Tiny, write
from tests.Models.trainings import Killed

OUTPUTS = ("Models/weights", "Models/curves", "Models/metrics")


def models(*words: str) -> int:
    return main("Models", VERBS, words)


def hashes() -> dict[str, str]:
    files = [path for name in OUTPUTS for path in Path(name).rglob("*") if path.is_file()]
    return {str(path): sha256_of_file(path) for path in sorted(files)}


def whole(*words: str) -> dict[str, str]:
    """Return the hashes of what an undisturbed training makes, which is removed."""
    assert models(*words) == 0
    found = hashes()
    for name in (*OUTPUTS, ".darkroom"):
        shutil.rmtree(name)
    Path("Models/runs.jsonl").unlink()
    return found


def dying(number: str, step: int, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.Models.dying", number, str(step), *words]
    path = {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | path)


def with_all(tiny: Tiny) -> None:
    write(msgspec.structs.replace(tiny, params=PARAMS.replace("folds: [0, 1]", "folds: [all]")))
    for fold in range(3):
        shutil.copytree(SCALERS / str(fold), SCALERS / "all" / str(fold))


@pytest.mark.parametrize("step", [1, 3, 8])
def test_killed_outright(tiny: Tiny, step: int, capsys: pytest.CaptureFixture[str]) -> None:
    expected = whole("train", "0")
    assert dying("SIGKILL", step, "train", "0").returncode == -signal.SIGKILL
    assert hashes() == {}
    capsys.readouterr()
    assert models("train", "0") == 0
    assert hashes() == expected
    said = capsys.readouterr().err
    assert (f"train@0: goes on after step {step - 1} of 9" in said) == (step > 1)
    assert not (CHECKPOINTS / "0").exists()


@pytest.mark.parametrize(("name", "words"), [("SIGTERM", "SIGTERM"), ("SIGINT", "Ctrl-C")])
def test_asked_to_end(tiny: Tiny, name: str, words: str) -> None:
    expected = whole("train", "0")
    done = dying(name, 4, "train", "0")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"{words}: ends after this step; once more ends it at once",
        f"error: train@0: stopped after step 4 of 9 ({words}); run it again and it goes on from "
        "there",
    ]
    assert hashes() == {}
    assert models("train", "0") == 0
    assert hashes() == expected


def test_folds_of_a_range_that_were_trained_are_not_trained_again(
    tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    with_all(tiny)
    expected = whole("train", "all")
    for number, step in (("SIGKILL", 4), ("SIGTERM", 2)):  # the second in fold 1
        assert dying(number, step, "train", "all").returncode != 0
    assert hashes() == {}
    capsys.readouterr()
    assert models("train", "all") == 0
    assert hashes() == expected
    assert [run.stage for run in log.read()] == [f"train@all/{fold}" for fold in range(3)]
    assert not (CHECKPOINTS / "all").exists()


def test_a_fold_that_was_kept_and_damaged_is_trained_again(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_all(tiny)
    expected = whole("train", "all")
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(log, "append", _fails_on_second(log.append))
        models("train", "all")
    (kept,) = CHECKPOINTS.rglob("best.safetensors")
    content = kept.read_bytes()
    kept.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert models("train", "all") == 0
    assert hashes() == expected


def _fails_on_second(append: object) -> object:
    calls = 0

    def appends(run: log.Run) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Killed
        append(run)  # type: ignore[operator]

    return appends


@pytest.mark.parametrize(
    ("change", "goes_on"),
    [
        ("epochs: 3", False),
        ("folds: [0, 1]", True),
        ("seed: 7", False),
        ("batch: 8", False),
        ("threads: 1", False),
        ("data", False),
        ("scaler", False),
        ("split", False),
        ("code", False),
        ("resident", True),
        ("nothing", True),
    ],
)
def test_what_changed_begins_anew(
    tiny: Tiny, change: str, goes_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the checkpoint of what was before goes."""
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(saving, "EVERY_S", 0.0)
        patch.setattr(saving.Saving, "on_validation_batch_end", _killed)
        models("train", "0")
    (before,) = (CHECKPOINTS / "0").iterdir()
    params = Path("params.yaml")
    match change:
        case "data":
            write(msgspec.structs.replace(tiny, samples=39))
        case "scaler":
            scaler.write(SCALERS / "0", (Affine(np.zeros(3, "f4"), np.ones(3, "f4")),))
        case "split":
            Path("Datasets/splits/more.json").write_text("{}")
        case "code":
            monkeypatch.setattr("Models.key.Code.key", lambda *_: "other")
        case "resident":
            Path("compute.yaml").write_text("resident: true\n")
        case "nothing":
            pass
        case _:
            changed = {"folds: [0, 1]": "folds: [0]"}.get(change, change[:-1] + "5")
            params.write_text(params.read_text().replace(change, changed))
    monkeypatch.setattr(saving.Saving, "on_train_batch_end", _killed)
    said: list[str] = []
    monkeypatch.setattr("Models.fold.say", said.append)
    with pytest.raises(Killed):
        models("train", "0")
    assert bool(said) == goes_on
    assert before.exists() == goes_on


def _killed(*others: object) -> None:
    raise Killed


def test_pixels_that_are_no_numbers_are_named(
    tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    write(msgspec.structs.replace(tiny, dtype="float32"))
    _poison(row=_training_row())
    assert models("train", "0") == 1
    said = capsys.readouterr().err
    name = Tensors().index["id"][_training_row()]
    assert "error: the loss is nan at step" in said
    assert re.search(r", of \d samples: stripes/", said)
    assert f"; 1 sample with pixels that are no finite numbers: {name}; mend them" in said
    assert "so no weights were good enough to keep" in said
    assert hashes() == {}
    again = models("train", "0"), capsys.readouterr().err
    assert again == (1, said)


def test_a_sample_that_validates_is_named_too(
    tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    write(msgspec.structs.replace(tiny, dtype="float32"))
    row = int(np.flatnonzero(Tensors().index["id"] == "stripes/003.png")[0])
    _poison(row)
    assert models("train", "0") == 1
    said = capsys.readouterr().err
    assert "error: the loss on the validation part is nan at step 3 of 9" in said
    assert "1 sample with pixels that are no finite numbers: stripes/003.png" in said


def test_the_best_weights_before_are_kept(
    tiny: Tiny, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network that breaks in the third epoch; the checkpoint of before stays, too."""
    monkeypatch.setattr(saving, "EVERY_S", 0.0)
    monkeypatch.setattr(saving, "PRICE", 0)
    forward, calls = SmallCNN.forward, 0

    def breaks(self: SmallCNN, images: Tensor) -> Tensor:
        nonlocal calls
        calls += self.training
        return forward(self, images) * (float("inf") if calls == 8 else 1.0)

    monkeypatch.setattr(SmallCNN, "forward", breaks)
    assert models("train", "0") == 1
    said = capsys.readouterr().err
    assert "error: the loss is nan at step 8 of 9, batch 2 of epoch 3, of " in said
    assert "lower train.learning_rate (now 0.004), or look at these" in said
    (folder,) = CHECKPOINTS.rglob("good")
    assert f"the best weights before, of epoch {checkpoint.read_about(folder).best_epoch}" in said
    assert str(folder) in said
    weights = checkpoint.read(folder, ()).learned()
    assert all(bool(one.isfinite().all()) for one in weights.values())
    monkeypatch.setattr(SmallCNN, "forward", forward)
    capsys.readouterr()
    assert models("train", "0") == 0
    assert "goes on after step 7 of 9" in capsys.readouterr().err


def test_a_loss_beyond_all_bounds_stops(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    params = Path("params.yaml")
    params.write_text(params.read_text().replace("batch: 8", "batch: 8\n  learning_rate: 900"))
    assert models("train", "0") == 1
    said = capsys.readouterr().err
    assert "error: the loss is " in said
    assert "lower train.learning_rate (now 900)" in said


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_too_little_memory_names_the_batch_and_what_to_set(
    tiny: Tiny,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    def full(self: SmallCNN, images: Tensor) -> Tensor:
        raise error

    monkeypatch.setattr(SmallCNN, "forward", full)
    assert models("train", "0") == 1
    said = capsys.readouterr().err
    assert "error: the device (cpu) has not enough memory for train.batch 8" in said
    assert "set train.batch to 4" in said


def test_other_errors_stay_what_they_are(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(self: SmallCNN, images: Tensor) -> Tensor:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(SmallCNN, "forward", wrong)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        models("train", "0")


def _training_row() -> int:
    """Return the row of a sample that trains in fold 0: neither of fold 0 nor of fold 1."""
    return int(np.flatnonzero(Tensors().index["id"] == "stripes/007.png")[0])


def _poison(row: int) -> None:
    """Write an infinite pixel into an image of the tensors."""
    index = Tensors().index
    shard = int(index["shard"][row])
    path = TENSORS / shard_name("images", shard)
    place = row - int(np.flatnonzero(index["shard"] == shard)[0])
    pixels = np.load(path, mmap_mode="r+")
    pixels[place, 3, 4, 0] = np.inf
    pixels.flush()
