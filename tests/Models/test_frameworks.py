"""Every framework trains every network, reads no hidden label, and is served by its head alone."""

from typing import get_type_hints

import msgspec
import numpy as np
import onnx
import pandas as pd
import pytest
import torch

from Datasets import splits
from Datasets.command import main
from Datasets.errors import ParamsError, StoreError
from Datasets.params import load
from Datasets.parts import find
from Datasets.splits import Folds
from Datasets.tensors import Tensors
from Models.__main__ import VERBS
from Models.arguments import typed
from Models.batches import Batches
from Models.callbacks import BestWeights
from Models.course import Course
from Models.export_graph import model_graph
from Models.figures import EpochFigures
from Models.frameworks.arguments import Frameworks
from Models.frameworks.table import FRAMEWORKS
from Models.isolation import isolated
from Models.learner import Conditions, Learner
from Models.module import Module, Parts, build
from Models.neighbours import CHECK, Neighbours, told
from Models.networks.arguments import Argument
from Models.networks.network import InputShape, Optimiser
from Models.params import read_train
from Models.part import part_of, unlabelled_of
from Models.views.arguments import Strong, Weak
from tests.Models.tiny import Tiny, write

CPU = Conditions(seed=7, threads=1, device=torch.device("cpu"))
PEAK = Optimiser(5e-3, 0.0)
SOME = ("e001_small_cnn", "resnet18", "wrn_28_2")
"""Of networks of many kinds: there are more than a test has time for."""


def few_labels() -> tuple[Tensors, Folds]:
    """Return the tiny set, of which training sees the labels of six samples."""
    tensors, folds = Tensors(), splits.read()
    trains = folds.table["id"][folds.part(folds.table["id"], "train", 0)]
    seen = pd.DataFrame({"fold": 0, "id": sorted(trains)[:6]})
    return tensors, msgspec.structs.replace(folds, labelled=seen)


def batches_of(tensors: Tensors, folds: Folds) -> Batches:
    train, validation = (part_of(tensors, folds, name, 0) for name in ("train", "validation"))
    return Batches(tensors, train, validation, 4, 7, unlabelled=unlabelled_of(tensors, folds, 0))


def module_of(framework: str, tensors: Tensors, network: str = "e001_small_cnn") -> Module:
    shape = InputShape(*tensors.shape, tensors.dtype.name)
    base: dict[str, Argument] = {"base": 4} if network == "e001_small_cnn" else {}
    with isolated(3, 1):
        return build(Parts(network, base, framework, {}, tensors.store.about.classes, shape), ())


def trained(
    framework: str, tensors: Tensors, folds: Folds
) -> tuple[BestWeights, list[EpochFigures]]:
    module, batches, best = module_of(framework, tensors), batches_of(tensors, folds), BestWeights()
    neighbours = Neighbours(batches, 5)
    history = Learner(batches, module, [neighbours, best], CPU).fit(Course(2, PEAK, ema=0.5))
    return best, history


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("network", SOME)
def test_all_pairs_train_a_step(tmp_path: object, tiny: Tiny, network: str, framework: str) -> None:
    write(msgspec.structs.replace(tiny, side=32, samples=27))
    tensors, folds = few_labels()
    module, batches = module_of(framework, tensors, network), batches_of(tensors, folds)
    before = {name: one.clone() for name, one in module.learned().items()}
    short = batches.new(batch=64)
    (figures,) = Learner(short, module, [], CPU).fit(Course(1, PEAK))
    assert np.isfinite([figures.train_loss, figures.validation_loss]).all()
    moved = [name for name, one in module.learned().items() if not torch.equal(one, before[name])]
    assert any(name.startswith("network.") for name in moved)
    assert any(name.startswith("framework.head") for name in moved)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_hidden_labels_change_no_bit_of_what_is_learned(tiny: Tiny, framework: str) -> None:
    """Neither labels that are wrong, nor none, of samples whose label may not be seen."""
    weights, figures = [], []
    for said in (None, ("aslant",), ("across", "along"), ()):
        tensors, folds = few_labels()
        hidden = unlabelled_of(tensors, folds, 0)
        if said is not None:
            labels = list(tensors.index["labels"])
            for row in hidden.tolist():
                labels[row] = np.array(said, object)
            tensors.index["labels"] = labels
        best, history = trained(framework, tensors, folds)
        weights.append(best.last)
        figures.append(history)
    for other in weights[1:]:
        assert all(torch.equal(one, other[name]) for name, one in weights[0].items())
    assert all(one == figures[0] for one in figures)


@pytest.mark.parametrize("framework", ["fixmatch", "mixmatch"])
def test_who_learns_from_unlabelled_images_says_that_there_are_none(
    tiny: Tiny, framework: str
) -> None:
    tensors = Tensors()
    learner = Learner(batches_of(tensors, splits.read()), module_of(framework, tensors), [], CPU)
    with pytest.raises(StoreError, match=r"hide labels \(split\.labelled"):
        learner.fit(Course(1, PEAK))


def test_simclr_needs_nobody_without_a_label(tiny: Tiny) -> None:
    tensors = Tensors()
    learner = Learner(batches_of(tensors, splits.read()), module_of("simclr", tensors), [], CPU)
    (figures,) = learner.fit(Course(1, PEAK))
    assert {"contrast", "probe"} <= figures.parts.keys()


