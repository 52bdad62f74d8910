"""What params.yaml is told before anything runs."""

from argparse import Namespace

import pytest

from Data_processing import check_params
from Datasets.errors import ParamsError
from tests.Data_processing.conftest import Workspace


def refused(workspace: Workspace, old: str, new: str) -> str:
    """Return what ``check-params`` says after one change."""
    workspace.params(old, new)
    with pytest.raises(ParamsError) as found:
        check_params.run(Namespace(raw=False))
    return str(found.value)


def test_a_sound_file_passes(workspace: Workspace) -> None:
    """Nothing is said."""
    assert check_params.run(Namespace(raw=False)) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("split:", "splt:", "params.yaml: splt: unknown section 'splt'; did you mean 'split'?"),
        ("n_folds: 3", "n_fold: 3", "split.n_fold: unknown key 'n_fold'; did you mean 'n_folds'"),
        ("n_folds: 3", "n_folds: 2", "split.n_folds: expected a whole number >= 3, got 2"),
        (
            "n_folds: 3",
            "n_folds: three",
            "split.n_folds: expected a whole number, got text, got 'three'",
        ),
        ("holdout: 0.0", "holdout: 1.0", "split.holdout: expected a number < 1.0, got 1.0"),
        ("from: [shapes]", "from: [shape]", "unknown data set 'shape'; did you mean 'shapes'"),
        ("from: [shapes]", "from: []", "split.from: no data set is named"),
        ("format: coco", "format: pascal_voc", "format 'pascal_voc'; did you mean 'voc'?"),
        ("format: coco", "format: cocoa", "unknown format 'cocoa'; did you mean 'coco'"),
        (
            "scheme: stratified, n_folds: 3, holdout: 0.0, group: null}",
            "scheme: group, stable: true, group: [site, ward]}",
            "split.stable: with several group columns a sample may move when others are added",
        ),
        (
            "scheme: stratified, n_folds: 3, holdout: 0.0, group: null}\naudit: {near: warn}",
            "scheme: samples, stable: true}\naudit: {near: merge}",
            "split.stable: with audit.near: merge a sample may move when others are added",
        ),
        (
            "scheme: stratified, n_folds: 3, holdout: 0.0, group: null}\naudit: {near: warn}",
            "scheme: time, time: day}\naudit: {duplicates: merge}",
            "audit.duplicates: the scheme time says where each sample stands",
        ),
        ("near: warn", "features: warn", "audit.network: audit.features: warn needs a network"),
        (
            "near: warn",
            "features: warn, network: ../tiny.onnx",
            "audit.network: '../tiny.onnx' is a path; put the file into Datasets/weights",
        ),
        (
            "near: warn",
            "features: warn, network: tiny.onnx",
            "audit.network: there is no file Datasets/weights/tiny.onnx; none is there yet",
        ),
        ("near: warn", "cosine: 1.5", "audit.cosine: expected a number <= 1.0, got 1.5"),
        ("near: warn", "std: [1, 0]", "audit.std"),
        (
            "scheme: stratified, n_folds: 3, holdout: 0.0, group: null}\naudit: {near: warn}",
            "scheme: samples, stable: true}\naudit: {features: merge, network: a.onnx}",
            "split.stable: with audit.features: merge a sample may move when others are added",
        ),
        ("scheme: stratified", "scheme: time", "split.time: the scheme time needs a column"),
        ("scheme: stratified", "scheme: leave_one_out, repeats: 2", "gives the same each time"),
        ("scheme: stratified", "scheme: group", "split.group: the scheme group needs a column"),
        (
            "path: raw}",
            "path: raw, on_bad: skp}",
            "datasets.shapes.on_bad: unknown value 'skp'; did you mean 'skip'",
        ),
        (
            "colour: rgb",
            "colour: pink",
            "decode.colour: unknown value 'pink'; known: gray, rgb, unchanged",
        ),
        ("copies: 2", "copies: -1", "copies: 0 to 1000 was expected, got -1"),
        ("stack: {from: shrink}", "stack: {from: shrunk}", "stack.from: there is no step 'shrunk'"),
        ("from: flip", "from: flap", "preprocess.shrink.from: there is no step 'flap'"),
        ("height: 16", "size: 16", "ops.0.letterbox.size: a parameter must not be called 'size'"),
        ("per: channel", "nfiles: 1", "a parameter must not be called 'nfiles'"),
        (
            "per: channel",
            "per: row",
            "scale.ops.0.standard.per: unknown value 'row'; known: channel, image, pixel",
        ),
        ("seed: 7", "seed: 7\nseed: 8", "found duplicate key"),
        ("seed: 7", "seed: [", "not readable as YAML"),
    ],
)
def test_what_does_not_fit_is_named(
    workspace: Workspace, old: str, new: str, sentence: str
) -> None:
    """File, key, and the nearest name."""
    said = refused(workspace, old, new)
    assert said.startswith("params.yaml")
    assert sentence in said


