"""What was found of raw files is believed while they are the same, and changes no output."""

import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from Data_processing.convert import ingest, look, memory
from Data_processing.convert import inspect as inspecting
from Data_processing.convert.found import LABELLED, FoundImage
from Data_processing.convert.look import look_at
from Data_processing.convert.memory import Memory, packed
from Datasets.errors import DarkroomError
from tests.Data_processing.convert.conftest import Bench

FOLDERS = "format: folders"


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all files touched long ago: the clock is ahead."""
    now = time.time_ns
    monkeypatch.setattr("time.time_ns", lambda: now() + 10_000_000_000)


@pytest.fixture
def read_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that all files go to that are read."""
    files: list[str] = []
    inspect = inspecting.inspect

    def noted(root: Path, file: str, in_windows: bool = False) -> object:
        files.append(file)
        return inspect(root, file, in_windows)

    monkeypatch.setattr(look, "inspect", noted)
    return files


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def file_of(bench: Bench) -> Path:
    return bench.folder / ".darkroom/files/tiny"


def names_in(path: Path) -> list[str]:
    return [one.name for one in memory._known(path, Memory(path)._seal())]


def three(bench: Bench) -> dict[str, bytes]:
    for i, name in enumerate(("cat/a.png", "cat/b.png", "dog/c.png")):
        bench.image(name, level=10 * i)
    bench.convert(FOLDERS)
    return content_of(bench.metadata)


@pytest.mark.usefixtures("later")
def test_a_second_run_reads_what_changed(bench: Bench, read_files: list[str]) -> None:
    first = three(bench)
    assert len(read_files) == 3
    bench.convert(FOLDERS)
    assert len(read_files) == 3
    assert content_of(bench.metadata) == first
    bench.image("cat/b.png", level=99)
    bench.image("cat/new.png")
    bench.convert(FOLDERS)
    assert read_files[3:] == ["cat/b.png", "cat/new.png"]
    changed = content_of(bench.metadata)
    file_of(bench).unlink()
    bench.convert(FOLDERS)
    assert len(read_files) == 9
    assert content_of(bench.metadata) == changed != first


def test_a_file_touched_just_now_is_not_remembered(bench: Bench, read_files: list[str]) -> None:
    three(bench)
    bench.convert(FOLDERS)
    assert len(read_files) == 6
    assert names_in(file_of(bench)) == []


