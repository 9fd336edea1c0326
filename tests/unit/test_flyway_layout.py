"""Flyway's files are read as Flyway reads them, on an empty database."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.domain.errors import ConfigurationError, TargetNotFoundError
from pytest_userstate.outbound.migrations.layout import Confidence
from pytest_userstate.outbound.migrations.plan import Mode
from pytest_userstate.outbound.migrations.sql import statements
from pytest_userstate.outbound.migrations.tools.flyway import (
    LAYOUT,
    can_run_in_transaction,
)
from tests.helpers.folders import Folder


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> Folder:
    """Make the location that Flyway's projects use."""
    return Folder(LAYOUT, tmp_path, "src/main/resources/db/migration")


def names(folder: Folder) -> list[str]:
    """Return the files that would run, in order."""
    return [
        each.path.removeprefix(f"{folder.name}/") for each in folder.load().migrations
    ]


def test_versions_are_compared_part_by_part(folder: Folder) -> None:
    """As numbers; an underscore is a dot; repeatable ones come last, by description."""
    files = (
        *("V1__a.sql", "V1_1__b.sql", "V1.2__c.sql", "V1_10__d.sql", "V2__.sql"),
        *("sub/V10__e.down.sql", "V20240101120000__f.SQL", "R__a_view.sql"),
        "R__b.sql",
    )
    for name in reversed(files):
        folder.write(name)
    assert names(folder) == list(files)
    plan = folder.load()
    assert [each.version for each in plan.migrations][:4] == ["1", "1.1", "1.2", "1.10"]


@pytest.mark.parametrize(
    ("one", "other", "what"),
    [
        ("V1__a.sql", "sub/V1.0__b.sql", "version"),
        ("V1_1__a.sql", "V1.1__b.sql", "version"),
        ("R__a_b.sql", "sub/R__a_b.sql", "version"),
    ],
)
def test_twins_are_refused(folder: Folder, one: str, other: str, what: str) -> None:
    """Both are named."""
    folder.write(one)
    folder.write(other)
    message = str(folder.refusal())
    assert f"{folder.name}/{one}" in message
    assert f"{folder.name}/{other}" in message
    assert f"have the same {what}" in message


def test_undo_and_what_a_baseline_covers_are_left_out(folder: Folder) -> None:
    """On an empty database the last baseline migration stands for all before it."""
    for name in ("V1__a.sql", "U1__a.sql", "B2__b.sql", "V2__b.sql", "B1__c.sql"):
        folder.write(name)
    folder.write("V3__d.sql")
    assert names(folder) == ["B2__b.sql", "V3__d.sql"]
    warnings = folder.load().warnings
    assert [name for name in ("B1", "U1", "V1", "V2") if name not in warnings[0]] == []


def test_callbacks_of_migrate_are_run_around_the_others(folder: Folder) -> None:
    """Those that public repositories have; the others are left out with a warning."""
    for name in ("V1__a.sql", "R__b.sql", "beforeMigrate.sql", "afterMigrate__x.sql"):
        folder.write(name)
    for name in ("afterMigrateApplied__2.sql", "afterMigrateApplied__1.sql"):
        folder.write(name)
    folder.write("beforeClean.sql")
    assert names(folder) == [
        *("beforeMigrate.sql", "V1__a.sql", "R__b.sql"),
        *("afterMigrateApplied__1.sql", "afterMigrateApplied__2.sql"),
        "afterMigrate__x.sql",
    ]
    [warning] = folder.load().warnings
    assert "beforeClean.sql is left out" in warning


def test_other_names_are_left_out_with_a_warning(folder: Folder) -> None:
    """What Flyway ignores in silence."""
    for name in ("V1__a.sql", "Vx__b.sql", "R1__d.sql", "V1__a.sql.bak", "README.md"):
        folder.write(name)
    assert names(folder) == ["V1__a.sql"]
    [warning] = folder.load().warnings
    assert "R1__d.sql" in warning
    assert "Vx__b.sql are left out: flyway runs only files named V<" in warning


