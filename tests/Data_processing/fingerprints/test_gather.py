"""Fingerprints are of the pixels, are the same whoever makes them, and are made once."""

from pathlib import Path

import msgspec
import pandas as pd
import pytest

from Data_processing.fingerprints import gather as module
from Data_processing.fingerprints.gather import gather
from Datasets.compute import Compute
from Datasets.files import content_hash
from Datasets.metadata import SAMPLES_FILE
from Datasets.raw_image import RawImage
from tests.Data_processing.conftest import Workspace

ROOTS = {"shapes": Path("raw")}
ONE = Compute(workers=1)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that fills with the files that are decoded."""
    found: list[str] = []
    make = module._fingerprint

    def noted(raw: RawImage) -> module.Fingerprint:
        found.append(raw.files[0])
        return make(raw)

    monkeypatch.setattr(module, "_fingerprint", noted)
    return found


def test_each_picture_has_its_own_and_a_second_run_decodes_nothing(
    workspace: Workspace, decoded: list[str]
) -> None:
    first = gather(["shapes"], ROOTS, ONE)
    assert first["pixels"].nunique() == 12 == len(decoded)
    assert first["upright"].notna().all() and first["mirrored"].notna().all()
    again = gather(["shapes"], ROOTS, ONE)
    pd.testing.assert_frame_equal(first, again)
    assert len(decoded) == 12


def test_workers_give_the_same(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    one = gather(["shapes"], ROOTS, ONE)
    Path(".darkroom/fingerprints/shapes").unlink()
    monkeypatch.setattr(module, "CHUNK", 5)
    pd.testing.assert_frame_equal(one, gather(["shapes"], ROOTS, Compute(workers=2)))


def test_memory_of_another_version_is_not_believed(workspace: Workspace) -> None:
    first = gather(["shapes"], ROOTS, ONE)
    body = msgspec.msgpack.encode({"key": ["pixels", 1, 2]})
    Path(".darkroom/fingerprints/shapes").write_bytes(content_hash(body).encode() + body)
    pd.testing.assert_frame_equal(first, gather(["shapes"], ROOTS, ONE))


@pytest.mark.parametrize("harm", ["flip", "cut", "empty"])
def test_damaged_memory_is_not_believed(
    workspace: Workspace, decoded: list[str], harm: str
) -> None:
    first = gather(["shapes"], ROOTS, ONE)
    memory = Path(".darkroom/fingerprints/shapes")
    content = bytearray(memory.read_bytes())
    content[len(content) // 2] ^= 1
    harmed: dict[str, bytes | bytearray] = {"flip": content, "cut": content[:40], "empty": b""}
    memory.write_bytes(harmed[harm])
    decoded.clear()
    pd.testing.assert_frame_equal(first, gather(["shapes"], ROOTS, ONE))
    assert len(decoded) == 12


def test_what_cannot_be_decoded_is_said_and_looked_at_again(
    workspace: Workspace, decoded: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path("raw/04.png")
    content = path.read_bytes()
    path.write_bytes(content[:-40])
    found = gather(["shapes"], ROOTS, ONE)
    assert found["pixels"].tolist().count("") == 1 and found["upright"].isna().sum() == 1
    assert "1 images of shapes cannot be decoded" in capsys.readouterr().err
    path.write_bytes(content)
    decoded.clear()
    assert (gather(["shapes"], ROOTS, ONE)["pixels"] != "").all()
    assert decoded == ["04.png"]


def test_a_changed_image_is_looked_at_anew(workspace: Workspace, decoded: list[str]) -> None:
    gather(["shapes"], ROOTS, ONE)
    decoded.clear()
    path = Path("Datasets/metadata/shapes") / SAMPLES_FILE
    table = pd.read_parquet(path)
    table.loc[3, "sha256"] = "0" * 64
    table.to_parquet(path, index=False)
    assert gather(["shapes"], ROOTS, ONE)["pixels"].tolist().count("") == 1
    assert decoded == ["03.png"]
