"""Steps on a Dask cluster of two workers: the bytes of one process, also if a worker is killed."""

import os
import signal
from argparse import Namespace
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from Data_processing import source
from Data_processing.convert.load import ToFolder
from Data_processing.fingerprints import gather as fingerprints
from Data_processing.interim import folder_of
from Data_processing.steps import process, runner
from Data_processing.steps.runner import ShardResult, Task
from Data_processing.steps.work import Work
from Datasets.compute import load
from Datasets.shards import ShardWriter
from tests.Data_processing.conftest import Workspace
from tests.Data_processing.convert.conftest import Bench
from tests.Data_processing.convert.test_ingest import content_of, many
from tests.servers.dask import Cluster, running

pytestmark = pytest.mark.server


@pytest.fixture
def cluster(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a cluster of two workers in the folder of the test."""
    with running(tmp_path_factory.mktemp("cluster")) as made:
        made.worker(tmp_path)
        made.worker(tmp_path)
        yield made


def on(cluster: Cluster) -> str:
    return f"engine: dask\naddress: {cluster.address}\nrow_cache_gb: 0\n"


def run_and_die(work: Work, task: Task) -> ShardResult:
    """Write a shard; the first worker that writes another dies before that is in its place."""
    if Path(f"began-{os.getpid()}").exists():
        with suppress(FileExistsError):
            Path("killed").touch(exist_ok=False)
            ShardWriter.close = lambda self: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment, method-assign, return-value]
    Path(f"began-{os.getpid()}").touch()
    return runner.run_shard(work, task)


def test_a_killed_worker_changes_no_byte(
    workspace: Workspace,
    cluster: Cluster,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nor does the cluster: of its shards and fingerprints none differs, and nothing is left."""
    monkeypatch.setattr(source, "SHARD_BYTES", 1)
    monkeypatch.setattr(source, "SHARD_ROWS", 2)
    compute = workspace.folder / "compute.yaml"
    compute.write_text("workers: 1\nrow_cache_gb: 0\n")
    source.run(Namespace())
    process.run(Namespace(step="flip"))
    alone = {path.name: path.read_bytes() for path in folder_of("flip").iterdir()}
    roots = {"shapes": Path("raw")}
    prints = fingerprints.gather(["shapes"], roots, load())
    Path(".darkroom/fingerprints/shapes").unlink()

    monkeypatch.setattr("Data_processing.steps.walking.ONE_PROCESS_ROWS", 0)
    monkeypatch.setattr("Data_processing.steps.walking.run_shard", run_and_die)
    monkeypatch.setattr(fingerprints, "CHUNK", 5)
    compute.write_text(on(cluster))
    process.run(Namespace(step="flip"))
    assert "is gone; what it left is done again" in capsys.readouterr().err
    assert Path("killed").exists() and not Path(f"began-{os.getpid()}").exists()
    assert {path.name: path.read_bytes() for path in folder_of("flip").iterdir()} == alone
    pd.testing.assert_frame_equal(prints, fingerprints.gather(["shapes"], roots, load()))
    assert not list(workspace.folder.rglob(".tmp-*"))


def test_a_cluster_converts_to_the_same_bytes(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bench = Bench(tmp_path)
    many(bench, 9)
    bench.convert()
    ours = content_of(bench.metadata)
    monkeypatch.setattr("Data_processing.convert.ingest.CHUNK", 2)
    bench.engine = on(cluster)
    bench.convert()
    assert content_of(bench.metadata) == ours


def test_what_a_worker_left_half_written_is_made_whole(tmp_path: Path) -> None:
    """Or another writes it still: the file is never emptied once it is there."""
    load = ToFolder(tmp_path)
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks/a.png").write_bytes(b"01234")
    with (tmp_path / "masks/a.png").open("rb") as reader:
        load._write("masks/a.png", b"0123456789")
        assert reader.read() == b"0123456789"
