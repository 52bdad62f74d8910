"""Tables as they come: every row, its place, and a sentence for what is no table."""

import csv
import datetime
import io
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from Data_processing.convert import frames
from Data_processing.convert.frames import BATCH_ROWS, Batch, file_frame
from Data_processing.convert.plain import LONGEST
from Datasets.errors import AnnotationError
from Datasets.metadata import Scalar

Read = tuple[tuple[str, ...], list[tuple[Scalar, ...]], list[str]]
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


def read(folder: Path, name: str = "t.csv") -> Read:
    """Return the header, the rows, and where each of them stands."""
    with file_frame(folder, name) as frame:
        batches: list[Batch] = list(frame.batches)
        assert not any(batch.ragged for batch in batches)
        rows = [row for batch in batches for row in zip(*batch.columns, strict=True)]
        return frame.header, rows, [frame.place(n) for batch in batches for n in batch.lines]


def write(folder: Path, content: str | bytes) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    (folder / "t.csv").write_bytes(data)


def test_a_row_stands_on_the_line_where_it_begins(tmp_path: Path) -> None:
    write(tmp_path, '\n\na,b\r\n1,2\n\n"two\nlines",3\n4,"x ""y"", z"\n')
    assert read(tmp_path) == (
        ("a", "b"),
        [("1", "2"), ("two\nlines", "3"), ("4", 'x "y", z')],
        ["t.csv:4", "t.csv:6", "t.csv:8"],
    )


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("a,b\n1,2;3\n", []),
        ("a;b\n1;2,3\n", ["t.csv is separated by a semicolon"]),
        ("a\tb\n1\t2\n", ["t.csv is separated by a tab"]),
        ('"a,a,a";b\n1;2\n', ["t.csv is separated by a semicolon"]),
        ("\ufeffa,b\n1,2\n", []),
        ("a\n1\n", []),
    ],
)
def test_the_header_tells_the_separator(tmp_path: Path, text: str, note: list[str]) -> None:
    write(tmp_path, text)
    with file_frame(tmp_path, "t.csv") as frame:
        assert list(frame.notes) == note
        assert frame.header[0] in {"a", "a,a,a"}
        assert [len(batch.columns) for batch in frame.batches] == [len(frame.header)]


def test_rows_of_another_length_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path, "a,b\n1\n2,3\n4,5,6\n")
    with file_frame(tmp_path, "t.csv") as frame:
        (batch,) = frame.batches
        assert batch.columns == (("2",), ("3",)) and list(batch.lines) == [3]
        assert [frame.complaint(one) for one in batch.ragged] == [
            "t.csv:2: the row has 1 fields, the header has 2; quote values that hold the separator",
            "t.csv:4: the row has 3 fields, the header has 2; quote values that hold the separator",
        ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "t.csv: the file is empty"),
        (b"\r\n\n", "t.csv: the file is empty"),
        (b"a,b\n1,M\xfcnchen\n", r"t\.csv:2: byte 4 of the line \(0xfc\) is not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), r"t\.csv:1: byte 1 of the line \(0xff\) is not UTF-8"),
        (b"a,b\n1,2\n3,\0\n", r"t\.csv:3: the line holds a NUL byte"),
        (b'a,b\n1,2\n3,"4\n5,6\n', r"t\.csv:3: a quote is opened in this row and never closed"),
        (b'a,b\n1,"2"3\n', r"t\.csv:2: a value goes on after its closing quote"),
        (b"a,b\r1,2\r", r"t\.csv:1: its lines end in CR alone"),
        (b"a,b\n1," + b"x" * 140_000 + b"\n", r"t\.csv:2: a value is longer than 131,072"),
        (b"a,b\n" + b"x" * frames.LONGEST_LINE, r"t\.csv:2: the line is longer than 16,777,216"),
        (b"a,b, a\n1,2,3\n", r"t\.csv:1: the column 'a' occurs twice"),
    ],
)
def test_what_is_no_table_in_csv(tmp_path: Path, content: bytes, says: str) -> None:
    write(tmp_path, content)
    with pytest.raises(AnnotationError, match=says):
        read(tmp_path)


