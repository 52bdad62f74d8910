"""Being asked to end: by SIGTERM, by Ctrl-C, or because the DVC that started this has died.

Who works for long asks now and then, and ends where it can go on later.
"""

import os
import select
import signal
import subprocess  # only ps is asked
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Literal

from Datasets.terminal import say

DVC_STAGE = "DVC_STAGE"
"""What DVC sets in the environment of a stage's command."""
SHELLS = ("sh", "ash", "bash", "dash", "fish", "ksh", "zsh")
"""What may stand between DVC and the command; it lives on when DVC is killed."""
REAPERS = ("init", "launchd", "systemd", "tini")
"""Who adopts the children of the dead."""
LOOKED_EVERY_S = 1.0
"""At a process whose end the system does not tell."""
WORDS = {signal.SIGTERM: "SIGTERM", signal.SIGINT: "Ctrl-C"}


class Interruption:
    """``reason`` says who wants this process to end; empty as long as nobody does."""

    def __init__(self) -> None:
        self.reason = ""


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Yield what tells whether this process is asked to end; a second signal acts as ever.

    DVC is watched only where it started this process: who starts it by hand may leave it alone.
    """
    asked = Interruption()
    before: dict[signal.Signals, Any] = {}

    def take(number: int, frame: FrameType | None) -> None:
        asked.reason = WORDS[signal.Signals(number)]
        signal.signal(number, before[signal.Signals(number)])
        say(f"{asked.reason}: ends after this step; once more ends it at once")

    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in WORDS}
        for number in before:
            signal.signal(number, take)
    if DVC_STAGE in os.environ:
        threading.Thread(target=_watch, args=(starter(), asked), daemon=True).start()
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def starter() -> int:
    """Return the process that started this one, shells passed over; 0 if it has died."""
    process = os.getppid()
    while process > 1 and _told(process, "comm") in SHELLS:
        process = int(_told(process, "ppid") or 0)
    if process <= 1:  # DVC may be the first process of a container
        return process if "dvc" in _told(1, "args") else 0
    return 0 if _told(process, "comm") in REAPERS else process


def _watch(process: int, asked: Interruption) -> None:
    if process:
        _wait(process)
    asked.reason = asked.reason or "the DVC that started it has died"


def _wait(process: int) -> None:
    """Return when a process has ended."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return
    except (AttributeError, OSError):  # another system, an old kernel, a sandbox
        while _lives(process):
            time.sleep(LOOKED_EVERY_S)
        return
    end = select.poll()
    end.register(handle, select.POLLIN)
    end.poll()
    os.close(handle)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _told(process: int, what: Literal["comm", "ppid", "args"]) -> str:
    """Return what the system tells of a process, in the words of ``ps``; empty if nothing."""
    folder = Path("/proc") / str(process)
    try:
        match what:
            case "comm":
                return (folder / "comm").read_text().strip()
            case "args":
                return (folder / "cmdline").read_text().replace("\0", " ")
            case "ppid":
                return (folder / "stat").read_text().rpartition(")")[2].split()[1]
    except OSError:
        return _asked_of_ps(process, what)


def _asked_of_ps(process: int, what: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            ["ps", "-o", f"{what}=", "-p", str(process)],  # noqa: S607 - whichever there is
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    told = done.stdout.strip()
    return told.rpartition("/")[2].lstrip("-") if what == "comm" else told
