"""The fixtures: an embedded server, private databases, snapshots, and audits.

Nothing is imported or started before a test asks for one of them. The plugin imports
this module before pytest could rewrite it, and no assert of it needs that:
PYTEST_DONT_REWRITE.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import pathlib
import typing as typ
import warnings

import pytest

from pytest_userstate.application.renamed import FIXTURES, replaced
from pytest_userstate.inbound.options import request_of

if typ.TYPE_CHECKING:
    import psycopg
    from pytest_postgresql.executors import NoopExecutor

    from pytest_userstate.application.audit import Prepared
    from pytest_userstate.domain.model import AuditModel
    from pytest_userstate.domain.proof import Proof
    from pytest_userstate.domain.report import UserStateSchemaAuditReport
    from pytest_userstate.domain.snapshot import SchemaSnapshot
    from pytest_userstate.domain.wiring import Wiring
    from pytest_userstate.inbound.run import Composition

COMPOSITION: typ.Final[pytest.StashKey[cabc.Callable[[], Composition]]] = (
    pytest.StashKey()
)
KEPT: typ.Final = "userstate.kept"
_FAILED: typ.Final = pytest.StashKey[bool]()

TARGET: typ.Final = "userstate_target"
_ONE_SCHEMA: typ.Final = (
    "`schemas` has a pattern, and a report is about one schema: pass a model with its "
    'name, model=attrs.evolve(userstate_model, schemas=["tenant_1"])'
)

Configuration: typ.TypeAlias = "str | pathlib.Path | cabc.Mapping[str, object] | None"
T = typ.TypeVar("T")


class UserStateAudit(typ.Protocol):
    """What the fixture `userstate_audit` returns."""

    def __call__(
        self,
        source: SchemaSnapshot | psycopg.Connection[typ.Any] | str,
        *,
        model: AuditModel | None = None,
        wiring: Wiring | None = None,
    ) -> UserStateSchemaAuditReport:
        """Audit a snapshot, an open connection, or the database of a DSN.

        Without `model` and `wiring`, those of the configuration hold, with the
        storage that is recognized in the migrated baseline.
        """


@pytest.fixture(scope="session")
def userstate_configuration() -> Configuration:
    """The configuration to use: override it to return a path or a mapping.

    By default it is found as `pytest --userstate-audit` finds it.
    """
    return None


@pytest.fixture(scope="session")
def userstate_target(request: pytest.FixtureRequest) -> str | None:
    """The name of the target that the other fixtures are about.

    By default the only one; with several, mark the test:
    `@pytest.mark.userstate_target("billing")`.
    """
    name: str | None = getattr(request, "param", None)
    return name


@pytest.fixture(scope="session")
def userstate_prepared(
    pytestconfig: pytest.Config,
    userstate_configuration: Configuration,
    userstate_target: str | None,
) -> Prepared:
    """Everything that the other fixtures need, found but not started."""
    request = request_of(
        pytestconfig, configuration=userstate_configuration, target=userstate_target
    )
    composition = pytestconfig.stash[COMPOSITION]()
    prepared = _or_fail(lambda: composition.prepare(request))
    for warning in prepared.warnings:
        warnings.warn(warning, DeprecationWarning, stacklevel=1)
    return prepared


@pytest.fixture(scope="session")
def userstate_baseline(
    pytestconfig: pytest.Config, userstate_prepared: Prepared
) -> cabc.Iterator[typ.Any]:
    """The migrated baseline on a running server, which the other fixtures use."""
    composition = pytestconfig.stash[COMPOSITION]()
    with contextlib.ExitStack() as stack:
        baseline = composition.open_baseline(userstate_prepared)
        yield _or_fail(lambda: stack.enter_context(baseline))


@pytest.fixture(scope="session")
def userstate_server(userstate_baseline: typ.Any) -> NoopExecutor:
    """The embedded PostgreSQL, as pytest-postgresql knows servers.

    `pytest_postgresql.factories.postgresql("userstate_server")` makes a client
    fixture whose databases are copies of the migrated baseline.
    """
    executor: NoopExecutor = userstate_baseline.executor()
    return executor


@pytest.fixture
def userstate_connection(
    request: pytest.FixtureRequest, userstate_baseline: typ.Any
) -> cabc.Iterator[psycopg.Connection[typ.Any]]:
    """A connection to a private copy of the migrated baseline, fresh for this test.

    The test may drop and alter what it likes. `--userstate-keep-failed` keeps the
    database of a test that failed.
    """
    with contextlib.ExitStack() as stack:
        copy = userstate_baseline.copy()
        connection = _or_fail(lambda: stack.enter_context(copy))
        yield connection
        item = request.node
        if request.config.option.userstate_keep_failed and item.stash.get(
            _FAILED, None
        ):
            item.user_properties.append((KEPT, userstate_baseline.keep(connection)))


@pytest.fixture
def userstate_url(
    userstate_baseline: typ.Any, userstate_connection: psycopg.Connection[typ.Any]
) -> str:
    """The URL of this test's private copy, for a program or another driver.

    It is libpq's (`postgresql://…`), of the database of `userstate_connection`.
    """
    url: str = userstate_baseline.url(userstate_connection)
    return url


@pytest.fixture
def userstate_database(
    userstate_connection: psycopg.Connection[typ.Any],
) -> psycopg.Connection[typ.Any]:
    """The old name of `userstate_connection`."""
    old = "userstate_database"
    warning = replaced(f"the fixture {old}", FIXTURES[old])
    warnings.warn(warning, DeprecationWarning, stacklevel=1)
    return userstate_connection


@pytest.fixture(scope="session")
def schema_snapshot(userstate_baseline: typ.Any) -> SchemaSnapshot:
    """The schema of the migrated baseline, each fact with its migration."""
    snapshot: SchemaSnapshot = userstate_baseline.load()
    return snapshot


@pytest.fixture(scope="session")
def userstate_model(
    userstate_prepared: Prepared, schema_snapshot: SchemaSnapshot
) -> AuditModel:
    """Where each entity is stored: as configured, or recognized in the baseline."""
    from pytest_userstate.domain.recognition.recognizing import (  # noqa: PLC0415 - cost
        with_recognized,
    )

    settings = userstate_prepared.settings
    if not settings.recognize:
        return settings.model
    return with_recognized(settings.model, schema_snapshot)


@pytest.fixture(scope="session")
def userstate_wiring(userstate_prepared: Prepared) -> Wiring:
    """The wiring of the entities' ports: declared, scanned, and reported."""
    return _or_fail(userstate_prepared.wiring.load)


