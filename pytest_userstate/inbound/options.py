"""The command line: its options, and what they ask for."""

from __future__ import annotations

import argparse
import collections.abc as cabc
import os
import pathlib
import shlex
import typing as typ

from pytest_userstate.application import renamed
from pytest_userstate.inbound.hookspecs import asking

if typ.TYPE_CHECKING:
    import pytest

    from pytest_userstate.application.settings import AuditRequest

CHECKED_FORMATS: typ.Final = (".json", ".md")
FORMATS: typ.Final = (*CHECKED_FORMATS, ".html", ".sarif")
_HELP: typ.Final = "audit where this repository keeps user state"
SHOWN: typ.Final = "-"
"""The folder of drafts that are only shown."""
WITH_VALUES: typ.Final = frozenset(
    {
        "--postgresql-exec",
        "--userstate-check-report",
        "--userstate-config",
        "--userstate-draft",
        "--userstate-drift",
        "--userstate-dsn",
        "--userstate-gate",
        "--userstate-migrations",
        "--userstate-report",
        "--userstate-server",
        "--userstate-snapshot-update",
        "--userstate-target",
        *renamed.OPTIONS,
    }
)
"""The options whose value may be written as the next word."""
_NEEDS_AUDIT: typ.Final = {
    "userstate_report": "--userstate-report",
    "userstate_check_report": "--userstate-check-report",
    "userstate_gate": "--userstate-gate",
    "userstate_dsn": "--userstate-dsn",
    "userstate_drift": "--userstate-drift",
    "userstate_snapshot": "--userstate-snapshot",
    "userstate_snapshot_update": "--userstate-snapshot-update",
    "userstate_prove": "--userstate-prove",
    "userstate_draft": "--userstate-draft",
}
_NOT_WITH_DSN: typ.Final = {
    "userstate_migrations": "--userstate-dsn audits a live database in place of "
    "migrations: give either it or --userstate-migrations",
    "userstate_server": "--userstate-server is where migrations are applied, and "
    "--userstate-dsn audits a live database in place of migrations: give either",
    "userstate_drift": "--userstate-drift compares the migrations with a live "
    "database, and --userstate-dsn audits one in place of migrations: give either",
    "userstate_draft": "--userstate-draft tries drafts in copies of a database, and "
    "--userstate-dsn audits a live one, which is only read: draft for the migrations "
    "instead, without --userstate-dsn",
    "userstate_prove": "--userstate-prove tries things out in copies of a database, "
    "and --userstate-dsn audits a live one, which is only read: prove the migrations "
    "instead, without --userstate-dsn",
}


class InitAction(argparse.Action):
    """Ask for a first configuration, and for the audit that it is written from."""

    def __init__(self, option_strings: list[str], dest: str, help: str) -> None:  # noqa: A002 - its name in argparse
        """Be an option that takes no value."""
        super().__init__(option_strings, dest, nargs=0, default=False, help=help)

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        *_: object,
    ) -> None:
        """Set both options."""
        namespace.userstate_init = namespace.userstate_audit = True


class TypedOptions:
    """The parser, kept to separate typed options from those in `addopts`."""

    name: typ.Final = "userstate-typed-options"

    def __init__(self, parser: pytest.Parser) -> None:
        """Keep the parser until the command line is known."""
        self._parser = parser

    def parse(self, config: pytest.Config) -> argparse.Namespace:
        """Return the options as they would be without `addopts`."""
        return self._parser.parse_known_args(config.invocation_params.args)


