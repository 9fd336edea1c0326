"""What to do about an error of PostgreSQL, where that is known.

Each remedy looks at one kind of error and returns a paragraph, or nothing.
"""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

from pytest_userstate.domain.converters import identifier

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.migrations.running.failures import Refusal, Step
    from pytest_userstate.outbound.migrations.running.session import ReportedError
    from pytest_userstate.outbound.migrations.sql import Statement

NO_INPUT = (
    "COPY … FROM stdin takes its rows from psql: it belongs to dumps, and is not"
    " supported in this layout. Write the rows as INSERT statements."
)
_ANOTHER_SERVER = (
    "To use a server that has it, name one that runs (--userstate-server=DSN), or its"
    " pg_ctl (--postgresql-exec=/path/to/bin/pg_ctl)."
)
_SETUP = """\
In userstate.toml, SQL that is run first, as superuser:
    [postgres]
    setup = {sql}"""
_CREATE_ROLE = "CREATE ROLE {name};"
_CREATE_OWNER = (
    "CREATE ROLE {name}; GRANT {name} TO userstate;"
    " GRANT CREATE ON SCHEMA public TO {name};"
)
_CREATE_SCHEMA = "CREATE SCHEMA {name}; GRANT ALL ON SCHEMA {name} TO PUBLIC;"
_CREATE_EXTENSION = "CREATE EXTENSION IF NOT EXISTS {name};"
_ROLES = r"""("[^"]+"|[A-Za-z_]\w*)"""
_MADE_ROLE = re.compile(rf"\bcreate\s+(?:role|user)\s+{_ROLES}", re.IGNORECASE)
_MADE_EXTENSION = re.compile(
    rf"\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?{_ROLES}", re.IGNORECASE
)
_OWNER = re.compile(rf"\bowner\s+to\s+{_ROLES}", re.IGNORECASE)
_GRANTED = re.compile(rf"\bgrant\b[^;]*?\bto\s+{_ROLES}", re.IGNORECASE)
_NO_ROLES = frozenset({"public", "current_user", "session_user", "current_role"})
_RELATION = re.compile(r'^relation "([^"]+)" does not exist')
_GONE = frozenset({"3F000", "42P01"})  # a schema, a table
_DROPPING = frozenset({("drop", "schema"), ("drop", "table"), ("drop", "owned")})
_EXTENSION = re.compile(
    r'extension "([^"]+)" is not available|/extension/([^/"]+)\.control'
)
_LIBRARY = re.compile(r'could not (?:access|load|open) (?:file|library) "([^"]+)"')
_LOCALE = re.compile(r"ICU is not supported|^collation .* does not exist|\blocale\b")
_DATABASE = re.compile(r'database "([^"]+)" does not exist')
# A table, a schema to create in, a function, a type or another object; the right to
# create in pg_catalog, which is where a path of nothing else leads.
_NOT_FOUND = frozenset({"42P01", "3F000", "42883", "42704", "42501"})
_UNQUALIFIED = re.compile(
    r"^no schema has been selected|^permission denied for schema pg_catalog$"
    r'|^(?:relation|type|text search \w+) "[^".]+" does'
    r"|^function [^.(]+\(|^operator does not exist: [^.]+$"
)
_PATH_SETTING = "search_path"
_EMPTY = re.compile(r"""(?:'(?:"")?'|"")\s*(?:,|$)""")
# A function as the context of an error names it.
_FUNCTION = re.compile(
    r"^(?:compilation of )?(?:SQL|PL/\w+) function"
    r' (?:"([^"]+)"(?=\s|$)|((?:"[^"]*"|[^\s("])+)\()',
    re.MULTILINE,
)
_IN_PATH = r"""(?:'[^']*'|"[^"]*"|[\w$]+)"""
_SETS_PATH = re.compile(
    rf"\bsearch_path'?\s*(?:=|\bto\b|,)\s*({_IN_PATH}(?:\s*,\s*{_IN_PATH})*)",
    re.IGNORECASE,
)
_BODY = re.compile(r"\bas\s*(?:e?'|\$)", re.IGNORECASE)
_MISSING = re.compile(
    r"^(?:type|operator class|access method|text search \w+|foreign-data wrapper"
    r"|language)"
    r' "(?:[^"]*\.)?([^".\[]+)(?:\[\])*" does'
    r"|^function (?:[^(]*\.)?([^(.]+)\("
)
_NO_CLASS = re.compile(r'no default operator class for access method "(gin|gist)"')
# What migrations commonly use without saying which extension it belongs to.
_EXTENSIONS: typ.Final = {
    name: extension
    for extension, names in {
        "btree_gist": "gist_uuid_ops gist_text_ops gist_int4_ops gist_int8_ops",
        "citext": "citext",
        "cube": "cube",
        "earthdistance": "ll_to_earth earth_box earth_distance",
        "fuzzystrmatch": "levenshtein soundex metaphone dmetaphone",
        "hstore": "hstore hstore_to_json",
        "intarray": "query_int gin__int_ops gist__int_ops gist__intbig_ops",
        "isn": "ean13 isbn isbn13 issn ismn upc",
        "ltree": "ltree lquery ltxtquery text2ltree",
        "pg_trgm": "gin_trgm_ops gist_trgm_ops similarity word_similarity show_trgm",
        "plpython3u": "plpython3u",
        "plv8": "plv8",
        "postgres_fdw": "postgres_fdw",
        "file_fdw": "file_fdw",
        "pgcrypto": "crypt gen_salt digest hmac gen_random_bytes"
        " pgp_sym_encrypt pgp_sym_decrypt pgp_pub_encrypt pgp_pub_decrypt",
        "postgis": "geometry geography box2d box3d st_makepoint st_setsrid"
        " st_geomfromtext st_distance st_dwithin",
        "tablefunc": "crosstab connectby normal_rand",
        "timescaledb": "create_hypertable time_bucket add_retention_policy",
        "unaccent": "unaccent",
        "uuid-ossp": "uuid_generate_v1 uuid_generate_v1mc uuid_generate_v3"
        " uuid_generate_v4 uuid_generate_v5 uuid_nil uuid_ns_dns uuid_ns_url",
        "vector": "vector halfvec sparsevec hnsw ivfflat vector_l2_ops"
        " vector_cosine_ops vector_ip_ops",
    }.items()
    for name in names.split()
}
_ROLE = re.compile(r'role "([^"]+)" does not exist')
_SCHEMA = re.compile(r'schema "([^"]+)" does not exist')
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\$\{\w+\}|<%.*?%>")
_PSQL_COMMAND = re.compile(r"\\\S*")
_CONNECTS = frozenset({"\\connect", "\\c"})
_PSQL_VARIABLE = re.compile(r""":(['"]?)(\w+)\1""")


