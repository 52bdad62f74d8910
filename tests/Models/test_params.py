"""What params.yaml may say of this room, and what is said to who misspells."""

from pathlib import Path

import pytest

from Datasets.errors import ParamsError
from Datasets.params import load
from Models import check_params
from Models.params import read_export, read_train
from tests.conftest import ROOT
from tests.Models.tiny import PARAMS


def refused(folder: Path, old: str, new: str, text: str = PARAMS) -> str:
    assert old in text
    path = folder / "params.yaml"
    path.write_text(text.replace(old, new))
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


def test_torchvision_s_and_timm_s_networks_are_told_what_they_take(tmp_path: Path) -> None:
    """Values come as the network's own kind: a whole number is taken for a share."""
    path = tmp_path / "params.yaml"
    for name, said, told in (
        ("wide_resnet50_2", "{stem: small}", {"stem": "small"}),
        ("efficientnet_b1", "{dropout: 0}", {"dropout": 0.0}),
        ("timm/resnet18", "{drop_path: 0.1}", {"drop_path": 0.1}),
        ("shufflenet_v2_x1_0", "{}", {}),
    ):
        text = PARAMS.replace("model: e001_small_cnn", f"model: {name}")
        path.write_text(text.replace("{base: 4}", said))
        arguments = read_train(load(path)).network_arguments()
        assert arguments == told
        assert [type(value) for value in arguments.values()] == [type(v) for v in told.values()]


def test_what_stands_in_the_repository_is_accepted() -> None:
    check_params.check(load(ROOT / "params.yaml"))


def test_a_key_that_dvc_compares_must_be_written(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    whole = (ROOT / "params.yaml").read_text()
    path.write_text(whole)
    check_params.require_all_keys(load(path))
    lines = whole.splitlines(keepends=True)
    left = (line for line in lines if not line.strip().startswith(("ema:", "block:")))
    path.write_text("".join(left))
    with pytest.raises(ParamsError, match=r'train lacks block, ema; .*`block: 256`, `ema: "auto"`'):
        check_params.require_all_keys(load(path))


@pytest.mark.parametrize(
    ("folds", "fold", "scheme"),
    [
        ('["0-2"]', "0-2/2", "stratified"),
        ("[all]", "all/2", "stratified"),
        ("[2, 0-1]", "2", "stratified"),
        ("[0, 3-9]", "3-9/7", "leave_one_group_out"),
        ("[all]", "all/7", "leave_one_group_out"),
    ],
)
def test_fold_ranges_are_accepted(tmp_path: Path, folds: str, fold: str, scheme: str) -> None:
    path = tmp_path / "params.yaml"
    split = f"{{n_folds: 3, scheme: {scheme}}}"
    text = PARAMS.replace("[0, 1]", folds).replace("{n_folds: 3}", split)
    path.write_text(text.replace("fold: 0", f"fold: {fold}"))
    check_params.check(load(path))
    assert str(read_export(load(path)).place()) == fold


def test_all_leaves_out_what_the_split_does_not_make(tmp_path: Path) -> None:
    text = PARAMS.replace("[0, 1]", "[all]")
    said = refused(tmp_path, "{fold: 0}", "{fold: all/3}", text)
    assert "fold 3 is not trained (train.folds is ['all'])" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("epochs: 3", "epoch: 3", "unknown key 'epoch'; did you mean 'epochs'"),
        ("epochs: 3", "epochs: 0", "train.epochs"),
        ("epochs: 3", "epochs: many", "got 'many'"),
        ("e001_small_cnn\n", "e001_smal_cnn\n", "did you mean 'e001_small_cnn'"),
        ("supervised", "supervise", "unknown framework 'supervise'; did you mean 'supervised'"),
        ("{base: 4}", "{bass: 4}", "unknown key 'bass'; did you mean 'base'"),
        ("{base: 4}", "{base: 0}", "train.model_arguments.base"),
        ("{base: 4}", "{base: 4, stem: small}", "(e001_small_cnn can be told: base, dropout)"),
        ("{base: 4}", "{dropout: {p: 1}}", "train.model_arguments.dropout"),
        ("model: e001_small_cnn", "model: regnet_x_8gf", "(regnet_x_8gf can be told: nothing)"),
        ("model: e001_small_cnn", "model: resnet1800", "did you mean 'resnet18'"),
        ("model: e001_small_cnn", "model: efficientnet_b9", "did you mean 'efficientnet_b7'"),
        ("model_arguments", "networks", "write `model_arguments: {}` in place of `networks:`"),
        (
            "model_arguments: {base: 4}",
            "networks: {resnet18: {stem: small}, e001_small_cnn: {base: 4, dropout: 0.1}}",
            "write `model_arguments: {base: 4, dropout: 0.1}` in place of",
        ),
        ("[0, 1]", "[0, 0]", "each fold once, got [0, 0]"),
        ("[0, 1]", "[]", "at least one fold"),
        ("[0, 1]", "[-1]", "train.folds"),
        ("[0, 1]", "[0, 3]", "fold 3 was asked for, but split.n_folds is 3 (0 to 2)"),
        ("[0, 1]", '["0-3"]', "fold 3 was asked for, but split.n_folds is 3 (0 to 2)"),
        ("[0, 1]", '[0, "0-1"]', "each fold once, but fold 0 stands in '0' and in '0-1'"),
        ("[0, 1]", "[2, 0-2]", "each fold once, but fold 2 stands in '0-2' and in '2'"),
        ("[0, 1]", "[all, 2]", "each fold once, but fold 2 stands in 'all' and in '2'"),
        ("[0, 1]", "[0, '0']", "each fold once"),
        ("[0, 1]", "[3-1]", "train.folds: '3-1' is no fold range: write 1-3"),
        ("[0, 1]", "[0-]", "'0-' is no fold range: write a fold (3)"),
        ("[0, 1]", "[a-b]", "'a-b' is no fold range"),
        ("[0, 1]", "[../x]", "'../x' is no fold range"),
        ("[0, 1]", "[0/../..]", "'0/../..' is no fold range"),
        ("[0, 1]", "[true]", "train.folds"),
        ("[0, 1]", "[1.0]", "train.folds"),
        ("[0, 1]", "all", "train.folds"),
        ("[0, 1]", "[all]", "export.fold: fold 0 is trained by the entry 'all' of train.folds: "),
        ("[0, 1]", "[0-1, 2]", "write 0-1/0, got 0"),
        ("fold: 0", "fold: all/0", "trained by the entry '0' of train.folds: write 0, got all/0"),
        ("fold: 0", "fold: 0-1/2", "export.fold: fold 2 is not in the fold range 0-1"),
        ("fold: 0", "fold: all", "export.fold: 'all' names no single fold: write all/0"),
        ("fold: 0", "fold: ../../x", "export.fold: '..' is no fold range"),
        ("fold: 0", "fold: 2", "fold 2 is not trained (train.folds is [0, 1])"),
        ("fold: 0", "folds: 0", "unknown key 'folds'; did you mean 'fold'"),
    ],
)
def test_a_mistake_is_named_with_its_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    message = refused(tmp_path, old, new)
    assert said in message
    assert "params.yaml" in message