@pytest.fixture(scope="session")
def userstate_audit(
    request: pytest.FixtureRequest,
    pytestconfig: pytest.Config,
    userstate_prepared: Prepared,
) -> UserStateAudit:
    """Audit a snapshot, an open connection, or a DSN; return the report.

    Storage that was recognized in the baseline is what is looked for everywhere, so
    that a test which drops it sees that it is missing.
    """
    composition = pytestconfig.stash[COMPOSITION]()

    def audit(
        source: SchemaSnapshot | psycopg.Connection[typ.Any] | str,
        *,
        model: AuditModel | None = None,
        wiring: Wiring | None = None,
    ) -> UserStateSchemaAuditReport:
        from pytest_userstate.application.audit import (  # noqa: PLC0415 - costs time
            known_wiring,
        )
        from pytest_userstate.domain.model import is_pattern  # noqa: PLC0415 - likewise
        from pytest_userstate.domain.recognition.recognizing import (  # noqa: PLC0415
            lacking,
        )
        from pytest_userstate.domain.report import (  # noqa: PLC0415 - likewise
            UserStateSchemaAuditReport,
        )
        from pytest_userstate.domain.secrets import hidden  # noqa: PLC0415 - likewise

        source = hidden(source)
        snapshot = composition.snapshot_of(source)
        prepared, settings = userstate_prepared, userstate_prepared.settings
        look_for = model or settings.model
        if any(map(is_pattern, look_for.schemas)):
            pytest.fail(_ONE_SCHEMA, pytrace=False)
        if model is None and settings.recognize and lacking(look_for, snapshot):
            look_for = request.getfixturevalue("userstate_model")
        known = wiring or _or_fail(
            lambda: known_wiring(prepared.wiring, prepared.program, snapshot, look_for)
        )
        return UserStateSchemaAuditReport.evaluate(
            snapshot, model=look_for, wiring=known
        )

    return audit


@pytest.fixture(scope="session")
def userstate_report(
    schema_snapshot: SchemaSnapshot, userstate_audit: UserStateAudit
) -> UserStateSchemaAuditReport:
    """What the audit says about the migrated baseline."""
    return userstate_audit(schema_snapshot)


@pytest.fixture(scope="session")
def userstate_proof(
    userstate_baseline: typ.Any,
    userstate_prepared: Prepared,
    userstate_model: AuditModel,
    schema_snapshot: SchemaSnapshot,
) -> Proof:
    """What `--userstate-prove` proves, tried out in copies of the baseline."""
    from pytest_userstate.application.proving import prove  # noqa: PLC0415 - cost

    return _or_fail(
        lambda: prove(
            userstate_baseline.scratch,
            schema_snapshot,
            userstate_model,
            userstate_prepared.settings.prove,
            ask_writes=userstate_prepared.ask_writes,
        )
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test for each target that it is marked with."""
    marker = metafunc.definition.get_closest_marker(TARGET)
    if marker is not None and TARGET in metafunc.fixturenames:
        metafunc.parametrize(TARGET, marker.args, indirect=True, scope="session")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> cabc.Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember that a test failed, so that its database can be kept."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


class KeptDatabases:
    """Tells, at the end of the run, where the kept databases can be reached."""

    def __init__(self) -> None:
        """Start with none."""
        self._kept: list[tuple[str, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of a kept database, in whichever process it was kept."""
        if report.when == "teardown":
            self._kept += [
                (report.nodeid, str(value))
                for name, value in report.user_properties
                if name == KEPT
            ]

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Show the connection strings."""
        if self._kept:
            terminalreporter.section("databases of failed tests, kept for an hour")
            for nodeid, dsn in self._kept:
                terminalreporter.write_line(f"{nodeid}\n  psql '{dsn}'")


def _or_fail(action: cabc.Callable[[], T]) -> T:
    """Run the action; end the test with the plain message of the plugin's errors."""
    from pytest_userstate.domain.errors import UserStateError  # noqa: PLC0415 - cost

    problem = ""
    try:
        return action()
    except UserStateError as error:
        problem = str(error)
    from pytest_userstate.application.wording import (  # noqa: PLC0415 - cost
        inert_lines,
    )

    pytest.fail(inert_lines(problem), pytrace=False)
