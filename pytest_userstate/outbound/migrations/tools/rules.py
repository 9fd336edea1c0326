"""The tools whose migrations are SQL files: a row of rules for each.

A new tool of this kind is a row here, and its name in `registry`. The rules are
those of the tools' own sources: dbmate 2 (``migration.go``, ``db.go``), Diesel 2
(``file_based_migrations.rs``, ``migration_harness.rs``), golang-migrate 4
(``source/parse.go``, ``database/postgres``), goose 3 (``internal/sqlparser``), Prisma 7
(``listMigrations.ts``, ``apply_migrations.rs``), refinery 0.9 (``util.rs``,
``runner.rs``), sqlx 0.9 (``migrate/source.rs``), rubenv/sql-migrate
(``sqlparse/sqlparse.go``, ``migrate.go``), tern 2 (``migrate/migrate.go``),
node-pg-migrate 8 (``sqlMigration.ts``), MyBatis Migrations (``MigrationReader.java``),
Graphile Migrate (``migration.ts``), Atlas (``sql/migrate/dir.go``), Hasura's command
line tool (``cli/migrate``), pop (``match.go``, ``migration_info.go``), Postgrator
(``postgrator.js``), micrate (``migration.cr``), and rambler (``migration.go``). Those
of node-pg-migrate, Postgrator, and Graphile Migrate were compared with the tools
themselves.
"""

from __future__ import annotations

import os
import pathlib
import re
import tomllib

from pytest_userstate.domain.errors import (
    ConfigurationError,
    MigrationError,
    TargetNotFoundError,
)
from pytest_userstate.outbound.migrations.layout import (
    NO_OPTIONS,
    Confidence,
    Manifest,
    Options,
    ProjectFile,
    label,
    settings_text,
    text_of,
)
from pytest_userstate.outbound.migrations.plan import Mode, Plan
from pytest_userstate.outbound.migrations.tools.reader import (
    FOLDERS,
    MULTI_STATEMENT,
    TABLE,
    VARIABLES,
    Order,
    SqlLayout,
)

_LOCK = "migration_lock.toml"
_PROVIDER = "postgresql"
_DATASOURCE = re.compile(r"^\s*datasource\s+\w+\s*\{([^}]*)\}", re.MULTILINE)
_NAMED_PROVIDER = re.compile(r'^\s*provider\s*=\s*"([^"]*)"', re.MULTILINE)
_CONFIGURED = re.compile(r"""\bmigrations\s*:\s*\{[^}]*?\bpath\s*:\s*["']([^"']+)""")


def _folder_beside(
    project_file: pathlib.Path, base: pathlib.Path
) -> pathlib.Path | None:
    """Return the folder ``migrations`` beside the Prisma schema, if there is one."""
    folder = project_file.parent / "migrations"
    if not folder.is_dir():
        return None
    text = settings_text(project_file, base)
    source = _DATASOURCE.search(text)
    provider = _NAMED_PROVIDER.search(source[1]) if source else None
    if provider is not None and provider[1] not in {_PROVIDER, "postgres"}:
        return None  # of another database
    return folder


def _folder_configured_by(
    project_file: pathlib.Path, base: pathlib.Path
) -> pathlib.Path | None:
    """Return the folder that ``prisma.config.ts`` names, if it does so in a literal."""
    del base
    text = text_of(project_file)
    match = _CONFIGURED.search(text)
    folder = project_file.parent / match[1] if match else project_file
    return folder if folder.is_dir() else None


