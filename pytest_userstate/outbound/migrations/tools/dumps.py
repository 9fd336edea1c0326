"""Files with a whole schema: what pg_dump writes, and Rails' ``db/structure.sql``.

They are run as psql would load them. Who owns what is left out, as ``pg_dump
--no-owner`` leaves it out: an ordinary role can give things only to roles that it
belongs to. Roles that a file grants to are made without login if they are missing.

The rules about Rails' file are those of Rails 8 (Active Record's
``tasks/postgresql_database_tasks.rb``, ``tasks/database_tasks.rb``, and
``internal_metadata.rb``). The migrations themselves are Ruby; the file also holds
the rows of ``schema_migrations``.
"""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import re

import attrs

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.layout import (
    NO_OPTIONS,
    Confidence,
    LayoutDefaults,
    Options,
    ProjectFile,
    label,
    masked,
    read_sql,
)
from pytest_userstate.outbound.migrations.plan import (
    Batch,
    Migration,
    Mode,
    Piece,
    Plan,
)
from pytest_userstate.outbound.migrations.sql import Part, Statement, script

_ARCHIVE = b"PGDMP"
_MAY_BE_LEFT_OUT = re.compile(
    r"owner\s+to|grant|revoke|authorization|default\s+privileges|policy|event\s+trigger"
    r"|security\s+label|publication|^\s*\\c"
    r"|(?:create|alter|drop|comment\s+on)\s+(?:database|extension|group|role|subscription"
    r"|system|tablespace|user)",
    re.IGNORECASE | re.MULTILINE,
)
_AUTHORIZATION = re.compile(
    r"(?<=[\w\"])\s+authorization\s+(?:\"[^\"]+\"|[\w$]+)(?=\s*$)", re.IGNORECASE
)
_OWNERS, _SERVER = "owners", "the server"
_WARNINGS = {
    _OWNERS: "{place}: {count} about owners left out, as pg_dump --no-owner leaves them"
    " out: everything belongs to the role that the audit migrates as.",
    _SERVER: "{place}: {count} about the whole database or server left out, such as"
    " GRANT … ON DATABASE, CREATE ROLE, or CREATE EVENT TRIGGER: they change no table.",
}
_VERBS = frozenset({"alter", "comment", "create", "drop"})
_OF_THE_SERVER = frozenset(
    (word,)
    for word in (
        *("database", "group", "parameter", "role", "subscription", "system"),
        *("tablespace", "user"),
    )
)
_NO_ROLES = frozenset(
    {"public", "current_user", "session_user", "current_role", "none", "group"}
)
_ADVICE = (
    "The file is run as psql runs it, statement by statement: one that cannot be in a"
    " transaction must not be between BEGIN and COMMIT."
)
_FILE = "structure.sql"


class PgDumpLayout(LayoutDefaults):
    """The layout of a file that holds a whole schema."""

    name = "pg_dump"
    expects = "no folder, but one SQL file, such as pg_dump writes"
    takes_a_file = True
    bookkeeping_tables: frozenset[str] = frozenset()

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Take any file of SQL: nothing else could be done with it."""
        is_one = path.is_file() and path.name.lower().endswith(".sql")
        return Confidence.FALLBACK if is_one else Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read the file."""
        del options  # there are none
        dump = _dump_in(path, base)
        return Plan(
            layout=self.name,
            migrations=(dump.migration,),
            roles=dump.roles,
            bookkeeping_tables=self.bookkeeping_tables,
            separate_sessions=True,
            advice_on_transactions=_ADVICE,
            warnings=dump.warnings,
        )


class StructureLayout(PgDumpLayout):
    """The layout of Rails with ``config.active_record.schema_format = :sql``."""

    name = "structure"
    expects = f"no folder, but Rails' file db/{_FILE}"
    project_files = (ProjectFile(f"db/{_FILE}", lambda file, _: file),)
    bookkeeping_tables = frozenset({"schema_migrations", "ar_internal_metadata"})

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Judge by the file's name."""
        is_one = path.is_file() and path.name.endswith(_FILE)
        return Confidence.CERTAIN if is_one else Confidence.NONE


@attrs.frozen
class _Dump:
    """A dump as the one migration that it is.

    Parameters
    ----------
    migration : Migration
        The file, without what it says about owners.
    roles : frozenset of str
        The roles that it grants to, or that its policies are for.
    warnings : tuple of str
        What was left out.
    """

    migration: Migration
    roles: frozenset[str]
    warnings: tuple[str, ...]