@pytest.mark.usefixtures("later")
def test_a_changed_byte_shows_though_size_and_date_are_put_back(bench: Bench) -> None:
    first = three(bench)
    path = bench.raw / "cat/a.png"
    said, content = path.stat(), path.read_bytes()
    at = content.index(b"IDAT") + 8
    changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    path.write_bytes(changed)
    os.utime(path, ns=(said.st_atime_ns, said.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (said.st_size, said.st_mtime_ns)
    bench.convert(FOLDERS)
    assert content_of(bench.metadata) != first


@pytest.mark.usefixtures("later")
def test_the_same_content_in_another_file_is_the_same(bench: Bench) -> None:
    first = three(bench)
    path = bench.raw / "cat/a.png"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    bench.convert(FOLDERS)
    assert content_of(bench.metadata) == first


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut in the length": lambda content: content[:5],
    "cut in the hash": lambda content: content[:20],
    "cut in the block": lambda content: content[:-1],
    "first byte": lambda content: bytes([content[0] ^ 255]) + content[1:],
    "in the hash": lambda content: content[:10] + bytes([content[10] ^ 1]) + content[11:],
    "a digit": lambda content: content[:-40] + bytes([content[-40] ^ 1]) + content[-39:],
    "zeros": lambda content: bytes(len(content)),
    "a length beyond all": lambda content: b"\xff" * 8 + content[8:],
    "text": lambda content: b"[]\n" * 100,
    "a pickle": lambda content: b"cos\nsystem\n(S'touch pwned'\ntR.",
    "the same block twice": lambda content: content * 2,
}


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_memory_is_noticed_and_made_anew(
    bench: Bench, read_files: list[str], damage: str
) -> None:
    first = three(bench)
    sound = file_of(bench).read_bytes()
    file_of(bench).write_bytes(DAMAGES[damage](sound))
    bench.convert(FOLDERS)
    assert len(read_files) == (3 if damage == "the same block twice" else 6)
    assert content_of(bench.metadata) == first
    assert file_of(bench).read_bytes() == sound


@pytest.mark.usefixtures("later")
def test_what_is_sealed_but_no_memory_is_not_believed(bench: Bench, read_files: list[str]) -> None:
    first = three(bench)
    with Memory(file_of(bench)).opened() as notes:
        notes.add(msgspec.msgpack.encode([["cat/a.png", 1, {"b": None}]]))
        notes.complete()
    bench.convert(FOLDERS)
    assert len(read_files) == 6
    assert content_of(bench.metadata) == first


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("name", ["FORMAT", "DECODERS"])
def test_other_code_and_other_decoders_look_anew(
    bench: Bench, read_files: list[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    three(bench)
    monkeypatch.setattr(memory, name, {"FORMAT": 99, "DECODERS": ("pillow",)}[name])
    bench.convert(FOLDERS)
    assert len(read_files) == 6


@pytest.mark.usefixtures("later")
def test_a_memory_that_cannot_be_written_stops_nothing(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    (bench.folder / ".darkroom").mkdir()
    (bench.folder / ".darkroom/files").write_text("in the way")
    three(bench)
    lines = [line for line in capsys.readouterr().err.splitlines() if "remembered" in line]
    assert len(lines) == 1
    assert "the next run will look at all of them again" in lines[0]


def test_a_full_disk_is_said_once_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with Memory(tmp_path / "tiny").opened() as notes:
            for _ in range(9):
                notes.add(bytes(5_000))
            notes.complete()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert capsys.readouterr().err.count("cannot be remembered (File too large)") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("later")
def test_a_pipe_in_place_of_the_memory_is_no_memory(bench: Bench, read_files: list[str]) -> None:
    first = three(bench)
    file_of(bench).unlink()
    os.mkfifo(file_of(bench))
    signal.alarm(60)  # who waits for a pipe waits for ever
    try:
        bench.convert(FOLDERS)
    finally:
        signal.alarm(0)
    assert len(read_files) == 6
    assert content_of(bench.metadata) == first
    assert file_of(bench).is_file()


@pytest.mark.usefixtures("later")
def test_no_link_is_followed_and_what_it_leads_to_stays(
    bench: Bench, read_files: list[str]
) -> None:
    three(bench)
    precious = bench.folder / "precious"
    precious.write_bytes(file_of(bench).read_bytes())
    sound = precious.read_bytes()
    file_of(bench).unlink()
    file_of(bench).symlink_to(precious)
    file_of(bench).with_name(".tmp-tiny").symlink_to(precious)
    bench.convert(FOLDERS)
    assert len(read_files) == 6
    assert precious.read_bytes() == sound
    assert file_of(bench).is_file() and not file_of(bench).is_symlink()
    assert names_in(file_of(bench)) == ["cat/a.png", "cat/b.png", "dog/c.png"]


@pytest.mark.usefixtures("later")
def test_a_folder_in_the_way_of_the_memory_is_said(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    (bench.folder / ".darkroom/files/.tmp-tiny/x").mkdir(parents=True)
    three(bench)
    assert capsys.readouterr().err.count("cannot be remembered") == 1


@pytest.mark.usefixtures("later")
def test_what_is_rejected_or_gone_is_forgotten(bench: Bench) -> None:
    three(bench)
    (bench.raw / "cat/b.png").write_bytes(b"no image")
    (bench.raw / "dog/c.png").unlink()
    bench.convert(f"{FOLDERS}, on_bad: skip")
    assert names_in(file_of(bench)) == ["cat/a.png"]


@pytest.mark.usefixtures("later")
def test_a_run_that_is_refused_remembers_what_it_looked_at(
    bench: Bench, read_files: list[str]
) -> None:
    bench.image("cat/a.png")
    (bench.raw / "cat/b.png").write_bytes(b"no image")
    with pytest.raises(DarkroomError):
        bench.convert(FOLDERS)
    bench.image("cat/b.png")
    bench.convert(FOLDERS)
    assert read_files == ["cat/a.png", "cat/b.png", "cat/b.png"]


@pytest.mark.usefixtures("later")
def test_what_a_run_did_not_come_to_stays_known(bench: Bench) -> None:
    three(bench)
    with pytest.raises(KeyboardInterrupt), Memory(file_of(bench)).opened() as notes:
        known = notes.find("cat/a.png")
        assert known is not None
        notes.add(packed([known]))
        raise KeyboardInterrupt
    assert names_in(file_of(bench)) == ["cat/a.png", "cat/b.png", "dog/c.png"]


@pytest.mark.usefixtures("later")
def test_workers_share_what_is_known(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    first = three(bench)
    sound = file_of(bench).read_bytes()
    monkeypatch.setattr(ingest, "CHUNK", 1)
    bench.convert(FOLDERS, workers=2)
    assert content_of(bench.metadata) == first
    assert names_in(file_of(bench)) == ["cat/a.png", "cat/b.png", "dog/c.png"]
    assert len(file_of(bench).read_bytes()) > len(sound)  # three blocks


@pytest.mark.usefixtures("later")
def test_bands_are_known_together(tmp_path: Path) -> None:
    for name, level in (("x_B1.tif", 1), ("x_B2.tif", 2)):
        Image.new("L", (4, 3), level).save(tmp_path / name)
    found = FoundImage("x", "x", "", LABELLED, files=("x_B1.tif", "x_B2.tif"))
    known = look_at(tmp_path, found, in_windows=False)
    assert look_at(tmp_path, found, False, known) is known
    swapped = msgspec.structs.replace(found, files=("x_B2.tif", "x_B1.tif"))
    assert look_at(tmp_path, swapped, False, known).inspected != known.inspected
    Image.new("L", (4, 3), 9).save(tmp_path / "x_B2.tif")
    assert look_at(tmp_path, found, False, known).inspected != known.inspected


@pytest.mark.usefixtures("later")
def test_a_link_is_as_its_target_and_must_stay_inside(bench: Bench, tmp_path: Path) -> None:
    target = bench.image("x/a.png")
    link = bench.raw / "b.png"
    link.symlink_to(target)
    found = FoundImage("b.png", "b.png", "", LABELLED)
    known = look_at(bench.raw, found, in_windows=False)
    assert look_at(bench.raw, found, False, known) is known
    bench.image("x/a.png", level=7)
    assert look_at(bench.raw, found, False, known) is not known
    outside = tmp_path / "outside.png"
    target.rename(outside)
    link.unlink()
    link.symlink_to(outside)
    with pytest.raises(DarkroomError, match="a link leads out"):
        look_at(bench.raw, found, False, known)
