"""The embedded server: what it offers, and that nothing of it is left."""

from __future__ import annotations

import concurrent.futures
import contextlib
import fcntl
import itertools
import os
import signal
import stat
import subprocess
import tempfile
import time
import types
import typing as typ
from pathlib import Path

import psycopg
import pytest

from pytest_userstate.domain.errors import ServerError
from pytest_userstate.outbound.postgres import (
    cluster,
    run_folders,
    supervisor,
)
from pytest_userstate.outbound.postgres import (
    server as server_module,
)
from pytest_userstate.outbound.postgres.binaries import Binaries, supported_version
from pytest_userstate.outbound.postgres.cluster import Cache
from pytest_userstate.outbound.postgres.server import (
    DATABASE,
    OWNER,
    SUPERUSER,
    EmbeddedServer,
)
from tests.helpers import servers

if typ.TYPE_CHECKING:
    import collections.abc as cabc

INSTALLATIONS = servers.installations()
NOTHING_TO_DO = (
    "CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'"
)

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(),
    reason="processes are counted in /proc, which this system does not have",
)


@pytest.fixture(scope="module")
def cache() -> cabc.Iterator[Path]:
    """Share a cache between the tests that do not look at it."""
    with servers.open_folder() as folder:
        yield folder / "cache"


@pytest.fixture
def folder() -> cabc.Iterator[Path]:
    """Give a test a folder that the server's account can enter."""
    with servers.open_folder() as folder:
        yield folder


@pytest.fixture(params=INSTALLATIONS, ids=lambda binaries: binaries.origin)
def binaries(request: pytest.FixtureRequest) -> Binaries:
    """Run the test with each PostgreSQL there is."""
    return request.param


@pytest.fixture
def server(binaries: Binaries, cache: Path) -> cabc.Iterator[EmbeddedServer]:
    """Run a server for the test."""
    with EmbeddedServer(binaries, cache_root=cache) as server:
        yield server


def value(session: psycopg.Connection, query: str) -> object:
    """Return the one value of the one row of a query."""
    row = session.execute(query).fetchone()
    assert row is not None
    return row[0]


