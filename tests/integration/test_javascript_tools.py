"""Migration tools in JavaScript, run by the line that the message gives."""

from __future__ import annotations

import fcntl
import pathlib
import shutil
import subprocess
import tomllib
import typing as typ

import pytest

from pytest_userstate.domain.errors import TargetNotFoundError
from tests.helpers.programs import Project, Runs
from tests.helpers.servers import one_version

NPM = shutil.which("npm") or ""
PACKAGES = pathlib.Path(__file__).parents[1] / "npm"

pytestmark = [
    one_version(),
    pytest.mark.skipif(
        not (shutil.which("node") and NPM),
        reason="Node.js and npm are not installed",
    ),
]

KNEX = {
    "knexfile.js": """\
        module.exports = { client: "pg", connection: process.env.DATABASE_URL }
        """,
    "migrations/20240101000000_users.js": """\
        exports.up = (knex) => knex.schema.createTable("users", (t) => t.uuid("id"))
        exports.down = (knex) => knex.schema.dropTable("users")
        """,
}
TYPEORM = {
    "src/data-source.js": """\
        const { DataSource } = require("typeorm")
        module.exports = new DataSource({
          type: "postgres",
          host: process.env.DB_HOST,
          port: process.env.DB_PORT,
          username: process.env.DB_USER,
          password: process.env.DB_PASSWORD,
          database: process.env.DB_NAME,
          migrations: [__dirname + "/migrations/*.js"],
        })
        """,
    "src/migrations/1700000000000-Users.js": """\
        module.exports = class Users1700000000000 {
          async up(queryRunner) {
            await queryRunner.query("CREATE TABLE users (id uuid)")
          }
          async down(queryRunner) {
            await queryRunner.query("DROP TABLE users")
          }
        }
        """,
}
SEQUELIZE_MIGRATION = {
    "migrations/20240101000000-users.js": """\
        module.exports = {
          up: (queryInterface, Sequelize) =>
            queryInterface.createTable("users", { id: Sequelize.UUID }),
          down: (queryInterface) => queryInterface.dropTable("users"),
        }
        """,
}
SEQUELIZE = {
    "config/config.json": """\
        {"development": {"dialect": "postgres", "username": "me", "password": "x",
                         "host": "db.example.invalid", "database": "shop"}}
        """,
    **SEQUELIZE_MIGRATION,
}
SEQUELIZE_BY_VARIABLE = {
    "config/config.json": """\
        {"development": {"dialect": "postgres", "use_env_variable": "DATABASE_URL"}}
        """,
    **SEQUELIZE_MIGRATION,
}
NODE_PG_MIGRATE = {
    "migrations/1700000000000_users.js": """\
        exports.up = (pgm) => pgm.createTable("users", { id: "uuid" })
        """,
}
DB_MIGRATE = {
    "migrations/20240101000000-users.js": """\
        exports.setup = () => {}
        exports.up = (db) => db.createTable("users", { id: "string" })
        exports.down = (db) => db.dropTable("users")
        exports._meta = { version: 1 }
        """,
}
PROJECTS = {
    "knex": KNEX,
    "typeorm": TYPEORM,
    "sequelize": SEQUELIZE,
    "sequelize by variable": SEQUELIZE_BY_VARIABLE,
    "node-pg-migrate": NODE_PG_MIGRATE,
    "db-migrate": DB_MIGRATE,
}


@pytest.fixture(scope="session")
def node_modules() -> pathlib.Path:
    """Install the tools once, however many processes run the tests."""
    folder = PACKAGES / "node_modules"
    with (PACKAGES / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / ".package-lock.json"
        locked = PACKAGES / "package-lock.json"
        if not done.exists() or done.stat().st_mtime < locked.stat().st_mtime:
            subprocess.run(
                [NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=PACKAGES,
                check=True,
                timeout=300,
            )
    return folder


@pytest.fixture
def project(tmp_path: pathlib.Path, node_modules: pathlib.Path) -> Project:
    """Make a project that has all of the tools."""
    project = Project(tmp_path)
    project.write("api/package.json", "{}")
    (tmp_path / "api/node_modules").symlink_to(node_modules)
    return project


def line_of(project: Project) -> dict[str, typ.Any]:
    """Return what the message that names the tool says to write."""
    with pytest.raises(TargetNotFoundError) as caught:
        project.plan()
    [line] = [
        line
        for line in str(caught.value).splitlines()
        if line.strip().startswith("migrations = { command")
    ]
    options: dict[str, typ.Any] = tomllib.loads(line.strip())["migrations"]
    return options


@pytest.mark.parametrize("tool", PROJECTS)
def test_the_line_of_the_message_runs(project: Project, runs: Runs, tool: str) -> None:
    """It names the command, the folder, and the variables that its settings read."""
    for name, text in PROJECTS[tool].items():
        project.write(f"api/{name}", text)
    options = line_of(project)
    path = options.pop("path")
    migrated = runs.run(project.plan(path, **options))
    assert runs.sources(migrated)["users.id"] == f"{path}:-"


def test_a_script_of_the_project_comes_first(project: Project, runs: Runs) -> None:
    """It knows where its own settings are."""
    for name, text in KNEX.items():
        project.write(f"api/{name.replace('knexfile', 'config/db')}", text)
    project.write(
        "api/package.json",
        '{"scripts": {"up": "knex --knexfile config/db.js migrate:latest --cwd .",'
        ' "up:prod": "docker exec x knex migrate:latest"}}',
    )
    options = line_of(project)
    assert options["command"] == ["sh", "-c", "cd api && npm run up"]


def test_drizzle_kit(project: Project, runs: Runs) -> None:
    """Its files are read, too; here its own program applies them."""
    project.write(
        "api/drizzle.config.ts",
        """\
        export default {
          dialect: "postgresql",
          out: "./drizzle",
          dbCredentials: { url: process.env.DATABASE_URL },
        }
        """,
    )
    project.write("api/drizzle/0000_users.sql", "CREATE TABLE users (id uuid);")
    project.write(
        "api/drizzle/meta/_journal.json",
        '{"version": "7", "dialect": "postgresql", "entries": [{"idx": 0, "version":'
        ' "7", "when": 1700000000000, "tag": "0000_users", "breakpoints": true}]}',
    )
    command = ["sh", "-c", "cd api && npx --no-install drizzle-kit migrate"]
    migrated = runs.run(project.plan("api/drizzle", command=command))
    assert runs.sources(migrated)["users"] == "api/drizzle:-"


def test_packages_that_are_not_installed(project: Project, runs: Runs) -> None:
    """What to do comes with the message of npm."""
    (project.path / "api/node_modules").unlink()
    for name, text in KNEX.items():
        project.write(f"api/{name}", text)
    options = line_of(project)
    message = str(runs.failure(project.plan(options.pop("path"), **options)))
    assert "Install the project's packages first" in message