def dropping(step: Step, failure: ReportedError) -> Statement | None:
    """Return the statement by which what the tool misses may have gone, if any."""
    if failure.sqlstate not in _GONE:
        return None
    return next(
        (
            statement
            for statement in step.statements
            if statement.words[:2] in _DROPPING
        ),
        None,
    )


def of_the_tools_work(refusal: Refusal) -> str:
    """Return what can be done where what the tool does around a file failed."""
    layout = refusal.step.layout
    if advice := _of_the_search_path(refusal):
        return advice
    if refusal.statement is not None:
        return (
            f"{layout} keeps its own records in a table, which this statement seems to"
            f" drop, or the schema around it: {layout} itself stops here, too."
        )
    return remedy(refusal) or (
        "What is deferred (constraints, triggers) is checked only when the migration is"
        f" committed; and {layout} needs the schema, the role and the rights with which"
        " it connected."
    )


def _of_the_search_path(refusal: Refusal) -> str:
    """Name what set the search path if a name without a schema is not found."""
    unqualified = _UNQUALIFIED.search(refusal.failure.message)
    if refusal.failure.sqlstate not in _NOT_FOUND or unqualified is None:
        return ""
    if advice := _of_a_functions_search_path(refusal):
        return advice
    for path, statement in refusal.step.upto(
        refusal.statement, mentioning=_PATH_SETTING, in_session=True
    ):
        if statement is refusal.statement or statement.words[0] == "create":
            continue
        value = _path_in(statement)
        if "public" in value:
            return ""
        if value:
            return (
                f"{path}:{statement.line} sets search_path {_shown(value, 'to ')}, so"
                " that names without a schema are looked for elsewhere; the setting"
                " lasts as long as the session. Write the schema before the name, or"
                " let the file that sets it put it back: SET search_path TO public;"
                " (pg_dump empties it, and writes all names with their schema)."
            )
    return ""


