"""A fold of several in one stage is, byte for byte, the fold that was trained by itself."""

import json
import shutil
from pathlib import Path

import msgspec
import pandas as pd
import pytest

from Datasets import predictions, splits
from Datasets.command import main
from Datasets.params import load
from Datasets.predictions import PREDICTIONS
from Datasets.scaler import SCALERS
from Datasets.splits import SPLITS, About
from Models import crossval, log, summary
from Models.__main__ import VERBS
from Models.evaluate import read_metrics
from Models.params import read_train
from Models.scoring import Interval
from tests.Models.tiny import PARAMS, Tiny, label_of, name_of, write

FOLDERS = ("Models/weights", "Models/evaluation", "Datasets/predictions")
CROSSVAL = Path("Models/metrics/crossval.json")


def models(*words: str) -> int:
    return main("Models", VERBS, words)


def trained(tiny: Tiny, *entries: str) -> None:
    """Train, evaluate and join the entries; their scalers lie where ``scale`` would leave them."""
    listed = f"folds: [{', '.join(entries)}]"
    write(msgspec.structs.replace(tiny, params=PARAMS.replace("folds: [0, 1]", listed)))
    for entry in entries:
        for fold in range(3) if not entry.isdigit() else ():
            shutil.copytree(SCALERS / str(fold), SCALERS / entry / str(fold), dirs_exist_ok=True)
        assert [models("train", entry), models("evaluate", entry)] == [0, 0]
    assert models("crossval") == 0


def contents(place: str) -> dict[str, bytes]:
    """Return every file of a fold, by its path below the place where the fold lies."""
    found: dict[str, bytes] = {}
    for folder in FOLDERS:
        own = Path(folder) / place
        files = [path for path in own.rglob("*") if path.is_file()]
        found |= {f"{folder}/{path.relative_to(own)}": path.read_bytes() for path in files}
    return found


@pytest.mark.parametrize("entry", ["all", "0-2"])
def test_a_fold_of_several_is_the_one_trained_alone(tiny: Tiny, entry: str) -> None:
    trained(tiny, "2", "0", "1")
    joined = CROSSVAL.read_bytes()
    trained(tiny, entry)
    for fold in range(3):
        alone = contents(str(fold))
        assert len(alone) == 3 + 4 + 12 + 1
        assert contents(f"{entry}/{fold}") == alone
        curves = pd.read_csv(f"Models/curves/{entry}.csv", dtype=str)
        own = curves[curves.pop("fold") == str(fold)].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, pd.read_csv(f"Models/curves/{fold}.csv", dtype=str))
        every = json.loads(Path(f"Models/metrics/folds/{entry}.json").read_text())
        assert every[str(fold)] == json.loads(Path(f"Models/metrics/folds/{fold}.json").read_text())
    weights = {contents(f"{entry}/{fold}")["Models/weights/best.safetensors"] for fold in range(3)}
    assert len(weights) == 3
    assert CROSSVAL.read_bytes() == joined


def test_ranges_and_numbers_are_joined_together(tiny: Tiny) -> None:
    trained(tiny, "0", "1", "2")
    joined = crossval.read()
    shutil.copytree(SCALERS / "0", SCALERS / "0-1" / "0")
    shutil.copytree(SCALERS / "1", SCALERS / "0-1" / "1")
    Path("params.yaml").write_text(PARAMS.replace("folds: [0, 1]", "folds: [2, 0-1]"))
    assert [models("train", "0-1"), models("evaluate", "0-1"), models("crossval")] == [0, 0, 0]
    assert crossval.read() == joined