def test_the_projection_is_saved_and_not_served(tiny: Tiny) -> None:
    tensors = Tensors()
    module = module_of("simclr", tensors).eval()
    assert any(name.startswith("framework.projection") for name in module.learned())
    graph = onnx.load_from_string(model_graph(module, InputShape(16, 16, 3, "uint8"))).graph
    names = {one.name for one in graph.initializer}
    assert not [name for name in names if "projection" in name]
    assert sum(np.prod(one.dims) == 16 * 16 for one in graph.initializer) == 0


def test_neighbours_vote_by_the_direction_of_features() -> None:
    known = torch.tensor([[9.0, 0.1], [1.0, 0.0], [0.0, 1.0], [0.1, 7.0], [1.0, 1.0]])
    labels = torch.tensor([2, 2, 0, 0, 1])
    asked = torch.tensor([[3.0, 0.2], [0.01, 0.5]])
    assert told(known, labels, asked, 3).tolist() == [2, 0]
    assert told(known, labels, asked, 50).tolist() == [0, 0]  # two of each: the lower


def test_neighbours_are_asked_after_the_last_epoch_by_the_weights_that_are_tested(
    tiny: Tiny,
) -> None:
    tensors, folds = Tensors(), splits.read()
    best, history = trained("supcon", tensors, folds)
    assert [CHECK in figures.checks for figures in history] == [False, True]
    module, batches = module_of("supcon", tensors).eval(), batches_of(tensors, folds)
    module.load_state_dict(best.last, strict=False)
    known, asked = (part_of(tensors, folds, name, 0) for name in ("train", "validation"))
    originals = known.rows[tensors.index["copy"].to_numpy()[known.rows] == 0]
    with torch.no_grad():
        near, there = (
            module.encoder(torch.from_numpy(tensors.gather(rows))).double().numpy()
            for rows in (originals, asked.rows)
        )
    label_of = dict(zip(known.rows.tolist(), known.labels.tolist(), strict=True))
    right = 0
    for one, label in zip(there, asked.labels.tolist(), strict=True):
        cosines = near @ one / np.linalg.norm(near, axis=1) / np.linalg.norm(one)
        votes = [label_of[row] for row in originals[np.argsort(-cosines)[:5]].tolist()]
        right += max(range(3), key=votes.count) == label
    assert history[-1].checks[CHECK] == pytest.approx(right / len(there))
    assert Neighbours(batches, 5).share(module) == history[-1].checks[CHECK]


def test_params_name_the_arguments_of_each_framework(tiny: Tiny) -> None:
    """And no others, with the same types, so that params.yaml can say all of them."""
    assert set(Frameworks.__struct_fields__) == set(FRAMEWORKS)
    for name in FRAMEWORKS:
        makes = find(FRAMEWORKS, name, "framework", "here")
        declared = set(get_type_hints(makes.__init__)) - {"problem", "return"}  # type: ignore[misc]
        assert set(getattr(Frameworks(), name).__struct_fields__) == declared, name


def test_views_come_through_params_as_structs(tiny: Tiny) -> None:
    told_ = "frameworks: {fixmatch: {weak: {flip: none}, strong: {count: 1, ops: [rotate]}}}"
    text = tiny.params.replace("framework: supervised", f"framework: fixmatch\n  {told_}")
    write(msgspec.structs.replace(tiny, params=text))
    arguments = read_train(load()).framework_arguments()
    makes = find(FRAMEWORKS, "fixmatch", "framework", "here")
    found = typed(makes, arguments, "here")  # type: ignore[arg-type]
    assert found == {"weak": Weak("none"), "strong": Strong(("rotate",), 1)}
    with pytest.raises(ParamsError, match=r"here: .*unknown field `flop`"):
        typed(makes, {"weak": {"flop": "none"}}, "here")  # type: ignore[arg-type]


def test_the_stage_says_who_was_learned_from(
    tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hidden samples are left out where labels alone are learned from, and not beside them."""
    folds = splits.read()
    trains = folds.table["id"][folds.part(folds.table["id"], "train", 0)]
    seen = pd.DataFrame({"fold": 0, "id": sorted(trains)[:6]})
    for framework, said in (
        ("supervised", "on 12 rows for 1 epoch, 6 samples without a single label left out, "),
        ("fixmatch", "on 12 rows and 12 without a label by fixmatch for 1 epoch, validation"),
        ("supcon", "on 12 rows for 1 epoch, 6 samples without"),
    ):
        text = tiny.params.replace("supervised", framework).replace("epochs: 3", "epochs: 1")
        write(msgspec.structs.replace(tiny, params=text))
        about = splits.About(3, "stratified", labelled="2 per class")
        splits.write(splits.SPLITS, about, folds.table, seen)
        assert main("Models", VERBS, ("train", "0")) == 0
        assert said in capsys.readouterr().err
        curves = pd.read_csv("Models/curves/0.csv")
        assert "checks" not in curves and ("neighbours" in curves) == (framework == "supcon")


def test_the_stage_refuses_a_set_in_which_nobody_is_unlabelled(
    tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    write(msgspec.structs.replace(tiny, params=tiny.params.replace("supervised", "fixmatch")))
    assert main("Models", VERBS, ("train", "0")) == 1
    assert "has none: hide labels (split.labelled" in " ".join(capsys.readouterr().err.split())
