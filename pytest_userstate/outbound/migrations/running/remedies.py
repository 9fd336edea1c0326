"""What to do about an error of PostgreSQL, where that is known.

Each remedy looks at one kind of error and returns a paragraph, or nothing.
"""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.migrations.running.failures import Trouble
    from pytest_userstate.outbound.migrations.running.session import Failure
    from pytest_userstate.outbound.migrations.running.step import Step
    from pytest_userstate.outbound.migrations.sql import Statement

NO_INPUT = (
    "COPY … FROM stdin takes its rows from psql: it belongs to dumps, and is not"
    " supported in this layout. Write the rows as INSERT statements."
)
_ANOTHER_SERVER = (
    "To use a server that has it, name that server's pg_ctl:"
    " --postgresql-exec /path/to/bin/pg_ctl."
)
_SETUP = (
    "in a SQL file that [postgres] setup in userstate.toml names: it is run first,"
    " as superuser."
)
_GONE = frozenset({"3F000", "42P01"})  # a schema, a table
_DROPPING = frozenset({("drop", "schema"), ("drop", "table"), ("drop", "owned")})
_EXTENSION = re.compile(
    r'extension "([^"]+)" is not available|/extension/([^/"]+)\.control'
)
_LIBRARY = re.compile(r'could not (?:access|load|open) (?:file|library) "([^"]+)"')
_LOCALE = re.compile(r"ICU is not supported|^collation .* does not exist|\blocale\b")
_DATABASE = re.compile(r'database "([^"]+)" does not exist')
# A table, a schema to create in, a function, a type or another object.
_NOT_FOUND = frozenset({"42P01", "3F000", "42883", "42704"})
_UNQUALIFIED = re.compile(
    r'^no schema has been selected|^(?:relation|type|text search \w+) "[^".]+" does'
    r"|^function [^.(]+\(|^operator does not exist: [^.]+$"
)
_EMPTY = re.compile(
    r"""(?:=|\bto\b|,|^)\s*(?:'(?:"")?'|"")\s*(?:,|;|$)""", re.IGNORECASE
)
_ROLE = re.compile(r'role "([^"]+)" does not exist')
_SCHEMA = re.compile(r'schema "([^"]+)" does not exist')
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\$\{\w+\}|<%.*?%>")
_PSQL_COMMAND = re.compile(r"\\\S*")
_PSQL_VARIABLE = re.compile(r""":(['"]?)(\w+)\1""")


def dropping(step: Step, failure: Failure) -> Statement | None:
    """Return the statement by which what the tool misses may have gone, if any."""
    if failure.sqlstate not in _GONE:
        return None
    return next((each for each in step.statements if each.words[:2] in _DROPPING), None)


def of_the_tools_work(trouble: Trouble) -> str:
    """Return what can be done where what the tool does around a file failed."""
    layout = trouble.step.layout
    if advice := _of_the_search_path(trouble):
        return advice
    if trouble.statement is not None:
        return (
            f"{layout} keeps its own records in a table, which this statement seems to"
            f" drop, or the schema around it: {layout} itself stops here, too."
        )
    return remedy(trouble) or (
        "What is deferred (constraints, triggers) is checked only when the migration is"
        f" committed; and {layout} needs the schema, the role and the rights with which"
        " it connected."
    )


def _of_the_search_path(trouble: Trouble) -> str:
    """Name what set the search path if a name without a schema is not found."""
    unqualified = _UNQUALIFIED.search(trouble.failure.message)
    if trouble.failure.sqlstate not in _NOT_FOUND or unqualified is None:
        return ""
    step = trouble.step
    end = len(step.sql) if trouble.statement is None else trouble.statement.start
    setting = step.setting_of_search_path(end)
    if setting is not None:
        is_empty = _EMPTY.search(setting.text)
        what = f"{step.path}:{setting.line} sets search_path{' empty' * bool(is_empty)}"
    elif not (path := step.search_path).set_by:
        return ""
    elif path.value in {"", '""'}:
        what = f"{path.set_by} left search_path empty"
    else:
        what = f"{path.set_by} left search_path as {path.value}"
    return (
        f"{what}, so that names without a schema are looked for elsewhere; the setting"
        " lasts as long as the session. Write the schema before the name, or let the"
        " file that sets it put it back: SET search_path TO public; (pg_dump empties"
        " it, and writes all names with their schema)."
    )


def _of_a_database(trouble: Trouble) -> str:
    """Explain which name the database has in which the migrations are applied."""
    database = _DATABASE.search(trouble.failure.message)
    if trouble.failure.sqlstate != "3D000" or database is None:
        return ""
    return (
        f"The audit's database is not called {database[1]}, nor is a developer's or a"
        " test's, perhaps. Let the statement take the name of the database that it is"
        " in: DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO PUBLIC',"
        " current_database()); END $$; or create one of that name, empty, with"
        f" CREATE DATABASE {database[1]}; as the only statement of the SQL file that"
        " [postgres] setup in userstate.toml names."
    )


def of_psql_command(name: str) -> str:
    """Return what can be done about a backslash command."""
    return (
        f"{name} is a command of psql, not SQL. Files are sent to the"
        " server as they are, never through psql, which could run programs."
        " Write it as SQL, or leave it out."
    )


def remedy(trouble: Trouble) -> str:
    """Return what can be done, as one paragraph; empty where nothing is known."""
    texts = (look(trouble) for look in _REMEDIES)
    return next((text for text in texts if text), "")


