"""Queries that cannot be asked. What databases answer is tried in test_sql.py."""

from tests.Data_processing.convert.corpus import Broken

WHERE = "params.yaml: datasets.tiny"
NOWHERE = "DARKROOM_TEST_NO_SUCH_VARIABLE"


def asked(name: str, query: str, sentence: str, variable: str = NOWHERE) -> Broken:
    """Return a case of one query."""
    options = f"format: sql, sql: {{url_env: {variable}, query: {query!r}}}"
    return Broken(name, {}, options, f"{WHERE}.sql.{sentence}")


CASES = (
    Broken("no query", {}, "format: sql", f"{WHERE}.sql: is missing; give it url_env and query"),
    Broken(
        "an address in the file",
        {},
        "format: sql, sql: {url: 'postgresql://u:p@h/d', query: select 1}",
        "unknown key 'url'",
    ),
    Broken(
        "a table that is a file and a query",
        {},
        "format: folders, table: {key: a, file: t.csv, sql: {url_env: A, query: select 1}}",
        f"{WHERE}.table: needs a file or sql, one of them",
    ),
    asked(
        "no address", "select 1", f"url_env: the environment variable {NOWHERE} is not set; put the"
    ),
    asked("another variable", "select 1", "url_env: PATH holds no address of a database", "PATH"),
    asked("an empty query", "", "query: must begin with SELECT or WITH"),
    asked("a query that deletes", "delete from boxes", "query: must begin with SELECT or WITH"),
    asked("a query that hides", "/* select */ drop table a", "query: must begin with SELECT or"),
    asked("two queries", "select 1; drop table a", "query: must be one statement, there is a ;"),
    asked("a call", "call empty_all()", "query: must begin with SELECT or WITH: it only reads"),
)
