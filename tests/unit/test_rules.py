"""Tools whose migrations are SQL files: which files run, in which order, and how."""

from __future__ import annotations

import itertools
import pathlib

import pytest

from pytest_userstate.domain.errors import (
    ConfigurationError,
    MigrationError,
    TargetNotFoundError,
)
from pytest_userstate.outbound.migrations.finding.discovery import Target, locate
from pytest_userstate.outbound.migrations.finding.search import recognized
from pytest_userstate.outbound.migrations.layout import Confidence
from pytest_userstate.outbound.migrations.plan import Mode, Plan
from pytest_userstate.outbound.migrations.tools import reader, rules
from tests.helpers.folders import Folder

CARGO, GO_MOD = "../Cargo.toml", "../go.mod"
# For each tool: its files in the order in which they run, with the version and what is
# sent of each (None if the file is no way up), then files of the project.
PROJECTS: dict[str, dict[str, tuple[str, str | None, str]]] = {
    "atlas": {
        "20240101.sql": ("A;\n", "20240101", "A;"),
        "20240102_b.sql": ("-- atlas:txmode none\n\nB;\n", "20240102", "B;"),
        "atlas.sum": ("h1:x\n", None, ""),
    },
    "bun": {
        "9_a.up.sql": ("A;\n", "9", "A;"),
        "10_b.tx.up.sql": ("B;\n", "10", "B;"),
        "9_a.down.sql": ("X;\n", None, ""),
        GO_MOD: ("require github.com/uptrace/bun v1.2.0\n", None, ""),
    },
    "dbmate": {
        "010_a.sql": ("-- migrate:up\nA;\n-- migrate:down\nX;\n", "010", "A;"),
        "10_b.sql": ("-- why\n-- migrate:up\nB;\n-- migrate:down\n", "10", "B;"),
        "9.sql": ("--migrate:up\nC;\n--migrate:down\nX;\n", "9", "C;"),
        "schema.sql": ("X;\n", None, ""),
    },
    "diesel": {
        "00000000000000_setup/up.sql": ("A;\n", "00000000000000", "A;"),
        "2024-01-01-000000_b/up.sql": ("B;\n", "20240101000000", "B;"),
        "2024-01-01-000000_b/down.sql": ("X;\n", None, ""),
        "20240101000001_c/up.sql": ("C;\n", "20240101000001", "C;"),
    },
    "golang-migrate": {
        "9_a.up.sql": ("A;\n", "9", "A;"),
        "010_b.up.pgsql": ("B;\n", "10", "B;"),
        "9_a.down.sql": ("X;\n", None, ""),
        GO_MOD: ("require github.com/golang-migrate/migrate/v4 v4\n", None, ""),
    },
    "goose": {
        "2_a.sql": (
            (
                "-- +goose Up\n-- +goose StatementBegin\nA;\n-- +goose StatementEnd\n"
                "-- +goose Down\nX;\n"
            ),
            "2",
            "A;",
        ),
        "10_b.sql": ("-- +goose NO TRANSACTION\n-- +goose up\nB;\n", "10", "B;"),
    },
    "graphile-migrate": {
        "000001.sql": ("--! Previous: -\n--! Hash: sha1:0\n\nA;\n", "000001.sql", "A;"),
        "000002-b.sql": (
            "--! Previous: sha1:0\n\nGRANT a TO :DATABASE_OWNER;\n",
            "000002-b.sql",
            "GRANT a TO userstate;",
        ),
    },
    "hasura": {
        "1600000000000_a/up.sql": ("A;\n", "1600000000000", "A;"),
        "1600000000001_b/up.sql": ("B;\n", "1600000000001", "B;"),
        "1600000000001_b/down.sql": ("X;\n", None, ""),
    },
    "micrate": {
        "1_a.sql": ("-- +micrate Up\nA;\n-- +micrate Down\nX;\n", "1", "A;"),
    },
    "mybatis": {
        "20240101_changelog.sql": (
            "-- // a\nCREATE TABLE ${changelog} ();\n-- //@UNDO\nX;\n",
            "20240101",
            "CREATE TABLE changelog ();",
        ),
        "20240102_b.sql": ("B;\n-- //@UNDO\nX;\n", "20240102", "B;"),
    },
    "node-pg-migrate": {
        "1700_a.sql": ("-- Up Migration\nA;\n-- Down Migration\nX;\n", "1700_a", "A;"),
        "1701-b.sql": ("B;\n-- Down Migration\nX;\n", "1701-b", "B;\nX;"),
    },
    "play": {
        "2.sql": ("# --- !Ups\nA $$;; $$;\n# --- !Downs\nX;\n", "2", "A $$; $$;"),
        "10.sql": ("-- Users schema\n-- !Ups\nB;\n-- !Downs\n", "10", "B;"),
    },
    "pop": {
        "20240101_a.up.sql": ("A;\n", "20240101", "A;"),
        "20240102_b.postgres.up.sql": ("B;\n", "20240102", "B;"),
        "20240102_b.mysql.up.sql": ("X;\n", None, ""),
        "20240102_b.up.sql": ("X;\n", None, ""),
        "20240103_c.autocommit.up.sql": ("C;\n", "20240103", "C;"),
        "20240101_a.down.sql": ("X;\n", None, ""),
        GO_MOD: ("require github.com/ory/pop/v6 v6\n", None, ""),
    },
    "postgrator": {
        "9.do.sql": ("A;\n", "9", "A;"),
        "010.do.users.sql": ("B;\n", "10", "B;"),
        "010.undo.users.sql": ("X;\n", None, ""),
    },
    "prisma": {
        "0_init/migration.sql": ("A;\n", "0_init", "A;"),
        "1_b/migration.sql": ("B;\n", "1_b", "B;"),
        "10_c/migration.sql": ("C;\n", "10_c", "C;"),
        "migration_lock.toml": ('provider = "postgresql"\n', None, ""),
    },
    "rambler": {
        "1_a.sql": ("-- rambler up\nA;\n-- rambler down\nX;\n", "1_a.sql", "A;"),
    },
    "refinery": {
        "V1__a.sql": ("A;\n", "1", "A;"),
        "below/U9__b.sql": ("B;\n", "9", "B;"),
        "V10__c.sql": ("C;\n", "10", "C;"),
        CARGO: ('refinery = "0.8"\n', None, ""),
    },
    "sql-migrate": {
        "2_a.sql": ("-- +migrate Up\nA;\n-- +migrate Down\nX;\n", "2_a.sql", "A;"),
        "10_b.sql": (
            "-- +migrate Down\nX;\n-- +migrate Up notransaction\nB;\nC;\n",
            "10_b.sql",
            "B;\nC;",
        ),
    },
    "sqlx": {
        "9_a.sql": ("A;\n", "9", "A;"),
        "010_b.up.sql": ("-- no-transaction\nB;\n", "10", "B;"),
        "010_b.down.sql": ("X;\n", None, ""),
        CARGO: ("[dependencies]\nsqlx.workspace = true\n", None, ""),
    },
    "tern": {
        "001_a.sql": ("A;\n---- create above / drop below ----\nX;\n", "1", "A;"),
        "002_b.sql": ("B;\n", "2", "B;"),
    },
    "yoyo": {
        "0001.a.sql": ("A;\n", "0001.a", "A;"),
        "0001.a.rollback.sql": ("X;\n", None, ""),
        "0002.b.sql": ("-- depends: 0001.a\nB;\n", "0002.b", "B;"),
    },
}
# The files of these that run outside of a transaction.
APART = {
    "atlas": {"20240102"},
    "goose": {"10"},
    "pop": {"20240103"},
    "sql-migrate": {"10_b.sql"},
    "sqlx": {"10"},
}