class PrismaLayout(SqlLayout):
    """The layout of Prisma Migrate."""

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read all folders, if they are for PostgreSQL."""
        _expect_postgresql(path / _LOCK, base)
        return super().load(path, base, options)


def _expect_postgresql(lock: pathlib.Path, base: pathlib.Path) -> None:
    """Refuse migrations that are written for another database.

    Prisma takes the first line that starts with the key, and no file for consent.
    """
    path = label(lock, base)
    if not lock.is_file():
        return
    lines = settings_text(lock, base).splitlines()
    numbered = enumerate(lines, 1)
    number, line = next(
        (pair for pair in numbered if pair[1].startswith("provider")), (1, "")
    )
    provider = line.removeprefix("provider = ").strip('"')
    if provider == _PROVIDER:
        return
    found = f"the provider is {provider!r}" if provider else "no provider is named"
    message = (
        f"{path}:{number}: {found}.\nThese migrations can be applied to"
        f' PostgreSQL only where it says: provider = "{_PROVIDER}".'
    )
    raise MigrationError(message, path=path, line=number)


PRISMA_FILES = (
    ProjectFile("prisma.config.ts", _folder_configured_by),
    ProjectFile("schema.prisma", _folder_beside),
    ProjectFile("prisma/schema.prisma", _folder_beside),
)


_PROGRAM = r"[0-9]+_.*(?<!_test)\.{suffix}"
_SHELL_VARIABLE = (
    r"(?P<escape>\$\$)|\$\{(?P<name>[A-Za-z_]\w*)(?::?-(?P<default>[^${}]*))?\}"
    r"|\$(?P<plain>[A-Za-z_]\w*)"
)
_ALONE = (
    " A statement such as CREATE INDEX CONCURRENTLY must then also be the only one in"
    " its file, since the server makes one transaction of what is sent at once."
)


def _module(path: str) -> Manifest:
    """Return what go.mod says about a module that the project itself needs."""
    return Manifest("go.mod", rf"^(?!.*// indirect).*\bgithub\.com/{path}\b")


def _named_in_toml(
    name: str, section: str, key: str, default: str = "migrations"
) -> ProjectFile:
    """Return the file whose setting names the folder, else one that lies beside it."""

    def folder(file: pathlib.Path, base: pathlib.Path) -> pathlib.Path | None:
        path = label(file, base)
        try:
            settings = tomllib.loads(settings_text(file, base)).get(section, {})
        except tomllib.TOMLDecodeError as error:
            message = f"{path} cannot be read: {error}."
            raise ConfigurationError(message, file=path) from error
        named = settings.get(key) if isinstance(settings, dict) else settings
        if not isinstance(named, str | None):
            message = f"{path}: [{section}] {key} has to be a string, not {named!r}."
            raise ConfigurationError(message, file=path, key=f"{section}.{key}")
        if (found := file.parent / (named or default)).is_dir():
            return found
        if named is None:
            return None
        message = (
            f"{path} says that the migrations are in {named}, but there is no such\n"
            f"folder beside it. Correct `{key}` under [{section}] there."
        )
        raise TargetNotFoundError(message)

    return ProjectFile(name, folder)


ATLAS = SqlLayout(
    name="atlas",
    expects="SQL files that atlas.sum lists, in the order of their names",
    names=r"(?P<version>[0-9][^_]*)(?:_(?P<title>.*))?\.sql",
    order=Order.NAME,
    sign_file="atlas.sum",
    by_sign=Confidence.FALLBACK,
    can_be_plain=True,
    sign=r"--[ \t]*atlas:txmode\b",
    untransacted=r"--[ \t]*atlas:txmode[ \t]+none\b",
    mode=Mode.PIECES,
    table="atlas_schema_revisions.atlas_schema_revisions",
    columns="version varchar NOT NULL PRIMARY KEY, executed_at timestamptz NOT NULL",
    record=("INSERT INTO {table} VALUES ($1, now())",),
)
BUN = SqlLayout(
    name="bun",
    expects="files named <number>_<name>.up.sql, or .tx.up.sql",
    names=r"(?P<version>[0-9]+)_(?P<title>\w+)(?:\.tx)?\.up\.sql",
    programs=_PROGRAM.format(suffix="go"),
    by_names=Confidence.POSSIBLE,
    manifests=(_module("uptrace/bun"),),
    mode=Mode.PIECES,
    in_transaction=False,
    table="bun_migrations",
    columns="id bigserial PRIMARY KEY, name varchar, group_id bigint,"
    " migrated_at timestamptz NOT NULL DEFAULT current_timestamp",
    before=("INSERT INTO {table} (name, group_id) VALUES ($1, 1)",),
)
DBMATE = SqlLayout(
    name="dbmate",
    expects="files named <digits>….sql, with -- migrate:up and -- migrate:down",
    names=r"(?P<version>[0-9]+).*\.sql",
    order=Order.NAME,
    sign=r"[ \t]*--+[ \t]*@?migrate[: \t]+(?:up|down)\b",
    options=(FOLDERS,),
    up=r"--[ \t]*migrate:up\b",
    down=r"--[ \t]*migrate:down\b",
    untransacted=r"--[ \t]*migrate:up\b[^\n]*[ \t]transaction:false\b",
    setup="SET DateStyle TO 'ISO, MDY';\nSET extra_float_digits TO 2;\n",
    form="-- migrate:up\n{up}\n-- migrate:down\n{down}",
    table="public.schema_migrations",
    columns="version varchar PRIMARY KEY",
    record=("INSERT INTO {table} (version) VALUES ($1)",),
    advice_on_transactions="In dbmate's layout a block runs outside of a transaction"
    f" when its marker says so: -- migrate:up transaction:false.{_ALONE}",
)
DIESEL = SqlLayout(
    name="diesel",
    expects="a folder per migration, each with an up.sql in it",
    names=r"(?![0-9]{13}(?:_|$))(?P<version>[^_]+)(?:_(?P<title>.*))?",
    script="up.sql",
    order=Order.VERSION,
    strips_hyphens=True,
    by_names=Confidence.CERTAIN,
    project_files=(_named_in_toml("diesel.toml", "migrations_directory", "dir"),),
    untransacted=r"run_in_transaction[ \t]*=[ \t]*false",
    settings="metadata.toml",
    restores_search_path=True,
    setup="SET TIME ZONE 'UTC';\nSET client_encoding TO 'UTF8';\n",
    table="__diesel_schema_migrations",
    columns="version varchar(50) PRIMARY KEY NOT NULL,"
    " run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP",
    record=("INSERT INTO {table} (version) VALUES ($1)",),
    advice_on_transactions="In Diesel's layout a migration runs outside of a"
    " transaction when its folder holds a metadata.toml with the line:"
    f" run_in_transaction = false.{_ALONE}",
)
GOLANG_MIGRATE = SqlLayout(
    name="golang-migrate",
    expects="files named <version>_<title>.up.sql, and .down.sql for the way back",
    names=r"(?P<version>[0-9]+)_(?P<title>.*)\.up\.(?!go)\w+",
    programs=r"[0-9]+_.*\.up\.go",
    by_names=Confidence.POSSIBLE,
    manifests=(
        _module("golang-migrate/migrate"),
        Manifest("encore.app", r"\S"),
        *(
            Manifest(
                name, r"\bmigrate/migrate\b|\bmigrate\b.*\s-(?:path|source|database)\b"
            )
            for name in (
                *("Makefile", "compose.yaml", "docker-compose.yml"),
                *("docker-compose.yaml", "Taskfile.yml", "justfile"),
            )
        ),
    ),
    options=(TABLE, MULTI_STATEMENT),
    in_transaction=False,
    table="public.schema_migrations",
    columns="version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL",
    before=("TRUNCATE {table}", "INSERT INTO {table} VALUES ($1::bigint, true)"),
    after=("TRUNCATE {table}", "INSERT INTO {table} VALUES ($1::bigint, false)"),
    advice_on_transactions="golang-migrate opens no transaction of its own, but sends a"
    " file as one batch, which PostgreSQL makes a transaction. A statement such as"
    " CREATE INDEX CONCURRENTLY has to be the only one in its file; or, where the tool"
    " runs with x-multi-statement, say so: multi_statement = true beside path and"
    " layout.",
)
GOOSE = SqlLayout(
    name="goose",
    expects="files named <number>_<name>.sql, each with the line: -- +goose Up",
    names=r"(?P<version>[0-9]+)_(?P<title>.*)\.sql",
    programs=_PROGRAM.format(suffix="go"),
    sign=r"--.*\+goose\b",
    by_names=Confidence.POSSIBLE,
    manifests=(_module("pressly/goose"),),
    options=(TABLE, VARIABLES),
    up=r"--[ \t]*\+goose[ \t]+up\b",
    down=r"--[ \t]*\+goose[ \t]+down\b",
    variable=_SHELL_VARIABLE,
    variables=os.environ,
    has_variables=r"--[ \t]*\+goose[ \t]+envsub[ \t]+on\b",
    mode=Mode.PIECES,
    untransacted=r"--[ \t]*\+goose[ \t]+no[ \t]+transaction\b",
    tolerates_commit=True,
    form="-- +goose Up\n{up}\n-- +goose Down\n{down}",
    table="goose_db_version",
    columns="id integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,"
    " version_id bigint NOT NULL, is_applied boolean NOT NULL,"
    " tstamp timestamp NOT NULL DEFAULT now()",
    first_row="INSERT INTO {table} (version_id, is_applied) VALUES (0, true)",
    record=("INSERT INTO {table} (version_id, is_applied) VALUES ($1, true)",),
    advice_on_transactions="In goose's layout a migration runs outside of a transaction"
    " when its file has the line: -- +goose NO TRANSACTION.",
)
GRAPHILE = SqlLayout(
    name="graphile-migrate",
    expects="files named <six digits>[-<name>].sql that begin with --! Previous",
    names=r"[0-9]{6}(?:-.*)?\.sql",
    order=Order.NAME,
    sign=r"--!\s*previous:",
    can_be_plain=True,
    options=(TABLE, VARIABLES),
    variable=r"(?<![:\w]):(?P<name>[A-Z][0-9A-Z_]+)\b",
    variables={
        "DATABASE_NAME": "userstate",
        "DATABASE_OWNER": "userstate",
        "DATABASE_AUTHENTICATOR": "userstate",
        "DATABASE_VISITOR": "userstate",
    },
    untransacted=r"--!\s*no-transaction\b",
    form=None,
    table="graphile_migrate.migrations",
    columns="hash text PRIMARY KEY, previous_hash text, filename text NOT NULL,"
    " date timestamptz NOT NULL DEFAULT now()",
    record=("INSERT INTO {table} (hash, filename) VALUES (md5($1), $1)",),
)
HASURA = SqlLayout(
    name="hasura",
    expects="a folder per migration named <13 digits>_<name>, each with an up.sql",
    names=r"(?P<version>[0-9]{13})(?:_(?P<title>.*))?",
    script="up.sql",
    by_names=Confidence.CERTAIN,
    table="hdb_catalog.schema_migrations",
    columns="version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL",
    record=("INSERT INTO {table} VALUES ($1::bigint, false)",),
)
MICRATE = SqlLayout(
    name="micrate",
    expects="files named <number>_<name>.sql, each with the line: -- +micrate Up",
    names=r"(?P<version>[0-9]+)_(?P<title>.*)\.sql",
    up=r"--[ \t]*\+micrate[ \t]+up\b",
    down=r"--[ \t]*\+micrate[ \t]+down\b",
    mode=Mode.PIECES,
    form="-- +micrate Up\n{up}\n-- +micrate Down\n{down}",
    table="micrate_db_version",
    columns="id serial PRIMARY KEY, version_id bigint NOT NULL,"
    " is_applied boolean NOT NULL, tstamp timestamp DEFAULT now()",
    record=("INSERT INTO {table} (version_id, is_applied) VALUES ($1, true)",),
)
MYBATIS = SqlLayout(
    name="mybatis",
    expects="files named <number>_<name>.sql, with the line: -- //@UNDO",
    names=r"(?P<version>[0-9]+)_(?P<title>.+)\.sql",
    options=(TABLE, VARIABLES),
    down=r"[ \t]*(?:--|//)[ \t]*//[ \t]*@undo\b",
    variable=r"\$\{(?P<name>\w+)\}",
    variables={"changelog": "changelog"},
    mode=Mode.PIECES,
    form="{up}\n-- //@UNDO\n{down}",
    table="changelog",
    columns="id numeric(20, 0) NOT NULL PRIMARY KEY, applied_at varchar(25) NOT NULL,"
    " description varchar(255) NOT NULL",
    made_by=r"\bcreate\s+table\s+(?:\$\{changelog\}|changelog\b)",
    record=("INSERT INTO {table} VALUES ($1::numeric, now()::timestamp(0)::text, $2)",),
)
NODE_PG_MIGRATE = SqlLayout(
    name="node-pg-migrate",
    expects="SQL files, each with the line: -- Up Migration",
    names=r"(?P<version>[0-9]+[_-].+)\.sql",
    order=Order.NATURAL,
    up=r"[ \t]*--[ \t-]*up[ \t]+migration\b",
    down=r"[ \t]*--[ \t-]*down[ \t]+migration\b",
    needs_up=False,
    form="-- Up Migration\n{up}\n-- Down Migration\n{down}",
    table="pgmigrations",
    columns="id serial PRIMARY KEY, name varchar(255) NOT NULL,"
    " run_on timestamp NOT NULL",
    record=("INSERT INTO {table} (name, run_on) VALUES ($1, now())",),
)
PLAY = SqlLayout(
    name="play",
    expects="files named <number>.sql, each with the line: # --- !Ups",
    names=r"(?P<version>[0-9]+)\.sql",
    up=r"(?:#|--).*!ups\b",
    down=r"(?:#|--).*!downs\b",
    # Play splits at each semicolon; a doubled one is one that splits nothing.
    variable=r";(?P<name>;)",
    variables={";": ";"},
    mode=Mode.PIECES,
    in_transaction=False,
    form="# --- !Ups\n{up}\n# --- !Downs\n{down}",
    table="play_evolutions",
    columns="id int NOT NULL PRIMARY KEY, hash varchar(255) NOT NULL, applied_at"
    " timestamp NOT NULL, apply_script text, revert_script text, state varchar(255),"
    " last_problem text",
    after=(
        (
            "INSERT INTO {table} (id, hash, applied_at, state)"
            " VALUES ($1::int, '', now(), 'applied')"
        ),
    ),
)
POP = SqlLayout(
    name="pop",
    expects="files named <version>_<name>[.postgres].up.sql",
    names=r"(?P<version>[0-9]+)_(?P<title>[^.]+)(?:\.[a-z0-9]+)*\.up\.sql",
    programs=r"[0-9]+_.*\.up\.fizz",
    order=Order.VERSION,
    by_names=Confidence.POSSIBLE,
    manifests=(_module(r"(?:gobuffalo|ory)/pop"),),
    untransacted_names=r".*\.autocommit\..*",
    table="schema_migration",
    columns="version varchar(48) NOT NULL, version_self int NOT NULL DEFAULT 0",
    record=("INSERT INTO {table} (version) VALUES ($1)",),
)
POSTGRATOR = SqlLayout(
    name="postgrator",
    expects="files named <number>.do.<name>.sql, and .undo. for the way back",
    names=r"(?P<version>[0-9]+)\.do(?:\.(?P<title>.*))?\.sql",
    programs=r"[0-9]+\.do\..*\.[cm]?js",
    by_names=Confidence.CERTAIN,
    in_transaction=False,
    table="schemaversion",
    columns="version bigint PRIMARY KEY, name text, md5 text, run_at timestamptz",
    first_row="INSERT INTO {table} (version) VALUES (0)",
    after=("INSERT INTO {table} VALUES ($1::bigint, $2, '', now())",),
)
RAMBLER = SqlLayout(
    name="rambler",
    expects="SQL files, each with the line: -- rambler up",
    names=r".+\.sql",
    order=Order.NAME,
    up=r"--[ \t]*rambler up\b",
    down=r"--[ \t]*rambler down\b",
    mode=Mode.PIECES,
    in_transaction=False,
    form="-- rambler up\n{up}\n-- rambler down\n{down}",
    table="migrations",
    columns="migration varchar(255) NOT NULL",
    after=("INSERT INTO {table} VALUES ($1)",),
)
PRISMA = PrismaLayout(
    name="prisma",
    expects="a folder per migration, each with a migration.sql in it, and a"
    " migration_lock.toml",
    names=r"(?P<version>.+)",
    script="migration.sql",
    order=Order.LOCALE,
    sign_file="migration_lock.toml",
    by_names=Confidence.POSSIBLE,
    project_files=PRISMA_FILES,
    in_transaction=False,
    # Prisma sets search_path when it connects, to what its URL calls the schema.
    setup="SET search_path TO public;\n",
    table="_prisma_migrations",
    columns="id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL,"
    " finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text,"
    " rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(),"
    " applied_steps_count integer NOT NULL DEFAULT 0",
    before=(
        (
            "INSERT INTO {table} (id, checksum, started_at, migration_name)"
            " VALUES (md5($1)::uuid, '', clock_timestamp(), $1)"
        ),
    ),
    after=(
        (
            "UPDATE {table} SET applied_steps_count = 1,"
            " finished_at = clock_timestamp() WHERE migration_name = $1"
        ),
    ),
    advice_on_transactions="Prisma opens no transaction, but sends each file as one"
    " batch, which the server makes one transaction: a statement such as CREATE INDEX"
    " CONCURRENTLY has to be the only one in its migration.sql.",
)
REFINERY = SqlLayout(
    name="refinery",
    expects="files named V<version>__<name>.sql or U<version>__<name>.sql",
    names=r"[UV](?P<version>[0-9]+)__(?P<title>\w+)\.sql",
    is_recursive=True,
    programs=r"[UV][0-9]+__\w+\.rs",
    by_names=Confidence.CERTAIN,
    home="Cargo.toml",
    manifests=(
        Manifest("Cargo.toml", r"""^\s*["']?refinery["']?\s*(?:=|\.)|\.refinery\]"""),
    ),
    tolerates_commit=True,
    table="refinery_schema_history",
    columns="version int8 PRIMARY KEY, name varchar(255), applied_on varchar(255),"
    " checksum varchar(255)",
    after=("INSERT INTO {table} VALUES ($1::int8, $2, now()::text, '0')",),
    advice_on_transactions="refinery runs each file in a transaction and has no way out"
    " of it: a statement such as CREATE INDEX CONCURRENTLY cannot be a migration of"
    " refinery's.",
)
SQL_MIGRATE = SqlLayout(
    name="sql-migrate",
    expects="SQL files, each with the line: -- +migrate Up",
    names=r".+\.sql",
    order=Order.NATURAL,
    up=r"--[ \t]+\+migrate[ \t]+up\b",
    down=r"--[ \t]+\+migrate[ \t]+down\b",
    untransacted=r"--[ \t]*\+migrate[ \t]+up[^\n]*\bnotransaction\b",
    mode=Mode.PIECES,
    form="-- +migrate Up\n{up}\n-- +migrate Down\n{down}",
    table="gorp_migrations",
    columns="id text NOT NULL PRIMARY KEY, applied_at timestamptz",
    record=("INSERT INTO {table} VALUES ($1, now())",),
)
SQLX = SqlLayout(
    name="sqlx",
    expects="files named <version>_<description>.sql, or .up.sql and .down.sql",
    names=r"(?P<version>[0-9]+)_(?P<title>.*?)(?:\.up)?\.sql",
    by_names=Confidence.POSSIBLE,
    project_files=(_named_in_toml("sqlx.toml", "migrate", "migrations-dir"),),
    manifests=(Manifest("Cargo.toml", r"""^\s*["']?sqlx["']?\s*(?:=|\.)|\.sqlx\]"""),),
    untransacted=r"(?<!\n)-- no-transaction",
    tolerates_commit=True,
    setup="SET TIME ZONE 'UTC';\nSET DateStyle TO 'ISO, MDY';\n"
    "SET extra_float_digits TO 2;\n",
    table="_sqlx_migrations",
    columns="version bigint PRIMARY KEY, description text NOT NULL, installed_on"
    " timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL, checksum bytea NOT"
    " NULL, execution_time bigint NOT NULL",
    record=(
        (
            "INSERT INTO {table} (version, description, success, checksum,"
            " execution_time) VALUES ($1, $2, TRUE, '', 1)"
        ),
    ),
    advice_on_transactions="In sqlx's layout a migration runs outside of a transaction"
    f" when its file starts with the line: -- no-transaction.{_ALONE}",
)
TERN = SqlLayout(
    name="tern",
    expects="files named <number>_<name>.sql, with ---- create above / drop below ----",
    names=r"(?P<version>[0-9]+)_(?P<title>.+)\.sql",
    sign=r"---- (?:create above / drop below|tern: disable-tx) ----",
    options=(TABLE, VARIABLES),
    down=r"---- create above / drop below ----",
    variable=r"\{\{-?\s*\.(?P<name>\w+)\s*-?\}\}",
    untransacted=r"---- tern: disable-tx ----",
    form="{up}\n---- create above / drop below ----\n{down}",
    table="public.schema_version",
    columns="version int4 NOT NULL",
    first_row="INSERT INTO {table} VALUES (0)",
    record=("UPDATE {table} SET version = $1",),
)
YOYO = SqlLayout(
    name="yoyo",
    expects="SQL files, which may name those before them: -- depends: …",
    names=r"(?P<version>.+)\.sql",
    order=Order.NAME,
    programs=r"[^_].*\.py",
    sign=r"--[ \t]*depends:",
    by_names=Confidence.POSSIBLE,
    manifests=(Manifest("yoyo.ini", r"\S"), Manifest("yoyo.toml", r"\S")),
    untransacted=r"--[ \t]*transactional:[ \t]*false\b",
    mode=Mode.PIECES,
    form="-- depends: {last}\n{up}",
    table="_yoyo_migration",
    columns="migration_hash varchar(64) PRIMARY KEY, migration_id varchar(255),"
    " applied_at_utc timestamp",
    record=("INSERT INTO {table} VALUES (md5($1), $1, now() AT TIME ZONE 'UTC')",),
)
ROWS = (
    *(ATLAS, BUN, DBMATE, DIESEL, GOLANG_MIGRATE, GOOSE, GRAPHILE, HASURA, MICRATE),
    *(MYBATIS, NODE_PG_MIGRATE, PLAY, POP, POSTGRATOR, PRISMA, RAMBLER, REFINERY),
    *(SQL_MIGRATE, SQLX, TERN, YOYO),
)
"""All of them."""
