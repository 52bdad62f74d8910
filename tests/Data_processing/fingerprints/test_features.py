"""What a network says of samples: the same whoever asks it, and asked once."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from onnx import TensorProto, helper, numpy_helper

from Data_processing.fingerprints import features as module
from Data_processing.fingerprints import network as network_module
from Data_processing.fingerprints.features import Features, gather_features
from Data_processing.fingerprints.network import Network, read_network
from Data_processing.sections import Audit
from Datasets.compute import Compute
from Datasets.errors import ParamsError
from Datasets.files import sha256_of
from Datasets.image import encode_png
from Datasets.metadata import SAMPLES_FILE
from Datasets.raw_image import RawImage
from tests.Data_processing.conftest import Workspace
from tests.Data_processing.fingerprints.tiny_onnx import model, pooled, write

ROOTS = {"shapes": Path("raw")}
ONE = Compute(workers=1)
MEMORY = Path(".darkroom/fingerprints/shapes.features")


def asked(content: bytes, audit: Audit | None = None) -> Network:
    """Return a network of the workspace."""
    network_module.opened.cache_clear()
    path = write("tiny.onnx", content)
    return read_network(audit or Audit(features="warn"), path, "params.yaml: audit.network")


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that fills with the files that are decoded."""
    found: list[str] = []
    read = RawImage.pixels

    def noted(raw: RawImage, colour: str) -> np.ndarray:
        found.append(raw.files[0])
        return read(raw, colour)  # type: ignore[arg-type]

    monkeypatch.setattr(RawImage, "pixels", noted)
    return found


def assert_equal(one: Features, other: Features) -> None:
    """Check that both tell the same."""
    assert one.ids == other.ids
    np.testing.assert_array_equal(one.directions, other.directions)


def test_it_is_what_the_network_says_and_is_asked_once(
    workspace: Workspace, decoded: list[str]
) -> None:
    """A second run decodes nothing; another network, or another mean, all."""
    network = asked(pooled())
    first = gather_features(["shapes"], ROOTS, network, ONE)
    assert first.directions.shape == (3, 12, 192) and len(decoded) == 12
    lengths = np.linalg.norm(first.directions.astype(float), axis=-1)
    np.testing.assert_allclose(lengths, 1, atol=2e-3)
    assert_equal(first, gather_features(["shapes"], ROOTS, network, ONE))
    assert len(decoded) == 12
    floats = asked(pooled(dtype=TensorProto.FLOAT))
    again = gather_features(["shapes"], ROOTS, floats, ONE)
    assert len(decoded) == 24
    np.testing.assert_allclose(  # of 0..1 the same direction, as the mean is taken off
        again.directions.astype(float), first.directions.astype(float), atol=2e-3
    )
    shifted = asked(pooled(dtype=TensorProto.FLOAT), Audit(mean=(0.4, 0.5, 0.6), std=0.2))
    gather_features(["shapes"], ROOTS, shifted, ONE)
    assert len(decoded) == 36


def test_workers_give_the_same(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    network = asked(pooled())
    one = gather_features(["shapes"], ROOTS, network, ONE)
    MEMORY.unlink()
    monkeypatch.setattr(module, "CHUNK", 5)
    assert_equal(one, gather_features(["shapes"], ROOTS, network, Compute(workers=2)))


def test_neighbours_do_not_matter(workspace: Workspace, decoded: list[str]) -> None:
    """One sample is asked for alone: it says what it said among others."""
    network = asked(pooled(batch=7))
    whole = gather_features(["shapes"], ROOTS, network, ONE)
    MEMORY.unlink()
    path = Path("Datasets/metadata/shapes") / SAMPLES_FILE
    table = pd.read_parquet(path)
    table["sha256"] = table["sha256"].where(table.index == 7, "0" * 64)
    table.to_parquet(path, index=False)
    alone = gather_features(["shapes"], ROOTS, network, ONE)
    assert alone.ids == ["shapes/07.png"]
    np.testing.assert_array_equal(alone.directions[:, 0], whole.directions[:, 7])


@pytest.mark.parametrize("harm", ["flip", "cut", "empty"])
def test_damaged_memory_is_not_believed(
    workspace: Workspace, decoded: list[str], harm: str
) -> None:
    network = asked(pooled())
    first = gather_features(["shapes"], ROOTS, network, ONE)
    content = bytearray(MEMORY.read_bytes())
    content[len(content) // 2] ^= 1
    harmed: dict[str, bytes | bytearray] = {"flip": content, "cut": content[:40], "empty": b""}
    MEMORY.write_bytes(harmed[harm])
    decoded.clear()
    assert_equal(first, gather_features(["shapes"], ROOTS, network, ONE))
    assert len(decoded) == 12


def test_what_has_none_is_said_and_what_was_unread_is_looked_at_again(
    workspace: Workspace, decoded: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path("raw/04.png")
    content = path.read_bytes()
    path.write_bytes(content[:-40])
    network = asked(pooled())
    found = gather_features(["shapes"], ROOTS, network, ONE)
    assert len(found.ids) == 11 and "1 images of shapes have no features" in capsys.readouterr().err
    path.write_bytes(content)
    decoded.clear()
    assert len(gather_features(["shapes"], ROOTS, network, ONE).ids) == 12
    assert decoded == ["04.png"]


def test_pictures_of_which_it_says_no_number_are_named(workspace: Workspace) -> None:
    """Pixels over the brightest of their channel: without green that is no number."""
    path = workspace.folder / "raw/05.png"
    black = np.zeros((20, 20, 3), np.uint8)
    black[0, :, 0] = 255  # not flat, but without green
    path.write_bytes(encode_png(black))
    folder = Path("Datasets/metadata/shapes")
    table = pd.read_parquet(folder / SAMPLES_FILE)
    table.loc[5, "sha256"] = sha256_of(path.read_bytes())
    table.to_parquet(folder / SAMPLES_FILE, index=False)
    nodes = [
        helper.make_node("ReduceMax", ["pictures", "axes"], ["brightest"], keepdims=1),
        helper.make_node("Div", ["pictures", "brightest"], ["features"]),
    ]
    axes = numpy_helper.from_array(np.array([2, 3], np.int64), "axes")
    network = asked(model(nodes, ("n", 3, 16, 16), TensorProto.FLOAT, [axes]))
    with pytest.raises(ParamsError, match=r"tiny\.onnx: of raw/05\.png it gives what is no number"):
        gather_features(["shapes"], ROOTS, network, ONE)
