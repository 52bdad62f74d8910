"""The house keeps its own rules: what stages list, what rooms may reach, what pages promise."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions

import grimp
import pytest
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from Datasets.code import ROOMS
from Datasets.params import load
from tests.__main__ import HALVES
from tests.conftest import ROOT
from tests.deps import House
from tests.dvc_file import Stage, stages

STAGES = stages((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
HOUSE = House(ROOT)
MODULES = sorted(HOUSE.modules)
each_stage = pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)


@each_stage
def test_a_stage_depends_on_exactly_the_code_it_reaches(stage: Stage) -> None:
    assert stage.code == HOUSE.reached(stage), "run `make deps`, and look at `git diff dvc.yaml`"


@each_stage
def test_a_stage_says_what_it_does(stage: Stage) -> None:
    assert len(str(stage.node.get("desc", "")).split()) >= 3


@each_stage
def test_a_stage_touches_its_own_rooms_and_datasets(stage: Stage) -> None:
    rooms = {command.split()[2] for command in stage.commands} | {"Datasets"}
    elsewhere = [
        path
        for path in stage.deps + stage.outs
        if path.split("/")[0] not in rooms and path.split("/")[0] in ROOMS
    ]
    assert elsewhere == []


@each_stage
def test_git_ignores_what_dvc_caches(stage: Stage) -> None:
    """Otherwise DVC writes .gitignore files between the modules."""
    cached = [path for path in stage.outs if path not in _uncached(stage)]
    filled = [re.sub(r"\$\{[^}]*\}", "x", path) for path in cached]
    answer = _git("check-ignore", *filled) if filled else ""
    assert answer.split() == filled


@each_stage
def test_git_keeps_what_dvc_does_not_cache(stage: Stage) -> None:
    for path in _uncached(stage):
        assert _git("check-ignore", re.sub(r"\$\{[^}]*\}", "x", path)) == ""


def test_the_import_graph_agrees_with_an_independent_one() -> None:
    """The import contracts stand on grimp, `make deps` on our own reading of the source."""
    graph = grimp.build_graph(*ROOMS, cache_dir=None)
    for name in sorted(set(MODULES) & graph.modules):
        ours = {other for other in HOUSE.imports(name) if other in HOUSE.modules}
        assert ours == graph.find_modules_directly_imported_by(name), name


def test_every_part_that_is_named_exists() -> None:
    missing = {
        f"{name}: {part}"
        for name in MODULES
        for part in HOUSE.parts(name) | set(_verbs(name).values())
        if part not in HOUSE.modules
    }
    assert missing == set()


def test_deployment_works_without_torch() -> None:
    """Tables load their parts lazily and escape the contract, so every module is imported."""
    names = [name for name in MODULES if name.split(".")[0] == "Deployment"]
    names = [name for name in names if not name.endswith("__main__")]
    names += [part for name in names for part in HOUSE.parts(name)]
    names += list(HOUSE.verbs("Deployment").values())
    script = f"""
import importlib, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {{"torch", "torchvision", "lightning", "albumentations"}}:
            raise ModuleNotFoundError(f"{{name}} is blocked")

sys.meta_path.insert(0, Blocked())
for name in {sorted(set(names))!r}:
    importlib.import_module(name)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_predict_needs_only_what_its_lock_installs() -> None:
    starts = ["Deployment.__main__", HOUSE.verbs("Deployment")["predict"]]
    imported = {
        path.split(".")[0] for name in HOUSE.closure(starts) for path in HOUSE.imports(name)
    }
    locked = {pin.split("==")[0] for pin in _pins("Deployment/requirements.lock")}
    makers = packages_distributions()
    missing = {
        name
        for name in imported - set(ROOMS) - sys.stdlib_module_names
        if locked.isdisjoint(re.sub("[-_.]+", "-", maker.lower()) for maker in makers.get(name, ()))
    }
    assert missing == set()


@pytest.mark.parametrize("room", ROOMS)
def test_verbs_stand_in_the_table_of_their_room(room: str) -> None:
    assert all(module.split(".")[0] == room for module in HOUSE.verbs(room).values())


