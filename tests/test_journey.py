"""A tiny set of one's own from raw images to a prediction, by the commands that a user types."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from Datasets.image import encode_png
from tests.dvc_file import stages

PARAMS = """\
seed: 1
datasets: {stripes: {format: folders, path: Datasets/raw/stripes}}
demo: {}
decode: {colour: rgb}
split: {from: [stripes], scheme: stratified, n_folds: 3, holdout: 0.0, group: null}
audit: {near: warn}
copies: 1
preprocess:
  flip: {from: source, ops: [{VerticalFlip: {p: 0.5}}]}
  fit: {from: flip, ops: [{letterbox: {height: 32, width: 32}}]}
stack: {from: fit}
scale: {ops: [{standard: {per: image}}]}
train:
  folds: [0]
  framework: supervised
  model: e001_small_cnn
  pretrained: none
  frozen: none
  spread: 1.0
  epochs: 8
  batch: 8
  learning_rate: auto
  weight_decay: auto
  optimiser: auto
  schedule: auto
  warmup: 0.2
  ema: auto
  order: samples
  block: 256
  sampling: {}
  threads: 1
  model_arguments: {base: 8}
  frameworks: {supervised: {}}
export: {fold: 0}
"""


class Journey(msgspec.Struct, frozen=True):
    """A clone of the repository with a data set of its own."""

    folder: Path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a user would, in the clone."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1"}
        return subprocess.run(  # our own words
            words, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def repro(self) -> list[str]:
        """Run ``dvc repro``, insist that it ends well, and return the stages that ran."""
        done = self.run("dvc", "repro")
        assert done.returncode == 0, done.stdout + done.stderr
        return re.findall(r"Running stage '(.+)'", done.stdout)

    def params(self, old: str, new: str) -> None:
        """Replace ``old``, which must be there, in params.yaml."""
        path = self.folder / "params.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


def stripes(folder: Path, count: int) -> None:
    """Draw ``count`` images of lying and of standing stripes, of many sizes."""
    for number in range(count):
        rng = np.random.default_rng(number)
        height, width = (int(side) for side in rng.integers(24, 60, 2))
        lying = number % 2 == 0
        rows, columns = np.mgrid[:height, :width]
        light = 40 + 120 * (((rows if lying else columns) // 5) % 2)
        image = light[:, :, None] + rng.integers(0, 60, (height, width, 3))
        target = folder / ("lying" if lying else "standing") / f"{number:03d}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(encode_png(image.astype(np.uint8)))


@pytest.fixture(scope="module")
def journey(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Journey:
    """Return a clone that has run its walk once."""
    folder = tmp_path_factory.mktemp("journey")
    listed = ["git", "ls-files", "-co", "--exclude-standard"]
    names = subprocess.run(listed, cwd=root, capture_output=True, text=True, check=True)
    for name in names.stdout.splitlines():
        if (root / name).is_file() and name not in ("dvc.lock", "params.yaml"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, folder / name)
    shutil.rmtree(folder / "Models/metrics", ignore_errors=True)
    (folder / "params.yaml").write_text(PARAMS)
    stripes(folder / "Datasets/raw/stripes", 48)
    made = Journey(folder)
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "A set of my own")):
        who = ("-c", "user.name=someone", "-c", "user.email=someone@example.com")
        assert made.run("git", *who, *words).returncode == 0
    assert set(made.repro()) == {name.replace("@digits", "") for name in _expected(folder)}
    return made


def _expected(folder: Path) -> list[str]:
    """Return the names of the stages that the walk of these parameters has."""
    plain = [stage.name for stage in stages((folder / "dvc.yaml").read_text())]
    several = {
        "convert": ["convert@stripes"],
        "process": ["process@flip", "process@fit"],
        "scale": ["scale@0"],
        "train": ["train@0"],
        "evaluate": ["evaluate@0"],
        "demo": [],
    }
    return [name for stage in plain for name in several.get(stage, [stage])]


def test_it_learned_and_says_so(journey: Journey) -> None:
    """Stripes are easy: chance is one half."""
    metrics = json.loads((journey.folder / "Models/metrics/crossval.json").read_text())
    assert metrics["n"] == 16
    assert metrics["accuracy"] >= 0.8
    assert (journey.folder / "Models/report.html").stat().st_size > 10_000


def test_nothing_runs_twice_and_git_stays_clean(journey: Journey) -> None:
    """A second repro runs no stage, all is in the cache, and Git sees only what it should keep."""
    assert journey.repro() == []
    assert journey.run("python", "-m", "Datasets", "complete").returncode == 0
    status = journey.run("git", "status", "--porcelain").stdout.split()
    assert set(status) <= {"??", "dvc.lock", "Models/metrics/"}


def test_the_bundle_answers(journey: Journey) -> None:
    """A raw image of each class, by the command line."""
    raw = "Datasets/raw/stripes"
    images = [f"{raw}/lying/000.png", f"{raw}/standing/001.png"]
    done = journey.run("python", "-m", "Deployment", "predict", *images)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert re.search(r"000\.png\s+lying", lines[0])
    assert re.search(r"001\.png\s+standing", lines[1])


def test_a_changed_pixel_runs_what_follows_from_it(journey: Journey) -> None:
    """Converted and processed again, trained again; put back, everything comes from the cache."""
    path = journey.folder / "Datasets/raw/stripes/lying/000.png"
    before = path.read_bytes()
    changed = np.zeros((30, 30, 3), np.uint8)
    path.write_bytes(encode_png(changed))
    ran = journey.repro()
    assert ran[0] == "convert@stripes"
    assert {"process@flip", "process@fit", "stack", "train@0"} <= set(ran)
    assert "check" not in ran
    path.write_bytes(before)
    assert journey.repro() == []


def test_a_changed_parameter_runs_what_follows_from_it(journey: Journey) -> None:
    """The frame's width: the step and what is downstream; nothing upstream of it."""
    journey.params("width: 32", "width: 40")
    ran = journey.repro()
    assert ran[:3] == ["check", "process@fit", "stack"]
    assert not {"convert@stripes", "split", "source", "process@flip"} & set(ran)
    manifest = json.loads((journey.folder / "Datasets/bundle/manifest.json").read_text())
    assert manifest["input"]["width"] == 40
    journey.params("width: 40", "width: 32")
    assert set(journey.repro()) <= {"check"}


