"""Speed and memory of ``convert`` and ``check``.

``python -m benchmarks.convert speed`` reads the same boxes as COCO, VOC and YOLO: annotations a
second of CPU time for our reader alone, for the plain parser that people write in its place, and
for the whole stage (images opened and hashed, everything checked and written, one process).

``python -m benchmarks.convert memory [--images 1000000]`` makes a data set of that many images
with five boxes each, runs ``convert`` and ``check`` on it, and says how much memory all processes
took together at most (proportional set size).

``python -m benchmarks.convert again [--images 5000]`` runs ``convert`` on photographs of some 60 kB
with five boxes each: for the first time, again, and again after one image in a hundred changed.
"""

import argparse
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
from PIL import Image

from Data_processing.convert.found import Source
from Data_processing.convert.report import Report
from Datasets.dataset import Dataset
from Datasets.rejections import Rejections

HOUSE = Path(__file__).resolve().parents[1]
BOXES = 5
WIDTH, HEIGHT = 64, 48
SCALE = 8
"""How much larger photographs are a side."""
CLASSES = [f"class {i}" for i in range(20)]
LINKS = 50_000
"""Names a file may have: less than the 65,000 of ext4."""
ROUNDS = 3
SETTLED_S = 3
"""What was written less than two seconds ago is not remembered."""


def images(root: Path, count: int) -> list[str]:
    """Make ``count`` image files, links to a few, and return their names."""
    (root / "images").mkdir(parents=True)
    names = []
    for i in range(count):
        name = f"images/{i // 10_000:03d}/{i:07d}.jpg"
        path = root / name
        if i % 10_000 == 0:
            path.parent.mkdir()
        if i % LINKS == 0:
            pixels = np.random.default_rng(i).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
            Image.fromarray(pixels).save(path, quality=60)
            first = path
        else:
            os.link(first, path)
        names.append(name)
    return names


def boxes(index: int) -> list[tuple[int, int, int, int, int]]:
    """Return the boxes of an image: class, x1, y1, x2, y2."""
    return [((index + k) % 20, k, k, k + 9 + index % 40, k + 30) for k in range(BOXES)]


def write_coco(root: Path, names: list[str], scale: int = 1) -> None:
    """Write the boxes as one COCO file, one by one; images are larger by ``scale`` a side."""
    with (root / "annotations.json").open("w") as file:
        file.write('{"images": [\n')
        for i, name in enumerate(names):
            one = {"id": i, "file_name": name, "width": scale * WIDTH, "height": scale * HEIGHT}
            file.write(json.dumps(one) + ("," if i + 1 < len(names) else "") + "\n")
        file.write('], "annotations": [\n')
        last = len(names) * BOXES - 1
        for i in range(len(names)):
            for k, (kind, x1, y1, x2, y2) in enumerate(boxes(i)):
                number = i * BOXES + k
                one = {"id": number, "image_id": i, "category_id": kind, "iscrowd": 0}
                one |= {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)}
                file.write(json.dumps(one) + ("," if number < last else "") + "\n")
        kinds = [{"id": i, "name": name} for i, name in enumerate(CLASSES)]
        file.write(f'], "categories": {json.dumps(kinds)}}}\n')


def write_voc(root: Path, names: list[str]) -> None:
    """Write the boxes as one XML file an image."""
    for i, name in enumerate(names):
        path = root / "xml" / Path(name).relative_to("images").with_suffix(".xml")
        path.parent.mkdir(parents=True, exist_ok=True)
        objects = "".join(
            f"<object><name>{CLASSES[kind]}</name><difficult>0</difficult><bndbox><xmin>{x1}</xmin>"
            f"<ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>"
            for kind, x1, y1, x2, y2 in boxes(i)
        )
        name_ = Path(name).relative_to("images").as_posix()
        path.write_text(
            f"<annotation><filename>{name_}</filename><size><width>{WIDTH}</width>"
            f"<height>{HEIGHT}</height><depth>3</depth></size>{objects}</annotation>"
        )


def write_yolo(root: Path, names: list[str]) -> None:
    """Write the boxes as one text file an image, and the names of the classes."""
    (root / "data.yaml").write_text("names:\n" + "".join(f"- {name}\n" for name in CLASSES))
    for i, name in enumerate(names):
        path = root / "labels" / Path(name).relative_to("images").with_suffix(".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "".join(
                f"{kind} {(x1 + x2) / 2 / WIDTH:.6f} {(y1 + y2) / 2 / HEIGHT:.6f} "
                f"{(x2 - x1) / WIDTH:.6f} {(y2 - y1) / HEIGHT:.6f}\n"
                for kind, x1, y1, x2, y2 in boxes(i)
            )
        )


