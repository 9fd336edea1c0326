"""Migrations are found where they usually are, and never where they are not."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

import attrs
import pytest

from pytest_userstate.domain.errors import ConfigurationError, TargetNotFoundError
from pytest_userstate.outbound.migrations.finding.discovery import (
    LayoutChoice,
    Target,
    locate,
)
from pytest_userstate.outbound.migrations.tools import registry

GIT = shutil.which("git")


@attrs.frozen
class Repository:
    """A repository to search."""

    root: pathlib.Path

    def write(self, *names: str, text: str = "SELECT 1;") -> None:
        """Write files."""
        for name in names:
            file = self.root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def locate(
        self, path: str | None = None, *, layout: str | None = None, by: str = ""
    ) -> Target:
        """Find the migrations, or those in the folder named."""
        return locate(
            root=self.root,
            base=self.root,
            path=None if path is None else str(self.root / path),
            path_given_by=by,
            choice=LayoutChoice(layout=layout, file="pyproject.toml"),
        )

    def refusal(self, path: str | None = None, *, layout: str | None = None) -> str:
        """Return the message of the error that the search ends in."""
        with pytest.raises(TargetNotFoundError) as caught:
            self.locate(path, layout=layout, by="--userstate-migrations")
        assert str(self.root) not in str(caught.value)
        return str(caught.value)

    def git(self, *args: str) -> None:
        """Run git here."""
        assert GIT is not None
        subprocess.run([GIT, *args], cwd=self.root, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: pathlib.Path) -> Repository:
    """Make a repository with nothing to find in it."""
    root = tmp_path / "repository"
    (root / "src").mkdir(parents=True)
    return Repository(root)


@pytest.mark.parametrize("above", ["", "backend/", "services/api/"])
@pytest.mark.parametrize(
    "name", ["migrations", "db/migrations", "db/migrate", "sql/migrations"]
)
def test_usual_names_are_found_down_to_two_folders(
    repository: Repository, above: str, name: str
) -> None:
    """At the root, and one and two folders below it."""
    repository.write(f"{above}{name}/1.sql")
    target = repository.locate()
    assert target.relative_path == f"{above}{name}"
    assert target.path == repository.root / above / name
    assert target.found == "found by name"
    assert target.plan.layout == "plain"
    assert target.plan.migrations[0].path == f"{above}{name}/1.sql"


@pytest.mark.parametrize(
    "folder",
    [
        "backend/src/app/migrations",
        "core/src/main/resources/db/migration",
        "internal/storage/postgres/migrations",
        "a/b/c/d/e/f/g/migrations",
        "server/schema_migrations",
        "services/api/db/sql",
    ],
)
@pytest.mark.parametrize("has_git", [False, True])
def test_migrations_are_found_at_any_depth(
    repository: Repository, folder: str, *, has_git: bool
) -> None:
    """By the folder's name, or by the numbers in the names of its files."""
    if has_git and GIT:
        repository.git("init", "-q")
    repository.write(f"{folder}/0001-users.sql")
    assert repository.locate().relative_path == folder


@pytest.mark.parametrize(
    ("right", "other"),
    [
        ("migrations/postgres", "migrations/mysql"),
        ("assets/migrations/postgresql", "assets/migrations/sqlite3"),
        ("store/postgres/migrations", "store/cockroach/migrations"),
        ("migrations_pg", "migrations_sqlite"),
        ("db/migrations", "db/mysql/migrations"),
        ("db/migrations", "tests/migrations"),
        ("a/migrations", "a/examples/postgres/migrations"),
        ("a/migrations", "third_party/b/migrations"),
        ("a/migrations", "pkg/testdata/migrations"),
        ("a/migrations", "src/test/resources/migrations"),
        ("db/migrations", "db/numbered"),
    ],
)
def test_an_engineers_choice(repository: Repository, right: str, other: str) -> None:
    """PostgreSQL before other engines, and tests, examples and others' code last."""
    repository.write(f"{right}/1_a.sql", f"{other}/1_a.sql")
    target = repository.locate()
    assert target.relative_path == right
    assert f"not audited: {other} (plain)" in target.found


def test_a_folder_for_each_engine_that_a_tools_file_names(
    repository: Repository,
) -> None:
    """Folders of other engines are no migrations that lack a script."""
    repository.write("diesel.toml", text='[migrations_directory]\ndir = "migrations"')
    for engine in ("mysql", "postgresql", "sqlite"):
        repository.write(f"migrations/{engine}/1_users/up.sql")
    target = repository.locate()
    assert (target.relative_path, target.plan.layout) == (
        "migrations/postgresql",
        "diesel",
    )
    assert "found by diesel.toml, for PostgreSQL; not audited" in target.found


