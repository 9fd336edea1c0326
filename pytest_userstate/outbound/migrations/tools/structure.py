"""Rails' ``db/structure.sql``: the schema that its migrations come to, as SQL.

The rules are those of Rails 8 (Active Record's
``tasks/postgresql_database_tasks.rb``, ``tasks/database_tasks.rb``, and
``internal_metadata.rb``). The migrations themselves are Ruby; the file also
holds the rows of ``schema_migrations``.
"""

from __future__ import annotations

import hashlib
import pathlib

from pytest_userstate.outbound.migrations.layout import (
    Confidence,
    LayoutDefaults,
    ProjectFile,
)
from pytest_userstate.outbound.migrations.options import NO_OPTIONS, Options
from pytest_userstate.outbound.migrations.plan import Command, Plan
from pytest_userstate.outbound.migrations.tools.dump_file import ADVICE, dump_in

_FILE = "structure.sql"
_VERSIONS = "schema_migrations"
_METADATA = "ar_internal_metadata"
_CREATE = f"""\
CREATE TABLE IF NOT EXISTS "{_METADATA}" (
    "key" character varying NOT NULL PRIMARY KEY,
    "value" character varying,
    "created_at" timestamp(6) NOT NULL,
    "updated_at" timestamp(6) NOT NULL
)"""
_SET = f"""\
INSERT INTO "{_METADATA}" ("key", "value", "created_at", "updated_at")
VALUES ($1, $2, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')
ON CONFLICT ("key") DO UPDATE
SET "value" = excluded."value", "updated_at" = excluded."updated_at"
"""  # noqa: S608 - a constant
_ENVIRONMENT = "test"


def _itself(file: pathlib.Path, base: pathlib.Path) -> pathlib.Path:
    del base
    return file


class StructureLayout(LayoutDefaults):
    """The layout of Rails with ``config.active_record.schema_format = :sql``."""

    name = "structure"
    expects = f"no folder, but Rails' file db/{_FILE}"
    project_files = (ProjectFile(f"db/{_FILE}", _itself),)
    takes_a_file = True

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Tell whether it is a file of that name."""
        is_one = path.is_file() and path.name.endswith(_FILE)
        return Confidence.CERTAIN if is_one else Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read the file."""
        del options  # there are none
        dump = dump_in(path, base)
        return Plan(
            layout=self.name,
            migrations=(dump.migration,),
            roles=dump.roles,
            finish=_flags(path.read_bytes()),
            bookkeeping_tables=frozenset({_VERSIONS, _METADATA}),
            separate_sessions=True,
            advice_on_transactions=ADVICE,
            warnings=dump.warnings,
        )


def _flags(content: bytes) -> tuple[Command, ...]:
    """Return what Rails does once it has loaded the file."""
    checksum = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    return (
        (_CREATE, ()),
        (_SET, ("environment", _ENVIRONMENT)),
        (_SET, ("schema_sha1", checksum)),
    )


LAYOUT = StructureLayout()
