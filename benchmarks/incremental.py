"""What a re-run costs: images added, removed, relabelled, in CPU time over that of a full run.

``python -m benchmarks.incremental [--images 5000] [--share 0.01]`` makes a data set of JPEGs of
500 x 500 pixels with five boxes each, walks it from ``convert`` to ``stack`` in one process after
everything was imported, changes a share of it, scattered, walks again, and prints the CPU time of
each stage, over the whole of a full run of the same images. DVC and its hashing are not part of it.
After each walk the stores are compared, byte by byte, with those of a run that knew nothing.
"""

import argparse
import hashlib
import json
import os
import shutil
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import redirect_stderr
from importlib import import_module
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 500
BOXES = 5
QUALITY = 90
WARM = 30
"""Images of the walk before those that are measured."""
PARAMS = """\
seed: 7
datasets: {photos: {format: coco, path: raw}}
demo: {}
decode: {colour: rgb}
split: {from: [photos], scheme: samples, n_folds: 3, holdout: 0.0, group: null}
audit: {near: warn}
copies: 3
preprocess:
  crop: {from: source, ops: [{crop: {height: 224, width: 224}}]}
  augment: {from: crop, ops: [{HorizontalFlip: {p: 0.5}}, {Affine: {rotate: [-10, 10], p: 0.5}}]}
  distort:
    from: augment
    ops:
      - ColorJitter: {p: 0.5}
      - GaussianBlur: {p: 0.3}
      - GaussNoise: {p: 0.3}
      - ImageCompression: {p: 0.3}
stack: {from: distort}
scale: {ops: []}
"""
FUSED = """\
preprocess:
  distort:
    from: source
    ops:
      - crop: {height: 224, width: 224}
      - HorizontalFlip: {p: 0.5}
      - Affine: {rotate: [-10, 10], p: 0.5}
      - ColorJitter: {p: 0.5}
      - GaussianBlur: {p: 0.3}
      - GaussNoise: {p: 0.3}
      - ImageCompression: {p: 0.3}
"""
STAGES: dict[str, tuple[str, Namespace]] = {
    "convert": ("Data_processing.convert.stage", Namespace(dataset="photos")),
    "split": ("Data_processing.split.stage", Namespace()),
    "audit": ("Data_processing.audit", Namespace()),
    "source": ("Data_processing.source", Namespace()),
    "crop": ("Data_processing.steps.process", Namespace(step="crop")),
    "augment": ("Data_processing.steps.process", Namespace(step="augment")),
    "distort": ("Data_processing.steps.process", Namespace(step="distort")),
    "stack": ("Data_processing.stack", Namespace()),
}
OUTPUTS = ("Datasets/metadata", "Datasets/tensors", "Data_processing/interim")


def draw(folder: Path, numbers: range) -> None:
    """Write textured JPEGs, each its own."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for number in numbers:
        rng = np.random.default_rng(number)
        coarse = rng.integers(0, 255, (32, 32, 3), np.uint8)
        picture = np.array(Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
        noisy = picture + rng.normal(0, 6, picture.shape)
        image = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
        image.save(folder / name_of(number), quality=QUALITY)


def name_of(number: int) -> str:
    """Return the path of an image below the raw folder."""
    return f"images/{number:06d}.jpg"


def annotate(folder: Path, numbers: list[int], relabelled: set[int]) -> None:
    """Write the boxes of the images ``numbers`` as one COCO file."""
    images, annotations = [], []
    for number in numbers:
        images.append({"id": number, "file_name": name_of(number), "width": SIDE, "height": SIDE})
        for k in range(BOXES):
            kind = (number + k + (number in relabelled)) % 4
            bbox = [20 + 40 * k, 30 + number % 200, 60, 40 + k]
            one = {"id": number * BOXES + k, "image_id": number, "category_id": kind, "bbox": bbox}
            annotations.append({**one, "area": bbox[2] * bbox[3], "iscrowd": 0})
    kinds = [{"id": i, "name": f"class {i}"} for i in range(4)]
    content = {"images": images, "annotations": annotations, "categories": kinds}
    (folder / "annotations.json").write_text(json.dumps(content))
    wanted = {name_of(number) for number in numbers}
    for path in sorted((folder / "images").iterdir()):
        if f"images/{path.name}" not in wanted:
            path.rename(folder.parent / "aside" / path.name)
    for name in sorted(wanted):
        aside = folder.parent / "aside" / Path(name).name
        if aside.exists():
            aside.rename(folder / name)


def fused() -> str:
    """Return the parameters with all operations in one step."""
    for step in ("crop", "augment"):
        STAGES.pop(step)
    before, after = PARAMS.split("preprocess:")[0], PARAMS.split("stack:")[1]
    return f"{before}{FUSED}stack:{after}"


def walk() -> dict[str, float]:
    """Run every stage, and return the CPU seconds of each."""
    seconds = {}
    for stage, (module, arguments) in STAGES.items():
        run: Callable[[Namespace], None] = import_module(module).run
        before = time.process_time()
        run(arguments)
        seconds[stage] = time.process_time() - before
    return seconds


def digests() -> dict[str, str]:
    """Return the hash of every file that the walk wrote."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in OUTPUTS
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