def add_options(
    parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager
) -> None:
    """Declare the options, in a separate group."""
    pluginmanager.register(TypedOptions(parser), TypedOptions.name)
    group = parser.getgroup("userstate", _HELP)
    group.addoption(
        "--userstate-audit",
        action="store_true",
        help="apply the repository's migrations to an embedded PostgreSQL, audit the "
        "schema, and report each check as a test",
    )
    group.addoption(
        "--userstate-config",
        metavar="FILE",
        help="the configuration (default: userstate.toml, or [tool.userstate] in "
        "pyproject.toml, here or in a folder above)",
    )
    group.addoption(
        "--userstate-target",
        metavar="NAME",
        action="append",
        default=[],
        help="audit only this one of the configured [targets]; repeatable",
    )
    group.addoption(
        "--userstate-migrations",
        metavar="PATH",
        help="the migrations folder (default: configured, or found)",
    )
    group.addoption(
        "--userstate-dsn",
        metavar="DSN",
        help="audit this live database in place, read-only; env:NAME reads the DSN "
        "from the environment, libpq uses libpq's variables (PGHOST, PGSERVICE, ...)",
    )
    group.addoption(
        "--userstate-server",
        metavar="DSN",
        help="apply the migrations to a scratch database on this PostgreSQL server "
        "(DSN as above), in place of the embedded one; the database is dropped "
        "afterwards",
    )
    group.addoption(
        "--userstate-drift",
        metavar="DSN",
        help="compare the schema that the migrations make with this live database "
        "(DSN as above), as one more check",
    )
    group.addoption(
        "--userstate-snapshot-update",
        metavar="FILE",
        help="write the audited schema to FILE (.json); if the configuration names "
        "FILE as its snapshot, this accepts what has changed",
    )
    for old in renamed.OPTIONS:
        group.addoption(old, metavar="FILE", help=argparse.SUPPRESS)
    group.addoption(
        "--userstate-report",
        metavar="FILE",
        action="append",
        default=[],
        help="write a report to FILE, as JSON (.json), Markdown (.md), HTML (.html), "
        "or SARIF (.sarif); repeatable",
    )
    group.addoption(
        "--userstate-check-report",
        metavar="FILE",
        action="append",
        default=[],
        help="fail where the report FILE, as it is committed, no longer says what the "
        "audit says; repeatable",
    )
    group.addoption(
        "--userstate-prove",
        action="store_true",
        help="prove what the audit says in copies of the migrated database: that "
        "verdicts rest on their facts, and that two writers cannot overwrite each "
        "other unnoticed",
    )
    group.addoption(
        "--userstate-draft",
        metavar="DIR",
        nargs="?",
        const=SHOWN,
        help="draft a migration for each check that needs one, verify it in a copy of "
        "the migrated database, and show it; with DIR, write it there as well, never "
        "over a file",
    )
    group.addoption(
        "--userstate-init",
        action=InitAction,
        help="audit, and write what was found to userstate.toml, or to pyproject.toml "
        "if that configures other tools; a configuration that is there is left alone, "
        "and what it could say is shown",
    )
    group.addoption(
        "--userstate-accept-gaps",
        action="store_true",
        help="with --userstate-init: accept each gap that is there for 90 days, so "
        "that the gate can begin today",
    )
    group.addoption(
        "--userstate-keep-failed",
        action="store_true",
        help="keep the databases of failed tests (fixture userstate_connection), and "
        "the server with them, for an hour",
    )
    group.addoption(
        "--userstate-gate",
        metavar="AXES",
        help="gate these axes, separated by commas, in place of the configured ones: "
        "schema, wiring, revision, conflict",
    )


def joined(words: cabc.Sequence[str]) -> list[str]:
    """Return a command line in which no value of an option is taken for a test.

    pytest looks for its root, and for its settings, before it knows the options of
    plugins. A path that follows one of them then counts as a path of tests, unless an
    equals sign is between them.

    >>> joined(["--userstate-report", "/", "-q", "--userstate-gate", "schema"])
    ['--userstate-report=/', '-q', '--userstate-gate', 'schema']
    """
    result: list[str] = []
    for word in words:
        if result and result[-1] in WITH_VALUES and pathlib.Path(word).exists():
            result[-1] += f"={word}"
        else:
            result.append(word)
    return result


def request_of(
    config: pytest.Config,
    *,
    compares: bool = False,
    asks_ahead: bool = False,
    configuration: str | os.PathLike[str] | cabc.Mapping[str, object] | None = None,
    target: str | None = None,
) -> AuditRequest:
    """Return what the command line asks for.

    `configuration` is what a repository's fixture says in place of the file, and
    `target` the one that a test is marked with.
    """
    from pytest_userstate.application.settings import AuditRequest  # noqa: PLC0415

    option = config.option
    executable, origin = postgresql_exec(config, option)
    axes = option.userstate_gate
    return AuditRequest(
        invocation_dir=pathlib.Path(config.invocation_params.dir),
        root_dir=config.rootpath,
        configuration=configuration or option.userstate_config,
        targets=(target,) if target else tuple(option.userstate_target),
        migrations=option.userstate_migrations,
        dsn=option.userstate_dsn,
        drift=option.userstate_drift,
        server=option.userstate_server,
        snapshot=option.userstate_snapshot_update or option.userstate_snapshot,
        warnings=tuple(
            renamed.replaced(old, new)
            for old, new in renamed.OPTIONS.items()
            if _value(option, old) is not None
        ),
        compares=compares,
        proves=option.userstate_prove,
        drafts=option.userstate_draft,
        writes_configuration=option.userstate_init,
        accepts_gaps=option.userstate_accept_gaps,
        axes=tuple(axis.strip() for axis in axes.split(",")) if axes else None,
        postgresql_exec=executable,
        postgresql_exec_origin=origin,
        ask_wiring=asking(config, config.hook.pytest_userstate_wiring),
        ask_writes=asking(config, config.hook.pytest_userstate_writes),
        asks_ahead=asks_ahead,
        needs_server=not option.collectonly,
    )


