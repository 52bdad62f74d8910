"""Who is asked to end hears of it: by a signal, or by the death of the DVC that started it."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from Datasets import interruption
from Datasets.interruption import interruptible
from tests.conftest import ROOT

CHILD = """
import sys, time
from Datasets.interruption import interruptible
with interruptible() as asked:
    print("begun", flush=True)
    while not asked.reason:
        time.sleep(0.01)
    print(asked.reason, flush=True)
"""


@pytest.mark.parametrize(
    ("number", "words"), [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "Ctrl-C")]
)
def test_a_signal_is_heard_and_the_next_acts_as_ever(
    number: signal.Signals, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(number)
    with interruptible() as asked:
        assert asked.reason == ""
        assert signal.getsignal(number) is not before
        signal.raise_signal(number)
        assert asked.reason == words
        assert signal.getsignal(number) is before
    assert capsys.readouterr().err == f"{words}: ends after this step; once more ends it at once\n"


def test_all_is_put_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with pytest.raises(LookupError), interruptible():
        raise LookupError
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


@pytest.mark.parametrize("shell", [False, True])
@pytest.mark.parametrize("polled", [False, True])
def test_the_death_of_dvc_is_heard(shell: bool, polled: bool, tmp_path: Path) -> None:
    """Also past a shell, which lives on, and where the system does not tell of deaths."""
    child = tmp_path / "child.py"
    child.write_text(("import os\ndel os.pidfd_open\n" if polled else "") + CHILD)
    command = [sys.executable, str(child)]
    command = ["/bin/sh", "-c", f"{sys.executable} {child}; true"] if shell else command
    parent = textwrap.dedent(f"""
        import subprocess
        subprocess.run({command!r})
    """)
    environment = os.environ | {"DVC_STAGE": "train@0", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True, env=environment
    ) as dvc:
        assert dvc.stdout is not None
        assert dvc.stdout.readline() == "begun\n"
        dvc.kill()
        dvc.wait()
        assert dvc.stdout.read() == "the DVC that started it has died\n"


def test_who_was_started_by_hand_lives_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(interruption.DVC_STAGE, raising=False)
    monkeypatch.setattr(interruption, "starter", lambda: 0)
    with interruptible() as asked:
        assert asked.reason == ""


@pytest.mark.parametrize(
    ("told", "starts"),
    [
        ({5: ("dvc", "3", "dvc repro")}, 5),
        ({5: ("sh", "4", "sh -c x"), 4: ("bash", "3", "bash"), 3: ("python", "1", "dvc")}, 3),
        ({5: ("sh", "1", "sh -c x"), 1: ("systemd", "0", "/sbin/init")}, 0),
        ({5: ("sh", "1", "sh -c x"), 1: ("dvc", "0", "python /usr/bin/dvc repro")}, 1),
        ({5: ("systemd", "1", "systemd --user")}, 0),
        ({}, 5),
    ],
)
def test_the_starter_is_found_past_shells(
    told: dict[int, tuple[str, str, str]], starts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"comm": 0, "ppid": 1, "args": 2}
    monkeypatch.setattr(os, "getppid", lambda: 5)
    monkeypatch.setattr(
        interruption, "_told", lambda one, what: told[one][places[what]] if one in told else ""
    )
    assert interruption.starter() == starts


def test_ps_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    own = os.getpid()
    assert interruption._told(own, "ppid") == str(os.getppid())
    if Path("/bin/ps").exists() or Path("/usr/bin/ps").exists():
        for what in ("comm", "ppid"):
            assert interruption._asked_of_ps(own, what) == interruption._told(own, what)
    assert interruption._asked_of_ps(2**22 + 1, "comm") == ""