def test_a_folder_for_each_engine_below_a_recursive_one(
    repository: Repository,
) -> None:
    """Flyway would run those of all engines, of which one is meant."""
    repository.write("app/pom.xml", text="<artifactId>flyway-core</artifactId>")
    for version, engine in enumerate(("h2", "postgresql"), 1):
        repository.write(f"app/db/migration/{engine}/V{version}__a.sql")
    assert repository.locate().relative_path == "app/db/migration/postgresql"
    repository.write("app/db/migration/V0__common.sql")
    assert repository.locate().relative_path == "app/db/migration"


def test_only_migrations_of_another_engine(repository: Repository) -> None:
    """They are named, and the line that would use them all the same."""
    repository.write("migrations/mysql/1_a.sql")
    message = repository.refusal()
    assert "of another database than PostgreSQL:\n  migrations/mysql" in message
    assert 'migrations = "migrations/mysql" in userstate.toml' in message


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("CREATE TABLE users (id int);", "SELECT 1;"),
        ('CREATE TABLE IF NOT EXISTS public."app_users" (a int);', "-- users"),
        ("SELECT count(*) FROM accounts;", "CREATE TABLE t (user_id int);"),
    ],
)
def test_what_defines_users_comes_first(
    repository: Repository, text: str, other: str
) -> None:
    """Of two folders that are alike in all else."""
    repository.write("services/shop/migrations/1.sql", text=other)
    repository.write("services/identity/migrations/1.sql", text=text)
    assert repository.locate().relative_path == "services/identity/migrations"


def test_a_dump_is_found_by_what_it_holds(repository: Repository) -> None:
    """If there are no migrations, and it is not of MySQL."""
    repository.write("sql/schema.sql", text="CREATE TABLE users (id int);")
    repository.write("sql/mysql_schema.sql", text="CREATE TABLE `users` (id int);")
    repository.write("sql/schema_notes.sql", text="SELECT 1;")
    target = repository.locate()
    assert (target.relative_path, target.plan.layout) == ("sql/schema.sql", "pg_dump")
    repository.write("tests/migrations/1.sql")
    assert repository.locate().relative_path == "sql/schema.sql"
    repository.write("db/migrations/1.sql")
    assert repository.locate().relative_path == "db/migrations"


@pytest.mark.skipif(GIT is None, reason="there is no git")
def test_an_ignored_file_beside_changes_nothing(repository: Repository) -> None:
    """Such as the bytecode that the first run of a program leaves."""
    repository.git("init", "-q")
    repository.write(".gitignore", text="__pycache__/\n*.log\n")
    repository.write("db/migrations/__pycache__/a.pyc", "db/migrations/0.log")
    repository.write("db/migrations/1.sql")
    assert repository.locate().relative_path == "db/migrations"


def test_what_diesel_toml_names_is_found(repository: Repository) -> None:
    """Wherever it is, whatever its name; other folders then do not count."""
    repository.write("services/api/diesel.toml", text="[migrations_directory]\ndir='x'")
    repository.write("services/api/x/1_a/up.sql")
    repository.write("tools/migrations/1.sql")
    target = repository.locate()
    assert target.relative_path == "services/api/x"
    found = "found by services/api/diesel.toml; not audited: tools/migrations (plain)"
    assert target.found == found
    assert target.plan.layout == "diesel"


def test_diesel_toml_without_a_folder_says_nothing(repository: Repository) -> None:
    """It may be there for the schema file alone."""
    repository.write("diesel.toml", text="[print_schema]\nfile='src/schema.rs'")
    repository.write("db/migrations/1_a/up.sql")
    assert repository.locate().relative_path == "db/migrations"


def test_an_empty_folder_that_diesel_toml_names(repository: Repository) -> None:
    """What was expected is said, and who named the folder."""
    repository.write("diesel.toml", text="[migrations_directory]\ndir='db'")
    repository.write("db/.keep")
    message = repository.refusal()
    assert "db is empty" in message
    assert "found by diesel.toml" in message
    assert "up.sql" in message


def test_several_candidates_are_listed(repository: Repository) -> None:
    """With their layouts, and how to choose."""
    repository.write("backend/migrations/1_a/up.sql", "sql/migrations/1.sql")
    message = repository.refusal()
    assert "backend/migrations (diesel, found by name)" in message
    assert "sql/migrations (plain, found by name)" in message
    assert '\n  migrations = "backend/migrations"\n' in message
    assert '\n  migrations = "sql/migrations"\n' in message
    assert "--userstate-migrations" in message