@pytest.mark.parametrize(
    "program",
    ["V2__b.kt", "../../../java/db/migration/V2__b.java", "../../../java/x/R__b.java"],
)
def test_a_migration_written_as_a_program_is_named(
    folder: Folder, program: str
) -> None:
    """The schema lacks what it makes, wherever among the sources it is."""
    folder.write("V1__a.sql")
    folder.write(program)
    [warning] = folder.load().warnings
    assert f"{pathlib.PurePath(program).name} is left out" in warning
    assert "not in the audited schema" in warning


def test_a_copy_has_the_rows_that_follow_it(folder: Folder) -> None:
    """Flyway reads them itself, and goes on behind the line that ends them."""
    folder.write("V1__a.sql", "COPY t (a) FROM STDIN;\n1\n2;\n\\.\nSELECT 1;")
    folder.write("V2__b.sql", "SELECT 1;")
    copy, other = folder.load().migrations
    [batch] = copy.batches
    assert (batch.mode, batch.in_transaction) == (Mode.SCRIPT, True)
    assert other.batches[0].mode is Mode.PIECES


def test_a_row_remembers_each_migration(folder: Folder) -> None:
    """After the transaction, through a session of its own."""
    folder.write("sub/V1_2__add_users.sql", "SELECT 1;\r\nSELECT 2;\n")
    plan = folder.load()
    [migration] = plan.migrations
    assert migration.batches[0].mode is Mode.PIECES
    assert migration.batches[0].record == ()
    [(statement, values)] = migration.after
    assert statement.startswith("INSERT INTO public.flyway_schema_history")
    assert values == ("1.2", "add users", "V1_2__add_users.sql")


@pytest.mark.parametrize(
    ("sql", "is_transactional"),
    [
        ("CREATE INDEX CONCURRENTLY i ON t (a)", False),
        ("create unique index /* x */ concurrently i ON t (a)", False),
        ("DROP INDEX CONCURRENTLY i", False),
        ("CREATE DATABASE d", False),
        ("DROP TABLESPACE t", False),
        ("ALTER SYSTEM SET work_mem TO '1MB'", False),
        ("REINDEX DATABASE d", False),
        ("VACUUM t", False),
        ("DISCARD ALL", False),
        ("CREATE INDEX i ON t (a)", True),
        ("REINDEX INDEX CONCURRENTLY i", True),
        ("ALTER TYPE t ADD VALUE 'a'", True),
        ("ALTER TABLE system RENAME TO s", True),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY v", True),
        ("DISCARD TEMP", True),
    ],
)
def test_statements_that_flyway_knows(sql: str, *, is_transactional: bool) -> None:
    """Others that PostgreSQL refuses in a transaction it does not know."""
    [statement] = statements(sql)
    assert can_run_in_transaction(statement) is is_transactional


def test_a_file_of_such_statements_has_no_transaction(folder: Folder) -> None:
    """Others have one; a file that mixes both kinds has none."""
    folder.write("V1__a.sql", "CREATE TABLE t (a int);")
    folder.write("V2__b.sql", "VACUUM;\nDROP INDEX CONCURRENTLY i;")
    inside = [each.batches[0].in_transaction for each in folder.load().migrations]
    assert inside == [True, False]
    folder.write("V3__c.sql", "CREATE TABLE t (a int);\n-- x\nVACUUM t;")
    for plan in (folder.load(), folder.load(mixed=True)):
        assert not plan.migrations[2].batches[0].in_transaction


@pytest.mark.parametrize(
    ("conf", "in_transaction"),
    [
        ("executeInTransaction=false", False),
        ("# x\n\nexecuteInTransaction = true\n", True),
    ],
)
def test_a_file_beside_decides_about_the_transaction(
    folder: Folder, conf: str, *, in_transaction: bool
) -> None:
    """Also for a file that mixes both kinds."""
    folder.write("V1__a.sql", "CREATE TABLE t (a int); VACUUM t;")
    folder.write("V1__a.sql.conf", conf)
    [migration] = folder.load().migrations
    assert migration.batches[0].in_transaction is in_transaction


