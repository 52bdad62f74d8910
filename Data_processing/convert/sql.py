"""A table that a database answers with, read only, through SQLAlchemy.

The address stands in an environment variable, since it may hold a password; no message shows it.
Tried with SQLite and PostgreSQL.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import sqlalchemy
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from Data_processing.convert.frames import (
    BATCH_ROWS,
    Batch,
    Frame,
    named_once,
    numbered,
    plain_batch,
)
from Datasets.dataset import Sql
from Datasets.errors import AnnotationError, ParamsError

NAME = "the query"
READ_ONLY = {
    "mariadb": "SET TRANSACTION READ ONLY",
    "mysql": "SET TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
    "postgresql": "SET TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
}
"""How a dialect is told that nothing may change. The others have the check of the query alone."""
DRIVERS = {"postgresql": "psycopg[binary]", "mysql": "pymysql", "mariadb": "pymysql"}
"""What to install, for a dialect, besides SQLAlchemy."""
_NOT_CODE = re.compile(
    r"--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`"
    r"|\$(\w*)\$.*?\$\1\$",
    re.DOTALL,
)
"""Comments, texts and quoted names: what looks like SQL in them is none."""


@contextmanager
def sql_frame(sql: Sql, where: str) -> Iterator[Frame]:
    """Give the rows that a query answers with, in a transaction that is rolled back.

    Args:
        sql: the query, and the environment variable with the address.
        where: place of ``sql`` in params.yaml, for messages.

    Raises:
        ParamsError: the variable is not set or holds no address, a driver is missing, or the
            query is not one SELECT.
        AnnotationError: the database cannot be reached, or refuses the query.
    """
    check_query(sql.query, where)
    url = _url(sql.url_env, where)
    engine = _engine(url, sql.url_env, where)
    told = partial(_told, url, where)
    try:
        with told():
            connection = engine.connect()
        with connection:
            with told():
                if url.get_backend_name() in READ_ONLY:
                    connection.execute(sqlalchemy.text(READ_ONLY[url.get_backend_name()]))
                # A colon would begin a parameter, of which there are none.
                query = sqlalchemy.text(sql.query.replace(":", r"\:"))
                streamed = connection.execution_options(stream_results=True, yield_per=BATCH_ROWS)
                result = streamed.execute(query)
            with result:
                header = named_once(tuple(result.keys()), f"{where}.query")
                yield Frame(NAME, header, numbered(_batches(result, header, told)))
    finally:
        engine.dispose()


def check_query(query: str, where: str) -> None:
    """Return nothing if ``query`` is one SELECT, perhaps with a WITH before it.

    Raises:
        ParamsError: it is not.
    """
    # A comment is a blank, a text or a name in quotes stays one.
    code = _NOT_CODE.sub(lambda found: " " if found[0][0] in "-/" else "''", query)
    code = code.rstrip("; \n\t\r")
    first = re.match(r"[\s(]*(\w*)", code)
    if first is None or first[1].lower() not in {"select", "with"}:
        raise ParamsError(f"{where}.query: must begin with SELECT or WITH: it only reads")
    if ";" in code:
        raise ParamsError(f"{where}.query: must be one statement, there is a ; in it; take it out")


def _batches(
    result: sqlalchemy.CursorResult,
    header: tuple[str, ...],
    told: Callable[[], AbstractContextManager[None]],
) -> Iterator[Batch]:
    while True:
        with told():
            rows = result.fetchmany(BATCH_ROWS)
        if not rows:
            return
        columns: list[tuple[object, ...]] = list(zip(*rows, strict=True))
        yield plain_batch(columns, header, NAME)


@contextmanager
def _told(url: sqlalchemy.URL, where: str) -> Iterator[None]:
    """Turn what a driver raises into a sentence."""
    try:
        yield
    except (SQLAlchemyError, ValueError, TypeError, ArithmeticError, OSError) as error:
        raise AnnotationError(f"{where}: {_scrubbed(error, url)}", "refused query") from None


def _url(variable: str, where: str) -> sqlalchemy.URL:
    example = "for example postgresql+psycopg://user:password@host/database"
    text = os.environ.get(variable, "")
    if not text:
        raise ParamsError(
            f"{where}.url_env: the environment variable {variable} is not set; put the database's "
            f"address into it, {example}"
        )
    try:
        url = sqlalchemy.make_url(text)
    except (SQLAlchemyError, ValueError):
        raise ParamsError(
            f"{where}.url_env: {variable} holds no address of a database that SQLAlchemy "
            f"understands; {example}"
        ) from None
    # The bare name means another driver to older versions of SQLAlchemy.
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _engine(url: sqlalchemy.URL, variable: str, where: str) -> sqlalchemy.Engine:
    try:
        engine = sqlalchemy.create_engine(url, poolclass=NullPool, hide_parameters=True)
    except NoSuchModuleError:
        hint = " is written postgresql+psycopg" if url.drivername == "postgres" else " is unknown"
        raise ParamsError(
            f"{where}.url_env: {variable} begins with '{url.drivername}', which{hint}; put one of "
            "SQLAlchemy's dialects there, or install the package that brings it"
        ) from None
    except ImportError as error:
        backend = url.get_backend_name()
        package = DRIVERS.get(backend, error.name or backend)
        raise ParamsError(
            f"{where}.url_env: the driver of {variable} ({url.drivername}) is not installed; "
            f"pip install '{package}'"
        ) from None
    except (SQLAlchemyError, ValueError, TypeError) as error:
        raise ParamsError(
            f"{where}.url_env: {variable} cannot be used: {_scrubbed(error, url)}"
        ) from None
    file = url.database
    if url.get_backend_name() == "sqlite" and file and file != ":memory:":
        # SQLite would make an empty one.
        if not file.startswith("file:") and not Path(file).is_file():
            raise AnnotationError(
                f"{where}.url_env: the SQLite file that {variable} names does not exist",
                "unreadable",
            )
    return engine


def _scrubbed(error: BaseException, url: sqlalchemy.URL) -> str:
    """Return what a driver says, in one line, without what the address alone should know."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    says = " ".join(str(cause).split()) or type(cause).__name__
    values = [one for many in url.normalized_query.values() for one in many]
    shown = url.render_as_string(hide_password=False)
    secrets = {shown, str(url.password or ""), *values, *re.findall(r"//[^/@]*?:(.*)@", shown)}
    for secret in sorted(secrets - {""}, key=lambda one: (-len(one), one)):
        says = says.replace(secret, "***")
    return says