def test_two_files_of_the_tools_are_several_candidates(repository: Repository) -> None:
    """Which of two services is meant cannot be guessed."""
    for service in ("one", "two"):
        repository.write(f"{service}/diesel.toml", text="")
        repository.write(f"{service}/migrations/1_a/up.sql")
    message = repository.refusal()
    assert "one/migrations (diesel, found by one/diesel.toml)" in message
    assert "two/migrations" in message


def test_one_folder_by_two_names_is_one_candidate(repository: Repository) -> None:
    """A link is not a second folder."""
    repository.write("db/migrations/1.sql")
    (repository.root / "migrations").symlink_to("db/migrations")
    assert repository.locate().relative_path == "db/migrations"


@pytest.mark.parametrize(
    "folder",
    [
        *("target", "node_modules", ".venv", "venv", "vendor", ".hidden", "build"),
        *("crates/target", "a/node_modules", "lib/site-packages", "dist"),
    ],
)
def test_products_and_dependencies_are_never_searched(
    repository: Repository, folder: str
) -> None:
    """Nor are hidden folders, with or without git."""
    repository.write(f"{folder}/migrations/1.sql", f"{folder}/diesel.toml")
    repository.write("own/migrations/1.sql")
    assert repository.locate().relative_path == "own/migrations"


@pytest.mark.skipif(GIT is None, reason="there is no git")
def test_what_git_ignores_is_not_searched(repository: Repository) -> None:
    """Unless it is tracked all the same."""
    repository.git("init", "-q")
    repository.write(".gitignore", text="copy/\n")
    repository.write("copy/migrations/1_a/up.sql", "migrations/1_a/up.sql")
    assert repository.locate().relative_path == "migrations"
    repository.git("add", "-f", "copy")
    assert "copy/migrations" in repository.refusal()


@pytest.mark.skipif(GIT is None, reason="there is no git")
def test_git_is_asked_about_links_and_folders_outside(repository: Repository) -> None:
    """A path that git could not follow does not keep it from answering."""
    repository.git("init", "-q")
    repository.write(".gitignore", text="out\n")
    repository.write("diesel.toml", text="[migrations_directory]\ndir = '../outside'")
    repository.write("../outside/1_a/up.sql", "out/migrations/1_a/up.sql")
    repository.write("out/diesel.toml", text="")
    assert repository.locate().relative_path == "../outside"
    (repository.root / "diesel.toml").unlink()
    (repository.root / "src" / "migrations").symlink_to("../out/migrations")
    assert "No migrations were found" in repository.refusal()


def test_linked_folders_are_not_searched(repository: Repository) -> None:
    """They could lead anywhere, even in a circle."""
    repository.write("../elsewhere/migrations/1.sql", "migrations/1.sql")
    (repository.root / "linked").symlink_to("../elsewhere")
    (repository.root / "circle").symlink_to(".")
    assert repository.locate().relative_path == "migrations"


@pytest.mark.skipif(GIT is None, reason="there is no git")
def test_a_folder_with_its_only_migrations_ignored(repository: Repository) -> None:
    """Ignored means not found, even where there is no other."""
    repository.git("init", "-q")
    repository.write(".gitignore", text="/migrations\n")
    repository.write("migrations/1.sql")
    assert "what git ignores" in repository.refusal()