def test_a_column_without_a_name_is_called_by_its_number(tmp_path: Path) -> None:
    write(tmp_path, "a,,b,\n1,2,3,4\n")
    assert read(tmp_path)[0] == ("a", "column 2", "b", "column 4")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    write(tmp_path, "a\n1\n")
    (tmp_path / "raw" / "out.csv").symlink_to(tmp_path / "t.csv")
    with pytest.raises(AnnotationError, match=r"out\.csv: a link leads out"):
        read(tmp_path / "raw", "out.csv")
    with pytest.raises(AnnotationError, match=r"no\.csv: cannot be read: No such file"):
        read(tmp_path, "no.csv")


def test_parquet_keeps_types_and_counts_rows(tmp_path: Path) -> None:
    count = BATCH_ROWS + 2
    day = datetime.date(2026, 11, 21)
    table = pa.table(
        {
            "n": list(range(count)),
            "kind": pa.array(["cat", None] * (count // 2)).dictionary_encode(),
            "day": [day] * count,
            "part": pa.array([Decimal("0.5")] * count, pa.decimal128(4, 2)),
            "raw": pa.array([b"abc"] * count),
            "many": [[1, 2]] * count,
        }
    )
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=1000)
    header, rows, places = read(tmp_path, "t.parquet")
    assert header == ("n", "kind", "day", "part", "raw", "many")
    assert rows[:2] == [
        (0, "cat", "2026-11-21", 0.5, "abc", "[1,2]"),
        (1, None, "2026-11-21", 0.5, "abc", "[1,2]"),
    ]
    assert [row[0] for row in rows] == list(range(count))
    assert places[0] == "t.parquet, row 1" and places[-1] == f"t.parquet, row {count}"


@pytest.mark.parametrize(
    "column",
    [
        pa.array([2**30], pa.date32()),
        pa.array([2**62], pa.duration("s")),
        pa.array([2**61], pa.timestamp("us", tz="Europe/Berlin")),
        pa.array([2**40], pa.timestamp("us", tz="Nowhere/Land")),
    ],
    ids=lambda column: str(column.type),
)
def test_times_that_python_does_not_have_are_named(tmp_path: Path, column: pa.Array) -> None:
    pq.write_table(pa.table({"a": column}), tmp_path / "t.parquet")
    with pytest.raises(AnnotationError, match=r"t\.parquet: the column 'a' of .* cannot be read: "):
        read(tmp_path, "t.parquet")


def test_what_is_no_parquet(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": list(range(10_000))}), path, compression="none")
    sound = path.read_bytes()
    for broken in (b"", b"a,b\n1,2\n", sound[:-20], sound[:100] + sound[-500:]):
        path.write_bytes(broken)
        with pytest.raises(AnnotationError, match=r"t\.parquet: not readable as Parquet: "):
            read(tmp_path, "t.parquet")
    pq.write_table(pa.table({"a": pa.array([b"\xff"])}), path)
    with pytest.raises(AnnotationError, match=r"t\.parquet: the column 'a' holds bytes"):
        read(tmp_path, "t.parquet")
    pq.write_table(pa.table({"a": ["x" * (LONGEST + 1)]}), path)
    with pytest.raises(AnnotationError, match="'a' holds a text of 1,048,577 characters"):
        read(tmp_path, "t.parquet")
    twice = pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])
    pq.write_table(twice, path)
    with pytest.raises(AnnotationError, match=r"t\.parquet: the column 'a' occurs twice"):
        read(tmp_path, "t.parquet")


@given(
    rows=st.lists(st.lists(CELL, min_size=2, max_size=2), max_size=6),
    separator=st.sampled_from(sorted(frames.SEPARATORS)),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], separator: str, newline: str
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator=newline)
    writer.writerows([["a", "b"], *rows])
    write(folder, text.getvalue())
    assert read(folder)[:2] == (("a", "b"), [tuple(row) for row in rows])
