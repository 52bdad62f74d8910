"""A PostgreSQL server for a test: a temporary folder, a free port of this machine, one user."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

USER = "darkroom"
PASSWORD = "safelight:9@x"  # noqa: S105  (of a server that lives for a test)
ADDRESS = "postgresql+psycopg://darkroom:safelight%3A9%40x@127.0.0.1:{port}/postgres"
INSTALL = "tests/servers/install-postgresql"
TRIES = 5
"""Ports that are tried: another program may take one between our look and the server's."""


@contextmanager
def running() -> Iterator[str]:
    """Give the SQLAlchemy address of a server, or skip the test where there is none to start."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip(f"PostgreSQL is not installed; run {INSTALL}")
    tools = programs[-1].parent
    # Not pytest's folder: only root may enter it, and PostgreSQL refuses to run as root.
    folder = Path(tempfile.mkdtemp(prefix="darkroom-postgresql-"))
    account = _account()
    if account is not None:
        shutil.chown(folder, account.pw_uid, account.pw_gid)
    try:
        data = folder / "data"
        (folder / "password").write_text(PASSWORD)
        words = ["-D", str(data), "-U", USER, f"--pwfile={folder / 'password'}", "-N"]
        _run([str(tools / "initdb"), *words, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C"])
        port = _start(tools, data)
        try:
            yield ADDRESS.format(port=port)
        finally:
            _run([str(tools / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop"])
    finally:
        shutil.rmtree(folder)


def _start(tools: Path, data: Path) -> int:
    log = data.parent / "log"
    for _ in range(TRIES):
        port = _free_port()
        settings = f"-h 127.0.0.1 -p {port} -c unix_socket_directories='' -c fsync=off"
        words = ["-D", str(data), "-l", str(log), "-o", settings, "-w", "start"]
        try:
            _run([str(tools / "pg_ctl"), *words])
        except subprocess.CalledProcessError:
            continue
        return port
    raise RuntimeError(f"PostgreSQL does not start:\n{log.read_text()}")


def _run(words: list[str]) -> None:
    account = _account()
    subprocess.run(
        words,
        check=True,
        cwd="/",
        stdout=subprocess.DEVNULL,  # not a pipe: the server would inherit it and keep it open
        stderr=subprocess.DEVNULL,
        user=None if account is None else account.pw_uid,
        group=None if account is None else account.pw_gid,
        extra_groups=None if account is None else (),
    )


def _account() -> pwd.struct_passwd | None:
    """Return whom to run as: root must not, others are themselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is no other user")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
