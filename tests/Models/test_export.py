"""The bundle of a tiny walk: what is in it, and that it depends on nothing else."""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from msgspec.structs import replace

from Datasets import bundle
from Datasets.bundle import BUNDLE
from Datasets.errors import StoreError
from Datasets.files import sha256_of_file, write_json
from Datasets.params import load
from Datasets.recipe import CentreCrop, Pad
from Datasets.scaler import SCALERS
from Models import checkpoint, export_scripts
from Models.checkpoint import WEIGHTS
from Models.export import export, parameters, run
from Models.params import read_train
from tests.conftest import ROOT
from tests.Deployment import tiny_bundle
from tests.Deployment.conftest import walk
from tests.Deployment.tiny_bundle import CLASSES, FOLD, SIDE

__all__ = ["walk"]  # a fixture, which copies ``walked``

REBUILD = """
import sys
import numpy as np
import torch
from safetensors.torch import load_file
from Datasets.scaler import StandardImage
from Models import module
from Models.networks.network import InputShape

assert module.__file__.startswith(sys.argv[1]), module.__file__
classes = tuple(sys.argv[2].split(","))
parts = module.Parts("e001_small_cnn", {"base": 8}, "supervised", {}, classes,
                     InputShape(24, 24, 3, "uint8"))
whole = module.build(parts, ()).eval()
print(*whole.load_state_dict(load_file(sys.argv[1] + "/../weights.safetensors")))
"""


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a whole tiny walk, for reading only.

    Its recipe cuts and does not resize: the exporter takes many times as long over a resize, whose
    graphs test_export_graph.py looks at.
    """
    folder = tmp_path_factory.mktemp("walked")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        tiny_bundle.write((Pad(height=SIDE, width=SIDE), CentreCrop(height=SIDE, width=SIDE)))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_bundle_holds_what_design_says(walk: Path) -> None:
    manifest = bundle.read()
    assert {name for name in manifest.files if not name.startswith("scripts/")} == {
        "preprocess.onnx",
        "model.onnx",
        "weights.safetensors",
    }
    assert manifest.classes == CLASSES
    assert (manifest.network, manifest.framework) == ("e001_small_cnn", "supervised")
    assert manifest.input == bundle.Input("rgb", "uint8", 24, 24, 3, 3, "uint8")


def test_weights_are_those_that_were_trained(walk: Path) -> None:
    """So that the run log, which holds their hash, finds the bundle."""
    trained = checkpoint.read_about(WEIGHTS / str(FOLD))
    assert bundle.read().files["weights.safetensors"] == trained.weights["best.safetensors"]


def test_data_hashes_are_of_the_inputs(walk: Path) -> None:
    data = bundle.read().data
    assert {Path(path).parent.as_posix() for path in data} == {
        "Datasets/tensors",
        "Datasets/splits",
        "Datasets/scalers/1",
        "Models/weights/1",
    }
    assert data == {path: sha256_of_file(Path(path)) for path in data}


def test_exported_again_it_is_the_same_bytes(walk: Path) -> None:
    before = contents(BUNDLE)
    run(argparse.Namespace())
    assert contents(BUNDLE) == before


def test_a_fold_of_a_range_is_the_bundle_of_that_fold(walk: Path) -> None:
    """The manifest differs in what it says of parameters and of where the inputs lay."""
    before, alone = contents(BUNDLE), bundle.read()
    for folder in (WEIGHTS, SCALERS):
        shutil.move(folder / str(FOLD), folder / "moved")
        (folder / "all").mkdir()
        shutil.move(folder / "moved", folder / "all" / str(FOLD))
    text = Path("params.yaml").read_text().replace("folds: [1, 2]", "folds: [all]")
    Path("params.yaml").write_text(text.replace("{fold: 1}", "{fold: all/1}"))
    run(argparse.Namespace())
    after, inside = contents(BUNDLE), bundle.read()
    assert before.pop(bundle.MANIFEST_FILE) != after.pop(bundle.MANIFEST_FILE)
    assert after == before
    assert inside.fold == alone.fold == FOLD
    moved = {path.replace(f"all/{FOLD}", str(FOLD)): digest for path, digest in inside.data.items()}
    assert moved == alone.data and list(moved) != list(inside.data)
    assert json.loads(inside.parameters["export"]) == {"fold": "all/1"}


def test_nothing_in_it_names_a_place(walk: Path) -> None:
    for name, content in contents(BUNDLE).items():
        for place in (str(ROOT), str(walk), sys.prefix, "/tmp/"):  # noqa: S108
            assert place.encode() not in content, name


def test_parameters_do_not_show_what_dvc_does_not_see(walk: Path) -> None:
    """The order of a mapping, other folds."""
    first = parameters(load(), read_train(load()))
    text = Path("params.yaml").read_text()
    text = text.replace("folds: [1, 2]", "folds: [0, 1]")
    text = text.replace("{height: 24, width: 24}", "{width: 24, height: 24}")
    Path("params.yaml").write_text(text)
    assert parameters(load(), read_train(load())) == first
    train = json.loads(first["train"])
    assert train["model_arguments"] == {"base": 8}
    assert "folds" not in train and train["epochs"] == 3
    assert {*first} == {
        *("seed", "decode", "split", "copies", "preprocess", "stack", "scale", "train", "export")
    }


def test_scripts_make_the_network_again_without_the_repository(walk: Path) -> None:
    scripts = (BUNDLE / "scripts").resolve()
    done = subprocess.run(
        [sys.executable, "-c", REBUILD, str(scripts), ",".join(CLASSES)],
        env={"PYTHONPATH": str(scripts), "PYTHONDONTWRITEBYTECODE": "1", "PATH": ""},
        cwd=scripts,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["[]", "[]"]  # no key is missing, none is too many


def test_scripts_are_the_code_that_ran_and_what_it_imports(walk: Path) -> None:
    scripts = {name.removeprefix("scripts/") for name in bundle.read().files if "scripts/" in name}
    needed = {
        "Datasets/preprocess.py",
        "Datasets/resampling.py",
        "Models/experiments/e001_small_cnn.py",
        "Models/frameworks/supervised.py",
        "Models/module.py",
        "Models/scaling.py",
    }
    assert needed <= scripts
    assert not any(name.startswith(("Deployment", "Data_processing", "tests")) for name in scripts)
    others = {"Models/export.py", "Models/learner.py", "Models/train.py", "Datasets/stage.py"}
    assert not {*others, "Models/networks/torchvision_classifiers.py"} & scripts
    assert all((ROOT / name).is_file() for name in scripts)


def test_a_part_that_only_a_table_names_is_found_by_running_it() -> None:
    from Models.module import Parts, build
    from Models.networks.network import InputShape

    shape = InputShape(32, 32, 3, "uint8")
    parts = Parts("resnet18", {}, "supervised", {}, ("a", "b"), shape)
    ran = export_scripts.modules_run(lambda: build(parts, ()))
    assert "Models.networks.torchvision_classifiers" in ran
    files = {path.as_posix() for path in export_scripts.closure(["Models.module"])}
    assert "Models/networks/torchvision_classifiers.py" not in files
    assert {"Models/__init__.py", "Models/networks/network.py", "Datasets/errors.py"} <= files


def test_who_was_watching_goes_on_watching() -> None:
    seen: list[str] = []

    def watch(frame: object, event: str, _: object) -> None:
        seen.append(event)

    sys.setprofile(watch)
    try:
        export_scripts.modules_run(list)
        assert sys.getprofile() is watch
    finally:
        sys.setprofile(None)


def test_weights_of_other_tensors_are_refused(walk: Path) -> None:
    about = WEIGHTS / str(FOLD) / checkpoint.ABOUT_FILE
    trained = checkpoint.read_about(about.parent)
    other = replace(trained.parts, input=replace(trained.parts.input, height=99))
    write_json(about, replace(trained, parts=other))
    with pytest.raises(StoreError, match=r"was trained on other tensors .*99 x 24 .*here 24 x 24"):
        export(load(), str(FOLD))
    bundle.read()  # the bundle that was there is still whole


def test_the_graphs_of_a_bundle_answer_from_raw_pixels(walk: Path) -> None:
    first, second = (
        onnxruntime.InferenceSession(BUNDLE / name, providers=["CPUExecutionProvider"])
        for name in (bundle.PREPROCESS_FILE, bundle.MODEL_FILE)
    )
    pixels = np.random.default_rng(0).integers(0, 256, (100, 37, 3), dtype=np.uint8)
    tensor, _ = first.run(["tensor", "map"], {"image": pixels})
    (chances,) = second.run(["probabilities"], {"tensors": tensor[None]})
    assert chances.shape == (1, 3) and abs(chances.sum() - 1) < 1e-5
