import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from Datasets import bundle, predictions
from Datasets.bundle import BUNDLE, Manifest
from Datasets.errors import SampleError, StoreError
from Datasets.image import encode_png
from Datasets.predictions import PREDICTIONS
from Deployment.predict import arguments, run
from Deployment.predictor import open_bundle
from tests.conftest import ROOT
from tests.Deployment.tiny_bundle import CLASSES, FOLD, RAW, SIDE, name_of


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    arguments(parser)
    return parser.parse_args(words)


def test_it_answers_as_evaluate_did(walk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = predictions.read(PREDICTIONS / str(FOLD))
    run(parsed("--json", *(f"raw/{sample}" for sample in table["id"])))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["image"] for line in lines] == [f"raw/{sample}" for sample in table["id"]]
    assert [line["answers"][0]["label"] for line in lines] == table["predicted"].to_list()
    for line, trained in zip(lines, table["probabilities"], strict=True):
        said = {guess["label"]: guess["probability"] for guess in line["answers"]}
        assert np.allclose([said[name] for name in CLASSES], trained, atol=1e-4)


def test_a_line_an_image_most_probable_first_and_aligned(
    walk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(RAW / name_of(4), "x.png")
    run(parsed("x.png", str(RAW / name_of(5)), "--top", "2"))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["x.png", f"raw/shapes/{name_of(5)}"]
    assert len({len(line) for line in lines}) == 1
    chances = [[float(word) for word in line.split()[2::2]] for line in lines]
    assert all(len(row) == 2 and row[0] >= row[1] for row in chances)


def test_what_cannot_be_read_is_named_and_the_others_answered(
    walk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken.png").write_bytes((RAW / name_of(4)).read_bytes()[:200])
    with pytest.raises(SampleError, match="3 of 4 images got no answer"):
        run(parsed("broken.png", "absent.png", "raw", str(RAW / name_of(4))))
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 1 and name_of(4) in shown.out
    complaints = shown.err.splitlines()
    assert len(complaints) == 3
    assert complaints[0].startswith("error: broken.png: ")
    assert complaints[1] == "error: absent.png: cannot be read (No such file or directory)"
    assert complaints[2].startswith("error: raw: cannot be read (")


def test_any_size_is_answered(walk: Path) -> None:
    predictor = open_bundle()
    for height, width in [(1, 1), (2, 300), (33, 500), (1200, 900)]:
        pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
        guesses = predictor.predict(encode_png(pixels), "drawn")
        assert sorted(guess.label for guess in guesses) == list(CLASSES)
        assert abs(sum(guess.probability for guess in guesses) - 1) < 1e-5


def test_a_batch_is_answered_as_its_images_are(walk: Path) -> None:
    predictor = open_bundle()
    shape = (5, SIDE, SIDE, 3)
    tensors = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    together = predictor.answer(tensors).logits
    alone = np.concatenate([predictor.answer(one[None]).logits for one in tensors])
    assert np.allclose(together, alone, atol=1e-4)


def test_the_map_leads_back_to_the_image(walk: Path) -> None:
    prepared = open_bundle().prepare(np.zeros((48, 96, 3), np.uint8), "drawn")
    assert prepared.map.tolist() == [0.25, 0.25, 0, 6]


def test_no_bundle_and_a_damaged_one_are_said(walk: Path) -> None:
    with pytest.raises(StoreError, match="nowhere holds no bundle"):
        run(parsed("--bundle", "nowhere", str(RAW / name_of(4))))
    (BUNDLE / "scripts/Models/module.py").write_text("")
    with pytest.raises(StoreError, match="its content is not what the manifest vouches for"):
        run(parsed(str(RAW / name_of(4))))


def test_another_depth_than_that_of_training_is_said(walk: Path) -> None:
    predictor = open_bundle()
    gray = replace(predictor.manifest.input, colour="gray")
    predictor.manifest = replace(predictor.manifest, input=gray)
    with pytest.raises(SampleError, match=r"1 channels of uint8, the model was trained on 3 of"):
        predictor.read((RAW / name_of(4)).read_bytes(), "x.png")


def test_predict_runs_without_what_only_training_needs(walk: Path) -> None:
    """As a command, with all blocked that ``Deployment/requirements.lock`` does not install."""
    block = (
        "import sys\n"
        "class Blocked:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in {'torch', 'pandas', 'pyarrow', 'ruamel', 'joblib'}:\n"
        "            raise ModuleNotFoundError(name + ' is blocked')\n"
        "sys.meta_path.insert(0, Blocked())\n"
        "from Deployment.__main__ import VERBS, main\n"
        f"sys.exit(main('Deployment', VERBS, ['predict', '{RAW / name_of(4)}', '--top', '1']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[1] in CLASSES


@pytest.mark.parametrize("count", ["0", "-2", "x", "1.5"])
def test_what_is_no_number_of_classes_is_refused(
    count: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parsed("x.png", f"--top={count}")
    assert f"a whole number >= 1 is expected, got '{count}'" in capsys.readouterr().err


def test_a_manifest_with_another_number_of_classes_is_refused(walk: Path) -> None:
    for classes in (CLASSES[:2], (*CLASSES, "square"), ()):
        bundle.write(BUNDLE, replace(manifest(), classes=classes))
        said = rf"model\.onnx: .* of shape \(1, 3\), .*manifest\.json names {len(classes)} classes"
        with pytest.raises(StoreError, match=said):
            open_bundle()


def test_a_manifest_with_another_input_is_refused(walk: Path) -> None:
    for change in ({"height": SIDE + 1}, {"dtype": "float32"}, {"dtype": "colour"}):
        wants = replace(manifest(), input=replace(manifest().input, **change))
        bundle.write(BUNDLE, wants)
        with pytest.raises(StoreError, match=r"model\.onnx: it does not take the .* tensors of "):
            open_bundle()
        bundle.write(BUNDLE, replace(wants, input=replace(wants.input, height=SIDE, dtype="uint8")))


@pytest.mark.parametrize("name", [bundle.PREPROCESS_FILE, bundle.MODEL_FILE])
@pytest.mark.parametrize("content", [b"", b"no graph", None])
def test_a_broken_graph_that_the_manifest_vouches_for_is_named(
    walk: Path, name: str, content: bytes | None
) -> None:
    if content is None:
        (BUNDLE / name).unlink()
    else:
        (BUNDLE / name).write_bytes(content)
    bundle.write(BUNDLE, manifest())
    with pytest.raises(StoreError, match=f"{BUNDLE / name}: no graph that onnxruntime .* can run"):
        open_bundle()


def test_names_cannot_break_the_line_or_steer_the_terminal(
    walk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle.write(BUNDLE, replace(manifest(), classes=("cr\noss", "di\x1b[2Jsc", "ring")))
    names = ["new\nline.png", "red\x1b[31m.png", "été.png", os.fsdecode(b"\xff.png")]
    for name in names:
        shutil.copy(RAW / name_of(4), name)
    with pytest.raises(SampleError):
        run(parsed(*names, "gone\n.png"))
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == len(names)
    assert shown.out.replace("\n", "").isprintable()
    firsts = [line.split()[0] for line in shown.out.splitlines()]
    assert firsts == ["new\\nline.png", "red\\x1b[31m.png", "été.png", "\\udcff.png"]
    assert "cr\\noss" in shown.out and "di\\x1b[2Jsc" in shown.out
    assert shown.err == "error: gone\\n.png: cannot be read (No such file or directory)\n"


def test_json_is_a_line_an_image_whatever_its_name(
    walk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["new\nline.png", os.fsdecode(b"\xff.png")]
    for name in names:
        shutil.copy(RAW / name_of(4), name)
    run(parsed("--json", *names))
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["image"] for line in lines] == ["new\nline.png", "\\udcff.png"]


def test_predicting_leaves_the_bundle_as_it_was(walk: Path) -> None:
    before = sorted(BUNDLE.rglob("*"))
    run(parsed(str(RAW / name_of(4))))
    assert sorted(BUNDLE.rglob("*")) == before


def test_verify_without_its_packages_says_which_is_missing(walk: Path) -> None:
    """As a command, where only ``Deployment/requirements.lock`` is installed."""
    block = (
        "import sys\n"
        "class Blocked:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in {'torch', 'pandas', 'pyarrow', 'ruamel', 'joblib'}:\n"
        "            raise ModuleNotFoundError('No module named ' + repr(name), name=name)\n"
        "sys.meta_path.insert(0, Blocked())\n"
        "from Deployment.__main__ import VERBS, main\n"
        "sys.exit(main('Deployment', VERBS, ['verify']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: `python -m Deployment verify` needs the package '")


def manifest() -> Manifest:
    """Return what stands in the manifest, whether it is true or not."""
    content = (BUNDLE / bundle.MANIFEST_FILE).read_bytes()
    return msgspec.json.decode(content, type=Manifest)
