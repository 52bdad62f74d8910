"""Trainings that are killed: ``python -m benchmarks.kill [--points 50] [--fresh]``.

Every framework, by AdamW and SGD, with and without averaged weights, from shards and from memory,
is trained on a tiny set as ``python -m Models train 0`` does it, undisturbed. Then again, killed by
SIGKILL at moments drawn at random, and begun again until it ends. A checkpoint is written after
every step, so that many of the kills fall into one. Printed is in how many steps a training went
on, and whether the sha256 of all it made is that of the undisturbed one.

The processes are forked from one that has imported everything; ``--fresh`` starts each anew.
"""

import argparse
import hashlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np

from Datasets.command import main as run
from Models import saving
from Models.__main__ import VERBS
from Models.frameworks.table import FRAMEWORKS
from Models.resume import CHECKPOINTS, CURRENT, NUMBERS_FILE
from tests.Models.tiny import PARAMS, Tiny, write

OUTPUTS = ("Models/weights", "Models/curves", "Models/metrics")
HOW = (("adamw", 0.0, False), ("adamw", 0.99, True), ("sgd", 0.0, True), ("sgd", 0.99, False))
"""Optimiser, averaged weights, and whether the set is in memory."""


PROCESSES = {
    "fork": multiprocessing.get_context("fork").Process,
    "spawn": multiprocessing.get_context("spawn").Process,
}


class Case(msgspec.Struct, frozen=True):
    """What is trained, and how."""

    framework: str
    optimiser: str
    ema: float
    resident: bool

    def write(self) -> None:
        """Write the set, and what params.yaml and compute.yaml say, into the working folder."""
        said = f"optimiser: {self.optimiser}\n  ema: {self.ema}\n  framework: {self.framework}"
        params = PARAMS.replace("framework: supervised", said)
        write(Tiny(unlabelled=9, params=params))
        Path("compute.yaml").write_text(f"device: cpu\nresident: {str(self.resident).lower()}\n")


def train() -> None:
    """Train fold 0, as quietly as a terminal that is not there, and end this process."""
    saving.EVERY_S, saving.PRICE = 0.0, 0
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os._exit(run("Models", VERBS, ["train", "0"]))


def digest() -> str:
    """Return the sha256 of all that a training made."""
    whole = hashlib.sha256()
    for path in sorted(path for name in OUTPUTS for path in Path(name).rglob("*")):
        if path.is_file():
            whole.update(f"{path}\0".encode() + path.read_bytes())
    return whole.hexdigest()


def step() -> int:
    """Return how many steps lie behind the last checkpoint."""
    found = sorted((CHECKPOINTS / "0").glob(f"*/{CURRENT}/{NUMBERS_FILE}"))
    return int(msgspec.json.decode(found[0].read_bytes())["numbers"]["step"]) if found else 0


def killed(seconds: float | None, method: str) -> bool:
    """Train for so many seconds at most; return whether the process had to be killed."""
    process = PROCESSES[method](target=train)
    process.start()
    process.join(seconds)
    alive = process.is_alive()
    if alive and process.pid is not None:
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    if process.exitcode not in (0, -signal.SIGKILL):
        raise SystemExit(f"the training ended with {process.exitcode}")
    return bool(process.exitcode)


def measure(case: Case, points: int, rng: np.random.Generator, method: str) -> bool:
    """Kill a training at ``points`` moments, print a line, and return whether all were equal."""
    case.write()
    began = time.perf_counter()
    killed(None, method)
    seconds, expected = time.perf_counter() - began, digest()
    kills, equal, ended = 0, True, 0
    went_on: set[int] = set()
    while kills < points:
        for name in (*OUTPUTS, ".darkroom"):
            shutil.rmtree(name, ignore_errors=True)
        while killed(float(rng.uniform(0, seconds)) if kills < points else None, method):
            kills += 1
            went_on.add(step())
        ended += 1
        equal = equal and digest() == expected
    source = "resident" if case.resident else "mapped"
    steps = ", ".join(map(str, sorted(went_on)))
    sys.stdout.write(
        f"{case.framework:<12}{case.optimiser:<7}{case.ema:<5}{source:<10}{kills:>5}{ended:>7}  "
        f"{'equal' if equal else 'DIFFER':<8}{steps}\n"
    )
    sys.stdout.flush()
    return equal


def main() -> None:
    """Kill trainings of all cases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--points", type=int, default=50, help="moments, over all cases")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--fresh", action="store_true", help="start every process anew")
    said = parser.parse_args()
    every = [Case(framework, *how) for framework in FRAMEWORKS for how in HOW]
    method = "spawn" if said.fresh else "fork"
    rng = np.random.default_rng(said.seed)
    sys.stdout.write("framework   opt.   ema  source    kills  ended  sha256  steps behind\n")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        each = -(-said.points // len(every))
        equal = [measure(case, each, rng, method) for case in every]
        os.chdir("/")
    if not all(equal):
        raise SystemExit("a training that was killed is not the one that was not")


if __name__ == "__main__":
    main()
