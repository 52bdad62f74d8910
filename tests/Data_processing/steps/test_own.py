"""A user's own operation: found by its file, checked, and named when it goes wrong."""

import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from Data_processing import source
from Data_processing.interim import folder_of
from Data_processing.steps import own, process, runner
from Datasets.errors import ParamsError, RejectedError
from Datasets.store import Store
from tests.Data_processing.conftest import Workspace

INVERT = '''
"""Turn a share of the copies into their negative."""

import msgspec


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    share: float = 1.0


def apply(sample, parameters, rng):
    if rng.random() >= parameters.share:
        return sample
    return sample.with_frame({made}, sample.mask, sample.boxes)
'''
Write = Callable[..., None]


@pytest.fixture
def write(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Return what writes an operation of that name and lets the step ``flip`` use it."""
    folder = workspace.folder / "own"
    folder.mkdir()
    monkeypatch.setattr(own, "__path__", [str(folder)])

    def written(name: str, made: str, arguments: str = "{}", text: str = INVERT) -> None:
        (folder / f"{name}.py").write_text(text.replace("{made}", made))
        monkeypatch.delitem(sys.modules, f"{own.__name__}.{name}", raising=False)
        runner._built.cache_clear()  # of the file that had this name before
        workspace.params("{HorizontalFlip: {p: 0.5}}", f"{{own.{name}: {arguments}}}")
        source.run(Namespace())

    return written


def test_a_file_is_an_operation(write: Write) -> None:
    write("negative", "255 - sample.image", "{share: 1.0}")
    process.run(Namespace(step="flip"))
    store = Store(folder_of("flip"))
    images = {(row.id, row.copy): store.image(row) for row in store.rows()}
    assert len(images) == 36
    for (id_, copy), image in images.items():
        assert np.array_equal(image, 255 - images[id_, 0] if copy else images[id_, 0])


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        ("1 / 0", r'own\.wrong \{"share":1\.0\} failed: ZeroDivisionError'),
        (
            "sample.image[:, :, 0]",
            r"own\.wrong .* made an image of shape \(\d+, \d+\) and type uint8",
        ),
        ("sample.image.astype('int64')", r"type int64; \(height, width, channels\) of uint8"),
        ("sample.image[:4]", r"made a mask of shape .* for an image of shape \(4,"),
        ("sample.image.astype('float32') * float('nan')", "made NaN of pixels"),
    ],
)
def test_what_cannot_be_stored_is_named(write: Write, made: str, sentence: str) -> None:
    """The sample, the operation, its arguments and what it did."""
    write("wrong", made)
    with pytest.raises(RejectedError, match=r"(?s)12 rejected.*shapes/00\.png[,:] .*" + sentence):
        process.run(Namespace(step="flip"))


def test_what_returns_no_sample_is_named(write: Write) -> None:
    nothing = INVERT.replace("return sample.with_frame({made}", "sample.with_frame(sample.image")
    write("wrong", "", text=nothing)
    with pytest.raises(RejectedError, match=r"own\.wrong .* returned NoneType, a Sample was"):
        process.run(Namespace(step="flip"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("import nothing_of_that_name\n", "own/wrong.py cannot be imported: ModuleNotFoundError"),
        ("def apply(sample, p, rng): ...\n", "own.wrong: its module has no Parameters"),
        (
            INVERT.replace("parameters, rng)", "parameters)"),
            r"apply must take \(sample, parameters, rng\)",
        ),
        (INVERT.replace("def apply", "def other"), "neither fixed"),
    ],
)
def test_a_file_of_another_shape_is_refused(write: Write, text: str, sentence: str) -> None:
    write("wrong", "sample.image", text=text)
    with pytest.raises(ParamsError, match=sentence):
        process.run(Namespace(step="flip"))


def test_arguments_are_checked(write: Write) -> None:
    write("negative", "sample.image", "{shar: 1.0}")
    with pytest.raises(ParamsError, match="unknown key 'shar'"):
        process.run(Namespace(step="flip"))


def test_a_file_that_is_not_there_is_named(write: Write, workspace: Workspace) -> None:
    write("negative", "sample.image")
    workspace.params("own.negative", "own.positive")
    with pytest.raises(ParamsError, match=r"no file .*own/positive\.py; there are negative"):
        process.run(Namespace(step="flip"))
    assert Path("own/negative.py").exists()