def project(root: pathlib.Path, tool: str) -> Target:
    """Write the tool's files in reverse, and find them with nothing said."""
    for name, (text, _, _) in reversed(PROJECTS[tool].items()):
        file = root / "migrations" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return locate(root=root, base=root, path=None)


def row(tool: str) -> reader.SqlLayout:
    """Return the rules of a tool."""
    [found] = [row for row in rules.ROWS if row.name == tool]
    return found


def code(text: str) -> str:
    """Return a text without comments and empty lines."""
    lines = text.splitlines()
    return "\n".join(line for line in lines if line.strip() and line[:2] != "--")


def test_each_tool_has_a_project_here() -> None:
    """So that no row goes without a test."""
    assert set(PROJECTS) == {row.name for row in rules.ROWS}


@pytest.mark.parametrize("tool", PROJECTS)
def test_only_the_way_up_runs_in_the_tools_order(
    tmp_path: pathlib.Path, tool: str
) -> None:
    """The folder is recognized by itself, and lines stay those of the file."""
    plan = project(tmp_path, tool).plan
    assert isinstance(plan, Plan)
    assert plan.layout == tool
    expected = [
        (version, sql)
        for _, version, sql in PROJECTS[tool].values()
        if version is not None
    ]
    batches = [migration.batches[0] for migration in plan.migrations]
    versions = [migration.version for migration in plan.migrations]
    sent = [code(batch.sql) for batch in batches]
    assert list(zip(versions, sent, strict=True)) == expected
    for migration, batch in zip(plan.migrations, batches, strict=True):
        text = (tmp_path / migration.path).read_text()
        assert batch.sql.count("\n") == text.count("\n")
        usually = row(tool).in_transaction
        is_apart = migration.version in APART.get(tool, ())
        assert batch.in_transaction is (usually and not is_apart)