class TestConnecting:
    """Who can connect, and what they find."""

    def test_the_owner_is_ordinary_and_owns_an_empty_database(
        self, server: EmbeddedServer
    ) -> None:
        """Migrations run as a role without any right but over its database."""
        with server.connect() as session:
            assert value(session, "SELECT current_user") == OWNER
            assert value(session, "SELECT current_database()") == DATABASE
            assert value(session, "SHOW is_superuser") == "off"
            owner = "SELECT datdba::regrole::text FROM pg_database WHERE datname = "
            assert value(session, f"{owner} current_database()") == OWNER
            tables = "SELECT count(*) FROM pg_class WHERE oid >= 16384"
            assert value(session, tables) == 0

    def test_the_superuser_can_connect(self, server: EmbeddedServer) -> None:
        """What migrations may not do, a setup file does first."""
        with server.connect(user=SUPERUSER) as session:
            assert value(session, "SHOW is_superuser") == "on"

    def test_it_knows_its_version(self, server: EmbeddedServer) -> None:
        """The version, known before anybody connects, is the server's own."""
        with server.connect() as session:
            text = value(session, "SHOW server_version")
            assert str(text).split()[0] == server.version

    def test_nobody_else_can_enter_its_folder(self, server: EmbeddedServer) -> None:
        """The socket and the data lie in a closed folder."""
        status = Path(server.host).stat()
        assert stat.S_IMODE(status.st_mode) == 0o700
        assert Path(server.host, f".s.PGSQL.{server.port}").is_socket()

    def test_it_listens_on_no_network(self, server: EmbeddedServer) -> None:
        """There is no port that another user could reach."""
        with server.connect() as session:
            assert value(session, "SHOW listen_addresses") == ""

    def test_a_program_is_let_in_over_tcp_for_a_while(
        self, binaries: Binaries, cache: Path
    ) -> None:
        """With its password, which no other role has, and no other address."""
        with (
            EmbeddedServer(binaries, cache_root=cache, listens=True) as server,
            server.connect(user=SUPERUSER) as session,
        ):
            assert value(session, "SHOW listen_addresses") == "127.0.0.1"
            session.execute("CREATE ROLE app LOGIN PASSWORD 'app'")
            with server.program_access(OWNER) as address:
                place = {"host": address.host, "port": address.port}
                known = {"dbname": address.database, "password": address.password}
                with psycopg.connect(**place, **known, user=address.role) as program:
                    assert value(program, "SELECT current_user") == OWNER
                for role, password in (
                    (OWNER, "wrong"),
                    (SUPERUSER, address.password),
                    ("postgres", address.password),
                    ("app", "app"),
                ):
                    with pytest.raises(psycopg.OperationalError, match="FATAL"):
                        psycopg.connect(
                            **place, user=role, password=password, dbname=DATABASE
                        )
                assert address.password not in repr(address)
            with pytest.raises(psycopg.OperationalError, match="authentication failed"):
                psycopg.connect(**place, **known, user=OWNER)

    def test_other_roles_are_refused(self, server: EmbeddedServer) -> None:
        """A role that no account is mapped to cannot connect."""
        with server.connect(user=SUPERUSER) as session:
            session.execute("CREATE ROLE stranger LOGIN")
        with pytest.raises(ServerError, match="Peer authentication failed") as failure:
            server.connect(user="stranger")
        assert "still runs" in str(failure.value)
        assert "stranger" in str(failure.value)

    def test_limits_on_time_can_be_left_aside(self, server: EmbeddedServer) -> None:
        """From the first statement on, which could not lift them in time."""
        with server.connect(user=SUPERUSER) as session:
            session.execute(f"ALTER ROLE {OWNER} SET statement_timeout = '1h'")
        with server.connect() as session:
            assert value(session, "SHOW statement_timeout") == "1h"
        with server.connect(has_time=True) as session:
            assert value(session, "SHOW statement_timeout") == "0"
            assert value(session, "SHOW idle_in_transaction_session_timeout") == "0"

    def test_the_users_own_variables_are_kept_away(
        self, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Variables meant for another server neither harm ours nor get lost."""
        theirs = {
            "PGHOST": "db.example.org",
            "PGPORT": "1",
            "PGDATABASE": "shop",
            "PGUSER": "shopkeeper",
            "PGOPTIONS": "-c search_path=nowhere",
            "PGSERVICE": "no-such-service",
            "PGSSLMODE": "verify-full",
            "PGTZ": "Asia/Tokyo",
            "PGPASSFILE": "/nonexistent",
        }
        for name, setting in theirs.items():
            monkeypatch.setenv(name, setting)
        before = dict(os.environ)
        with server.connect() as session:
            assert value(session, "SHOW search_path") == '"$user", public'
            assert value(session, "SHOW timezone") == "UTC"
        assert dict(os.environ) == before

    def test_the_variables_come_back_after_a_failure(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A connection that cannot be made leaves the environment as it was."""
        monkeypatch.setenv("PGSERVICE", "no-such-service")
        with pytest.raises(psycopg.OperationalError, match="No such file"):
            server_module._connect(host="/nonexistent", dbname="x", user="y")
        assert os.environ["PGSERVICE"] == "no-such-service"

    def test_the_server_knows_nothing_of_the_users_environment(
        self, binaries: Binaries, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its environment is made for it: C locale, UTC, PATH."""
        monkeypatch.setenv("PGDATA", "/nonexistent")
        monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
        monkeypatch.setenv("SECRET_TOKEN", "s3cret")
        monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
        with EmbeddedServer(binaries, cache_root=cache) as server:
            pid = servers.pid_of_server(server.host)
            text = Path("/proc", str(pid), "environ").read_bytes().decode()
        variables = dict(pair.split("=", 1) for pair in text.split("\0") if pair)
        # The shell adds the last two of its own accord.
        assert variables.keys() <= {
            "LC_ALL",
            "TZ",
            "PATH",
            "PWD",
            "_",
            "SHLVL",
            "OLDPWD",
        }
        assert (variables["LC_ALL"], variables["TZ"]) == ("C", "UTC")


class TestRealMigrations:
    """A disposable server still does what migrations ask of a real one."""

    @pytest.mark.parametrize(
        "statements",
        [
            ["BEGIN", "CREATE TABLE t (id int)", "PREPARE TRANSACTION 'x'",
             "COMMIT PREPARED 'x'", "SELECT id FROM t"],
            ["CREATE TABLE t (id int) PARTITION BY RANGE (id)",
             "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (9)"],
            ["CREATE TABLE t (id int)", "CREATE INDEX CONCURRENTLY ON t (id)"],
            ["CREATE UNLOGGED TABLE t (id int)", "VACUUM FULL t", "ANALYZE t"],
            ["CREATE TABLE t (id serial, x text)", "LISTEN a", "NOTIFY a",
             "SELECT pg_advisory_lock(1)", "CREATE TEMPORARY TABLE u (id int)",
             "CREATE MATERIALIZED VIEW v AS SELECT * FROM t"],
            ["CREATE TABLE t (s tsvector GENERATED ALWAYS AS ('cat') STORED)",
             "CREATE INDEX ON t USING gin (s)"],
            ["DO $$ BEGIN ASSERT to_tsvector('cats')::text = $x$'cat':1$x$; END $$"],
            ["SELECT lo_create(0)", "SELECT set_config('app.user', '1', false)"],
        ],
        ids=["prepared transaction", "partitions", "concurrent index", "unlogged",
             "session features", "full text search", "English text search",
             "large object"],
    )  # fmt: skip
    def test_as_the_owner(self, server: EmbeddedServer, statements: list[str]) -> None:
        """What an ordinary owner of a database may do."""
        with server.connect() as session:
            for statement in statements:
                session.execute(statement)

    @pytest.mark.parametrize(
        "statements",
        [
            ["CREATE TABLE t (id int)", "CREATE PUBLICATION p FOR TABLE t",
             "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect=false)"],
            [NOTHING_TO_DO,
             "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()",
             "CREATE TABLE t (id int)"],
            ["CREATE ROLE app LOGIN", "GRANT app TO userstate",
             "ALTER SYSTEM SET work_mem = '8MB'", "SELECT pg_reload_conf()"],
        ],
        ids=["logical replication", "event trigger", "roles and settings"],
    )  # fmt: skip
    def test_as_the_superuser(
        self, server: EmbeddedServer, statements: list[str]
    ) -> None:
        """What a setup file, or migrations that need more rights, may do."""
        with server.connect(user=SUPERUSER) as session:
            for statement in statements:
                session.execute(statement)

    def test_one_transaction_may_make_a_large_schema(
        self, server: EmbeddedServer
    ) -> None:
        """A dump of thousands of tables fits one transaction's locks."""
        with server.connect(autocommit=False) as session:
            session.execute(
                "DO $$ BEGIN FOR i IN 1..3000 LOOP"
                " EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, x text)', i);"
                " END LOOP; END $$"
            )

    def test_other_databases_come_on_request(
        self, binaries: Binaries, cache: Path
    ) -> None:
        """With all databases, tools find `postgres`, and CREATE DATABASE works."""
        with (
            EmbeddedServer(binaries, cache_root=cache, all_databases=True) as server,
            server.connect(dbname="postgres", user=SUPERUSER) as session,
        ):
            session.execute(f"CREATE DATABASE shop OWNER {OWNER}")
            session.execute("CREATE DATABASE bare TEMPLATE template0")
            server.connect(dbname="shop").close()

    def test_without_them_connecting_says_so(self, server: EmbeddedServer) -> None:
        """The audit's server has its own database only."""
        with pytest.raises(ServerError, match='database "postgres" does not exist'):
            server.connect(dbname="postgres", user=SUPERUSER)


class TestStubExtensions:
    """Extensions that the server lacks, from a folder of stubs."""

    @pytest.fixture
    def stubs(self, folder: Path) -> Path:
        """Write stubs of an extension that no server has, and of one that all have."""
        for name in ("nowhere_to_be_found", "plpgsql"):
            control = folder / "stubs" / "extension" / f"{name}.control"
            control.parent.mkdir(parents=True, exist_ok=True)
            control.write_text("default_version = '0.stub'\ntrusted = true\n")
            control.with_name(f"{name}--0.stub.sql").write_text(
                "CREATE FUNCTION stubbed() RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
            )
        return folder / "stubs"

    @pytest.fixture
    def session(
        self, binaries: Binaries, cache: Path, stubs: Path
    ) -> cabc.Iterator[psycopg.Connection]:
        """Connect to a server that was given the stubs."""
        with (
            EmbeddedServer(binaries, cache_root=cache, stub_extensions=stubs) as server,
            server.connect() as session,
        ):
            yield session

    def test_a_missing_extension_is_stubbed_where_the_server_can(
        self, session: psycopg.Connection
    ) -> None:
        """From PostgreSQL 18 on; older ones say that they do not have it."""
        if session.info.server_version >= 180000:
            session.execute("CREATE EXTENSION nowhere_to_be_found")
            assert value(session, "SELECT stubbed()") == 1
        else:
            with pytest.raises(psycopg.Error, match="nowhere_to_be_found"):
                session.execute("CREATE EXTENSION nowhere_to_be_found")

    def test_a_real_extension_wins(self, session: psycopg.Connection) -> None:
        """A stub of something that the server has is not used."""
        version = value(
            session,
            "SELECT default_version FROM pg_available_extensions"
            " WHERE name = 'plpgsql'",
        )
        assert version != "0.stub"

    def test_a_folder_with_a_colon_in_its_name_is_usable(
        self, cache: Path, stubs: Path
    ) -> None:
        """PostgreSQL separates folders by colons, so the stubs are copied."""
        awkward = stubs.rename(stubs.with_name("c:stubs"))
        with (
            EmbeddedServer(
                servers.wheel(), cache_root=cache, stub_extensions=awkward
            ) as server,
            server.connect() as session,
        ):
            session.execute("CREATE EXTENSION nowhere_to_be_found")
            host = server.host
        servers.wait_until_gone(host, seconds=0)


class TestNothingSurvives:
    """However a run ends, no process and no folder of its server is left."""

    def test_after_success(self, binaries: Binaries, cache: Path) -> None:
        """Leaving the context waits until everything is gone."""
        with EmbeddedServer(binaries, cache_root=cache) as server:
            host = server.host
            servers.wait_for(lambda: len(servers.processes_of(host)) >= 3)
            server.connect().close()
        servers.wait_until_gone(host, seconds=0)

    def test_with_connections_left_open(
        self, binaries: Binaries, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A forgotten connection does not delay the end until force is needed."""
        monkeypatch.setattr(supervisor, "STOP_TIMEOUT", servers.PATIENCE)
        monkeypatch.delattr(os, "killpg")
        with EmbeddedServer(binaries, cache_root=cache) as server:
            host, session = server.host, server.connect(autocommit=False)
            session.execute("CREATE TABLE t (id int)")
        servers.wait_until_gone(host, seconds=0)
        with contextlib.suppress(psycopg.OperationalError):
            session.close()

    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
    def test_after_failure(self, cache: Path, error: type[BaseException]) -> None:
        """An exception passes through, and leaves nothing behind."""
        hosts: list[str] = []

        def fail() -> None:
            with EmbeddedServer(servers.wheel(), cache_root=cache) as server:
                hosts.append(server.host)
                raise error

        with pytest.raises(error):
            fail()
        servers.wait_until_gone(hosts[0], seconds=0)

    def test_after_sigkill(self, binaries: Binaries, cache: Path) -> None:
        """A run that is killed takes its server with it."""
        with servers.start_run(binaries, cache) as run:
            host = servers.read_line(run)
            assert servers.processes_of(host)
            run.kill()
        servers.wait_until_gone(host)

    def test_after_ctrl_c_at_the_terminal(self, cache: Path) -> None:
        """The signal that reaches the whole process group ends in good order."""
        with servers.start_run(servers.wheel(), cache) as run:
            host = servers.read_line(run)
            servers.read_line(run)
            os.killpg(run.pid, signal.SIGINT)
            assert servers.read_line(run) == "interrupted"
            assert run.wait() == 0
        servers.wait_until_gone(host, seconds=0)

    @pytest.mark.parametrize("polls", [0, 3, 20, 60])
    def test_after_ctrl_c_at_any_moment_of_the_start(
        self, cache: Path, polls: int, monkeypatch: pytest.MonkeyPatch, folder: Path
    ) -> None:
        """Interrupted while it copies, starts, or runs, it leaves nothing either."""
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        server = EmbeddedServer(servers.wheel(), cache_root=cache)
        passed = itertools.count()

        def sleep(seconds: float) -> None:
            time.sleep(seconds)
            if next(passed) == polls:
                raise KeyboardInterrupt

        def run() -> None:
            with server:
                raise KeyboardInterrupt  # so quickly was it there

        with monkeypatch.context() as patch:
            clock = types.SimpleNamespace(monotonic=time.monotonic, sleep=sleep)
            patch.setattr(supervisor, "time", clock)
            with pytest.raises(KeyboardInterrupt):
                run()
        server.close()
        assert not servers.processes_of(folder)
        assert not list(folder.iterdir())

    @pytest.mark.parametrize("phase", ["/initdb ", " --single ", "tar -cf "])
    def test_after_ctrl_c_while_the_data_directory_is_made(
        self, phase: str, monkeypatch: pytest.MonkeyPatch, folder: Path
    ) -> None:
        """Neither initdb nor half of an entry is left, and the next run succeeds."""
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        server = EmbeddedServer(servers.wheel(), cache_root=folder / "cache")
        communicate, waited = subprocess.Popen.communicate, []

        def wait(
            process: subprocess.Popen[bytes], *words: object, **options: typ.Any
        ) -> object:
            is_first = cluster.SCRIPT.name in process.args and not waited
            if not is_first:
                return communicate(process, *words, **options)
            waited.append(process)
            while process.poll() is None:  # it may be too quick for us
                commands = servers.processes_of(folder).values()
                if any(phase in command for command in commands):
                    break
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(subprocess.Popen, "communicate", wait)
            with pytest.raises(KeyboardInterrupt), server:
                pass
        assert waited
        assert not servers.processes_of(folder)
        assert [path.name for path in folder.iterdir()] == ["cache"]
        assert not list((folder / "cache").glob("new-*"))
        with server:
            server.connect().close()

    def test_what_initdb_shares_would_go_with_it(
        self, binaries: Binaries, folder: Path
    ) -> None:
        """Killed, it leaves no files in the system's shared memory (16 and newer)."""
        if supported_version(binaries.postgres).major < 16:
            pytest.skip("its initdb takes no settings")
        seen: set[str] = set()
        server = EmbeddedServer(binaries, cache_root=folder / "cache")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            launched = pool.submit(server.__enter__)
            while not launched.done():
                for pid in servers.descendants_of(os.getpid()):
                    seen |= servers.memory_of(pid)
        server.close()
        assert seen == set()

    def test_a_killed_supervisor_is_made_up_for(self, cache: Path) -> None:
        """Leaving the context stops the server itself then."""
        with EmbeddedServer(servers.wheel(), cache_root=cache) as server:
            host = server.host
            servers.kill(servers.parent_of(servers.pid_of_server(host)))
            server.connect().close()
        servers.wait_until_gone(host)

    def test_a_killed_server_leaves_no_shared_memory(
        self, binaries: Binaries, cache: Path
    ) -> None:
        """The supervisor removes what the server had no chance to."""
        with EmbeddedServer(binaries, cache_root=cache) as server:
            host, segment = server.host, servers.segment_of(server.host)
            assert segment in servers.segments()
            servers.kill(servers.pid_of_server(host))
            servers.wait_until_gone(host)
            assert segment not in servers.segments()

    def test_a_supervisor_that_is_told_to_end_does(self, cache: Path) -> None:
        """A SIGTERM, from a service manager for instance, is heeded cleanly."""
        with EmbeddedServer(servers.wheel(), cache_root=cache) as server:
            host = server.host
            pid = servers.parent_of(servers.pid_of_server(host))
            os.kill(pid, signal.SIGTERM)
            servers.wait_until_gone(host)

    @pytest.mark.parametrize("survives", [True, False], ids=["but one", "all"])
    def test_the_next_run_removes_what_a_massacre_left(
        self,
        cache: Path,
        monkeypatch: pytest.MonkeyPatch,
        folder: Path,
        *,
        survives: bool,
    ) -> None:
        """Run and supervisor killed at once, or the server, too: the next sweeps."""
        # Not where other runs of this moment would sweep as well.
        environment = {**os.environ, "TMPDIR": str(folder)}
        with servers.start_run(servers.wheel(), cache, env=environment) as run:
            host = servers.read_line(run)
            server = servers.pid_of_server(host)
            segment = servers.segment_of(host)

            def shells() -> list[int]:
                commands = servers.processes_of(host).items()
                return [pid for pid, words in commands if words.startswith("/bin/sh")]

            servers.wait_for(lambda: len(shells()) == 2)
            for pid in (*shells(), run.pid, *([] if survives else [server])):
                servers.kill(pid)
        servers.wait_for(lambda: not shells())
        if survives:
            assert servers.processes_of(host).keys() >= {server}
        else:
            servers.wait_for(lambda: not servers.processes_of(host))
        assert Path(host).exists()
        assert segment in servers.segments()
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        with EmbeddedServer(servers.wheel(), cache_root=cache):
            servers.wait_until_gone(host)
            assert segment not in servers.segments()

    def test_the_next_run_leaves_living_ones_alone(self, cache: Path) -> None:
        """A server that somebody still uses is not swept away."""
        with EmbeddedServer(servers.wheel(), cache_root=cache) as first:
            with EmbeddedServer(servers.wheel(), cache_root=cache) as second:
                assert first.host != second.host
            with first.connect() as session:
                session.execute("CREATE TABLE t (id int)")

    def test_a_process_that_only_got_the_number_is_not_killed(
        self, cache: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
    ) -> None:
        """A dead server's process id may be another program's by now."""
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        dead = folder / f"{run_folders.PREFIX}dead"
        (dead / "data").mkdir(parents=True)
        (dead / "lock").touch()
        with subprocess.Popen(["sleep", "60"]) as bystander:  # noqa: S607 - anywhere
            (dead / "data" / "postmaster.pid").write_text(f"{bystander.pid}\n")
            with EmbeddedServer(servers.wheel(), cache_root=cache):
                assert not dead.exists()
                assert bystander.poll() is None
            bystander.kill()

    def test_a_folder_without_a_lock_is_given_time(
        self, cache: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
    ) -> None:
        """One that is just being made has none yet; an old one is abandoned."""
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        monkeypatch.setattr(run_folders, "HALF_MADE_AGE", 3600)
        young, old = (
            folder / f"{run_folders.PREFIX}{name}" for name in ("young", "old")
        )
        for path in (young, old):
            path.mkdir()
        os.utime(old, (0, 0))
        with EmbeddedServer(servers.wheel(), cache_root=cache):
            assert young.exists()
            assert not old.exists()


def on_start(script: str) -> str:
    """Return shell that a server runs when it is to start, not when it is asked."""
    return f'for word; do [ "$word" != -k ] || {{ {script}; }}; done'


class TestFailing:
    """A server that does not start, or goes away, says why."""

    def test_a_server_that_dies_shows_the_end_of_its_log(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The message has the last lines, the program and where it came from."""
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        dies = "seq 1 100 >&2; echo 'FATAL:  no luck' >&2; exit 1"
        binaries = servers.installation(folder, postgres=on_start(dies))
        server = EmbeddedServer(binaries, cache_root=folder / "cache")
        with pytest.raises(ServerError) as failure, server:
            pass
        message = str(failure.value)
        assert "died while starting" in message
        assert "  FATAL:  no luck" in message
        assert "  87\n" in message
        assert "  86\n" not in message
        assert str(binaries.postgres) in message
        assert "an installation of the tests" in message
        assert {path.name for path in folder.iterdir()} == {"bin", "cache"}

    def test_a_server_that_hangs_is_given_up(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Starting has a bound, after which nothing is left."""
        monkeypatch.setattr(supervisor, "START_TIMEOUT", 0.3)
        hangs = on_start("while :; do :; done")
        binaries = servers.installation(folder, postgres=hangs)
        server = EmbeddedServer(binaries, cache_root=folder / "cache")
        with pytest.raises(ServerError, match="did not start within"), server:
            pass
        assert not servers.processes_of(binaries.bin_dir)

    def test_a_server_that_went_away_is_reported(
        self, binaries: Binaries, cache: Path
    ) -> None:
        """Connecting to a dead server says that it died."""
        with EmbeddedServer(binaries, cache_root=cache) as server:
            host = server.host
            os.kill(servers.pid_of_server(host), signal.SIGINT)
            servers.wait_until_gone(host)
            with pytest.raises(ServerError, match="which died") as failure:
                server.connect()
            assert "shutdown request" in str(failure.value)

    def test_an_initdb_that_fails_is_quoted(self, folder: Path) -> None:
        """The message shows what initdb said."""
        binaries = servers.installation(folder, initdb="echo 'no space at all'; exit 3")
        server = EmbeddedServer(binaries, cache_root=folder / "cache")
        with pytest.raises(ServerError, match="no space at all") as failure, server:
            pass
        assert "an installation of the tests" in str(failure.value)

    def test_it_has_to_be_entered(self) -> None:
        """Without its context there is no server to ask."""
        with pytest.raises(ServerError, match="enter its context first"):
            EmbeddedServer(servers.wheel()).connect()


class TestCache:
    """A fresh data directory is made once and copied from then on."""

    @staticmethod
    def entries(cache: Path) -> list[Path]:
        """Return the entries of a cache."""
        return [path for path in cache.iterdir() if path.is_dir()]

    def test_the_second_start_makes_nothing(
        self, binaries: Binaries, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Only the first run pays for initdb."""
        with EmbeddedServer(binaries, cache_root=folder / "cache"):
            pass
        monkeypatch.setattr(cluster, "make_cluster", None)
        [entry] = self.entries(folder / "cache")
        inode = entry.stat().st_ino
        with EmbeddedServer(binaries, cache_root=folder / "cache") as server:
            server.connect().close()
        assert entry.stat().st_ino == inode

    def test_each_run_has_fresh_data(self, binaries: Binaries, cache: Path) -> None:
        """What one run does to its data, no other sees."""
        for _ in range(2):
            with (
                EmbeddedServer(binaries, cache_root=cache) as server,
                server.connect(user=SUPERUSER) as session,
            ):
                assert value(session, "SHOW work_mem") == "4MB"
                session.execute("CREATE TABLE t (id int)")
                session.execute("CREATE ROLE r")
                session.execute("ALTER SYSTEM SET work_mem = '1MB'")

    def test_each_installation_has_its_own(self, folder: Path) -> None:
        """Data of one version are never given to another."""
        for binaries in INSTALLATIONS[:2]:
            with EmbeddedServer(binaries, cache_root=folder / "cache") as server:
                server.connect().close()
        assert len(self.entries(folder / "cache")) == len(INSTALLATIONS[:2])

    def test_several_runs_may_start_at_once_without_a_cache(self, folder: Path) -> None:
        """Runs of several processes that meet an empty cache share one entry."""
        binaries = servers.wheel()
        with contextlib.ExitStack() as stack:
            runs = [
                stack.enter_context(servers.start_run(binaries, folder / "cache"))
                for _ in range(3)
            ]
            hosts = {servers.read_line(run) for run in runs}
            assert {servers.read_line(run) for run in runs} == {OWNER}
            assert [servers.end(run) for run in runs] == [0, 0, 0]
        assert len(hosts) == 3
        assert len(self.entries(folder / "cache")) == 1

    def test_several_servers_may_run_in_one_process(self, cache: Path) -> None:
        """Threads start and stop servers of their own, independently."""

        def run(number: int) -> object:
            with (
                EmbeddedServer(servers.wheel(), cache_root=cache) as server,
                server.connect() as session,
            ):
                session.execute(f"CREATE TABLE t AS SELECT {number} AS n")
                time.sleep(0.1)
                return value(session, "SELECT n FROM t")

        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            assert list(pool.map(run, range(4))) == [0, 1, 2, 3]

    @pytest.mark.parametrize(
        "damage",
        [
            lambda entry: (entry / "manifest").unlink(),
            lambda entry: (entry / "manifest").write_text("rubbish"),
            lambda entry: (entry / "packed" / "audited.tar").unlink(),
            lambda entry: os.truncate(entry / "packed" / "audited.tar", 4096),
            lambda entry: _overwrite(entry / "packed" / "audited.tar"),
        ],
        ids=["half-made", "manifest", "lost", "cut", "overwritten"],
    )
    def test_a_damaged_entry_is_made_anew(
        self, binaries: Binaries, folder: Path, damage: cabc.Callable[[Path], object]
    ) -> None:
        """Whatever happened to the cache, the run goes on, and the next as well."""
        with EmbeddedServer(binaries, cache_root=folder / "cache"):
            pass
        [entry] = self.entries(folder / "cache")
        (entry / "the-old-one").touch()
        damage(entry)
        for _ in range(2):
            with EmbeddedServer(binaries, cache_root=folder / "cache") as server:
                server.connect().close()
        assert self.entries(folder / "cache") == [entry]
        assert not (entry / "the-old-one").exists()

    def test_what_a_killed_maker_left_is_removed(self, folder: Path) -> None:
        """A half-made entry of a killed run is swept when the next is made."""
        leftover = folder / "cache" / "new-leftover"
        leftover.mkdir(parents=True)
        (folder / "cache" / "lock").touch()
        with EmbeddedServer(servers.wheel(), cache_root=folder / "cache"):
            pass
        assert not leftover.exists()

    def test_those_not_used_for_long_are_removed(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Every virtual environment has binaries of its own; disks are finite."""
        monkeypatch.setattr(cluster, "KEPT_ENTRIES", 2)
        store = Cache(folder)
        for key in ("first", "second", "third"):
            store.entry("kind", key, lambda _: None, Path.exists)
            os.utime(folder / "kind-first")
            os.utime(folder / f"kind-{key}", (1, 1) if key == "second" else None)
        assert {path.name for path in self.entries(folder)} == {
            "kind-first",
            "kind-third",
        }

    def test_what_several_want_at_once_is_made_once(self, folder: Path) -> None:
        """The others wait for the one that came first."""
        made: list[Path] = []

        def make(path: Path) -> None:
            made.append(path)
            time.sleep(0.1)

        def entry(_: int) -> Path:
            return Cache(folder).entry("kind", "key", make, Path.exists).path

        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            assert set(pool.map(entry, range(3))) == {folder / "kind-key"}
        assert len(made) == 1

    def test_a_maker_that_fails_leaves_nothing(self, folder: Path) -> None:
        """Neither an entry nor half of one."""

        def fail(path: Path) -> None:
            (path / "half").touch()
            message = "no luck"
            raise ServerError(message)

        with pytest.raises(ServerError, match="no luck"):
            Cache(folder).entry("kind", "key", fail, Path.exists)
        assert self.entries(folder) == []

    def test_a_lock_that_is_not_released_does_not_stop_a_run(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The server starts without the cache then."""
        monkeypatch.setattr(cluster, "LOCK_TIMEOUT", 0.1)
        cache = folder / "cache"
        cache.mkdir()
        with (cache / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with EmbeddedServer(servers.wheel(), cache_root=cache) as server:
                server.connect().close()
        assert self.entries(cache) == []

    @pytest.mark.parametrize(
        "kind", ["a file", "a symbolic link", "open to all", "in a folder open to all"]
    )
    def test_a_cache_that_cannot_be_trusted_is_not_used(
        self, folder: Path, kind: str
    ) -> None:
        """The server starts without it, and nothing is written there."""
        cache, elsewhere = folder / "cache", folder / "elsewhere"
        elsewhere.mkdir()
        if kind == "in a folder open to all":
            cache = elsewhere / "parent/cache"
            cache.parent.mkdir()
            cache.parent.chmod(0o777)
        elif kind == "a file":
            cache.touch()
        elif kind == "a symbolic link":
            cache.symlink_to(elsewhere)
        else:
            cache.mkdir()
            cache.chmod(0o777)
        with EmbeddedServer(servers.wheel(), cache_root=cache) as server:
            host = server.host
            server.connect().close()
        servers.wait_until_gone(host, seconds=0)
        assert not [path for path in elsewhere.rglob("*") if path.is_file()]
        assert kind != "open to all" or not list(cache.iterdir())


def _overwrite(path: Path) -> None:
    path.write_bytes(b"#" * path.stat().st_size)


class TestRunFolder:
    """Where the server lives."""

    def test_it_lives_in_the_folder_for_temporary_files(
        self, cache: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """TMPDIR, as Python understands it, is heeded."""
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        with EmbeddedServer(servers.wheel(), cache_root=cache) as server:
            assert Path(server.host).parent == folder

    @pytest.mark.parametrize("name", ["x" * 90, "a,b", "nowhere/at/all"])
    def test_an_unsuitable_folder_is_passed_over(
        self, cache: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        """Too long for a socket, misread by libpq, not there: another is used."""
        unsuitable = folder / name
        if "/" not in name:
            unsuitable.mkdir(mode=0o755)
        monkeypatch.setattr(tempfile, "tempdir", str(unsuitable))
        with EmbeddedServer(servers.wheel(), cache_root=cache) as server:
            assert Path(server.host).parent in run_folders.FALLBACKS
            server.connect().close()

    def test_where_no_folder_is_suitable_all_are_listed(
        self, cache: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The message names each place, why it will not do, and the remedy."""
        long, missing = folder / ("x" * 90), folder / "missing"
        monkeypatch.setattr(tempfile, "tempdir", str(long))
        monkeypatch.setattr(run_folders, "FALLBACKS", (missing,))
        server = EmbeddedServer(servers.wheel(), cache_root=cache)
        with pytest.raises(ServerError) as failure, server:
            pass
        message = str(failure.value)
        assert f"{long}: too long for the path of a socket" in message
        assert str(missing) in message
        assert "TMPDIR" in message


class TestUsedAgain:
    """A server that is described once may be started more than once."""

    def test_a_server_can_be_started_again(self, cache: Path) -> None:
        """Each entering is a fresh start."""
        server = EmbeddedServer(servers.wheel(), cache_root=cache)
        hosts = set()
        for _ in range(2):
            with server:
                hosts.add(server.host)
        assert len(hosts) == 2
