"""Metadata of revisions, as DVC keeps them, compared on the command line."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from dvc.repo import Repo

from Datasets.__main__ import VERBS
from Datasets.command import main
from Datasets.metadata import Annotated, Box
from tests.Datasets.small_metadata import sample, write

DVC_YAML = """\
stages:
  convert:
    foreach: [pets, birds]
    do:
      cmd: mkdir -p Datasets/metadata && cp -r ${item} Datasets/metadata/${item}
      deps: ["${item}"]
      outs: ["Datasets/metadata/${item}"]
"""
CAT = Box("cat", 2, 12, 3, 13)


def git(*words: str) -> None:
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *words], check=True)


def state(**pets: Annotated) -> None:
    shutil.rmtree("pets", ignore_errors=True)
    write(Path("pets"), *(pets[name] for name in sorted(pets)))
    with Repo() as repo:
        repo.reproduce()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of three commits; in the last one an output is not in the cache."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        git("init", "-q", ".")
        Repo.init().close()
        Path("dvc.yaml").write_text(DVC_YAML)
        entries = ", ".join(
            f"{name}: {{format: folders, path: {name}}}" for name in ("pets", "birds")
        )
        Path("params.yaml").write_text(f"datasets: {{{entries}}}\n")
        write(Path("birds"), sample("x.png"))
        for number, box in enumerate([CAT, Box("cat", 3, 13, 3, 13)]):
            state(a=sample("a.png", {7: box}), b=sample(f"b{number}.png"))
            git("add", "dvc.yaml", "dvc.lock", "pets", "birds")
            git("commit", "-q", "-m", f"state {number}")
    return folder


@pytest.fixture
def repository(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder, symlinks=True)
    monkeypatch.chdir(folder)
    return folder


def diff(*words: str) -> int:
    return main("Datasets", VERBS, ["diff", *words])


BETWEEN = """\
birds: HEAD~1 -> {new}: no difference
pets: HEAD~1 -> {new}
  sample added    1  pets/b1.png
  sample removed  1  pets/b0.png
  box moved       1  pets/a.png, annotation 7: cat (2, 3) to (12, 13) -> cat (3, 3) to (13, 13)
"""


def test_two_revisions(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree("Datasets/metadata")
    assert diff("HEAD~1", "HEAD") == 0
    assert capsys.readouterr().out == BETWEEN.format(new="HEAD")


def test_a_revision_and_the_workspace(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("HEAD~1", "--json", "all.json") == 0
    assert capsys.readouterr().out == BETWEEN.format(new="workspace")
    document = json.loads(Path("all.json").read_text())
    birds, pets = document["datasets"]
    assert (document["old"], document["new"]) == ("HEAD~1", "workspace")
    assert birds == {"dataset": "birds", "differences": [], "totals": {}}
    assert pets["totals"] == {"sample added": 1, "sample removed": 1, "box moved": 1}
    assert pets["differences"][0] == {
        "what": "box moved",
        "sample": "pets/a.png",
        "annotation": 7,
        "old": {"name": "cat", "x1": 2.0, "x2": 12.0, "y1": 3.0, "y2": 13.0},
        "new": {"name": "cat", "x1": 3.0, "x2": 13.0, "y1": 3.0, "y2": 13.0},
    }
    capsys.readouterr()
    assert diff("HEAD", "--dataset", "pets") == 0
    assert capsys.readouterr().out == "pets: HEAD -> workspace: no difference\n"
    assert diff("HEAD~1", "--dataset", "pets", "--iou", "0.5") == 0
    assert "box moved" not in capsys.readouterr().out


def test_what_params_do_not_name_any_more_is_not_the_workspace_s(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder of a data set that was taken out stays where it is, and DVC forgets it."""
    shutil.copytree("Datasets/metadata/pets", "Datasets/metadata/fish")
    assert diff("HEAD") == 0
    assert "fish" not in capsys.readouterr().out


def test_ten_are_shown_and_all_are_counted(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree("Datasets/metadata/pets")
    many = {f"n{i:02d}": sample(f"n{i:02d}.png") for i in range(12)}
    write(Path("Datasets/metadata/pets"), *many.values())
    assert diff("HEAD", "--dataset", "pets") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "  sample added    12  pets/n00.png"
    assert lines[11] == "                      ... and 2 more"
    assert lines[12] == "  sample removed   2  pets/a.png"


def test_what_is_not_in_the_cache_is_named(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(".dvc/cache/files")
    assert diff("HEAD~1", "--dataset", "pets") == 1
    says = capsys.readouterr().err
    assert "birds of HEAD~1 is not in DVC's cache" not in says
    assert "`dvc fetch --all-commits Datasets/metadata/pets`" in says


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nope"], "nope: DVC cannot read this revision: unknown Git revision 'nope'"),
        (["HEAD", "--dataset", "pet"], "metadata of 'pet'; did you mean 'pets'?"),
    ],
)
def test_what_does_not_exist_is_named(
    repository: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert diff(*words) == 1
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("share", ["nan", "-0.1", "1.5", "half"])
def test_a_share_is_between_0_and_1(share: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main("Datasets", VERBS, ["diff", "HEAD", "--iou", share])
    assert "--iou" in capsys.readouterr().err


def test_without_git_there_are_no_revisions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert diff("HEAD") == 1
    assert "HEAD: DVC cannot read this revision" in capsys.readouterr().err
