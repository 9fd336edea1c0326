"""How a disposable server is configured, and who may connect to it."""

from __future__ import annotations

import typing as typ
from pathlib import Path

from pytest_userstate.outbound.postgres.binaries import Version
from pytest_userstate.outbound.postgres.stubs import ICU_COLLATIONS, LENT

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.postgres.account import Account

SUPERUSER = "userstate_superuser"
# Dumps, setup files, and tools expect a role of this name with all rights; a tool's
# platform, where it has fewer, can take them away.
POSTGRES = "postgres"
OWNER = "userstate"  # the ordinary role that owns the audited database
DATABASE = "userstate"

_MAP = "userstate"
_ROLES = (SUPERUSER, POSTGRES, OWNER)

_INITDB_OPTIONS = (
    f"--username={SUPERUSER}",
    "--auth-local=peer",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C",
    "--wal-segsize=1",
    "--no-sync",
    "--no-instructions",
    "--no-clean",  # we remove it all, once we have seen what a killed one has left
)
# Each with the first version that knows it.
_NEWER_INITDB_OPTIONS = (
    # In the data directory, where it goes with it should initdb be killed.
    (16, "--set=dynamic_shared_memory_type=mmap"),
    (18, "--no-data-checksums"),
)

# The data are thrown away: nothing is worth a sync. One session works at a time,
# so helpers (autovacuum, parallel workers, launchers) would only take time.
_SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "50",
    "shared_buffers": "16MB",
    "dynamic_shared_memory_type": "mmap",  # containers have a tiny /dev/shm
    "huge_pages": "off",
    "max_files_per_process": "256",  # the server counts them one by one at its start
    "max_locks_per_transaction": "256",  # one transaction may make a whole schema
    "max_prepared_transactions": "10",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_init_zero": "off",
    "wal_recycle": "off",
    "min_wal_size": "2MB",
    "max_wal_size": "64MB",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
    "jit": "off",
    "max_parallel_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "max_logical_replication_workers": "0",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "datestyle": "'iso, mdy'",
    "lc_messages": "'C'",
    "default_text_search_config": "'pg_catalog.english'",
    "log_line_prefix": "''",
    "log_min_messages": "warning",
}
_NEWER_SETTINGS = (
    (16, ("createrole_self_grant", "'set, inherit'")),
    (18, ("io_method", "sync")),  # workers take time to start
)

# The socket lies in a closed folder; peer authentication is the second lock. The other
# line counts only while the server listens, and then for roles that have a password.
LOOPBACK = "127.0.0.1"
_HBA = f"""\
local all all peer map={_MAP}
host all {OWNER},{SUPERUSER} {LOOPBACK}/32 scram-sha-256
"""

# `postgres --single -j` takes a statement up to a semicolon and an empty line.
_SQL = f"""\
CREATE ROLE {POSTGRES} LOGIN SUPERUSER;

CREATE ROLE {OWNER} LOGIN{{rights}};

{{provenance}}

DO $$
BEGIN
    FOR number IN 1 .. array_length('{{collations}}'::text[], 1) LOOP
        EXECUTE format('CREATE COLLATION IF NOT EXISTS pg_catalog.%I FROM "C"',
                       ('{{collations}}'::text[])[number]);
    END LOOP;
END
$$;

CREATE DATABASE {DATABASE} OWNER {OWNER}{{options}};

"""
# Copying files takes half as long as the way by the log, the default since 15.
_NEWER_SQL = (15, " STRATEGY file_copy")
# As a platform's main role has it. Before 16 it gives power over all other roles.
_NEWER_RIGHTS = (16, " CREATEROLE")
# In the template, so that every database has what it makes.
PROVENANCE = Path(__file__).with_name("provenance.sql")


# The limits on time, each with the first version that knows it.
_LIMITS = (
    (14, "statement_timeout"),
    (14, "lock_timeout"),
    (14, "idle_in_transaction_session_timeout"),
    (14, "idle_session_timeout"),
    (17, "transaction_timeout"),
)


def without_limits(major: int) -> str:
    """Return the options of a connection that no limit on time binds.

    Such as a migration may have set for its role or database: the first statement
    would have to obey what it is to lift.
    """
    names = (name for since, name in _LIMITS if major >= since)
    return " ".join(f"-c {name}=0" for name in names)


def recipe(account: Account) -> tuple[object, ...]:
    """Return all that decides what a data directory holds, beside the programs."""
    options = (_INITDB_OPTIONS, _NEWER_INITDB_OPTIONS)
    settings = (_SETTINGS, _NEWER_SETTINGS)
    texts = (
        _HBA,
        _ident(account),
        _SQL,
        _NEWER_SQL,
        _NEWER_RIGHTS,
        PROVENANCE.read_text("utf-8"),
    )
    return (account.uid, options, settings, LENT, ICU_COLLATIONS, *texts)


def initdb_options(version: Version) -> list[str]:
    """Return the options of initdb, as far as this version knows them."""
    newer = (
        option for since, option in _NEWER_INITDB_OPTIONS if version.major >= since
    )
    return [*_INITDB_OPTIONS, *newer]


def sql(version: Version) -> str:
    """Return what makes the audited database and its owner."""
    since, options = _NEWER_SQL
    since_rights, rights = _NEWER_RIGHTS
    return _SQL.format(
        rights=rights if version.major >= since_rights else "",
        provenance=PROVENANCE.read_text("utf-8").strip(),
        collations=f"{{{','.join(ICU_COLLATIONS)}}}",
        options=options if version.major >= since else "",
    )


def configuration_files(account: Account, version: Version) -> dict[str, str]:
    """Return the texts of the configuration files, by the names of the script."""
    settings = [*_SETTINGS.items()]
    settings += [pair for since, pair in _NEWER_SETTINGS if version.major >= since]
    conf = "".join(f"{name} = {value}\n" for name, value in settings)
    return {"CONF": conf, "HBA": _HBA, "IDENT": _ident(account)}


def _ident(account: Account) -> str:
    """Map accounts to roles, a line for each pair: `all` came with PostgreSQL 16."""
    lines = []
    for client in account.clients:
        quoted = client.replace('"', '""')
        lines += [f'{_MAP} "{quoted}" {role}\n' for role in _ROLES]
    return "".join(lines)
