"""Train, evaluate, join and sum up a tiny data set, through the command line."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from Datasets import predictions, splits
from Datasets.command import main
from Datasets.errors import StoreError
from Datasets.files import sha256_of_file
from Datasets.predictions import PREDICTIONS
from Datasets.splits import SPLITS, Folds
from Datasets.tensors import Tensors
from Models import checkpoint, crossval, log
from Models.__main__ import VERBS
from Models.evaluate import displayed, read_metrics
from Models.scoring import Interval
from tests.Models.tiny import PARAMS, Tiny, name_of, write

OUTPUTS = ("Models/weights", "Models/curves", "Models/metrics", "Models/evaluation")


def models(*words: str) -> int:
    return main("Models", VERBS, words)


def hashes() -> dict[str, str]:
    folders = [Path(name) for name in (*OUTPUTS, "Datasets/predictions")]
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): sha256_of_file(path) for path in files}


def walk() -> None:
    assert [models("train", "0"), models("evaluate", "0")] == [0, 0]


def test_the_room_from_tensors_to_the_summary(
    tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    walk()
    assert [models("train", "1"), models("evaluate", "1")] == [0, 0]
    assert [models("crossval"), models("summary")] == [0, 0]
    captured = capsys.readouterr()
    assert "train@0: e001_small_cnn on 24 rows for 3 epochs, validation accuracy" in captured.err
    lines = captured.out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "samples",
        "accuracy",
        "time",
        "report",
        "serve",
    ]
    joined = crossval.read()
    assert (joined.folds, joined.n) == ((0, 1), 24)
    assert f"{joined.out_of_fold} on 24 test samples of folds 0, 1" in lines[1]
    assert "train@0" in lines[2]


def test_twice_gives_the_same_bytes(tiny: Tiny) -> None:
    walk()
    first = hashes()
    walk()
    assert hashes() == first
    assert len(first) == 3 + 1 + 1 + 4 + 12 + 1


def test_what_dvc_hashes_holds_no_time_and_no_place(tiny: Tiny, tmp_path: Path) -> None:
    walk()
    texts = [Path(name).read_bytes() for name in hashes()]
    assert not [text for text in texts if str(tmp_path).encode() in text or b"second" in text]


def test_predictions_are_of_the_test_part_and_add_up(tiny: Tiny) -> None:
    walk()
    table = predictions.read(PREDICTIONS / "0")
    tensors = Tensors()
    tested = splits.read().part(tensors.index["id"], "test", 0)
    assert table["id"].tolist() == sorted(set(tensors.index["id"][tested]))
    shares, logits = (predictions.matrix(table[name]) for name in ("probabilities", "logits"))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(shares, powers / powers.sum(axis=1, keepdims=True), rtol=1e-5)
    classes = np.array(tiny.classes)
    assert (classes[logits.argmax(axis=1)] == table["predicted"]).all()
    place = [tiny.classes.index(name) for name in table["label"]]
    expected = -np.log(shares[np.arange(len(table)), place])
    np.testing.assert_allclose(table["loss"], expected, rtol=1e-4, atol=1e-6)
    metrics = read_metrics(Path("Models/evaluation/0"))
    assert metrics.accuracy.value == (table["label"] == table["predicted"]).mean()
    assert metrics.loss == pytest.approx(table["loss"].mean())


def test_the_best_weights_score_on_validation_as_the_metrics_say(tiny: Tiny) -> None:
    walk()
    metrics = json.loads(Path("Models/metrics/folds/0.json").read_text())
    curves = pd.read_csv("Models/curves/0.csv")
    row = curves[curves["epoch"] == metrics["best_epoch"]].iloc[0]
    assert row["validation_accuracy"] == metrics["validation_accuracy"]
    assert curves["validation_accuracy"].max() == metrics["validation_accuracy"]
    about = checkpoint.read_about(Path("Models/weights/0"))
    assert about.best_epoch == metrics["best_epoch"]
    assert about.parts.classes == tiny.classes


def test_top_losses_are_in_order_and_have_their_images(tiny: Tiny) -> None:
    walk()
    folder = Path("Models/evaluation/0")
    top = pd.read_csv(folder / "top_losses.csv")
    assert top["loss"].is_monotonic_decreasing
    assert len(top) == 12
    tensors = Tensors()
    originals = tensors.index[tensors.index["copy"] == 0]
    for row in top.itertuples():
        position = originals.index[originals["id"] == row.id].to_numpy()
        shown = np.asarray(Image.open(folder / str(row.file)))
        assert (shown == tensors.gather(position)[0]).all()


def test_tables_of_classes(tiny: Tiny) -> None:
    walk()
    confusion = pd.read_csv("Models/evaluation/0/confusion.csv", index_col="label")
    assert tuple(confusion.index) == tuple(confusion.columns) == tiny.classes
    assert confusion.to_numpy().sum() == 12
    scores = pd.read_csv("Models/evaluation/0/per_class.csv", index_col="label")
    assert scores.columns.tolist() == ["precision", "recall", "f1", "support"]
    assert scores["support"].tolist() == [4, 4, 4]


def test_samples_without_a_label_are_said(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    write(msgspec.structs.replace(tiny, unlabelled=2, doubled=1))
    walk()
    said = capsys.readouterr().err
    assert "1 samples without a single label left out" in said
    assert "10 test samples, 2 without a single label left out" in said


def test_a_run_is_logged_and_found_by_its_weights(tiny: Tiny) -> None:
    walk()
    (run,) = log.read()
    about = checkpoint.read_about(Path("Models/weights/0"))
    assert run.weights == about.weights["best.safetensors"]
    assert run.commit.sha is None  # no Git here
    assert run.parameters["seed"] == 7
    assert run.parameters["model_arguments.base"] == 4


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_other_dtypes_and_channels_walk_too(tiny: Tiny, dtype: str) -> None:
    write(msgspec.structs.replace(tiny, dtype=dtype, channels=5))
    walk()
    about = checkpoint.read_about(Path("Models/weights/0"))
    assert (about.parts.input.dtype, about.parts.input.channels) == (dtype, 5)


def test_another_network_by_parameter(tiny: Tiny) -> None:
    params = PARAMS.replace("model: e001_small_cnn", "model: resnet18").replace("{base: 4}", "{}")
    params = params.replace("epochs: 3", "epochs: 1")
    write(msgspec.structs.replace(tiny, params=params, samples=9))
    walk()
    assert checkpoint.read_about(Path("Models/weights/0")).parts.network == "resnet18"


def test_a_fold_that_does_not_exist(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    assert models("train", "3") == 1
    assert "fold 3 was asked for, but 3 exist (0 to 2)" in capsys.readouterr().err
    assert hashes() == {}


def test_what_is_missing_names_the_stage(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    assert models("evaluate", "0") == 1
    assert "`dvc repro train@0` makes them" in capsys.readouterr().err
    assert models("crossval") == 1
    assert "`dvc repro evaluate@0` makes it" in capsys.readouterr().err
    assert models("summary") == 1
    assert "`dvc repro crossval` makes it" in capsys.readouterr().err


def test_predictions_of_other_folds_are_refused(tiny: Tiny) -> None:
    walk()
    folds = splits.read()
    moved = folds.table.assign(fold=(folds.table["fold"] + (folds.table["id"] == name_of(0))) % 3)
    splits.write(SPLITS, folds.about, moved)
    with pytest.raises(StoreError, match=rf"predictions of fold 0 .*first {name_of(0)}"):
        crossval.join({0: predictions.read(PREDICTIONS / "0")}, splits.read(), seed=1)


def test_a_sample_that_stands_twice_is_refused(tiny: Tiny) -> None:
    walk()
    table = predictions.read(PREDICTIONS / "0")
    with pytest.raises(StoreError, match="predictions of fold 0"):
        crossval.join({0: pd.concat([table, table.head(1)])}, splits.read(), seed=1)


def test_the_folds_are_joined_as_numpy_would(tiny: Tiny) -> None:
    folds = splits.read()
    tables = {}
    for fold, wrong in ((0, 3), (1, 0)):
        ids = folds.table["id"][folds.table["fold"] == fold].reset_index(drop=True)
        predicted = ["b"] * wrong + ["a"] * (len(ids) - wrong)
        tables[fold] = pd.DataFrame(
            {"id": ids, "parent": ids, "label": "a", "predicted": predicted}
        )
    joined = crossval.join(tables, folds, seed=1)
    assert joined.accuracy == pytest.approx(0.875)
    assert joined.spread == pytest.approx(np.std([0.75, 1.0], ddof=1))
    assert joined.out_of_fold.value == pytest.approx(21 / 24)
    assert [score.n for score in joined.per_fold] == [12, 12]


def test_of_several_repetitions_a_sample_counts_once(tiny: Tiny) -> None:
    """Right in one repetition and wrong in the other is half right."""
    once = splits.read()
    about = msgspec.structs.replace(once.about, repeats=2)
    folds = Folds(about, once.table.assign(fold_1=(once.table["fold"] + 1) % 3))
    tables = {}
    for fold, predicted in enumerate("aaabbb"):
        ids = folds.table["id"][folds.part(folds.table["id"], "test", fold)].reset_index(drop=True)
        tables[fold] = pd.DataFrame(
            {"id": ids, "parent": ids, "label": "a", "predicted": predicted}
        )
    joined = crossval.join(tables, folds, seed=1)
    assert joined.n == len(once.table)
    assert joined.out_of_fold == Interval(0.5, 0.5, 0.5)
    with pytest.raises(StoreError, match=r"6 exist \(0 to 5\)"):
        folds.part(folds.table["id"], "test", 6)


def test_what_the_eye_cannot_see_is_made_visible() -> None:
    ramp = np.linspace(-2, 3, 32, dtype=np.float32).reshape(4, 4, 2)
    shown = displayed(ramp)
    assert shown.shape == (4, 4, 1)
    assert shown.dtype == np.uint8
    assert (int(shown.min()), int(shown.max())) == (0, 255)
    assert displayed(np.zeros((2, 2, 5), np.uint16)).tolist() == np.zeros((2, 2, 3)).tolist()


def test_evaluation_needs_no_trainer() -> None:
    """Lightning takes seconds to import."""
    code = "import sys, Models.evaluate, Models.crossval; sys.exit('lightning' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