def _dump_in(file: pathlib.Path, base: pathlib.Path) -> _Dump:
    """Read the file."""
    path = label(file, base)
    with file.open("rb") as opened:
        is_archive = opened.read(len(_ARCHIVE)) == _ARCHIVE
    if is_archive:
        message = (
            f"{path} is an archive in a format of pg_dump's own, and no SQL.\n"
            f"Write it as SQL with: pg_restore --file=schema.sql {file.name}"
        )
        raise MigrationError(message, path=path)
    sql = read_sql(file, path)
    content = _Content()
    for part in script(sql) if _MAY_BE_LEFT_OUT.search(sql) else ():
        content.note(part)
    batch = Batch(sql=content.kept(sql), mode=Mode.SCRIPT, in_transaction=False)
    return _Dump(
        migration=Migration(version=file.stem, path=path, batches=(batch,)),
        roles=frozenset(content.roles),
        warnings=tuple(
            _WARNINGS[subject].format(
                place=f"{path}:{numbers[0]}",
                count=f"{len(numbers)} statement{'s' * (len(numbers) != 1)}",
            )
            for subject, numbers in content.lines.items()
            if numbers
        ),
    )


@attrs.define
class _Content:
    """What a dump says of roles, and what of it is left out."""

    roles: set[str] = attrs.field(factory=set)
    # The lines of statements that are left out, by their subject.
    lines: dict[str, list[int]] = attrs.field(
        factory=lambda: {_OWNERS: [], _SERVER: []}
    )
    _pieces: list[Piece] = attrs.field(factory=list)
    _connects: dict[str, Piece] = attrs.field(factory=dict)

    def note(self, part: Part) -> None:
        """Take account of a statement, or of a command of psql."""
        if not isinstance(part, Statement):
            if part.text.startswith(("\\connect ", "\\c ")):
                self._connects[part.text] = (part.start, part.start + len(part.text))
            return
        if not _MAY_BE_LEFT_OUT.search(part.text):
            return
        subject = _left_out(part.words)
        if subject:
            self._pieces.append((part.start, part.end))
            self.lines[subject].append(part.line)
        if subject != _OWNERS:
            self.roles |= _roles(part.words)
        if part.words[:2] == ("create", "schema"):
            for match in _AUTHORIZATION.finditer(part.text):
                start, end = match.span()
                self._pieces.append((part.start + start, part.start + end))

    def kept(self, sql: str) -> str:
        """Return the text with spaces for what is left out."""
        pieces = list(self._pieces)
        if len(self._connects) == 1:  # of one database, and not of a whole server
            pieces += self._connects.values()
        return masked(sql, _between(sorted(pieces), len(sql))) if pieces else sql


def _left_out(words: tuple[str, ...]) -> str:
    """Return what a statement is about that is no part of the schema, if it is."""
    verb, subject = words[0], words[1:]
    if words[:2] == ("comment", "on"):
        subject = words[2:]
    if (
        (verb == "alter" and "owner" in words and words[-3:-1] == ("owner", "to"))
        or words[1:3] == ("session", "authorization")
        or (verb == "alter" and words[1:4] == ("default", "privileges", "for"))
        or (verb == "comment" and subject[:1] == ("extension",))
    ):
        return _OWNERS
    on = words[words.index("on") + 1 :] if "on" in words else ()
    if (
        (verb in _VERBS and subject[:2] == ("event", "trigger"))
        or (verb in _VERBS and subject[:1] in _OF_THE_SERVER and "mapping" not in words)
        or (verb in {"grant", "revoke"} and (not on or on[:1] in _OF_THE_SERVER))
        or (
            words[:2] == ("create", "publication") and words[3:6:2] == ("for", "tables")
        )
        or words[:2] == ("security", "label")
    ):
        return _SERVER
    return ""


def _roles(words: tuple[str, ...]) -> set[str]:
    """Return the roles that a statement makes, grants to, takes from, or is for."""
    if words[0] == "create" and words[1] in {"role", "user"}:
        return {words[2]} - _NO_ROLES
    marks = {"grant": "to", "revoke": "from", "create": "to"}
    verb = words[0]
    if words[:3] == ("alter", "default", "privileges"):
        verb = next((word for word in words if word in {"grant", "revoke"}), "")
    mark = marks.get(verb)
    if mark not in words or (verb == "create" and words[1] != "policy"):
        return set()
    found: set[str] = set()
    rest = list(words[words.index(mark) + 1 :])
    while rest:
        name, *rest = rest[1:] if rest[0] == "group" else rest
        found.add(name)
        if rest[:1] != [","]:
            break
        rest = rest[1:]
    return {name for name in found - _NO_ROLES if not name.startswith("pg_")}


def _between(pieces: cabc.Iterable[Piece], length: int) -> cabc.Iterator[Piece]:
    """Yield what is between the pieces."""
    position = 0
    for start, end in pieces:
        yield position, start
        position = end
    yield position, length


PG_DUMP = PgDumpLayout()
STRUCTURE = StructureLayout()
