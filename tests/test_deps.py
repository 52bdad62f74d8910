"""`make deps`: what counts as reached, and that dvc.yaml keeps everything else."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.deps import House, main
from tests.dvc_file import stages, with_code

MAIN = """
VERBS: dict[str, object] = {
    "split": Verb(module="Data_processing.split", says="s", example="e"),
    "process": Verb("Data_processing.steps.process", "s", "e"),
}
"""
FILES = {
    "Datasets/__init__.py": "",
    "Datasets/__main__.py": 'VERBS = {"check": Verb(module="Datasets.check")}',
    "Datasets/check.py": "from Datasets import errors",
    "Datasets/errors.py": "",
    "Datasets/hidden.py": "import numpy",
    "Datasets/sample.py": "",
    "Data_processing/__init__.py": "",
    "Data_processing/__main__.py": MAIN,
    "Data_processing/split.py": "def run():\n    import Datasets.hidden\n    from Models import x",
    "Data_processing/steps/__init__.py": "from Datasets.sample import Sample",
    "Data_processing/steps/process.py": "from .table import OPERATIONS\nfrom .. import split",
    "Data_processing/steps/table.py": (
        'OPERATIONS = {"crop": "Data_processing.steps.crop", "pad": "Data_processing.pad:Pad"}'
    ),
    "Data_processing/steps/crop.py": "",
    "Data_processing/pad.py": "",
    "Models/__init__.py": "",
}
DVC = """\
# What stands above stays.
vars:
  - colour: red

stages:
  check:
    cmd: python -m Datasets check && python -m Data_processing split
    desc: two commands
    outs: [Datasets/checked.txt]

  split:
    cmd: [python -m Data_processing split]
    deps: [Datasets/metadata, "${a.b}", Data_processing/gone.py]  # by hand
    params: [split, seed]
  # about the next one
  process:
    foreach: ${preprocess}
    do:
      cmd: >-
        python -m Data_processing process
        ${key}
      deps:
        # the store before
        - "Data_processing/interim/${item.from}"
        - Data_processing/pad.py  # why
        - Data_processing/gone.py
        - Datasets/late

      outs:
      - Data_processing/interim/${key}
  train:
    matrix: {fold: "${train.folds}"}
    cmd: python -m Data_processing split ${item.fold}
    deps:
    - Datasets/tensors
    outs: [{Models/x: {cache: false}}]
"""
SPLIT = [
    "Data_processing/__init__.py",
    "Data_processing/__main__.py",
    "Data_processing/split.py",
    "Datasets/__init__.py",
    "Datasets/hidden.py",
    "Models/__init__.py",
]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    (tmp_path / "dvc.yaml").write_text(DVC)
    return tmp_path


def code_of(house: Path) -> dict[str, list[str]]:
    return {stage.name: stage.code for stage in stages((house / "dvc.yaml").read_text())}


def test_imports_in_functions_and_packages_count_but_not_other_verbs(house: Path) -> None:
    main(house)
    assert code_of(house)["split"] == SPLIT
    assert code_of(house)["train"] == SPLIT


def test_tables_and_relative_imports_count(house: Path) -> None:
    main(house)
    steps = [
        f"Data_processing/steps/{name}.py" for name in ("__init__", "crop", "process", "table")
    ]
    wanted = [*SPLIT, *steps, "Data_processing/pad.py", "Datasets/sample.py"]
    assert code_of(house)["process"] == sorted(wanted)


def test_all_commands_of_a_stage_count(house: Path) -> None:
    main(house)
    check = ["Datasets/__main__.py", "Datasets/check.py", "Datasets/errors.py"]
    assert code_of(house)["check"] == sorted(SPLIT + check)


def test_all_else_stays(house: Path) -> None:
    main(house)
    text = (house / "dvc.yaml").read_text()
    old, new = (YAML(typ="safe").load(t)["stages"] for t in (DVC, text))
    for stages_ in (old, new):
        for stage in stages_.values():
            node = stage.get("do", stage)
            node["deps"] = [d for d in node.get("deps", ()) if not d.endswith(".py")]
    assert new == old
    assert [line.split("#")[1] for line in text.splitlines() if "#" in line] == [
        line.split("#")[1] for line in DVC.splitlines() if "#" in line
    ]
    assert "        - Data_processing/pad.py  # why\n" in text
    assert '    deps:  # by hand\n      - Datasets/metadata\n      - "${a.b}"\n' in text
    assert "    deps:\n    - Datasets/tensors\n    - Data_processing/__init__.py\n" in text
    assert text.index("Data_processing/steps/table.py") < text.index(
        "- Datasets/late\n\n      outs:"
    )


def test_a_second_time_changes_nothing(house: Path) -> None:
    main(house)
    first = (house / "dvc.yaml").read_text()
    main(house)
    assert (house / "dvc.yaml").read_text() == first


def test_what_is_no_longer_reached_goes(house: Path) -> None:
    main(house)
    (house / "Data_processing/split.py").write_text("")
    main(house)
    assert code_of(house)["split"] == SPLIT[:3]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("python train.py", "is not `python -m <Room> <verb>`"),
        ("python -m Datasets chekc", "Datasets has no verb 'chekc'"),
        ("python -m Models train", "Models/__main__.py has no table VERBS"),
    ],
)
def test_a_command_that_cannot_be_followed_is_refused(house: Path, command: str, said: str) -> None:
    (house / "dvc.yaml").write_text(f"stages:\n  odd:\n    cmd: {command}\n")
    with pytest.raises(LookupError, match=said):
        main(house)


def test_an_empty_wish_takes_the_code_out() -> None:
    text = "stages:\n  a:\n    cmd: x\n    deps: [Datasets/a.py, b]\n"
    assert with_code(text, {"a": []}) == "stages:\n  a:\n    cmd: x\n    deps:\n      - b\n"


def test_a_module_map_names_packages_by_their_folder(house: Path) -> None:
    modules = House(house).modules
    assert modules["Datasets"] == Path("Datasets/__init__.py")
    assert modules["Data_processing.steps.table"] == Path("Data_processing/steps/table.py")