def test_nothing_is_called_utils() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [name for name in MODULES if vague & set(name.lower().split("."))] == []


def test_every_forward_says_what_it_returns() -> None:
    """Ruff passes over the methods of private classes, and shapes are what a reader looks for."""
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "Models").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        and node.name == "forward"
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_params_yaml_is_sound() -> None:
    """No unknown section, and no key called size or nfiles, whose change DVC would not see."""
    assert load(ROOT / "params.yaml").sections


@pytest.mark.parametrize("name", ["params.yaml", "compute.yaml"])
def test_every_key_is_commented(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    lines = ["", *(re.sub(r"\"[^\"]*\"|'[^']*'", "", line) for line in text.splitlines())]
    silent = [
        f"{name}:{number}: {key}"
        for key, number in _keys(YAML(typ="rt").load(text))
        if not re.search(r"(^|\s)#", lines[number])
        and not lines[number - 1].lstrip().startswith("#")
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("page", "most"), [("README.md", 200), *((f"{room}/README.md", 30) for room in ROOMS)]
)
def test_pages_are_short(page: str, most: int) -> None:
    assert len((ROOT / page).read_text(encoding="utf-8").splitlines()) <= most


def test_the_glossary_has_every_word_of_the_house() -> None:
    words = "sample copy label box mask group fold step operation stage store shard recipe bundle"
    words += " network framework module"
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(words.split()) <= set(re.findall(r"^\| \*\*(\w+)\*\* \|", page, re.MULTILINE))


def test_make_help_lists_every_target() -> None:
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", made, re.MULTILINE)
    assert phony is not None
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = re.findall(r"^  (\w+) ", shown.stdout, re.MULTILINE)
    assert sorted(listed) == sorted(set(phony[1].split()) - {"setup"})


@pytest.mark.parametrize("lock", ["requirements.lock", "Deployment/requirements.lock"])
def test_locks_name_no_place_and_hash_everything(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|--index|--find-links|^/", text, re.MULTILINE)
    pins = re.findall(r"^[a-z0-9].*$", text, re.MULTILINE)
    assert len(pins) > 3
    assert all("==" in pin and pin.endswith("\\") for pin in pins)


def test_the_lock_of_deployment_is_part_of_the_other() -> None:
    served = _pins("Deployment/requirements.lock")
    assert served <= _pins("requirements.lock")
    assert not any(pin.startswith(("torch", "nvidia", "lightning")) for pin in served)


def _pins(lock: str) -> set[str]:
    """Return the ``name==version`` of a lock."""
    return set(re.findall(r"^([\w.-]+==[^ ]+)", (ROOT / lock).read_text(), re.MULTILINE))


def _uncached(stage: Stage) -> list[str]:
    """Return the outputs with ``cache: false``: they belong to Git."""
    entries = [e for kind in ("outs", "metrics", "plots") for e in stage.node.get(kind) or ()]
    return [
        str(path)
        for entry in entries
        if isinstance(entry, dict)
        for path, options in entry.items()
        if options and options.get("cache") is False
    ]


def _verbs(module: str) -> dict[str, str]:
    return HOUSE.verbs(module.split(".")[0]) if module.endswith(".__main__") else {}


def _keys(value: object) -> Iterator[tuple[str, int]]:
    """Yield the keys of a YAML document with the number of their line, from 1.

    What stands in a list is left out: an operation's arguments are explained where it is written.
    """
    if isinstance(value, CommentedMap):
        for key, inner in value.items():
            yield str(key), value.lc.key(key)[0] + 1
            yield from _keys(inner)


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout


def test_every_test_is_in_one_half() -> None:
    """``make test`` runs the halves beside each other; none may be left out."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    in_halves = [
        path
        for half in HALVES
        for name in half
        for start in (ROOT / "tests").glob(name)
        for path in ([start] if start.is_file() else start.rglob("test_*.py"))
    ]
    assert sorted(in_halves) == files


def test_a_users_own_operations_are_followed() -> None:
    """DVC sees a file that is put there, without a change to dvc.yaml."""
    followed = [stage.name for stage in STAGES if "Data_processing/steps/own" in stage.deps]
    assert followed == ["check", "process"]