@pytest.mark.parametrize("tool", PROJECTS)
def test_what_does_not_run_is_named_or_a_way_back(
    tmp_path: pathlib.Path, tool: str
) -> None:
    """Nothing that a reader could take for a migration is left out in silence."""
    if not row(tool).script:
        project(tmp_path, tool)
        (tmp_path / "migrations/.hidden.sql").write_text("X;")
        (tmp_path / "migrations/1_z.mysql.sql").write_text("X;")
        warnings = locate(root=tmp_path, base=tmp_path, path=None).plan.warnings
        assert "1_z.mysql.sql" in "".join(warnings)
        assert ".hidden" not in "".join(warnings)


@pytest.mark.parametrize(
    ("tool", "program"),
    [
        ("goose", "3_c.go"),
        ("golang-migrate", "3_c.up.go"),
        ("refinery", "V3__c.rs"),
        ("pop", "20240105_c.up.fizz"),
        ("yoyo", "0003.c.py"),
    ],
)
def test_programs_among_the_sql_are_named(
    tmp_path: pathlib.Path, tool: str, program: str
) -> None:
    """The schema lacks what they would make, so the verdict may be wrong."""
    project(tmp_path, tool)
    (tmp_path / "migrations" / program).write_text("")
    warnings = locate(root=tmp_path, base=tmp_path, path=None).plan.warnings
    [warning] = [warning for warning in warnings if program in warning]
    assert "not in the audited schema" in warning


def test_a_file_without_a_way_up_is_refused(tmp_path: pathlib.Path) -> None:
    """The tool would run nothing of it."""
    folder = Folder(rules.SQL_MIGRATE, tmp_path, "migrations")
    folder.write("1_a.sql", "CREATE TABLE a ();")
    with pytest.raises(MigrationError, match="no section that goes up"):
        folder.load()


@pytest.mark.parametrize(
    ("layout", "names"),
    [
        (rules.GOLANG_MIGRATE, ("1_a.up.sql", "01_b.up.sql")),
        (rules.SQLX, ("1_a.sql", "01_b.up.sql")),
        (rules.DIESEL, ("2024-01-01_a/up.sql", "20240101_b/up.sql")),
        (rules.REFINERY, ("V1__a.sql", "b/U01__b.sql")),
    ],
)
def test_two_ways_up_of_one_version_are_refused(
    tmp_path: pathlib.Path, layout: reader.SqlLayout, names: tuple[str, str]
) -> None:
    """Both are named, with the line for a program that does not mind."""
    folder = Folder(layout, tmp_path)
    for name in names:
        folder.write(name)
    message = str(folder.refusal())
    assert all(name in message for name in names)
    line = 'migrations = { path = "backend/migrations", tool = "plain" }'
    assert line in message


def test_a_file_beside_the_script_says_that_it_runs_alone(
    tmp_path: pathlib.Path,
) -> None:
    """Diesel's metadata.toml."""
    folder = Folder(rules.DIESEL, tmp_path)
    folder.write("1_a/up.sql")
    folder.write("1_a/metadata.toml", "run_in_transaction = false\n")
    assert not folder.load().migrations[0].batches[0].in_transaction
    folder.write("1_a/metadata.toml", "run_in_transaction = true\n")
    assert folder.load().migrations[0].batches[0].in_transaction


def test_statements_may_be_sent_one_by_one(tmp_path: pathlib.Path) -> None:
    """As golang-migrate does with x-multi-statement."""
    folder = Folder(rules.GOLANG_MIGRATE, tmp_path)
    folder.write("1_a.up.sql", "A; B;")
    assert folder.load().migrations[0].batches[0].mode is Mode.WHOLE
    plan = folder.load(multi_statement=True)
    assert plan.migrations[0].batches[0].mode is Mode.PIECES