def test_without_git_nothing_is_ignored(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repository without git, or a machine without it, is searched all the same."""
    (repository.root / ".git").mkdir()  # no repository that git would accept
    repository.write(".gitignore", text="migrations\n")
    repository.write("migrations/1.sql")
    assert repository.locate().relative_path == "migrations"
    monkeypatch.setenv("PATH", "")
    assert repository.locate().relative_path == "migrations"


def test_a_huge_folder_is_not_listed(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of products or dependencies is not, however much it holds."""
    repository.write("migrations/1_a/up.sql", "a/b/c.txt", "target/debug/x/y.txt")
    repository.write("a/node_modules/b/c.txt")
    listed: list[str] = []
    scandir = os.scandir

    def watched(path: str | os.PathLike[str]) -> object:
        listed.append(os.path.relpath(path, repository.root))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", watched)
    repository.locate()
    assert not {"a/node_modules", "target", "target/debug"} & set(listed)
    assert {".", "a", "a/b", "src"} <= set(listed)


@pytest.mark.parametrize(
    ("files", "tool"),
    [
        (["20240101000000_users.rb"], "Rails"),
        (["1_a/migration.sql"], "Prisma"),
        (["20240101_a.js"], "a tool for JavaScript"),
        (["20240101000000_users.exs"], "Ecto"),
    ],
)
def test_folders_of_other_tools_are_no_candidates(
    repository: Repository, files: list[str], tool: str
) -> None:
    """But they are named when there is nothing else."""
    repository.write(*(f"app/migrations/{name}" for name in files))
    message = repository.refusal()
    assert f"app/migrations holds migrations of {tool}" in message
    assert "layouts that are supported are" in message
    assert "diesel, " in message
    repository.write("db/migrations/1.sql")
    assert repository.locate().relative_path == "db/migrations"


def test_nothing_found_lists_where_it_was_sought(repository: Repository) -> None:
    """What was left out, what is supported, and how to name a folder."""
    repository.write("app/migrations/notes.txt", "README.md")
    message = repository.refusal()
    for words in (
        *("(2 files", "hidden folders", "git ignores", "--userstate-migrations"),
        "app/migrations holds no migrations of a layout that is known",
        'migrations = "path/to/migrations" in userstate.toml',
    ):
        assert words in message
    assert max(map(len, message.splitlines())) <= 80


def test_a_layout_alone_narrows_the_search(repository: Repository) -> None:
    """With `migrations = { tool = … }` only its folders are candidates."""
    repository.write("backend/migrations/1_a/up.sql", "sql/migrations/1.sql")
    assert repository.locate(layout="plain").relative_path == "sql/migrations"
    assert repository.locate(layout="diesel").relative_path == "backend/migrations"


def test_a_named_folder_is_used_as_it_is(repository: Repository) -> None:
    """Wherever it lies, with its layout recognized; nothing is searched."""
    repository.write("target/schema/1_a/up.sql", "migrations/1.sql")
    target = repository.locate("target/schema", by="`migrations` in userstate.toml")
    assert (target.relative_path, target.plan.layout) == ("target/schema", "diesel")
    assert target.found == "`migrations` in userstate.toml"


def test_a_named_layout_decides(repository: Repository) -> None:
    """A folder may hold what could be read in two ways."""
    repository.write("m/1_a/up.sql", "m/1.sql")
    assert repository.locate("m").plan.layout == "diesel"
    target = repository.locate("m", layout="plain")
    assert [each.path for each in target.plan.migrations] == ["m/1.sql"]


def test_an_unknown_layout_is_refused_with_the_nearest(repository: Repository) -> None:
    """File, key, value, and all names."""
    with pytest.raises(ConfigurationError) as caught:
        repository.locate("src", layout="deisel", by="`migrations` in pyproject.toml")
    assert (caught.value.file, caught.value.key) == (
        *("pyproject.toml", "migrations.tool"),
    )
    message = str(caught.value)
    assert "did you mean 'diesel'?" in message
    assert registry.names() in message


def test_every_layout_is_found_by_its_name() -> None:
    """The registry is the only list."""
    for layout in registry.layouts():
        assert registry.layout_named(layout.name, file="x", key="m") is layout
        assert layout.expects


def test_a_named_folder_that_does_not_exist(repository: Repository) -> None:
    """Who named it, and what was probably meant."""
    repository.write("migrations/1.sql")
    message = repository.refusal("migration")
    assert "--userstate-migrations names migration" in message
    assert "Did you mean migrations?" in message


def test_a_named_file(repository: Repository) -> None:
    """A folder is expected, but where the file is all there is."""
    repository.write("db/1.txt", "db/1.sql")
    message = repository.refusal("db/1.txt")
    assert "db/1.txt, which is a file" in message
    assert "Name the folder" in message
    message = repository.refusal("db/1.sql", layout="plain")
    assert "db/1.sql, which is a file" in message
    assert "The layout plain expects SQL files" in message


def test_a_folder_where_a_file_is_meant(repository: Repository) -> None:
    """The layout that was named says what it expects."""
    repository.write("db/schema.sql")
    message = repository.refusal("db", layout="pg_dump")
    assert "db, which is a folder" in message
    assert "The layout pg_dump expects no folder, but one SQL file" in message
    assert "Name the file itself" in message


def test_a_file_with_the_whole_schema(repository: Repository) -> None:
    """Whatever its name; Rails' own is known by it."""
    repository.write("db/schema.sql", "db/structure.sql", "sql/cache_structure.sql")
    target = repository.locate("db/schema.sql", by="--userstate-migrations")
    assert (target.relative_path, target.plan.layout) == ("db/schema.sql", "pg_dump")
    assert [each.path for each in target.plan.migrations] == ["db/schema.sql"]
    rails = repository.locate("sql/cache_structure.sql")
    assert rails.plan.layout == "structure"
    assert rails.digest != target.digest
    repository.write("elsewhere/schema.sql")
    assert repository.locate("elsewhere/schema.sql").digest == target.digest


def test_rails_file_is_found(repository: Repository) -> None:
    """Beside migrations in Ruby, which only Rails can run."""
    repository.write("db/structure.sql", "db/migrate/20240101000000_users.rb")
    target = repository.locate()
    assert (target.relative_path, target.plan.layout) == (
        "db/structure.sql",
        "structure",
    )
    assert target.found == "found by db/structure.sql"


def test_a_named_folder_that_is_empty(repository: Repository) -> None:
    """What was expected is said for each layout."""
    (repository.root / "db").mkdir()
    message = repository.refusal("db")
    assert "db is empty" in message
    assert "diesel: a folder per migration, each with an up.sql in it" in message
    assert "plain: SQL files (*.sql)" in message
    assert "db is empty" in repository.refusal("db", layout="diesel")


def test_a_named_folder_above_the_right_one(repository: Repository) -> None:
    """The right one is suggested."""
    repository.write("db/postgres/1.sql")
    assert "Did you mean one of these: db/postgres?" in repository.refusal("db")


def test_a_named_folder_of_another_tool(repository: Repository) -> None:
    """The tool is named, and the ways that there are."""
    repository.write("db/1.sql", text="-- +goose Up\nSELECT 1;")
    message = repository.refusal("db")
    assert "db holds migrations of goose: 1.sql has the line '-- +goose'" in message
    assert "--userstate-dsn" in message
    assert 'migrations = { path = "db", tool = "goose" }' in message


def test_folders_that_look_alike_are_told_apart_by_the_project(
    repository: Repository,
) -> None:
    """A Drizzle folder may be Prisma's, a V or U file refinery's or Flyway's."""
    repository.write("db/1_a/migration.sql", "m/V1__a.sql")
    message = repository.refusal("db")
    assert "db holds migrations of Prisma or Drizzle" in message
    assert 'migrations = { path = "db", tool = "prisma" }' in message
    assert repository.locate("m").plan.layout == "flyway"
    repository.write("Cargo.toml", text="[dependencies]\n")
    message = repository.refusal("m")
    assert "m (--userstate-migrations) could be of these layouts: flyway" in message
    assert "refinery" in message
    repository.write("Cargo.toml", text='[dependencies]\nrefinery = "0.9"')
    assert repository.locate("m").plan.layout == "refinery"
    repository.write("m/pom.xml", text="<artifactId>flyway-core</artifactId>")
    assert repository.locate("m").plan.layout == "flyway"


@pytest.mark.parametrize(
    ("folder", "build_files"),
    [
        ("src/main/resources/db/migration", ()),
        ("api/src/main/resources/db/migration", ("Cargo.toml",)),
        ("db/migration", ("pom.xml",)),
        ("api/db/migration", ("Cargo.toml", "api/build.gradle.kts")),
        ("db/migration", ("Cargo.toml", "db/migration/build.gradle")),
    ],
)
@pytest.mark.parametrize("engine", ["", "/postgresql"])
def test_a_project_of_the_jvm_has_flyway(
    repository: Repository, folder: str, build_files: tuple[str, ...], engine: str
) -> None:
    """Its files of V are not those of refinery, which is a library of Rust."""
    repository.write(*build_files, text="neither of the tools")
    repository.write(f"{folder}{engine}/V1__u.sql")
    if engine:
        repository.write(f"{folder}/h2/V1__u.sql")
    target = repository.locate()
    assert (target.relative_path, target.plan.layout) == (f"{folder}{engine}", "flyway")


def test_a_crate_in_a_project_of_the_jvm_may_have_refinery(
    repository: Repository,
) -> None:
    """The nearest build file counts."""
    repository.write("pom.xml", text="<project/>")
    repository.write("crate/Cargo.toml", text="[package]")
    repository.write("crate/migrations/V1__u.sql")
    assert "refinery" in repository.refusal("crate/migrations")


def test_the_digest_tells_contents_order_and_transactions_apart(
    repository: Repository,
) -> None:
    """But not where the folder lies."""
    repository.write("a/1_x/up.sql", "a/2_y/up.sql", "b/1_x/up.sql", "b/2_y/up.sql")
    digest = repository.locate("a").digest
    assert digest.startswith("sha256:")
    assert repository.locate("b").digest == digest
    repository.write("b/2_y/metadata.toml", text="run_in_transaction = false")
    other = repository.locate("b").digest
    assert other != digest
    repository.write("a/2_y/up.sql", text="SELECT 2;")
    assert repository.locate("a").digest not in {digest, other}
    shutil.move(repository.root / "b/1_x", repository.root / "b/3_x")
    assert repository.locate("b").digest not in {digest, other}


def test_paths_are_relative_to_the_base(repository: Repository) -> None:
    """With forward slashes, also above it."""
    repository.write("backend/migrations/1.sql")
    target = locate(
        root=repository.root / "backend",
        base=repository.root / "src",
        path=None,
    )
    assert target.plan.migrations[0].path == "../backend/migrations/1.sql"


def test_a_misspelt_setting_is_told_before_the_search(repository: Repository) -> None:
    """Else `pth` would be a search that finds nothing."""
    repository.write("elsewhere/1.sql")
    for layout in (None, "plain"):
        with pytest.raises(ConfigurationError, match="did you mean 'path'"):
            locate(
                root=repository.root,
                base=repository.root,
                path=None,
                choice=LayoutChoice(
                    layout=layout, options={"pth": "elsewhere"}, file="f"
                ),
            )


JAVASCRIPT = {
    "Knex": ("exports.up = (knex) => knex.schema.createTable('users')", "knex"),
    "TypeORM": ("export class A { async up(queryRunner: QueryRunner) {} }", "typeorm"),
    "Sequelize": ("up: (queryInterface) => queryInterface.x()", "sequelize-cli"),
    "MikroORM": ("import { Migration } from '@mikro-orm/migrations'", "mikro-orm"),
}


@pytest.mark.parametrize("tool", JAVASCRIPT)
@pytest.mark.parametrize("home", [".", "apps/api"])
def test_a_program_in_javascript_is_named_with_its_command(
    repository: Repository, tool: str, home: str
) -> None:
    """The line can be pasted; it runs where the tool's own package is."""
    text, program = JAVASCRIPT[tool]
    repository.write(f"{home}/migrations/20240101_a.ts", text=text)
    repository.write(f"{home}/package.json", text="{}")
    message = repository.refusal()
    assert f"holds migrations of {tool}: 20240101_a.ts" in message
    start = "  migrations = { command = ["
    [line] = [each for each in message.splitlines() if each.startswith(start)]
    path = "migrations" if home == "." else f"{home}/migrations"
    assert line.endswith(f'path = "{path}" }}')
    start = '"npx", "--no-install", "'
    if home != ".":
        start = "cd apps/api && npx --no-install "
    assert start + program in line


def test_what_is_below_the_folder_of_the_call_comes_first(
    tmp_path: pathlib.Path,
) -> None:
    """Whoever calls from `backend/` means that backend, even below `examples/`."""
    for folder in ("migrations", "examples/backend/db/migrations", "web/migrations"):
        file = tmp_path / folder / "1_users.sql"
        file.parent.mkdir(parents=True)
        file.write_text("CREATE TABLE users ();")
    (tmp_path / "empty").mkdir()

    def found(base: str) -> str:
        target = locate(root=tmp_path, base=tmp_path, here=tmp_path / base, path=None)
        return target.path.relative_to(tmp_path).as_posix()

    assert found("examples/backend") == "examples/backend/db/migrations"
    assert found("web") == "web/migrations"
    with pytest.raises(TargetNotFoundError, match="Several folders"):
        found("empty")


@pytest.mark.parametrize(
    "files",
    [
        {"migrate/schema.sql": "", "migrate/migrations/1_a.sql": "-- +goose Up\n"},
        {"a/migrations/after.sql": "", "a/migrations/committed/000001.sql": ""},
        {"db/postgresql/data-migrations/x.sql": "", "prisma/migrations/1_a.sql": ""},
        {"m/other_migrations/x.sql": "", "m/migrations/sql/1_a.sql": ""},
    ],
)
def test_folders_of_numbered_files_come_before_others(
    tmp_path: pathlib.Path, files: dict[str, str]
) -> None:
    """A folder of another one is not a part of it if it is the likelier of the two."""
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text or "CREATE TABLE t ();")
    target = locate(root=tmp_path, base=tmp_path, path=None)
    assert target.path == (tmp_path / list(files)[1]).parent