def _path_in(statement: Statement) -> str:
    """Return the search path that a statement sets, as it writes it."""
    match = _SETS_PATH.search(statement.text)
    return match[1] if match else ""


def _shown(value: str, before: str = "") -> str:
    return "empty" if _EMPTY.match(value) else f"{before}{value}"


def _of_a_functions_search_path(refusal: Refusal) -> str:
    """Name the function that looked for the name, if it has a search path itself."""
    for name in _functions_at(refusal):
        about = (
            (path, statement)
            for path, statement in refusal.step.upto(
                refusal.statement, mentioning=name.lower()
            )
            if statement.function == name
            and (statement.words[0] == "create" or _PATH_SETTING in statement.words)
        )
        path, statement = next(about, ("", None))
        if statement is None or not (value := _path_in(statement)):
            continue
        if "public" in value.lower() and _of_a_missing_extension(refusal):
            return ""  # an extension would usually be there
        where = "in pg_catalog" if _EMPTY.match(value) else "there"
        return (
            f"The function {name} has its own search_path, which is {_shown(value)}"
            f" ({path}:{statement.line}): while it runs, names without a schema are"
            f" looked for only {where}. Write the schema before the name in the"
            " function, or name it in that setting."
        )
    return ""


def _functions_at(refusal: Refusal) -> cabc.Iterator[str]:
    """Yield the functions that ran, or were read, when the error came."""
    for match in _FUNCTION.finditer(refusal.failure.context):
        yield match[1] or match[2].rpartition(".")[2].strip('"')
    statement, position = refusal.statement, refusal.failure.position
    if statement is None or position is None:
        return
    # The server reads the body of a function in SQL when it is created.
    is_in_body = _BODY.search(statement.text, 0, position - 1 - statement.start)
    if statement.function and is_in_body:
        yield statement.function


def _of_a_database(refusal: Refusal) -> str:
    """Explain which name the database has in which the migrations are applied."""
    database = _DATABASE.search(refusal.failure.message)
    if refusal.failure.sqlstate != "3D000" or database is None:
        return ""
    return (
        f"The audit's database is not called {database[1]}, nor is a developer's or a"
        " test's, perhaps. Let the statement take the name of the database that it is"
        " in: DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO PUBLIC',"
        " current_database()); END $$; or create one of that name, empty, with"
        f" CREATE DATABASE {identifier(database[1])}; as the only statement of the SQL"
        " file that [postgres] setup in userstate.toml names."
    )


def _of_a_program(refusal: Refusal) -> str:
    """Say that migrations were left out that may have made what is missing."""
    plan = refusal.step.plan
    if plan is None or not plan.programs:
        return ""
    if refusal.failure.sqlstate not in {*_NOT_FOUND, "42703"}:
        return ""
    first, *others = plan.programs
    subject = "1 migration of this folder is a program"
    if others:
        subject = f"{1 + len(others)} migrations of this folder are programs"
    return (
        f"{subject} ({first}), which the audit leaves out: what is missing here may"
        " be made there. Apply all of them with the project's own program, and audit"
        " that database (--userstate-dsn), or name the program in userstate.toml:"
        ' migrations = { command = ["…"] }.'
    )


def of_psql_command(name: str) -> str:
    """Return what can be done about a backslash command."""
    if name in _CONNECTS:
        return (
            f"{name} is a command of psql, not SQL, and the audit has one database of"
            " its own. Leave it out; pg_dump writes it only with --create."
        )
    return (
        f"{name} is a command of psql, not SQL. Files are sent to the"
        " server as they are, never through psql, which could run programs."
        " Write it as SQL, or leave it out."
    )


def remedy(refusal: Refusal) -> str:
    """Return what can be done, as one paragraph; empty where nothing is known."""
    texts = (look(refusal) for look in _REMEDIES)
    return next((text for text in texts if text), "")


def _of_missing_rights(refusal: Refusal) -> str:
    if refusal.failure.sqlstate != "42501" or refusal.step.is_setup:
        return ""
    return (
        "Migrations run as an ordinary role that owns the database. Two settings of"
        " userstate.toml give more. [postgres] setup is SQL that is run first, as"
        " superuser: it can create roles and extensions and grant rights. The other"
        " runs the migrations themselves as superuser; what they may do where they are"
        " deployed is then no longer tested:\n    [postgres]\n    superuser = true"
    )


