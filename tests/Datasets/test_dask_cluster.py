"""Tasks on a Dask cluster: in order, whoever dies; refused where bytes might differ."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from Datasets import dask_cluster
from Datasets.dask_cluster import DaskCluster
from Datasets.engines import map_tasks
from Datasets.environment import here
from Datasets.errors import AnnotationError, StageError, StoreError
from Datasets.own_processes import AHEAD
from tests.servers.dask import Cluster, running, wait_until

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkout")


@pytest.fixture(scope="module")
def cluster(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a cluster of two workers in ``checkout``; who kills one starts another."""
    with running(tmp_path_factory.mktemp("cluster")) as made:
        made.worker(checkout)
        made.worker(checkout)
        wait_for_workers(made.address, 2)
        yield made


@pytest.fixture
def engine(cluster: Cluster, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> DaskCluster:
    """Return the engine of the cluster; the current folder is the workers'."""
    monkeypatch.chdir(checkout)
    return DaskCluster(cluster.address)


def square(number: int) -> int:
    return number * number


def name_process(number: int) -> int:
    return os.getpid()


def test_results_keep_the_order_of_their_tasks(
    engine: DaskCluster, capfd: pytest.CaptureFixture[str]
) -> None:
    assert list(map_tasks(square, range(20), engine, "x")) == [n * n for n in range(20)]
    assert capfd.readouterr().err == ""
    assert not list(Path(".darkroom/cluster").iterdir())


def test_one_task_needs_no_cluster(engine: DaskCluster) -> None:
    assert list(map_tasks(name_process, [1], engine, "x")) == [os.getpid()]
    assert os.getpid() not in map_tasks(name_process, [1, 2], engine, "x")


def fail_at_two(number: int) -> int:
    if number == 2:
        raise AnnotationError("number 2 is damaged", "of a kind")
    if number == 3:
        raise TimeoutError("of its own")
    return number


def test_an_error_of_a_task_arrives_as_itself(engine: DaskCluster) -> None:
    with pytest.raises(AnnotationError, match=r"^number 2 is damaged$") as caught:
        list(map_tasks(fail_at_two, range(9), engine, "x"))
    assert caught.value.kind == "of a kind"
    with pytest.raises(TimeoutError, match="of its own"):
        list(map_tasks(fail_at_two, [3, 3], engine, "x"))


def mark(number: int) -> int:
    Path(f"begun-{number}").touch()
    return number


def test_no_more_is_taken_than_the_workers_need(engine: DaskCluster) -> None:
    """Neither this process nor the scheduler holds what a long stream may give."""
    taken: list[int] = []
    results = engine.map(square, (taken.append(n) or n for n in range(1000)))  # type: ignore[func-returns-value]
    assert [next(results) for _ in range(3)] == [0, 1, 4]
    assert 3 <= len(taken) <= 2 * AHEAD + 3


def hold(number: int) -> int:
    """Say that it was begun; number 0 raises, the others wait for a file."""
    Path(f"held-{number}").touch()
    wait_until(Path("go").exists)
    if number == 0:
        raise StoreError("no more")
    return number


def test_who_leaves_early_takes_back_what_was_not_begun(engine: DaskCluster) -> None:
    results = engine.map(hold, iter(range(1000)))
    Path("go").touch()
    with pytest.raises(StoreError, match="no more"):
        next(results)
    assert list(map_tasks(square, range(2), engine, "x")) == [0, 1]
    assert len(list(Path().glob("held-*"))) <= 2 * AHEAD


def die_once(number: int) -> int:
    """End the worker at task 3, unless a file says that this was done."""
    died = Path("died")
    if number == 3 and not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def test_what_a_dead_worker_left_is_done_again(
    engine: DaskCluster, cluster: Cluster, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(map_tasks(die_once, range(20), engine, "x")) == [n * n for n in range(20)]
    assert "is gone; what it left is done again" in capsys.readouterr().err
    cluster.worker(checkout)
    wait_for_workers(engine.address, 2)


def die(number: int) -> int:
    if number == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_a_task_that_kills_its_workers_is_told(
    engine: DaskCluster, cluster: Cluster, checkout: Path
) -> None:
    with pytest.raises(StageError, match=r"^2 Dask workers died at the same work, .*--memory"):
        list(map_tasks(die, range(2), engine, "x"))
    for _ in range(2):
        cluster.worker(checkout)
    wait_for_workers(engine.address, 2)


def test_workers_that_might_write_other_bytes_are_refused(
    engine: DaskCluster, cluster: Cluster, checkout: Path, tmp_path: Path
) -> None:
    """Each by its address, and what it has otherwise, before anything is computed."""
    code = tmp_path / "code"
    code.mkdir()
    odd = [
        cluster.worker(tmp_path),
        cluster.worker(checkout, threads=2),
        cluster.worker(checkout, code=code),
    ]
    wait_for_workers(engine.address, 5)
    with pytest.raises(StageError) as caught:
        list(map_tasks(mark, range(9), engine, "x"))
    said = str(caught.value)
    assert f"works in {tmp_path}, which is not the folder of this run" in said
    assert "has 2 threads, which would share what is made for one" in said
    assert "cannot load this project: " in said and "No module named 'Datasets'" in said
    assert said.count("Dask worker tcp://127.0.0.1:") == 3
    assert said.endswith(f"`python -m dask worker {engine.address} --nthreads 1`")
    assert not list(Path().glob("begun-*"))
    end(odd)
    wait_for_workers(engine.address, 2)


def test_a_worker_that_comes_later_is_refused_too(
    engine: DaskCluster, cluster: Cluster, tmp_path: Path, checkout: Path
) -> None:
    results = engine.map(square, iter(range(100_000)))
    assert next(results) == 0
    odd = [cluster.worker(tmp_path)]
    with pytest.raises(StageError, match=r"^Dask worker tcp://.* works in .*\nend it, and start"):
        list(results)
    end(odd)
    code = tmp_path / "code"
    code.mkdir()
    results = engine.map(square, iter(range(100_000)))
    assert next(results) == 0
    odd = [cluster.worker(checkout, code=code)]
    with pytest.raises(StageError, match=r"^a Dask worker cannot load this project: .*\nend it"):
        list(results)
    end(odd)
    wait_for_workers(engine.address, 2)


def test_other_code_is_noticed(engine: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers keep the modules that they have loaded, whatever becomes of the files."""
    monkeypatch.setattr("Datasets.environment._code", lambda: "edited since")
    here.cache_clear()
    with pytest.raises(StageError, match="has loaded this project's code before it changed"):
        list(map_tasks(square, range(9), engine, "x"))
    here.cache_clear()


def test_a_scheduler_of_another_version_is_told(
    engine: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = {"scheduler": "2024.1.0", "client": "2026.8.0"}
    versions = {who: {"packages": {"distributed": is_}} for who, is_ in packages.items()}
    monkeypatch.setattr("distributed.Client.get_versions", lambda client: versions)
    with pytest.raises(StageError, match=r"is of version 2024\.1\.0, here is 2026\.8\.0; start it"):
        list(map_tasks(square, range(9), engine, "x"))


def test_without_a_scheduler_the_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing there, or what is no scheduler: one sentence, and not for ever."""
    monkeypatch.setattr(dask_cluster, "CONNECT_S", 0.3)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{one.getsockname()[1]}"
        for _ in range(2):  # nothing listens, nothing answers
            with pytest.raises(StageError, match=f"^no Dask scheduler answers at {address} .*yaml"):
                list(map_tasks(square, range(2), DaskCluster(address), "x"))
            one.listen()


def test_a_cluster_without_workers_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And one whose scheduler ends."""
    monkeypatch.setattr(dask_cluster, "WORKERS_S", 0.1)
    monkeypatch.chdir(tmp_path)
    with running(tmp_path / "cluster") as empty:
        engine = DaskCluster(empty.address)
        with pytest.raises(StageError, match=r"has had no workers for 0\.1 s; start some in "):
            list(map_tasks(square, range(2), engine, "x"))
        assert "has no workers; waiting for one" in capsys.readouterr().err
        monkeypatch.setattr(dask_cluster, "WORKERS_S", 60)
        worker = empty.worker(tmp_path)
        results = engine.map(square, iter(range(100_000)))
        assert next(results) == 0
        monkeypatch.setattr(dask_cluster, "LOOK_S", 0.1)
        monkeypatch.setattr(dask_cluster, "WORKERS_S", 0.1)
        end([worker])
        with pytest.raises(StageError, match=r"has had no workers for 0\.1 s"):
            list(results)
        monkeypatch.setattr(dask_cluster, "WORKERS_S", 60)
        monkeypatch.setattr(dask_cluster, "CONNECT_S", 0.5)
        empty.worker(tmp_path)
        results = engine.map(square, iter(range(100_000)))
        assert next(results) == 0
        end([empty.scheduler])
        with pytest.raises(StageError, match=r"^the Dask scheduler at .* went away; start it"):
            list(results)


def test_workers_that_hang_are_told(
    cluster: Cluster, engine: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they do at last is taken."""
    workers = [one for one in cluster.workers if one.poll() is None]
    told: list[str] = []

    def listen(sentence: str) -> None:
        told.append(sentence)
        for one in workers:
            one.send_signal(signal.SIGCONT)

    monkeypatch.setattr(dask_cluster, "LOOK_S", 0.05)
    monkeypatch.setattr(dask_cluster, "SILENT_LOOKS", 2)
    results = engine.map(square, iter(range(50)))
    assert next(results) == 0
    monkeypatch.setattr(dask_cluster, "say", listen)
    for one in workers:
        one.send_signal(signal.SIGSTOP)
    assert list(results) == [number**2 for number in range(1, 50)]
    said = "no result from the Dask workers for 0.1 s: tcp://127.0.0.1:"
    assert told and all(one.startswith(said) for one in told)


def end(processes: "list[subprocess.Popen[bytes]]") -> None:
    for one in processes:
        one.kill()
        one.wait()


def wait_for_workers(address: str, count: int) -> None:
    with dask_cluster._connected(address) as client:
        wait_until(lambda: len(client.nthreads()) == count)