def plain_coco(root: Path) -> int:
    """Read as most scripts do: ``json.load``, then lists by image."""
    document = json.loads((root / "annotations.json").read_text())
    of_image: dict[int, list[object]] = {image["id"]: [] for image in document["images"]}
    for one in document["annotations"]:
        x, y, width, height = one["bbox"]
        of_image[one["image_id"]].append((one["category_id"], x, y, x + width, y + height))
    return sum(map(len, of_image.values()))


def plain_voc(root: Path) -> int:
    """Read as most scripts do: ElementTree, ``findtext``."""
    count = 0
    for path in sorted((root / "xml").rglob("*.xml")):
        for one in ET.parse(path).getroot().iter("object"):  # noqa: S314  (files of our own)
            box = one.find("bndbox")
            assert box is not None
            corners = [float(box.findtext(key) or 0) for key in ("xmin", "ymin", "xmax", "ymax")]
            count += bool(one.findtext("name")) and len(corners) == 4
    return count


def plain_yolo(root: Path) -> int:
    """Read as most scripts do: split each line."""
    count = 0
    for path in sorted((root / "labels").rglob("*.txt")):
        for line in path.read_text().splitlines():
            kind, cx, cy, width, height = line.split()
            numbers = int(kind), float(cx), float(cy), float(width), float(height)
            count += len(numbers) == 5
    return count


FORMATS: dict[str, tuple[Callable[[Path, list[str]], None], Callable[[Path], int]]] = {
    "coco": (write_coco, plain_coco),
    "voc": (write_voc, plain_voc),
    "yolo": (write_yolo, plain_yolo),
}


def ours(name: str, root: Path) -> int:
    """Read by our reader alone, as the stage does."""
    source = Source("bench", root, Dataset(name, str(root)), "params.yaml: datasets.bench")
    with tempfile.TemporaryDirectory() as folder:
        rejections = Rejections("convert@bench", "strict", "on_bad")
        with Report(Path(folder), rejections) as report:
            extraction = import_module(f"Data_processing.convert.readers.{name}").extract(
                source, report
            )
            return sum(len(found.annotations) for found in extraction.images)


def cpu(work: Callable[[], int], expected: int) -> float:
    """Return the CPU seconds of ``work``, which must find so many annotations."""
    started = time.process_time()
    found = work()
    seconds = time.process_time() - started
    assert found == expected, f"{found} annotations in place of {expected}"
    return seconds


def speed(count: int) -> None:
    """Print annotations a second for each format."""
    print(f"{count:,} images, {BOXES} boxes each; annotations a CPU second, median of {ROUNDS}")
    print(f"{'':6}{'reader':>10}{'plain':>10}{'ratio':>7}{'whole stage':>13}")
    for name, (write, plain) in FORMATS.items():
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "raw"
            write(root, images(root, count))
            total = count * BOXES
            reader, other, stage = [], [], []
            for _ in range(ROUNDS):
                shutil.rmtree(Path(folder) / ".darkroom" / "files", ignore_errors=True)
                reader.append(cpu(lambda: ours(name, root), total))  # noqa: B023
                other.append(cpu(lambda: plain(root), total))  # noqa: B023
                stage.append(convert(Path(folder), name, workers=1).cpu_s)
            mine, theirs, whole = map(statistics.median, (reader, other, stage))
            print(
                f"{name:6}{total / mine:10,.0f}{total / theirs:10,.0f}{theirs / mine:7.2f}"
                f"{total / whole:13,.0f}"
            )


def photographs(root: Path, count: int) -> list[str]:
    """Make ``count`` JPEGs of some 60 kB, each of its own content, and return their names."""
    (root / "images").mkdir(parents=True)
    noise = np.random.default_rng(0).normal(128, 40, (HEIGHT * SCALE, WIDTH * SCALE, 3))
    buffer = io.BytesIO()
    Image.fromarray(noise.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=65)
    names = [f"images/{i:07d}.jpg" for i in range(count)]
    for i, name in enumerate(names):
        (root / name).write_bytes(_commented(buffer.getvalue(), i))
    return names