def _of_a_transaction(refusal: Refusal) -> str:
    if refusal.failure.sqlstate not in {"25001", "2D000"}:
        return ""
    plan = refusal.step.plan
    return plan.advice_on_transactions if plan else ""


def _of_a_missing_role(refusal: Refusal) -> str:
    role = _ROLE.search(refusal.failure.message)
    is_missing = refusal.failure.sqlstate in {"42704", "22023"}
    if not is_missing or role is None or refusal.step.is_setup:
        return ""
    texts = "\n".join(refusal.step.texts)
    made = _names(_MADE_ROLE, texts)
    owners = _names(_OWNER, texts) - made
    granted = {role[1], *_names(_GRANTED, texts)} - made - owners
    sql = " ".join(
        (
            *(_CREATE_OWNER.format(name=identifier(name)) for name in sorted(owners)),
            *(_CREATE_ROLE.format(name=identifier(name)) for name in sorted(granted)),
        )
    )
    return f"Something else creates that role. {_setup(sql)}"


def _names(pattern: re.Pattern[str], texts: str) -> set[str]:
    """Return the roles that a pattern finds, but those that are always there."""
    names = {name.strip('"') for name in pattern.findall(texts)}
    return {name for name in names if name.lower() not in _NO_ROLES}


def _of_a_missing_schema(refusal: Refusal) -> str:
    schema = _SCHEMA.search(refusal.failure.message)
    if refusal.failure.sqlstate != "3F000" or schema is None or refusal.step.is_setup:
        return ""
    return (
        f"Something else (a platform, another repository) provides the schema"
        f" {schema[1]}. {_setup(_CREATE_SCHEMA.format(name=identifier(schema[1])))}"
    )


def _setup(sql: str) -> str:
    """Return the lines of userstate.toml that run statements first."""
    quoted = f"'{sql}'" if '"' in sql else f'"{sql}"'
    return _SETUP.format(sql=quoted)


def _of_a_tools_table(refusal: Refusal) -> str:
    """Name the setting for a table of the tool's own that is called otherwise."""
    table, plan = _RELATION.search(refusal.failure.message), refusal.step.plan
    if refusal.failure.sqlstate not in _GONE or plan is None or plan.folder is None:
        return ""
    own = {name.rpartition(".")[2] for name in plan.bookkeeping_tables}
    name = table[1] if table else _qualified(own, refusal)
    if name.rpartition(".")[2] not in own:
        return ""
    return (
        f"{plan.layout} keeps its records in a table that the project calls {name}. In"
        f' userstate.toml:\n    migrations = {{ path = "{plan.folder}", tool ='
        f' "{plan.layout}", table = "{name}" }}'
    )


def _qualified(names: cabc.Iterable[str], refusal: Refusal) -> str:
    """Return one of the tables in a missing schema, if the migrations write it so."""
    schema = _SCHEMA.search(refusal.failure.message)
    for name in names if schema else ():
        qualified = f"{schema[1]}.{name}" if schema else ""
        if any(qualified in text for text in refusal.step.texts):
            return qualified
    return ""


def _of_a_missing_extension(refusal: Refusal) -> str:
    """Name the extension that a missing type, function or operator class is part of."""
    failure = refusal.failure
    if failure.sqlstate not in {"42704", "42883"}:
        return ""
    if (method := _NO_CLASS.search(failure.message)) is not None:
        name, extension = (
            f"Such an operator class for {method[1]}",
            f"btree_{method[1]}",
        )
    elif (missing := _MISSING.search(failure.message)) is not None:
        name = missing[1] or missing[2]
        extension = _EXTENSIONS.get(name.lower(), "")
    else:
        return ""
    if not extension:
        return ""
    return (
        f"{name} is part of the extension {extension}, which nothing has created so"
        " far. Let a migration create it:"
        f' CREATE EXTENSION IF NOT EXISTS "{extension}"; or, if the platform does so:\n'
        f"{_setup(_extensions(refusal, extension))}"
    )