def test_all_that_is_wrong_comes_at_once(workspace: Workspace) -> None:
    """Three sections, three sentences."""
    workspace.params("colour: rgb", "colour: pink")
    workspace.params("n_folds: 3", "n_folds: 1")
    said = refused(workspace, "letterbox", "leterbox").splitlines()
    assert len(said) == 3


def test_every_operation_of_a_step_is_told(workspace: Workspace) -> None:
    """One look, all that is to be mended."""
    flip, crop = "{HorizontalFlip: {q: 0.5}}", "{crop: {height: 0, width: 3}}"
    ops = f"{{RandomCrop: {{}}}}, {flip}, {{letterbx: {{}}}}, {crop}"
    said = refused(workspace, "{HorizontalFlip: {p: 0.5}}", ops).splitlines()
    assert [line.split(": ")[1] for line in said] == [
        "preprocess.flip.ops.0", "preprocess.flip.ops.1", "preprocess.flip.ops.2",
        "preprocess.flip.ops.3.crop.height",
    ]  # fmt: skip


def test_a_raw_folder_that_is_not_there_is_noted(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is an error where it is read: with all in the cache nothing needs it."""
    workspace.params("path: raw", "path: rw")
    check_params.run(Namespace(raw=False))
    assert "note: params.yaml: datasets.shapes.path: there is no folder rw" in (
        capsys.readouterr().err
    )


def test_raw_folders_are_looked_for_where_asked(workspace: Workspace) -> None:
    """After ``dvc repro`` failed: DVC itself does not say what names the folder."""
    check_params.run(Namespace(raw=True))
    workspace.params("path: raw", "path: ~/raw")
    check_params.run(Namespace(raw=False))
    with pytest.raises(ParamsError, match=r"shapes\.path: there is no folder ~/raw; .* ~"):
        check_params.run(Namespace(raw=True))


def test_all_unknown_keys_of_an_entry_are_named(workspace: Workspace) -> None:
    said = refused(workspace, "path: raw}", "path: raw, annotation: a, on-bad: skip}")
    assert "datasets.shapes.annotation: unknown key 'annotation'; did you mean" in said
    assert "datasets.shapes.on-bad: unknown key 'on-bad'; did you mean 'on_bad'" in said


def test_a_network_that_is_not_there_comes_with_those_that_are(workspace: Workspace) -> None:
    folder = workspace.folder / "Datasets/weights"
    folder.mkdir()
    for name in ("b.onnx", "a.onnx", "README.md", "tiny.onnx.dvc"):
        (folder / name).touch()
    said = refused(workspace, "near: warn", "features: error, network: tiny.onnx")
    assert "there is no file Datasets/weights/tiny.onnx; there: a.onnx, b.onnx; `dvc pull" in said
    workspace.params("network: tiny.onnx", "network: a.onnx")
    check_params.run(Namespace(raw=False))


def test_a_misspelt_number_of_labels_is_no_column(workspace: Workspace) -> None:
    workspace.params("group: null", "group: null, labelled: 4 pro class")
    with pytest.raises(ParamsError, match="'4 per class' or a column was expected, got '4 pro"):
        check_params.run(Namespace(raw=False))