def test_the_tools_table_may_have_another_name(tmp_path: pathlib.Path) -> None:
    """And be in another schema, which is then made."""
    folder = Folder(rules.GOLANG_MIGRATE, tmp_path)
    folder.write("1_a.up.sql")
    plan = folder.load(table="app.versions")
    assert "CREATE SCHEMA IF NOT EXISTS app;" in plan.prepare
    assert "CREATE TABLE IF NOT EXISTS app.versions (" in plan.prepare
    assert plan.bookkeeping_tables == {"app.versions"}
    assert plan.migrations[0].after[0] == ("TRUNCATE app.versions", ())


def test_several_folders_are_one_row_of_migrations(tmp_path: pathlib.Path) -> None:
    """As with several ``--migrations-dir`` of dbmate, by name."""
    both = "-- migrate:up\nA;\n-- migrate:down\n"
    folder = Folder(rules.DBMATE, tmp_path, "db/migrations")
    folder.write("2_b.sql", both)
    folder.write("../tenants/1_a.sql", both)
    folder.write("../../more/3_c.sql", both)
    for tenants in ("tenants", "db/tenants"):
        plan = folder.load(folders=["more", tenants])
        paths = [migration.path for migration in plan.migrations]
        assert paths == ["db/tenants/1_a.sql", "db/migrations/2_b.sql", "more/3_c.sql"]
    for name in ("nowhere", "migrations", "db/migrations/../migrations"):
        with pytest.raises(TargetNotFoundError, match="looked for"):
            folder.load(folders=[name])