def _extensions(refusal: Refusal, extension: str) -> str:
    """Return what creates an extension, and others that migrations use without."""
    texts = "\n".join(refusal.step.texts).lower()
    used = {extension}
    for name, other in _EXTENSIONS.items():
        if name in texts and re.search(rf"\b{name}\b(?:\s*\(|(?<=_ops))", texts):
            used.add(other)
    return " ".join(
        _CREATE_EXTENSION.format(name=identifier(name))
        for name in sorted(used)
        if name == extension or f"{name}" not in _names(_MADE_EXTENSION, texts)
    )


def _of_a_missing_feature(refusal: Refusal) -> str:
    failure = refusal.failure
    if failure.sqlstate not in {"0A000", "22023", "42704", "58P01"}:
        return ""
    report = f"{failure.message}\n{failure.detail}"
    if (extension := _EXTENSION.search(report)) is not None:
        return (
            f"The extension {extension[1] or extension[2]} is neither part of this"
            f" server nor among those that are declared as stubs. {_ANOTHER_SERVER}"
        )
    if (library := _LIBRARY.search(report)) is not None:
        return f"This server does not have {library[1]}. {_ANOTHER_SERVER}"
    if _LOCALE.search(report):
        return (
            "The collation or locale is not part of this server (the embedded one is"
            f" built without ICU). {_ANOTHER_SERVER}"
        )
    return ""


def _of_a_full_disk(refusal: Refusal) -> str:
    if refusal.failure.sqlstate != "53100":
        return ""
    return (
        "What is full is where the embedded server keeps its data: the folder for"
        " temporary files, or /dev/shm where that has a gigabyte to spare. Make room"
        " there, or set TMPDIR to a folder on a larger disk."
    )


def _of_a_new_enum_value(refusal: Refusal) -> str:
    if refusal.failure.sqlstate != "55P04":
        return ""
    return (
        "A value that is added to an enum can be used only after the transaction"
        " that added it: add it in a separate migration before this one."
    )


def _of_psql(refusal: Refusal) -> str:
    """Explain what only psql understands, and the parser calls a syntax error."""
    if not refusal.failure.is_from_parser:
        return ""
    if _expects_rows(refusal):
        return NO_INPUT
    if (command := _PSQL_COMMAND.match(refusal.unread)) is not None:
        return of_psql_command(command[0])
    variable = _PSQL_VARIABLE.match(refusal.unread)
    plan = refusal.step.plan
    if variable is not None and plan is not None and plan.advice_on_variables:
        return (
            f"The variable {variable[2]} is not set, so that psql leaves {variable[0]}"
            f" as it is. {plan.advice_on_variables}"
        )
    if variable is not None:
        return (
            f"{variable[0]} looks like a variable of psql, and files are not run"
            " through psql. Write its value instead."
        )
    return ""


def _expects_rows(refusal: Refusal) -> bool:
    """Return whether the parser stopped in what follows a COPY … FROM stdin."""
    position = refusal.failure.position or 0
    before = [
        statement for statement in refusal.step.statements if statement.end < position
    ]
    return any(statement.copies_from_input for statement in before[-1:]) or (
        refusal.unread.startswith("\\.") and bool(before)
    )


def _of_a_template(refusal: Refusal) -> str:
    """No token of SQL starts with a brace: where the parser met one, it is certain."""
    met = refusal.unread if refusal.failure.is_from_parser else ""
    if met.startswith(("{", "${")):
        placeholder = _PLACEHOLDER.match(met)
        shown = placeholder[0] if placeholder else met.split(" ", 1)[0]
        return (
            f"The file is a template: {shown} was not replaced. Expand the template,"
            " and audit the folder with the result."
        )
    text = "" if refusal.statement is None else refusal.statement.text
    if (placeholder := _PLACEHOLDER.search(text)) is not None:
        return (
            f"The statement holds {placeholder[0]}, which looks like a placeholder that"
            " was not replaced. If the file is a template, expand it, and audit the"
            " folder with the result."
        )
    return ""


_REMEDIES: tuple[cabc.Callable[[Refusal], str], ...] = (
    _of_the_search_path,
    _of_missing_rights,
    _of_a_transaction,
    _of_a_missing_role,
    _of_a_tools_table,
    _of_a_database,
    _of_a_missing_schema,
    _of_a_missing_extension,
    _of_a_program,
    _of_a_missing_feature,
    _of_a_full_disk,
    _of_a_new_enum_value,
    _of_psql,
    _of_a_template,
)
