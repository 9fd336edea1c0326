"""How a live database is named, and what is never shown of it."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import traceback
import typing as typ

import psycopg
import pytest
import sqlalchemy

from pytest_userstate.assertions import assert_table
from pytest_userstate.bootstrap import snapshot_of
from pytest_userstate.domain.errors import (
    SchemaSnapshotRepositoryError,
    UsageError,
)
from pytest_userstate.domain.secrets import Secret
from pytest_userstate.outbound.live_target import (
    LiveTarget,
    live_target,
    schema_of,
)
from pytest_userstate.outbound.postgres.connection_strings import redacted


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    for name in ("PGPASSWORD", "PGSERVICE", "PGCONNECT_TIMEOUT", "PGPORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DSN", "postgresql://me:geheim@127.0.0.1:1/db")
    monkeypatch.setenv("EMPTY", " ")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", ["is empty", "env:NAME", "libpq", "service="]),
        ("  ", ["is empty"]),
        ("env:", ["name of an environment variable", "env:DATABASE_URL"]),
        ("env:postgresql://me:geheim@h/db", ["name of an environment variable"]),
        ("env:NO_SUCH", ["NO_SUCH is not set"]),
        ("env:EMPTY", ["EMPTY is empty"]),
        ("geheim", ["no connection string", "postgresql://"]),
        ("host=h password=geheim nonsense", ["no connection string"]),
        ("host=h pasword=geheim", ["no connection string"]),
        ("postgresql://me:ge%zzheim@h/db", ["no connection string"]),
        ("postgresql://me:ge@heim@h/db", ["percent-encoded", "%40"]),
        ("postgresql://me:ge/heim@h/db", ["percent-encoded", "%2F"]),
        ("postgresql://me:1/heim@h/db", ["percent-encoded"]),
        ("postgresql://me:ge\udcffheim@h/db", ["no connection string"]),
    ],
)
def test_what_cannot_be_meant_is_refused_without_repeating_it(
    value: str, words: list[str]
) -> None:
    """Each message names the option, says what to write, and holds no password."""
    with pytest.raises(UsageError) as caught:
        live_target(value, option="--userstate-drift")
    message = str(caught.value)
    assert message.startswith("--userstate-drift")
    for word in words:
        assert word in message
    assert "heim" not in message


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("env:DSN", "--userstate-dsn=env:DSN"),
        ("libpq", "--userstate-dsn=libpq"),
        ("service=orders", "--userstate-dsn"),
        ("postgresql://me:geheim@h/db", "--userstate-dsn"),
        ("postgresql://h1:1,h2:2/db", "--userstate-dsn"),
        ("postgresql:///db?host=/tmp&port=7", "--userstate-dsn"),
    ],
)
def test_what_is_meant_is_told_without_the_connection_string(
    value: str, found: str
) -> None:
    """Neither what people are told nor the target's repr repeats it."""
    target = live_target(value)
    assert target.found == target.description.found == found
    assert "geheim" not in repr(target)


@pytest.mark.parametrize(
    ("dsn", "said"),
    [
        ("postgresql://me:%67eheim%2F1@h/db", "geheim/1, %67eheim%2F1, geheim%2F1"),
        ("host=h password=geheim/1", "geheim/1, geheim%2F1"),
        ("host=h sslpassword=geheim/1", "geheim/1"),
        ("postgresql://h/db?sslpassword=geheim%2F1&password=geh", "geheim/1, geh"),
        (r"host=h password='geh\'eim'", r"geh'eim, geh\'eim, geh%27eim"),
        ("host=h password='geh eim'", "geh eim, geh%20eim, geh+eim"),
        ("host=h password='geh /eim'", "geh%20%2Feim, geh%20/eim"),
        ("host=h", "geheim of PGPASSWORD"),
        ("no connection string://me:geheim@h", "geheim"),
    ],
)
def test_passwords_are_redacted_however_they_are_written(
    dsn: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain, percent-encoded as in the URL or otherwise, quoted, of the key's too."""
    monkeypatch.setenv("PGPASSWORD", "geheim of PGPASSWORD")
    told = redacted(f"no: {said}, said {dsn}", Secret(dsn))
    assert "geh" not in told
    assert "eim" not in told
    assert told.startswith("no: ********, ")


def chain(error: BaseException) -> cabc.Iterator[BaseException]:
    """Yield an error and all that it hides."""
    yield error
    for other in (error.__cause__, error.__context__):
        if other is not None:
            yield from chain(other)


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://me:geheim@127.0.0.1:1/db",
        "host=127.0.0.1 port=1 password=geheim",
        "host=/nowhere port=x password=geheim",
        "host=127.0.0.1 port=1 connect_timeout=geheim password=geheim",
        "service=geheim password=geheim",
        "env:DSN",
    ],
)
def test_no_traceback_holds_the_password(dsn: str) -> None:
    """Not even one that shows every frame with its local variables."""
    with pytest.raises(SchemaSnapshotRepositoryError) as caught:
        snapshot_of(dsn)
    assert caught.value.operation == "connect"
    for error in chain(caught.value):
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        ours = [
            frame for frame in told.stack if "test_live_target" not in frame.filename
        ]
        assert ours
        for frame in ours:
            assert "geheim" not in str(frame.locals), frame
        assert "geheim" not in str(error)
    assert str(caught.value).startswith("the live database (the connection string")