def test_placeholders_are_replaced_everywhere(folder: Folder) -> None:
    """Options come after the file's values."""
    folder.write("V1__a.sql", "-- ${a}\nSELECT '${b}', '${flyway:defaultSchema}';")
    (folder.root / "flyway.conf").write_text(
        "flyway.placeholders.a=1\nflyway.placeholders.b=2\n#flyway.placeholders.b=4"
    )
    [migration] = folder.load(placeholders={"b": "3"}).migrations
    assert migration.batches[0].sql == "-- 1\nSELECT '3', 'public';"


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT 1;\n  '${owner}'", 'placeholders = { role = "app", owner = '),
        ("SELECT 1;\n-- ${flyway:unknown}", '"flyway:unknown" = "userstate" }'),
    ],
)
def test_an_unknown_placeholder_is_refused(
    folder: Folder, sql: str, words: str
) -> None:
    """With its place, the values that there are, and where to give one."""
    folder.write("V1__a.sql", sql)
    error = folder.refusal(placeholders={"role": "app"})
    assert (error.path, error.line) == (f"{folder.name}/V1__a.sql", 2)
    assert "is a variable, and no value is given" in str(error)
    assert words in str(error)


def test_flyway_toml_is_heeded(folder: Folder) -> None:
    """Several locations, an environment's schemas, names, and the table."""
    folder.write("M1-a.sql", "SELECT 1;")
    folder.write("../extra/M2-b.sql", "SELECT '@{x}';")
    settings = folder.root / "flyway.toml"
    settings.write_text("""\
        [flyway]
        locations = ["classpath:db/migration", "filesystem:src/main/resources/db/extra"]
        sqlMigrationPrefix = "M"
        sqlMigrationSeparator = "-"
        placeholderPrefix = "@{"
        table = "history"
        environment = "test"
        [environments.test]
        schemas = ["app", "other"]
        [environments.test.flyway.placeholders]
        x = "y"
    """)
    plan = folder.load()
    assert [each.batches[0].sql for each in plan.migrations] == [
        *("SELECT 1;", "SELECT 'y';"),
    ]
    assert plan.bookkeeping_tables == {"app.history"}
    assert 'CREATE SCHEMA IF NOT EXISTS "app";' in plan.prepare
    assert "CREATE TABLE IF NOT EXISTS app.history" in plan.prepare
    assert """'"app","$user", public'""" in plan.migrations[0].before[-1][0]
    find = LAYOUT.project_files[0]
    assert find.folder(settings, folder.root) == folder.path


def test_a_target_is_refused(folder: Folder) -> None:
    """The audit applies all migrations."""
    folder.write("V1__a.sql")
    (folder.root / "flyway.conf").write_text("flyway.target=1")
    with pytest.raises(ConfigurationError, match="the target is 1"):
        folder.load()
    (folder.root / "flyway.conf").write_text("flyway.target=latest")
    assert names(folder) == ["V1__a.sql"]


def test_a_project_file_without_locations_means_the_usual_ones(folder: Folder) -> None:
    """One that names what is not there is an error."""
    file = folder.root / "flyway.toml"
    file.write_text("[flyway]\n")
    find = LAYOUT.project_files[0]
    assert find.folder(file, folder.root) is None
    folder.write("V1__a.sql")
    assert find.folder(file, folder.root) == folder.path
    file.write_text('[flyway]\nlocations = ["filesystem:nowhere"]')
    with pytest.raises(TargetNotFoundError, match="nowhere"):
        find.folder(file, folder.root)
    file.write_text("[flyway")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        find.folder(file, folder.root)


@pytest.mark.parametrize(
    "name", ["V1__a.sql", "R__a.sql", "B1.2__a.sql", "sub/V2__b.sql"]
)
def test_names_make_a_folder_flyways(folder: Folder, name: str) -> None:
    """Here or one folder below."""
    folder.write("1_a.sql")
    assert LAYOUT.recognizes(folder.path) is Confidence.NONE
    folder.write(name)
    assert LAYOUT.recognizes(folder.path) is Confidence.CERTAIN
