"""``python -m tests``: all tests, in two processes where there are two processors.

The second half's output is kept until it has ended. Arguments go to pytest, which then runs alone.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
HALVES = (
    ("Datasets", "Data_processing", "Deployment", "test_[!j]*.py"),
    ("Models", "test_j*.py"),
)
"""Of about the same length."""


def main(arguments: list[str]) -> int:
    """Run the tests and return pytest's exit status, that of the first half that failed."""
    if arguments or (os.cpu_count() or 1) < 2:
        return subprocess.run([sys.executable, "-m", "pytest", *arguments]).returncode
    first, second = (
        [sys.executable, "-m", "pytest", *(str(path) for name in half for path in _found(name))]
        for half in HALVES
    )
    with tempfile.TemporaryFile() as output:
        beside = subprocess.Popen(second, stdout=output, stderr=subprocess.STDOUT)
        try:
            status = subprocess.run(first).returncode
            beside.wait()
        finally:
            beside.kill()
        output.seek(0)
        sys.stdout.buffer.write(output.read())
    return status or beside.returncode


def _found(name: str) -> list[Path]:
    """Return the tests of a room, or those that belong to none."""
    return sorted(path.relative_to(Path.cwd()) for path in HERE.glob(name))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