def test_the_stage_sums_up_and_each_fold_is_logged(
    tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    trained(tiny, "all")
    said = capsys.readouterr().err
    assert "train@all: e001_small_cnn on 3 folds for 3 epochs each, validation accuracy" in said
    every = json.loads(Path("Models/metrics/folds/all.json").read_text())
    shares = [every[str(fold)]["validation_accuracy"] for fold in range(3)]
    assert f"{sum(shares) / 3:.3f} in the mean, from {min(shares):.3f} (fold" in said
    assert "on 36 test samples of 3 folds" in said
    assert [run.stage for run in log.read()] == [f"train@all/{fold}" for fold in range(3)]
    assert [run.validation_accuracy for run in log.read()] == shares


def test_folds_that_cannot_be_trained_are_all_named_before_any_is(
    tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    """One class stands in fold 0 alone: it trains neither fold 0 nor, validating, fold 2."""
    names = pd.Series([name_of(number) for number in range(tiny.samples)])
    labels = [label_of(tiny, number) for number in range(tiny.samples)]
    folds = [0 if label == "aslant" else n // 3 % 3 for n, label in enumerate(labels)]
    splits.write(SPLITS, About(3, "samples"), pd.DataFrame({"id": names, "fold": folds}))
    assert models("train", "all") == 1
    said = capsys.readouterr().err
    assert "2 of the 3 folds of all cannot be trained and tested, so none was trained" in said
    for fold in (0, 2):
        assert f"training part of fold {fold} has no sample of 1 classes: aslant" in said
    assert "to leave them out, write 1 in train.folds in place of all" in said
    assert not Path("Models/weights/all").exists()
    assert log.read() == []


def test_a_group_without_labels_is_told_before_training(
    tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of four folds the last has no label: it cannot be tested, nor validate the one before."""
    write(msgspec.structs.replace(tiny, unlabelled=3))
    folds = [3 if number < 3 else number // 3 % 3 for number in range(tiny.samples)]
    names = [name_of(number) for number in range(tiny.samples)]
    about = About(4, "leave_one_group_out")
    splits.write(SPLITS, about, pd.DataFrame({"id": names, "fold": folds}))
    assert models("train", "all") == 1
    said = capsys.readouterr().err
    assert "the validation part of fold 2 has no sample with exactly one label" in said
    assert "the test part of fold 3 has no sample with exactly one label" in said
    assert "write 0-1 in train.folds in place of all" in said
    assert models("train", "3") == 1
    assert "error: the test part of fold 3 has no sample" in capsys.readouterr().err


def test_a_group_of_one_class_is_tested_and_validates(tiny: Tiny) -> None:
    """Fold 2 holds nothing but four of the class "along"."""
    numbers = range(tiny.samples)
    folds = [2 if n < 12 and label_of(tiny, n) == "along" else n // 3 % 2 for n in numbers]
    names = [name_of(number) for number in numbers]
    about = About(3, "leave_one_group_out")
    splits.write(SPLITS, about, pd.DataFrame({"id": names, "fold": folds}))
    for fold in ("1", "2"):
        assert [models("train", fold), models("evaluate", fold)] == [0, 0]
    told = read_metrics(Path("Models/evaluation/2"))
    assert told.n == 4
    said = predictions.read(PREDICTIONS / "2")["predicted"]
    assert told.accuracy.value == (said == "along").mean()


def test_what_fails_inside_names_the_fold_and_its_stage(
    tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    for fold in (0, 2):
        shutil.copytree(SCALERS / str(fold), SCALERS / "all" / str(fold))
    assert models("train", "all") == 1
    said = capsys.readouterr().err
    assert "error: fold 1 of the fold range all: Datasets/scalers/all/1 holds no scaler" in said
    assert "`dvc repro scale@all` makes it" in said
    assert not Path("Models/weights/all").exists()
    assert models("evaluate", "all") == 1
    assert "Models/weights/all/0 holds no weights; `dvc repro train@all`" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["train", "evaluate"])
@pytest.mark.parametrize("hostile", ["../x", "0/../..", "/x", "3-1", "all/0", "x"])
def test_what_is_no_fold_range_makes_no_path(
    tiny: Tiny, capsys: pytest.CaptureFixture[str], verb: str, hostile: str
) -> None:
    before = sorted(Path("..").rglob("*"))
    assert models(verb, hostile) == 1
    assert "is no fold range" in capsys.readouterr().err
    assert sorted(Path("..").rglob("*")) == before


def test_folds_beyond_those_that_exist(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    assert models("train", "1-3") == 1
    assert "fold 3 was asked for, but 3 exist (0 to 2)" in capsys.readouterr().err


def test_many_folds_are_named_by_their_ends(tiny: Tiny) -> None:
    figure = Interval(0.9, 0.8, 1.0)
    for count, said in ((6, "folds 0, 1, 2, 3, 4, 5,"), (30, "folds 0-29,")):
        joined = crossval.Crossval(tuple(range(count)), 90, 0.9, 0.1, figure, ())
        told = summary.lines(splits.read(), joined, read_train(load()), {})
        assert f"{figure} on 90 test samples of {said}" in told[1]
