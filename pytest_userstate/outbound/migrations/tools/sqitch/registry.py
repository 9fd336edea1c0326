"""Sqitch's own tables, and the rows that it writes for a change.

They are those of registry version 1.1 (``App/Sqitch/Engine/pg.sql``,
``App/Sqitch/Role/DBIEngine.pm``).
"""

from __future__ import annotations

import collections.abc as cabc

from pytest_userstate.outbound.migrations.plan import Command
from pytest_userstate.outbound.migrations.sql import identifier, literal
from pytest_userstate.outbound.migrations.tools.sqitch.plan import (
    Change,
    SqitchPlan,
    names,
)

TABLES = ("releases", "projects", "changes", "tags", "dependencies", "events")
_COMMITTER = ("userstate", "userstate@localhost")
_SCHEMA = """\
CREATE SCHEMA IF NOT EXISTS {registry};
CREATE TABLE {registry}.releases (
    version real PRIMARY KEY,
    installed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    installer_name text NOT NULL,
    installer_email text NOT NULL
);
CREATE TABLE {registry}.projects (
    project text PRIMARY KEY,
    uri text UNIQUE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    creator_name text NOT NULL,
    creator_email text NOT NULL
);
CREATE TABLE {registry}.changes (
    change_id text PRIMARY KEY,
    script_hash text,
    change text NOT NULL,
    project text NOT NULL REFERENCES {registry}.projects (project) ON UPDATE CASCADE,
    note text NOT NULL DEFAULT '',
    {who_and_when},
    UNIQUE (project, script_hash)
);
CREATE TABLE {registry}.tags (
    tag_id text PRIMARY KEY,
    tag text NOT NULL,
    project text NOT NULL REFERENCES {registry}.projects (project) ON UPDATE CASCADE,
    change_id text NOT NULL
        REFERENCES {registry}.changes (change_id) ON UPDATE CASCADE,
    note text NOT NULL DEFAULT '',
    {who_and_when},
    UNIQUE (project, tag)
);
CREATE TABLE {registry}.dependencies (
    change_id text NOT NULL REFERENCES {registry}.changes (change_id)
        ON UPDATE CASCADE ON DELETE CASCADE,
    type text NOT NULL,
    dependency text NOT NULL,
    dependency_id text REFERENCES {registry}.changes (change_id) ON UPDATE CASCADE
        CONSTRAINT dependencies_check CHECK (
            type = 'require' AND dependency_id IS NOT NULL
            OR type = 'conflict' AND dependency_id IS NULL
        ),
    PRIMARY KEY (change_id, dependency)
);
CREATE TABLE {registry}.events (
    event text NOT NULL CONSTRAINT events_event_check
        CHECK (event IN ('deploy', 'revert', 'fail', 'merge')),
    change_id text NOT NULL,
    change text NOT NULL,
    project text NOT NULL REFERENCES {registry}.projects (project) ON UPDATE CASCADE,
    note text NOT NULL DEFAULT '',
    requires text[] NOT NULL DEFAULT '{{}}',
    conflicts text[] NOT NULL DEFAULT '{{}}',
    tags text[] NOT NULL DEFAULT '{{}}',
    {who_and_when},
    PRIMARY KEY (change_id, committed_at)
);
INSERT INTO {registry}.releases (version, installer_name, installer_email)
VALUES (1.1, {name}, {email});
INSERT INTO {registry}.projects (project, uri, creator_name, creator_email)
VALUES ({project}, {uri}, {name}, {email})"""
_WHO_AND_WHEN = """\
committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    committer_name text NOT NULL,
    committer_email text NOT NULL,
    planned_at timestamptz NOT NULL,
    planner_name text NOT NULL,
    planner_email text NOT NULL"""
_WHO = "planned_at, planner_name, planner_email, committer_name, committer_email"


def preparing(registry: str, plan: SqitchPlan) -> str:
    """Return what makes the tables, and the rows that are there at first."""
    name, email = map(literal, _COMMITTER)
    return _SCHEMA.format(
        registry=identifier(registry),
        who_and_when=_WHO_AND_WHEN,
        project=literal(plan.project),
        uri=literal(plan.uri) if plan.uri else "NULL",
        name=name,
        email=email,
    )


def recording(
    registry: str, project: str, change: Change, script_hash: str
) -> tuple[Command, ...]:
    """Return what Sqitch writes once a change is deployed, in one transaction."""
    schema = identifier(registry)
    who = (change.date, *change.planner, *_COMMITTER)
    commands = [
        _insert(
            f"{schema}.changes",
            f"change_id, script_hash, change, project, note, {_WHO}",
            (change.id, script_hash, change.name, project, change.note, *who),
        )
    ]
    commands += [
        _insert(
            f"{schema}.dependencies",
            "change_id, type, dependency, dependency_id",
            (
                change.id,
                "conflict" if each.is_conflict else "require",
                each.name,
                each.change.id if each.change else None,
            ),
        )
        for each in change.dependencies
    ]
    commands += [
        _insert(
            f"{schema}.tags",
            f"change_id, tag_id, tag, project, note, {_WHO}",
            (
                *(change.id, tag.id, tag.name, project, tag.note, tag.date),
                *(*tag.planner, *_COMMITTER),
            ),
        )
        for tag in change.tags
    ]
    lists = (
        names(change.dependencies, conflicts=False),
        names(change.dependencies, conflicts=True),
        [tag.name for tag in change.tags],
    )
    commands.append(
        _insert(
            f"{schema}.events",
            "event, change_id, change, project, note, requires, conflicts, tags,"
            f" {_WHO}",
            (
                *("deploy", change.id, change.name, project, change.note),
                *map(_array, lists),
                *who,
            ),
        )
    )
    return tuple(commands)


def _insert(table: str, columns: str, values: tuple[str | None, ...]) -> Command:
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    return f"INSERT INTO {table} ({columns}) VALUES ({places})", values  # noqa: S608


def _array(values: cabc.Iterable[str]) -> str:
    """Return the text of an array of texts."""
    quoted = (
        '"' + each.replace("\\", "\\\\").replace('"', '\\"') + '"' for each in values
    )
    return "{" + ",".join(quoted) + "}"
