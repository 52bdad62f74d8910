"""Tables that a database answers with: SQLite always, PostgreSQL where it is installed."""

import datetime
import sqlite3
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy
from hypothesis import given
from hypothesis import strategies as st

from Data_processing.convert import sql
from Data_processing.convert.plain import plain
from Datasets.dataset import Sql
from Datasets.errors import AnnotationError, DarkroomError, ParamsError
from Datasets.metadata import Scalar
from tests.Data_processing.convert.conftest import Bench
from tests.servers import postgresql

URL = "DARKROOM_TEST_DATABASE"
BOXES = "select file, name, x1, y1, x2, y2 from boxes"
ROWS = [
    ("a.png", "cat", 1, 2, 6, 6),
    ("b.png", "ant", 0, 0, 20, 10),
    ("a.png", "ant", 3.5, 2, 6, 6),
    ("c.png", None, None, None, None, None),
]


def options(query: str = BOXES, more: str = "columns: {image: file, class: name}") -> str:
    return f"format: sql, sql: {{url_env: {URL}, query: {query!r}}}, {more}"


def rows_of(query: str) -> list[tuple[Scalar, ...]]:
    with sql.sql_frame(Sql(URL, query), "here.sql") as frame:
        return [row for batch in frame.batches for row in zip(*batch.columns, strict=True)]


def fill(address: str, *more: str) -> None:
    engine = sqlalchemy.create_engine(address, poolclass=sqlalchemy.pool.NullPool)
    with engine.begin() as connection:
        table = "create table boxes (file text, name text, x1 real, y1 real, x2 real, y2 real)"
        for statement in (table, *more):
            connection.execute(sqlalchemy.text(statement))
        insert = sqlalchemy.text("insert into boxes values (:a, :b, :c, :d, :e, :f)")
        connection.execute(insert, [dict(zip("abcdef", row, strict=True)) for row in ROWS])
    engine.dispose()


@pytest.fixture
def sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "boxes.db"
    fill(f"sqlite:///{path}")
    monkeypatch.setenv(URL, f"sqlite:///{path}")
    return path


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql.running() as address:
        fill(address, "create sequence ticket")
        yield address


@pytest.fixture
def postgres(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(URL, server)
    return server


@pytest.fixture(
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.server)], ids=["sqlite", "server"]
)
def database(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


@pytest.fixture
def three(bench: Bench) -> Bench:
    for name in ("a.png", "b.png", "c.png"):
        bench.image(name)
    return bench


def test_boxes_come_from_a_query(database: str, three: Bench) -> None:
    assert three.convert(options()).startswith("3 images and 3 annotations in, 3 and 3 out")
    boxes = {
        sample.image.image: [
            (one.name, one.x1, one.y1, one.x2, one.y2) for one in sample.image.bounding_boxes
        ]
        for sample in three.samples()
    }
    assert boxes == {
        "a.png": [("ant", 3.5, 2, 6, 6), ("cat", 1, 2, 6, 6)],
        "b.png": [("ant", 0, 0, 20, 10)],
        "c.png": [],
    }
    assert all(sample.row.has_boxes for sample in three.samples())


@pytest.mark.parametrize("order", ["x1", "x1 desc", "name, file", "random()"])
def test_the_order_of_rows_means_nothing(database: str, three: Bench, order: str) -> None:
    three.convert(options())
    first = three.samples()
    three.convert(options(f"{BOXES} order by {order}"))
    assert three.samples() == first


def test_columns_are_joined_from_a_query(database: str, three: Bench) -> None:
    query = "select file, max(x2) as far, count(*) as n from boxes where x1 > 0 group by file"
    table = f"table: {{key: file, sql: {{url_env: {URL}, query: {query!r}}}}}, group: n"
    three.convert(options(more=f"columns: {{image: file, class: name}}, {table}"))
    assert [sample.row.columns for sample in three.samples()] == [
        {"far": 6.0, "n": 2}, {"far": None, "n": None}, {"far": None, "n": None},
    ]  # fmt: skip
    assert [sample.row.group for sample in three.samples()] == ["2", None, None]


def test_more_rows_than_a_batch_come_through(database: str) -> None:
    query = """with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
        select i from n order by i"""
    assert rows_of(query) == [(i,) for i in range(1, 20001)]


def test_what_looks_like_a_parameter_is_text(database: str) -> None:
    assert rows_of("select ':a' as x, '10:30' as y, '5 % of %s' as z -- :b; %(c)s") == [
        (":a", "10:30", "5 % of %s")
    ]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("with x as (delete from boxes returning file) select file from x", "data-modifying"),
        ("select file into taken from boxes", "INTO is not allowed here"),
        ("select nextval('ticket')", "in a read-only transaction"),
    ],
)
@pytest.mark.server
def test_postgresql_changes_nothing(postgres: str, query: str, says: str) -> None:
    with pytest.raises(AnnotationError, match=says):
        rows_of(query)
    assert rows_of("select count(*), (select last_value from ticket) from boxes") == [(4, 1)]


def test_sqlite_changes_nothing(sqlite: Path) -> None:
    before = sqlite.read_bytes()
    with pytest.raises(AnnotationError):
        rows_of("with x as (select 1) delete from boxes")
    assert sqlite.read_bytes() == before


