"""Liquibase's layout: changelogs in SQL, in the order that a master changelog gives.

The rules are those of Liquibase 4 (``FormattedSqlChangeLogParser.java``,
``DatabaseChangeLog.java``). A changelog in XML, YAML or JSON may include others, and
name files of SQL; one that says in its own words what to change is for Liquibase alone.
"""

from __future__ import annotations

import collections.abc as cabc
import json
import pathlib
import re
import typing as typ
import xml.etree.ElementTree as ET

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
    text_of,
    visible,
)
from pytest_userstate.outbound.migrations.plan import (
    Batch,
    Migration,
    Mode,
    Piece,
    Plan,
)

_TABLE = "databasechangelog"
_PREPARE = f"""\
CREATE TABLE IF NOT EXISTS {_TABLE} (
    id varchar(255) NOT NULL,
    author varchar(255) NOT NULL,
    filename varchar(255) NOT NULL,
    dateexecuted timestamp NOT NULL,
    orderexecuted serial,
    exectype varchar(10) NOT NULL DEFAULT 'EXECUTED'
)"""
_RECORD = f"""\
INSERT INTO {_TABLE} (id, author, filename, dateexecuted)
VALUES ($1, $2, $3, now())"""  # noqa: S608 - constant
_FORMATTED = re.compile(r"^\s*--[ \t]*liquibase formatted sql", re.IGNORECASE)
_CHANGESET = re.compile(
    r"^--[ \t]*changeset[ \t]+(?P<author>[^:\n]+):(?P<id>\"[^\"]+\"|\S+)"
    r"(?P<rest>[^\n]*)\n?",
    re.IGNORECASE | re.MULTILINE,
)
_ATTRIBUTE = re.compile(r"(?P<name>\w+):(?P<value>\"[^\"]*\"|\S+)")
_MASTERS = tuple(
    f"{name}.{suffix}"
    for name in ("db.changelog-master", "changelog-master", "master", "changelog")
    for suffix in ("yaml", "yml", "xml", "json", "sql")
)
_DOCUMENTS = frozenset({".yaml", ".yml", ".xml", ".json"})
_RESOURCES = "src/main/resources"
_NOT_SQL = """\
{path} says in its own words what to change ({what}), which only Liquibase can run.
Its own program can apply the changelog; in userstate.toml:
migrations = {{ command = {command}, path = "{path}" }}"""


def _is_master(file: pathlib.Path, base: pathlib.Path) -> pathlib.Path | None:
    """Return the file itself, if it is a changelog."""
    del base
    text = text_of(file)
    is_one = "databaseChangeLog" in text or _FORMATTED.match(text)
    return file if is_one else None


class LiquibaseLayout(LayoutDefaults):
    """A master changelog, or a folder of changelogs in SQL."""

    name = "liquibase"
    expects = (
        "a master changelog, or SQL files that begin with --liquibase formatted sql"
    )
    project_files = tuple(ProjectFile(name, _is_master) for name in _MASTERS)
    takes_a_file = None

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Whether the file, or the first one of SQL in the folder, is a changelog."""
        if path.is_file():
            is_one = _is_master(path, path) is not None
        else:
            files = (entry for entry in visible(path) if entry.name.endswith(".sql"))
            first = next(files, None)
            is_one = first is not None and bool(_FORMATTED.match(text_of(first.path)))
        return Confidence.CERTAIN if is_one else Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read what the master changelog includes, else all files by name."""
        del options  # there are none
        files = list(_scripts(path, base, frozenset()))
        return Plan(
            layout=self.name,
            migrations=tuple(_migration(file, base) for file in dict.fromkeys(files)),
            prepare=_PREPARE,
            bookkeeping_tables=frozenset({_TABLE}),
            advice_on_transactions="In Liquibase's layout a changeset runs outside of a"
            " transaction when its line says so: --changeset author:id"
            " runInTransaction:false",
        )


def _scripts(
    path: pathlib.Path, base: pathlib.Path, above: frozenset[pathlib.Path]
) -> cabc.Iterator[pathlib.Path]:
    """Yield the files of SQL that a changelog includes, in order."""
    if path.is_dir():
        for entry in visible(path):
            inner = pathlib.Path(entry.path)
            if inner.is_dir() or inner.suffix in {".sql", *_DOCUMENTS}:
                yield from _scripts(inner, base, above)
    elif path.suffix not in _DOCUMENTS:
        yield path
    elif path.resolve() not in above:
        for step in _steps(path, base):
            place = _place(step, path, base)
            yield from _scripts(place, base, above | {path.resolve()})


@attrs.frozen
class _Step:
    """A file (or folder) that a changelog names."""

    path: str
    is_relative: bool


def _steps(file: pathlib.Path, base: pathlib.Path) -> cabc.Iterator[_Step]:
    """Yield what a changelog names, in order."""
    path = label(file, base)
    for kind, values in _document(file, path):
        match kind:
            case "include" | "includeAll" | "sqlFile":
                name = values.get("file") or values.get("path") or ""
                relative = values.get("relativeToChangelogFile", False)
                yield _Step(str(name), str(relative).lower() == "true")
            case "property" | "preConditions" | "tagDatabase" | "rollback" | "comment":
                pass
            case _:
                command = json.dumps(_command(file))
                message = _NOT_SQL.format(path=path, what=kind, command=command)
                raise MigrationError(message, path=path)


