"""Flyway's layout: ``V<version>__<description>.sql``, in any folder below.

The rules are those of Flyway 13 (of ``flyway-core`` ``ResourceNameParser.java``,
``MigrationVersion.java``, ``CompositeMigrationResolver.java``, ``Parser.java``,
``ParserSqlScript.java``, ``DbMigrate.java``, ``ChecksumCalculator.java``; of
``flyway-database-postgresql`` ``PostgreSQLParser.java``,
``PostgreSQLDatabase.java``, and ``PostgreSQLConnection.java``).
"""

from __future__ import annotations

from pytest_userstate.outbound.migrations.flyway.tool import LAYOUT, FlywayLayout

__all__ = ["LAYOUT", "FlywayLayout"]
