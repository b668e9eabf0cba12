"""What the catalogue's statements say differently to SQLite and to PostgreSQL; everything else is the same text."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import Text

POSTGRESQL = "postgresql"


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that may have `on_conflict_do_update` or `on_conflict_do_nothing`, for this database."""
    if connection.dialect.name == POSTGRESQL:
        return postgresql.insert(table)
    return sqlite.insert(table)


class json_text(FunctionElement[str]):  # read in a query as the function that it is
    """The text at a place of a column that holds JSON, like `json_text(column, "hits", 0, "doc_id")`; NULL if none."""

    inherit_cache = True
    type = Text()
    name = "json_text"

    def __init__(self, column: ColumnElement[str], *path: str | int) -> None:
        keys = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
        super().__init__(column, f"${keys}", "{" + ",".join(map(str, path)) + "}")


@compiles(json_text)
def _in_sqlite(element: json_text, compiler: SQLCompiler, **options: Any) -> str:
    column, path, _ = (compiler.process(part, **options) for part in element.clauses)
    return f"json_extract({column}, {path})"


@compiles(json_text, POSTGRESQL)
def _in_postgresql(element: json_text, compiler: SQLCompiler, **options: Any) -> str:
    # PostgreSQL reads no JSON with an escaped NUL in it, wherever that stands.
    column, _, path = (compiler.process(part, **options) for part in element.clauses)
    return f"(replace({column}, '\\u0000', '\\ufffd')::json #>> CAST({path} AS text[]))"