def _command(file: pathlib.Path) -> list[str]:
    """Return what runs Liquibase in the project that a changelog is of."""
    for folder in file.absolute().parents:
        if (folder / "pom.xml").is_file():
            return ["mvn", "liquibase:update"]
        if any(folder.glob("build.gradle*")):
            return ["./gradlew", "update"]
    return ["liquibase", "update"]


def _document(
    file: pathlib.Path, path: str
) -> list[tuple[str, cabc.Mapping[str, typ.Any]]]:
    """Return the changes of a changelog: what each is called, and its attributes."""
    text = read_sql(file, path)
    try:
        if file.suffix == ".xml":
            return list(_of_xml(text))
        if file.suffix == ".json":
            return list(_of_entries(json.loads(text)["databaseChangeLog"]))
        import yaml  # noqa: PLC0415 - seldom needed, and it takes 20 ms

        try:
            return list(_of_entries(yaml.safe_load(text)["databaseChangeLog"]))
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from error
    except (ValueError, TypeError, KeyError, AttributeError, ET.ParseError) as error:
        message = f"{path} cannot be read as a changelog of Liquibase's: {error!r}."
        raise MigrationError(message, path=path) from error


def _of_xml(text: str) -> cabc.Iterator[tuple[str, cabc.Mapping[str, str]]]:
    if "<!ENTITY" in text:
        message = "it declares entities"
        raise ValueError(message)
    for element in ET.fromstring(text):  # noqa: S314 - it has no entities
        name = element.tag.rpartition("}")[2]
        inner = list(element) if name == "changeSet" else [element]
        for part in inner:
            yield part.tag.rpartition("}")[2], part.attrib


def _of_entries(
    entries: cabc.Iterable[cabc.Mapping[str, typ.Any]],
) -> cabc.Iterator[tuple[str, cabc.Mapping[str, typ.Any]]]:
    for entry in entries:
        for name, values in entry.items():
            if name == "changeSet":
                yield from _of_entries(values.get("changes", ()))
            else:
                yield name, values if isinstance(values, dict) else {}


def _place(step: _Step, file: pathlib.Path, base: pathlib.Path) -> pathlib.Path:
    """Return the file that is named: on the class path, in the project, or beside."""
    name = step.path.removeprefix("classpath:").lstrip("/")
    folders = [file.parent]
    if not step.is_relative:
        folders += list(file.absolute().parents)
        folders += [folder / _RESOURCES for folder in file.absolute().parents]
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    path = label(file, base)
    message = f"{path} includes {step.path}, which is not there. Liquibase stops at it."
    raise MigrationError(message, path=path)


def _migration(file: pathlib.Path, base: pathlib.Path) -> Migration:
    """Read one file: each of its changesets is sent by itself."""
    path = label(file, base)
    sql = read_sql(file, path)
    batches = list(_batches(sql, path)) if _FORMATTED.match(sql) else []
    if not batches:
        batches = [
            Batch(
                sql=sql,
                mode=Mode.PIECES,
                record=((_RECORD, ("raw", "includeAll", path)),),
            )
        ]
    return Migration(version=file.stem, path=path, batches=tuple(batches))


def _batches(sql: str, path: str) -> cabc.Iterator[Batch]:
    heads = list(_CHANGESET.finditer(sql))
    ends = [head.start() for head in heads[1:]] + [len(sql)]
    for head, end in zip(heads, ends, strict=True):
        attributes = {
            match["name"].lower(): match["value"].strip('"')
            for match in _ATTRIBUTE.finditer(head["rest"])
        }
        if not _is_for_postgresql(attributes.get("dbms", "")):
            continue
        delimiter = attributes.get("enddelimiter", ";")
        is_whole = attributes.get("splitstatements", "true").lower() == "false"
        values = (head["id"].strip('"'), head["author"].strip(), path)
        yield Batch(
            sql=masked(sql, [(head.end(), end)]),
            mode=Mode.WHOLE if is_whole else Mode.PIECES,
            pieces=None
            if is_whole or delimiter == ";"
            else tuple(_pieces(sql, head.end(), end, delimiter)),
            in_transaction=attributes.get("runintransaction", "true").lower()
            != "false",
            record=((_RECORD, values),),
        )


def _is_for_postgresql(dbms: str) -> bool:
    names = {name.strip().lower() for name in dbms.split(",") if name.strip()}
    if any(name.startswith("!") for name in names):
        return "!postgresql" not in names
    return not names or bool(names & {"postgresql", "all"})


def _pieces(sql: str, start: int, end: int, delimiter: str) -> cabc.Iterator[Piece]:
    """Yield what is between the delimiters, which may be escaped as in a pattern."""
    separator = re.compile(re.escape(delimiter.replace("\\", "")), re.IGNORECASE)
    for match in separator.finditer(sql, start, end):
        if sql[start : match.start()].strip():
            yield start, match.start()
        start = match.end()
    if sql[start:end].strip():
        yield start, end


LAYOUT = LiquibaseLayout()