def _commented(jpeg: bytes, number: int) -> bytes:
    """Return a JPEG with a number in a comment, by which it is another file."""
    return jpeg[:2] + b"\xff\xfe\0\x0a" + f"{number:08d}".encode() + jpeg[2:]


def again(count: int) -> None:
    """Print what runs of ``convert`` take after each other: the first, the next, after a change."""
    seconds: dict[str, list[float]] = {"first": [], "again": [], "1 % changed": []}
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        names = photographs(folder / "raw", count)
        write_coco(folder / "raw", names, SCALE)
        time.sleep(SETTLED_S)
        for _ in range(ROUNDS):
            shutil.rmtree(folder / ".darkroom", ignore_errors=True)
            seconds["first"].append(convert(folder, "coco", 1).cpu_s)
            seconds["again"].append(convert(folder, "coco", 1).cpu_s)
            for one in names[::100]:
                path = folder / "raw" / one
                content = path.read_bytes()
                path.write_bytes(content[:6] + content[6:14][::-1] + content[14:])
            seconds["1 % changed"].append(convert(folder, "coco", 1).cpu_s)
            time.sleep(SETTLED_S)
    print(f"{count:,} images, COCO; CPU seconds of the stage, median of {ROUNDS}")
    first = statistics.median(seconds["first"])
    for what, each in seconds.items():
        median = statistics.median(each)
        print(f"{what:12}{median:7.2f} ({median / first:.0%} of the first)")


class Cost:
    """What a command took: CPU seconds, seconds, and at most so many bytes of memory."""

    def __init__(self, command: list[str], folder: Path) -> None:
        started, before = time.perf_counter(), os.times()
        environment = {**os.environ, "PYTHONPATH": str(HOUSE), "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(command, cwd=folder, env=environment)
        self.peak = 0
        watcher = threading.Thread(target=self._watch, args=(process,))
        watcher.start()
        assert process.wait() == 0, command
        watcher.join()
        after = os.times()
        self.seconds = time.perf_counter() - started
        self.cpu_s = (
            after.children_user
            + after.children_system
            - before.children_user
            - before.children_system
        )

    def _watch(self, process: "subprocess.Popen[bytes]") -> None:
        while process.poll() is None:
            self.peak = max(self.peak, sum(map(_memory, _family(process.pid))))
            time.sleep(0.2)


def convert(folder: Path, name: str, workers: int) -> Cost:
    """Run the stage on ``folder``/raw."""
    (folder / "params.yaml").write_text(
        f"seed: 1\ndatasets: {{bench: {{format: {name}, path: raw}}}}\n"
    )
    (folder / "compute.yaml").write_text(f"workers: {workers}\n")
    return Cost([sys.executable, "-m", "Data_processing", "convert", "bench"], folder)


def memory(count: int, name: str, keep: str) -> None:
    """Print the memory of ``convert`` and ``check`` on ``count`` images."""
    with tempfile.TemporaryDirectory(dir=keep or None) as where:
        folder, started = Path(where), time.perf_counter()
        FORMATS[name][0](folder / "raw", images(folder / "raw", count))
        print(f"{count:,} images made in {time.perf_counter() - started:.0f} s")
        for workers in (1, 2):
            cost = convert(folder, name, workers)
            print(f"convert, {name}, {workers} workers: {_shown(cost)}")
        command = [sys.executable, "-m", "Datasets", "check", "Datasets/metadata/bench"]
        print(f"check: {_shown(Cost(command, folder))}")


def _shown(cost: Cost) -> str:
    return f"{cost.peak / 1e9:.2f} GB, {cost.cpu_s:.0f} CPU-s, {cost.seconds:.0f} s"


def _family(pid: int) -> list[int]:
    """Return a process and all below it."""
    every = [pid]
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return every
    return every + [one for child in children for one in _family(int(child))]


def _memory(pid: int) -> int:
    """Return the proportional set size of a process in bytes; 0 if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser("python -m benchmarks.convert", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("what", choices=("speed", "memory", "again"))
    parser.add_argument("--images", type=int, default=0)
    parser.add_argument("--format", choices=tuple(FORMATS), default="coco")
    parser.add_argument("--below", default="", help="a folder on a disk with room for the files")
    asked = parser.parse_args()
    if asked.what == "speed":
        speed(asked.images or 4000)
    elif asked.what == "again":
        again(asked.images or 5000)
    else:
        memory(asked.images or 1_000_000, asked.format, asked.below)


if __name__ == "__main__":
    main()