def refused(journey: Journey, old: str, new: str, *words: str) -> str:
    """Replace ``old`` in params.yaml, see a command fail, put it back; return what was said."""
    before = (journey.folder / "params.yaml").read_text()
    journey.params(old, new)
    done = journey.run(*words)
    (journey.folder / "params.yaml").write_text(before)
    assert done.returncode != 0
    assert set(re.findall(r"Running stage '(.+)'", done.stdout)) <= {"check"}
    return done.stderr


def test_bad_parameters_are_refused_before_anything_runs(journey: Journey) -> None:
    """By the stage check: nothing else starts."""
    said = refused(journey, "epochs: 8", "epoch: 8", "dvc", "repro")
    assert "params.yaml: train.epoch: unknown key 'epoch'" in said


def test_a_circle_of_steps_is_refused_before_anything_runs(journey: Journey) -> None:
    """DVC itself sees that the step reads what it writes."""
    said = refused(journey, "from: flip", "from: fit", "dvc", "repro")
    assert "both a dependency and an output in stage: process@fit" in said


@pytest.mark.parametrize(
    ("room", "old", "new", "sentence"),
    [
        (
            "Data_processing",
            "width: 32",
            "size: 32",
            "preprocess.fit.ops.0.letterbox.size: a parameter must not be",
        ),
        ("Models", "folds: [0]", "folds: [0, 3]", "fold 3 was asked for, but split.n_folds is 3"),
    ],
)
def test_a_command_of_the_stage_check_names_the_place(
    journey: Journey, room: str, old: str, new: str, sentence: str
) -> None:
    assert sentence in refused(journey, old, new, "python", "-m", room, "check-params")
