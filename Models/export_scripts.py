"""The scripts in a bundle: the code of the house that makes network, framework and scaler."""

import shutil
import sys
from collections.abc import Callable, Iterable
from modulefinder import ModuleFinder
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[1]


def modules_run(work: Callable[[], object]) -> set[str]:
    """Return the house's modules whose code runs while ``work`` is done.

    A table of names may bring in a module that nothing imports: only running it tells.
    """
    files: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            files.add(frame.f_code.co_filename)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    names = (_module_name(Path(file)) for file in files)
    return {name for name in names if name is not None}


def closure(names: Iterable[str]) -> list[Path]:
    """Return the files of ``names`` and of all that they import from the house, packages included.

    Paths are relative to the top folder, sorted. Imports inside functions count too.
    """
    finder = ModuleFinder(path=[str(ROOT)])
    for name in names:
        finder.import_hook(name)  # brings its packages along
    found: list[str | None] = [getattr(one, "__file__", None) for one in finder.modules.values()]
    return sorted(Path(file).relative_to(ROOT) for file in found if file is not None)


def copy(files: Iterable[Path], folder: Path) -> None:
    """Copy ``files``, paths relative to the top folder, below ``folder``."""
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, folder / file)


def _module_name(file: Path) -> str | None:
    """Return the dotted name of a file that belongs to one of the rooms, else None."""
    if not file.is_relative_to(ROOT) or file.suffix != ".py":
        return None
    relative = file.relative_to(ROOT)
    if not (ROOT / relative.parts[0] / "__init__.py").exists():  # not a room: .venv, tests
        return None
    return ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
