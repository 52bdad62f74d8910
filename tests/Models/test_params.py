"""What params.yaml may say of this room, and what is said to who misspells."""

from pathlib import Path

import pytest

from Datasets.errors import ParamsError
from Datasets.params import load
from Models import check_params
from Models.params import read_export, read_train
from tests.conftest import ROOT
from tests.Models.tiny import PARAMS


def refused(folder: Path, old: str, new: str) -> str:
    assert old in PARAMS
    path = folder / "params.yaml"
    path.write_text(PARAMS.replace(old, new))
    with pytest.raises(ParamsError) as caught:
        check_params.check(load(path))
    return str(caught.value)


def test_the_tiny_set_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(PARAMS)
    check_params.check(load(path))
    train = read_train(load(path))
    assert train.network_arguments() == {"base": 4}
    assert train.framework_arguments() == {}
    assert train.learning_rate == train.weight_decay == "auto"
    assert read_export(load(path)).fold == 0


def test_what_stands_in_the_repository_is_accepted() -> None:
    check_params.check(load(ROOT / "params.yaml"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("epochs: 3", "epoch: 3", "unknown key 'epoch'; did you mean 'epochs'"),
        ("epochs: 3", "epochs: 0", "train.epochs"),
        ("epochs: 3", "epochs: many", "got 'many'"),
        ("e001_small_cnn\n", "e001_smal_cnn\n", "did you mean 'e001_small_cnn'"),
        ("supervised", "supervise", "unknown framework 'supervise'; did you mean 'supervised'"),
        ("{base: 4}", "{bass: 4}", "unknown key 'bass'; did you mean 'base'"),
        ("{base: 4}", "{base: 0}", "train.networks.e001_small_cnn.base"),
        ("{e001_small_cnn: {base: 4}}", "{resnet18: {stem: tiny}}", "train.networks.resnet18.stem"),
        ("[0, 1]", "[0, 0]", "each fold once, got [0, 0]"),
        ("[0, 1]", "[]", "at least one fold"),
        ("[0, 1]", "[-1]", "train.folds"),
        ("[0, 1]", "[0, 3]", "fold 3 was asked for, but split.n_folds is 3 (0 to 2)"),
        ("fold: 0", "fold: 2", "fold 2 is not trained (train.folds is [0, 1])"),
        ("fold: 0", "folds: 0", "unknown key 'folds'; did you mean 'fold'"),
    ],
)
def test_a_mistake_is_named_with_its_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    message = refused(tmp_path, old, new)
    assert said in message
    assert "params.yaml" in message
