"""Flyway's layout: ``V<version>__<description>.sql``, in any folder below.

The rules are those of Flyway 13 (of ``flyway-core`` ``ResourceNameParser.java``,
``MigrationVersion.java``, ``CompositeMigrationResolver.java``, ``Parser.java``,
``ParserSqlScript.java``, ``DbMigrate.java``, ``ChecksumCalculator.java``; of
``flyway-database-postgresql`` ``PostgreSQLParser.java``,
``PostgreSQLDatabase.java``, and ``PostgreSQLConnection.java``).
"""

from __future__ import annotations

import pathlib
import re

from pytest_userstate.outbound.migrations.layout import (
    Confidence,
    LayoutDefaults,
    Manifest,
    ProjectFile,
    visible,
)
from pytest_userstate.outbound.migrations.options import (
    NO_OPTIONS,
    Kind,
    Option,
    Options,
)
from pytest_userstate.outbound.migrations.plan import Plan

_NAMED = re.compile(r"(?:[VBU][0-9]+(?:[._][0-9]+)*|R)__.*\.sql", re.IGNORECASE)
_OF_SPRING = ("application.properties", "application.yml", "application.yaml")
_MANIFESTS = (
    *("pom.xml", "build.gradle", "build.gradle.kts", "gradle/libs.versions.toml"),
    *_OF_SPRING,
)


def _folder_named_by(
    project_file: pathlib.Path, base: pathlib.Path
) -> pathlib.Path | None:
    # Imported here, as below: a search of a repository asks every layout, and most
    # projects are not Flyway's.
    from pytest_userstate.outbound.migrations.tools.flyway.tool import (  # noqa: PLC0415
        folder_named_by,
    )

    return folder_named_by(project_file, base)


class FlywayLayout(LayoutDefaults):
    """The layout of Flyway, as its free edition runs it."""

    name = "flyway"
    expects = "files named V<version>__<description>.sql or R__<description>.sql"
    project_files = tuple(
        ProjectFile(name, _folder_named_by)
        for name in (
            *("flyway.toml", "flyway.conf"),
            *(f"src/main/resources/{name}" for name in _OF_SPRING),
        )
    )
    manifests = tuple(Manifest(name, "flyway") for name in _MANIFESTS)
    usual_folders = ("src/main/resources/db/migration", "db/migration")
    options = (Option("placeholders", Kind.TABLE), Option("mixed", Kind.FLAG))

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Tell whether a file here or one folder below is named so."""
        entries = list(visible(path))
        below = [
            inner
            for entry in entries
            if entry.is_dir()
            for inner in visible(pathlib.Path(entry.path))
        ]
        named = any(_NAMED.fullmatch(entry.name) for entry in (*entries, *below))
        return Confidence.CERTAIN if named else Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read all that ``flyway migrate`` would run on an empty database."""
        from pytest_userstate.outbound.migrations.tools.flyway.tool import (  # noqa: PLC0415
            plan_of,
        )

        return plan_of(path, base, options)


LAYOUT = FlywayLayout()
