"""Flyway's own table, and the state of its two sessions."""

from __future__ import annotations

import re
import zlib

import attrs

from pytest_userstate.outbound.migrations.plan import Command
from pytest_userstate.outbound.migrations.sql import identifier, literal
from pytest_userstate.outbound.migrations.tools.flyway.names import Kind
from pytest_userstate.outbound.migrations.tools.flyway.resources import Resource
from pytest_userstate.outbound.migrations.tools.flyway.settings import Settings

_LINE_END = re.compile(r"\r\n|\n|\r")
_TABLE = """\
CREATE TABLE {table} (
    installed_rank int NOT NULL,
    version varchar(50),
    description varchar(200) NOT NULL,
    type varchar(20) NOT NULL,
    script varchar(1000) NOT NULL,
    checksum integer,
    installed_by varchar(100) NOT NULL,
    installed_on timestamp NOT NULL DEFAULT now(),
    execution_time integer NOT NULL,
    success boolean NOT NULL
);
ALTER TABLE {table} ADD CONSTRAINT {primary_key} PRIMARY KEY (installed_rank);
CREATE INDEX {index} ON {table} (success);
"""
_RECORD = """\
INSERT INTO {table} (installed_rank, version, description, type, script, checksum,
    installed_by, execution_time, success)
VALUES ((SELECT coalesce(max(installed_rank), 0) + 1 FROM {table}), $1, $2, $3, $4,
    $5, {installed_by}, 0, TRUE)"""
_SET_SEARCH_PATH = "SELECT pg_catalog.set_config('search_path', $1, false)"
_TYPES = {Kind.BASELINE: "SQL_BASELINE"}


@attrs.frozen
class History:
    """Writes what Flyway would write.

    It does so through a session of its own, after the transaction of the migration,
    so that settings of the migrations do not reach it. How long a migration took is
    not known here: that column holds 0.
    """

    settings: Settings

    @property
    def _schema(self) -> str:
        return self.settings.schemas[0] if self.settings.schemas else "public"

    @property
    def _table(self) -> str:
        return f"{identifier(self._schema)}.{identifier(self.settings.table)}"

    @property
    def _installed_by(self) -> str:
        given = self.settings.installed_by
        return literal(given) if given else "current_user"

    def prepare(self) -> str:
        """Return what makes the schemas and the table."""
        table = self.settings.table
        schemas = "".join(
            f"CREATE SCHEMA IF NOT EXISTS {identifier(each)};\n"
            for each in self.settings.schemas
        )
        created = _TABLE.format(
            table=self._table,
            primary_key=identifier(f"{table}_pk"),
            index=identifier(f"{table}_s_idx"),
        )
        others = [each for each in self.settings.schemas if each != "public"]
        if others:
            script = literal(",".join(map(identifier, others)))
            created += (
                f"INSERT INTO {self._table} (installed_rank, description, type, script,"  # noqa: S608 - quoted
                " installed_by, execution_time, success) VALUES (0, '<< Flyway Schema"
                f" Creation >>', 'SCHEMA', {script}, {self._installed_by}, 0,"
                " TRUE);\n"
            )
        return schemas + created + self.settings.init_sql

    def before(self) -> tuple[Command, ...]:
        """Return how Flyway starts each migration: as its role, in its schema."""
        search_path = f'{identifier(self._schema)},"$user", public'
        return (("SET ROLE NONE", ()), (_SET_SEARCH_PATH, (search_path,)))

    def after(self, resource: Resource, counted: str) -> tuple[Command, ...]:
        """Return the row of a migration; `counted` is what its checksum is of."""
        name = resource.name
        record = _RECORD.format(table=self._table, installed_by=self._installed_by)
        description = name.description
        if len(description) > 200:  # what the column holds
            description = f"{description[:197]}..."
        script = resource.relative
        if len(script) > 1000:
            script = f"...{script[3:1000]}"
        values = (
            name.version or None,
            description,
            _TYPES.get(name.kind, "SQL"),
            script,
            str(checksum(counted)),
        )
        return ((record, values),)


def checksum(text: str) -> int:
    r"""Return the CRC-32 of a text's lines without their ends, with a sign.

    >>> checksum("SELECT 1;\r\nSELECT 2;") == checksum("SELECT 1;\nSELECT 2;\n")
    True
    """
    unsigned = zlib.crc32("".join(_LINE_END.split(text)).encode())
    return unsigned - 2**32 if unsigned >= 2**31 else unsigned