def answers_without_running(option: argparse.Namespace) -> bool:
    """Whether pytest was only asked about itself (``--help`` and its kind)."""
    questions = ("help", "version", "markers", "showfixtures", "show_fixtures_per_test")
    return any(getattr(option, name, False) for name in questions)


def misuse(config: pytest.Config) -> str | None:
    """Say which options do not go together, or None."""
    option = config.option
    if option.userstate_accept_gaps and not option.userstate_init:
        return "--userstate-accept-gaps goes with --userstate-init"
    if not option.userstate_audit:
        stray = [
            name
            for key, name in _NEEDS_AUDIT.items()
            if getattr(option, key) not in (None, False, [])
        ]
        return f"{stray[0]} goes with --userstate-audit" if stray else None
    if option.userstate_dsn is not None:
        for key, problem in _NOT_WITH_DSN.items():
            if getattr(option, key) not in (None, "", False):
                return problem
    for old, new in renamed.OPTIONS.items():
        if None not in {_value(option, old), _value(option, new)}:
            return f"{old} is the old name of {new}: give one of the two"
    snapshot = option.userstate_snapshot_update or option.userstate_snapshot
    if snapshot is not None and pathlib.PurePath(snapshot).suffix != ".json":
        return (
            f"--userstate-snapshot-update={snapshot}: expected a file that ends in "
            ".json"
        )
    return _report_misuse(option.userstate_report, option.userstate_check_report)


def _value(option: argparse.Namespace, name: str) -> object:
    """Return the value of an option that has one, by its name."""
    return getattr(option, name.strip("-").replace("-", "_"))


def _report_misuse(written: list[str], checked: list[str]) -> str | None:
    for name, paths, formats in (
        ("--userstate-report", written, FORMATS),
        ("--userstate-check-report", checked, CHECKED_FORMATS),
    ):
        for path in paths:
            if pathlib.PurePath(path).suffix not in formats:
                return (
                    f"{name}={path}: the format follows from the suffix, which has to "
                    f"be one of {', '.join(formats)}"
                )
    same = {os.path.normpath(path) for path in written}
    for path in checked:
        if os.path.normpath(path) in same:
            return (
                f"--userstate-check-report={path}: --userstate-report writes the same "
                "file: give one of the two"
            )
    return None


def renewal(config: pytest.Config, path: str) -> str:
    """Return the command that writes a report anew, as this run was asked."""
    option = config.option
    words = ["pytest", "--userstate-audit"]
    words += ["--userstate-prove"] if option.userstate_prove else []
    for name, value in (
        ("--userstate-config", option.userstate_config),
        *(("--userstate-target", name) for name in option.userstate_target),
        ("--userstate-migrations", option.userstate_migrations),
        ("--userstate-dsn", _without_secret(option.userstate_dsn)),
        ("--userstate-server", _without_secret(option.userstate_server)),
        ("--userstate-gate", option.userstate_gate),
        ("--userstate-draft", option.userstate_draft),
        ("--userstate-report", path),
    ):
        words += [f"{name}={value}"] if value else []
    return shlex.join(words)


def _without_secret(dsn: str | None) -> str | None:
    return dsn if not dsn or dsn.startswith("env:") else "DSN"


def postgresql_exec(
    config: pytest.Config, option: argparse.Namespace
) -> tuple[str | None, str]:
    """Return the pg_ctl that the user set for pytest-postgresql, and where."""
    typed = getattr(option, "postgresql_exec", None)
    if typed:
        return typed, "--postgresql-exec"
    try:
        configured = config.getini("postgresql_exec")
    except ValueError:  # pytest-postgresql is switched off
        return None, ""
    # Its ini default names a Debian path whether or not anything is there;
    # only another value is the user's word.
    if not configured or configured == "/usr/lib/postgresql/14/bin/pg_ctl":
        return None, ""
    return configured, "postgresql_exec in the ini file"