def test_variables_have_their_values(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the configuration come before those of the environment."""
    monkeypatch.setenv("GOOSE_ONE", "one")
    monkeypatch.setenv("GOOSE_TWO", "env")
    text = "-- +goose ENVSUB ON\n-- +goose Up\n$GOOSE_ONE ${GOOSE_TWO} ${NO:-c} $$;\n"
    folder = Folder(rules.GOOSE, tmp_path)
    folder.write("1_a.sql", text)
    [migration] = folder.load(variables={"GOOSE_TWO": "two"}).migrations
    [batch] = migration.batches
    assert code(batch.sql) == "one two c $;"
    assert batch.sql.count("\n") == text.count("\n")
    folder.write("1_a.sql", text.replace("ENVSUB ON", "ENVSUB OFF"))
    assert "$GOOSE_ONE" in folder.load().migrations[0].batches[0].sql


def test_a_variable_without_a_value_is_refused(tmp_path: pathlib.Path) -> None:
    """With the line that gives one, which then works."""
    folder = Folder(rules.TERN, tmp_path)
    folder.write("1_a.sql", "A;\ngrant usage on schema public to {{.app_user}};\n")
    error = folder.refusal()
    assert error.line == 2
    line = (
        'migrations = { path = "backend/migrations", tool = "tern", variables ='
        ' { app_user = "userstate" } }'
    )
    assert line in str(error)
    assert folder.load(variables={"app_user": "userstate"})


def test_the_order_of_locale_compare() -> None:
    """As sorted by node 20: names.sort((a, b) => a.localeCompare(b))."""
    names = [
        *("_a", "-a", "0_init", "00_x", "10", "1a", "2020", "20200101_a"),
        *("20200101_A", "20200101_a_b", "20200101_ab", "20200101000000_b", "9", "a"),
        *("a b", "a_b", "a-b", "a.b", "a1", "ab", "aB", "Ab", "AB", "add_user"),
        *("add-user", "adduser", "z", "Z"),
    ]
    for one, other in itertools.combinations(names, 2):
        assert reader.locale_key(one) < reader.locale_key(other), (one, other)


@pytest.mark.parametrize(
    ("lock", "line", "words"),
    [
        ('# x\nprovider = "mysql"\n', 2, "'mysql'"),
        ('provider="postgresql"', 1, "'provider=\"postgresql'"),
        ("# nothing", 1, "no provider"),
    ],
)
def test_prisma_for_another_database_is_refused(
    tmp_path: pathlib.Path, lock: str, line: int, words: str
) -> None:
    """The lock file names the provider, written as Prisma writes it."""
    folder = Folder(rules.PRISMA, tmp_path, "prisma/migrations")
    folder.write("1_a/migration.sql")
    folder.write("migration_lock.toml", lock)
    error = folder.refusal()
    assert (error.path, error.line) == ("prisma/migrations/migration_lock.toml", line)
    assert words in str(error)


def test_prismas_schema_and_configuration_name_the_folder(
    tmp_path: pathlib.Path,
) -> None:
    """Unless the schema is of another database."""
    folder = Folder(rules.PRISMA, tmp_path, "prisma/migrations")
    folder.write("1_a/migration.sql")
    config, schema, _ = rules.PRISMA.project_files
    file = tmp_path / "prisma/schema.prisma"
    file.write_text('datasource db {\n  provider = "postgresql"\n}')
    assert schema.folder(file, tmp_path) == folder.path
    file.write_text('datasource db {\n  provider = "mysql"\n}')
    assert schema.folder(file, tmp_path) is None
    file = tmp_path / "prisma.config.ts"
    file.write_text("defineConfig({ migrations: { path: 'prisma/migrations' } })")
    assert config.folder(file, tmp_path) == folder.path
    file.write_text("defineConfig({ migrations: { path: join(a, b) } })")
    assert config.folder(file, tmp_path) is None


@pytest.mark.parametrize(
    ("layout", "section", "key"),
    [
        (rules.DIESEL, "migrations_directory", "dir"),
        (rules.SQLX, "migrate", "migrations-dir"),
    ],
)
def test_a_file_of_toml_names_the_folder(
    tmp_path: pathlib.Path, layout: reader.SqlLayout, section: str, key: str
) -> None:
    """Relative to itself; a folder that is missing, or no text, is an error."""
    [project_file] = layout.project_files
    file = tmp_path / "backend" / project_file.name
    (tmp_path / "backend/migrations").mkdir(parents=True)
    (tmp_path / "db").mkdir()

    def folder(text: str) -> pathlib.Path | None:
        file.write_text(text)
        return project_file.folder(file, tmp_path)

    assert folder("") == tmp_path / "backend/migrations"
    found = folder(f"[{section}]\n{key} = '../db'")
    assert found is not None
    assert found.resolve() == (tmp_path / "db").resolve()
    with pytest.raises(TargetNotFoundError, match="nowhere"):
        folder(f"[{section}]\n{key} = 'nowhere'")
    with pytest.raises(ConfigurationError, match="has to be a string, not 1"):
        folder(f"[{section}]\n{key} = 1")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        folder(f"[{section}")


@pytest.mark.parametrize(
    ("layout", "file", "text", "is_named"),
    [
        (rules.SQLX, "Cargo.toml", '[dependencies]\nsqlx = "0.8"', True),
        (rules.SQLX, "Cargo.toml", "[workspace.dependencies.sqlx]", True),
        (rules.SQLX, "Cargo.toml", '[dependencies]\nsqlx-core = "0.8"', False),
        (rules.SQLX, "Cargo.toml", '[dependencies]\n# sqlx = "0.8"', False),
        (
            rules.GOLANG_MIGRATE,
            "go.mod",
            "require github.com/golang-migrate/migrate/v4 v4.1 // indirect\n",
            False,
        ),
        (rules.GOLANG_MIGRATE, "encore.app", '{"id": "x"}', True),
        (
            rules.GOLANG_MIGRATE,
            "Makefile",
            "up:\n\tmigrate -path db/migrations -database $(DSN) up\n",
            True,
        ),
        (rules.GOLANG_MIGRATE, "compose.yaml", "image: migrate/migrate:v4", True),
        (rules.GOOSE, "go.mod", "require github.com/pressly/goose/v3 v3.1\n", True),
    ],
)
def test_the_project_says_whose_the_numbered_files_are(
    tmp_path: pathlib.Path,
    layout: reader.SqlLayout,
    file: str,
    text: str,
    *,
    is_named: bool,
) -> None:
    """Names alone do not: other tools have such names, too."""
    folder = Folder(layout, tmp_path)
    folder.write("1_a.up.sql")
    assert layout.recognizes(folder.path) is Confidence.POSSIBLE
    (tmp_path / "backend" / file).write_text(text)
    found = recognized(folder.path, [layout], tmp_path)
    assert found == ((layout,) if is_named else ())


def test_a_file_elsewhere_in_the_repository_names_the_tool(
    tmp_path: pathlib.Path,
) -> None:
    """Such as src/go.mod for make/migrations, without any way back there."""
    (tmp_path / "src").mkdir()
    module = "require github.com/golang-migrate/migrate/v4 v4.17.0\n"
    (tmp_path / "src/go.mod").write_text(module)
    folder = tmp_path / "make/migrations"
    folder.mkdir(parents=True)
    (folder / "0001_a.up.sql").write_text("SELECT 1 FROM schema_migrations;")
    for path in (None, str(folder)):
        target = locate(root=tmp_path, base=tmp_path, path=path, path_given_by="x")
        assert isinstance(target.plan, Plan)
        assert target.plan.layout == "golang-migrate"