def _of_missing_rights(trouble: Trouble) -> str:
    if trouble.failure.sqlstate != "42501" or trouble.step.is_setup:
        return ""
    return (
        "Migrations run as an ordinary role that owns the database. Two settings of"
        " userstate.toml give more. [postgres] setup names a SQL file that is run"
        " first, as superuser: it can create roles and extensions and grant rights."
        " [postgres] superuser = true runs the migrations themselves as superuser;"
        " what they may do where they are deployed is then no longer tested."
    )


def _of_a_transaction(trouble: Trouble) -> str:
    if trouble.failure.sqlstate not in {"25001", "2D000"}:
        return ""
    return trouble.step.advice_on_transactions


def _of_a_missing_role(trouble: Trouble) -> str:
    role = _ROLE.search(trouble.failure.message)
    if trouble.failure.sqlstate != "42704" or role is None or trouble.step.is_setup:
        return ""
    return f"Create the role (CREATE ROLE {role[1]};) {_SETUP}"


def _of_a_missing_schema(trouble: Trouble) -> str:
    schema = _SCHEMA.search(trouble.failure.message)
    if trouble.failure.sqlstate != "3F000" or schema is None or trouble.step.is_setup:
        return ""
    return (
        f"If something other than these migrations provides the schema {schema[1]}"
        f" (a platform, another repository), create it {_SETUP}"
    )


def _of_a_missing_feature(trouble: Trouble) -> str:
    failure = trouble.failure
    if failure.sqlstate not in {"0A000", "22023", "42704", "58P01"}:
        return ""
    told = f"{failure.message}\n{failure.detail}"
    if (extension := _EXTENSION.search(told)) is not None:
        return (
            f"The extension {extension[1] or extension[2]} is neither part of this"
            f" server nor among those that are declared as stubs. {_ANOTHER_SERVER}"
        )
    if (library := _LIBRARY.search(told)) is not None:
        return f"This server does not have {library[1]}. {_ANOTHER_SERVER}"
    if _LOCALE.search(told):
        return (
            "The collation or locale is not part of this server (the embedded one is"
            f" built without ICU). {_ANOTHER_SERVER}"
        )
    return ""


def _of_a_full_disk(trouble: Trouble) -> str:
    if trouble.failure.sqlstate != "53100":
        return ""
    return (
        "What is full is where the embedded server keeps its data: the folder for"
        " temporary files, or /dev/shm where that has a gigabyte to spare. Make room"
        " there, or set TMPDIR to a folder on a larger disk."
    )


def _of_a_new_enum_value(trouble: Trouble) -> str:
    if trouble.failure.sqlstate != "55P04":
        return ""
    return (
        "A value that is added to an enum can be used only after the transaction"
        " that added it: add it in a migration of its own, before this one."
    )


def _of_a_piece(trouble: Trouble) -> str:
    """Explain what happens where the tool cuts a statement in two."""
    if trouble.piece is None or not trouble.failure.is_from_parser:
        return ""
    start, end = trouble.piece
    for each in trouble.step.statements:
        if each.start < start < each.end or each.start < end < each.end:
            return (
                "As one statement it may be right: psql would find its end elsewhere."
                f" {trouble.step.advice_on_pieces}"
            )
    return ""


def _of_psql(trouble: Trouble) -> str:
    """Explain what only psql understands, and the parser calls a syntax error."""
    if not trouble.failure.is_from_parser:
        return ""
    if _expects_rows(trouble):
        return NO_INPUT
    if (command := _PSQL_COMMAND.match(trouble.unread)) is not None:
        return of_psql_command(command[0])
    variable = _PSQL_VARIABLE.match(trouble.unread)
    if variable is not None and trouble.step.advice_on_variables:
        return (
            f"The variable {variable[2]} is not set, so that psql leaves {variable[0]}"
            f" as it is. {trouble.step.advice_on_variables}"
        )
    if variable is not None:
        return (
            f"{variable[0]} looks like a variable of psql, and files are not run"
            " through psql. Write its value instead."
        )
    return ""


def _expects_rows(trouble: Trouble) -> bool:
    """Tell whether the parser stopped in what follows a COPY … FROM stdin."""
    position = trouble.failure.position or 0
    before = [each for each in trouble.step.statements if each.end < position]
    return any(each.copies_from_input for each in before[-1:]) or (
        trouble.unread.startswith("\\.") and bool(before)
    )


def _of_a_template(trouble: Trouble) -> str:
    """No token of SQL starts with a brace: where the parser met one, it is certain."""
    met = trouble.unread if trouble.failure.is_from_parser else ""
    if met.startswith(("{", "${")):
        placeholder = _PLACEHOLDER.match(met)
        shown = placeholder[0] if placeholder else met.split(" ", 1)[0]
        return (
            f"The file is a template: {shown} was not replaced. Expand the template,"
            " and audit the folder with the result."
        )
    text = "" if trouble.statement is None else trouble.statement.text
    if (found := _PLACEHOLDER.search(text)) is not None:
        return (
            f"The statement holds {found[0]}, which looks like a placeholder that was"
            " not replaced. If the file is a template, expand it, and audit the"
            " folder with the result."
        )
    return ""


_REMEDIES: tuple[cabc.Callable[[Trouble], str], ...] = (
    _of_missing_rights,
    _of_a_transaction,
    _of_a_missing_role,
    _of_a_database,
    _of_the_search_path,
    _of_a_missing_schema,
    _of_a_missing_feature,
    _of_a_full_disk,
    _of_a_new_enum_value,
    _of_a_piece,
    _of_psql,
    _of_a_template,
)