@pytest.mark.server
def test_types_of_postgresql(postgres: str) -> None:
    query = """select 1.50::numeric as a, 7::numeric as b, 'nan'::numeric = 'nan' as c,
        date '2026-11-21' as d, timestamptz '2026-11-21 10:00+00' at time zone 'utc' as e,
        'c0ffee00-0000-0000-0000-000000000000'::uuid as f, 'abc'::bytea as g,
        array[1, 2] as h, '{"b": 1, "a": null}'::jsonb as i, null as j"""
    assert rows_of(query) == [
        (
            1.5, 7, True, "2026-11-21", "2026-11-21T10:00:00",
            "c0ffee00-0000-0000-0000-000000000000", "abc", "[1,2]", '{"a":null,"b":1}', None,
        )
    ]  # fmt: skip


@pytest.mark.server
@pytest.mark.parametrize("wrong", ["wr0ng%2Fword", "safelight"])
def test_a_wrong_password_is_not_shown(
    postgres: str, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv(URL, postgres.replace("safelight%3A9%40x", wrong))
    with pytest.raises(AnnotationError, match="password authentication failed") as caught:
        rows_of("select 1")
    message = str(caught.value)
    assert wrong not in message and "wr0ng" not in message and "postgresql+psycopg" not in message
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_plain_values() -> None:
    day = datetime.datetime(2026, 11, 21, 10, 30, tzinfo=datetime.UTC)
    assert list(plain([Decimal("1.25"), Decimal("3E+2"), Decimal("1E+30"), day.date(), day])) == [
        1.25, 300, 1e30, "2026-11-21", "2026-11-21T10:30:00+00:00",
    ]  # fmt: skip
    assert list(plain([uuid.UUID(int=1), "ä".encode(), day.time(), {"b": 1, "a": [day]}])) == [
        "00000000-0000-0000-0000-000000000001", "ä", "10:30:00",
        '{"a":["2026-11-21T10:30:00Z"],"b":1}',
    ]  # fmt: skip
    assert str(plain([Decimal("nan")])) == "[nan]"


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (None, f"the environment variable {URL} is not set"),
        ("", f"the environment variable {URL} is not set"),
        ("hunter2", "holds no address of a database"),
        ("postgresql://u:hunter2@h:five/d", "holds no address|cannot be used"),
        ("postgres://u:hunter2@h/d", r"is written postgresql\+psycopg"),
        ("ingres://u:hunter2@h/d", "'ingres', which is unknown"),
        ("mysql://u:hunter2@h/d", "pip install 'pymysql'"),
        ("oracle+oracledb://u:hunter2@h/d", "pip install 'oracledb'"),
        ("sqlite:////nowhere/hunter2.db", "the SQLite file that .* names does not exist"),
        ("sqlite:///?timeout=hunter2", "could not convert|invalid"),
        ("postgresql://u:hunter2@127.0.0.1:1/d", "connection failed|refused"),
    ],
)
def test_addresses_that_lead_nowhere(
    monkeypatch: pytest.MonkeyPatch, address: str | None, says: str
) -> None:
    monkeypatch.delenv(URL, raising=False)
    if address is not None:
        monkeypatch.setenv(URL, address)
    with pytest.raises(DarkroomError, match=says) as caught:
        rows_of("select 1")
    assert "hunter2" not in str(caught.value)
    assert "here.sql" in str(caught.value)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "must begin with SELECT or WITH"),
        ("delete from boxes", "must begin with SELECT or WITH"),
        ("-- select\ndrop table boxes", "must begin with SELECT or WITH"),
        ("/* select */ update boxes set x1 = 0", "must begin with SELECT or WITH"),
        ("select 1; drop table boxes", "must be one statement"),
        ("select 'a'';' ; drop table boxes", "must be one statement"),
        ("select $a$;$a$; select 2", "must be one statement"),
    ],
)
def test_queries_that_do_not_only_read(sqlite: Path, query: str, says: str) -> None:
    with pytest.raises(ParamsError, match=says):
        rows_of(query)


@pytest.mark.parametrize(
    "query",
    [
        "select 1 as n;",
        "SELECT 1 AS n -- one; two",
        "select 1 as n /* ; */",
        "/* all */ select 1 as n",
        "with a as (select 1 as n) select n from a where ';' <> '\"'",
        "\n select 1 as n ; -- the end",
    ],
)
def test_queries_that_only_read(database: str, query: str) -> None:
    assert rows_of(query) == [(1,)]


def test_a_query_may_stand_in_brackets() -> None:
    sql.check_query("((select 1) union (select 2))", "here.sql")  # PostgreSQL takes it


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("select file, file from boxes", "the column 'file' occurs twice"),
        ("select fil from boxes", "no such column: fil"),
        ("select x'ff' as b from boxes", "the column 'b' holds bytes that are no text"),
        ("selec from boxes", "must begin with"),
    ],
)
def test_what_a_query_can_get_wrong(sqlite: Path, query: str, says: str) -> None:
    with pytest.raises(DarkroomError, match=says):
        rows_of(query)


def test_a_row_is_named_by_its_number(sqlite: Path, three: Bench) -> None:
    with sqlite3.connect(sqlite) as connection:
        connection.execute("insert into boxes values ('c.png', 'cat', 1, 'two', 3, 4)")
    connection.close()
    with pytest.raises(DarkroomError, match="the query, row 5: y1 is 'two', which is no finite"):
        three.convert(options())


@given(st.text(st.sampled_from(":a1 '\"%\\;-x"), max_size=12))
def test_no_text_of_a_query_is_a_parameter(query: str) -> None:
    made = sqlalchemy.text(query.replace(":", r"\:"))
    assert str(made) == query and not made.compile().params