def forget() -> None:
    """Let nothing be known of earlier runs."""
    for folder in (".darkroom", *OUTPUTS):
        shutil.rmtree(folder, ignore_errors=True)


def warm_up() -> None:
    """Import what a stage imports, and let it be used once."""
    draw(Path("raw"), range(WARM))
    annotate(Path("raw"), list(range(WARM)), set())
    forget()
    walk()


def report(name: str, seconds: dict[str, float], full: dict[str, float]) -> None:
    """Print what a re-run cost, stage by stage, over all of a full run."""
    whole = sum(full.values())
    parts = "  ".join(f"{stage} {100 * value / whole:.2f}" for stage, value in seconds.items())
    print(f"{name:<22} {100 * sum(seconds.values()) / whole:6.2f} %   ({parts})")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--fused", action="store_true", help="all operations in one step")
    parser.add_argument("--unchecked", action="store_true", help="do not compare: half the disk")
    arguments = parser.parse_args()
    count, changed = arguments.images, max(1, round(arguments.images * arguments.share))
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("params.yaml").write_text(fused() if arguments.fused else PARAMS)
        Path("compute.yaml").write_text("workers: 1\n")
        Path("aside").mkdir()
        try:
            with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
                measure(count, changed, not arguments.unchecked)  # without the stages' own lines
        finally:
            os.chdir(home)


def measure(count: int, changed: int, checks: bool) -> None:
    """Walk, change, walk again."""
    warm_up()
    raw = Path("raw")
    draw(raw, range(count))
    scattered = set(np.random.default_rng(0).choice(count, changed, replace=False).tolist())
    base = list(range(count))
    annotate(raw, base, set())
    forget()
    full = walk()
    print(f"full run of {count:,} images: {1e3 * sum(full.values()) / count:.2f} ms an image")
    report("full", full, full)
    report("nothing changed", walk(), full)
    annotate(raw, [number for number in base if number not in scattered], set())
    removed = walk()
    report(f"{changed} removed", removed, full)
    if checks:
        check_equal("removed")
    annotate(raw, base, set())
    # What was known of them is still kept: they are new only where that is gone.
    for folder in Path(".darkroom/rows").glob("*/*"):
        if folder.stat().st_mtime < newest(folder.parent):
            shutil.rmtree(folder)
    report(f"{changed} added", walk(), full)
    if checks:
        check_equal("added")
    annotate(raw, base, scattered)
    report(f"{changed} relabelled", walk(), full)
    if checks:
        check_equal("relabelled")


def newest(folder: Path) -> float:
    """Return when the last generation of a step was written."""
    return max(path.stat().st_mtime for path in folder.iterdir())


def check_equal(name: str) -> None:
    """Compare what lies there with a run that knows nothing, and put it back."""
    found = digests()
    for folder in (".darkroom", *OUTPUTS):
        if Path(folder).exists():
            (Path("kept") / folder).parent.mkdir(parents=True, exist_ok=True)
            Path(folder).rename(Path("kept") / folder)
    forget()
    walk()
    same = found == digests()
    forget()
    for folder in (".darkroom", *OUTPUTS):
        if (Path("kept") / folder).exists():
            (Path("kept") / folder).rename(folder)
    shutil.rmtree("kept", ignore_errors=True)
    print(f"  {name}: stores {'equal to' if same else 'DIFFER from'} those of a first run")


if __name__ == "__main__":
    main()