def test_an_interrupted_connection_shows_no_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`--full-trace` shows the arguments of every frame that Ctrl-C went through."""

    def interrupted(conninfo: str, **_: typ.Any) -> typ.NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(psycopg, "connect", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        live_target("host=h password=geheim").load()
    for error in chain(caught.value):
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        for frame in told.stack:
            if "test_live_target" not in frame.filename:
                assert "geheim" not in str(frame.locals), frame
            assert frame.name != "interrupted"


def test_an_assertion_does_not_repeat_a_connection_string() -> None:
    """Given one in place of a snapshot; a name that was swapped is repeated."""
    with pytest.raises(TypeError, match="not a connection string") as caught:
        assert_table("postgresql://me:geheim@h/db", "users")  # type: ignore[arg-type]
    assert "geheim" not in str(caught.value)
    with pytest.raises(TypeError, match="'users'"):
        assert_table("users", "users")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("dsn", "variable", "seconds"),
    [
        ("host=h", None, 10),
        ("host=h connect_timeout=3", None, None),
        ("host=h", "4", None),
    ],
)
def test_connecting_has_a_time_limit_unless_another_is_given(
    dsn: str,
    variable: str | None,
    seconds: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And nothing comes with the connection that a pooler would refuse."""
    given: dict[str, typ.Any] = {}

    def refused(conninfo: str, **options: typ.Any) -> typ.NoReturn:
        given.update(options)
        raise psycopg.errors.ConnectionTimeout

    if variable:
        monkeypatch.setenv("PGCONNECT_TIMEOUT", variable)
    monkeypatch.setattr(psycopg, "connect", refused)
    with pytest.raises(SchemaSnapshotRepositoryError, match="PGCONNECT_TIMEOUT"):
        live_target(dsn).load()
    assert given.pop("connect_timeout", None) == seconds
    assert given == {"prepare_threshold": None}


@pytest.mark.parametrize(
    ("source", "name"),
    [(3, "int"), (sqlalchemy.create_engine("sqlite://"), "sqlalchemy.engine.base.")],
)
def test_what_has_no_schema_that_can_be_read_is_refused(
    source: object, name: str
) -> None:
    """The message says what can be given."""
    with pytest.raises(TypeError) as caught:
        schema_of(source)
    assert "expected a psycopg connection, an SQLAlchemy engine" in str(caught.value)
    assert f", not {name}" in str(caught.value)


def test_the_transaction_of_another_driver_cannot_be_seen() -> None:
    """Its schema would be that before the transaction began."""
    with (
        sqlalchemy.create_engine("sqlite://").connect() as connection,
        pytest.raises(TypeError, match="one of sqlite3, whose open transaction"),
    ):
        schema_of(connection)


def test_the_driver_in_a_url_is_not_for_libpq(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLAlchemy's URLs name one; and an engine is as good as its URL."""
    seen: list[str] = []

    def remember(dsn: Secret, *, option: str) -> LiveTarget:
        seen.append(dsn.value)
        raise UsageError(option)

    monkeypatch.setattr(f"{live_target.__module__}.live_target", remember)
    url = "postgresql+psycopg://me:secret@h:1/d?sslmode=require"
    for source in (url, sqlalchemy.create_engine(url)):
        with pytest.raises(UsageError):
            schema_of(source)
    assert seen == [url.replace("+psycopg", "")] * 2
