"""What every repository of run-time wiring does, the fake one included."""

from __future__ import annotations

import collections.abc as cabc
import pathlib

import attrs
import pytest

from pytest_userstate.application.settings import PortScan, Settings
from pytest_userstate.domain.coverage import RuntimeWiring
from pytest_userstate.domain.ports import RuntimeWiringRepository
from pytest_userstate.domain.wiring import PortWiring, Wiring, WiringOrigin
from pytest_userstate.outbound.wiring.assembly import (
    CombinedWiringRepository,
    DeclaredWiringRepository,
    ReportedWiringRepository,
)
from pytest_userstate.outbound.wiring.scanned import ScannedWiringRepository
from tests.helpers.fakes import FakeRuntimeWiringRepository
from tests.helpers.wiring import place, write

PORTS = {
    "Login": RuntimeWiring.FIXTURE_BACKED,
    "Sessions": RuntimeWiring.DATABASE_BACKED,
    "Tokens": RuntimeWiring.CONDITIONAL,
    "Visits": RuntimeWiring.UNWIRED,
}
MAIN = """
# Login, Sessions, Tokens
class SqlVisits(Visits): ...
run(FakeLogin(), SqlSessions(), SqlTokens() if stored else FakeTokens())
"""


def ports() -> list[PortWiring]:
    """Return the wiring of the contract's program."""
    return [
        PortWiring(entity="login", port=name, state=state, reason=f"{name}: why")
        for name, state in PORTS.items()
    ]


class RuntimeWiringRepositoryContract:
    """The contract; a subclass gives the fixture `repository`."""

    def test_every_port_is_given_with_its_state(
        self, repository: RuntimeWiringRepository
    ) -> None:
        """Several may serve one entity."""
        found = {each.port: each.state for each in repository.load().ports_of("login")}
        assert found == PORTS

    def test_reasons_are_kept(self, repository: RuntimeWiringRepository) -> None:
        """They are the repository's own words."""
        reasons = [each.reason for each in repository.load().ports]
        assert reasons == [f"{name}: why" for name in sorted(PORTS)]

    def test_what_nobody_asked_about_was_not_probed(
        self, repository: RuntimeWiringRepository
    ) -> None:
        """Nothing is made up."""
        wiring = repository.load()
        assert wiring.state_of("interests") is RuntimeWiring.NOT_PROBED
        assert wiring.warnings == ()

    def test_two_loads_are_equal(self, repository: RuntimeWiringRepository) -> None:
        """Same program, same answer."""
        assert repository.load() == repository.load()

    def test_it_says_where_it_knows_it_from(
        self, repository: RuntimeWiringRepository, origin: WiringOrigin
    ) -> None:
        """Every port has the origin of its repository."""
        assert {each.origin for each in repository.load().ports} == {origin}


class TestDeclaredWiringRepository(RuntimeWiringRepositoryContract):
    """What the configuration declares."""

    @pytest.fixture
    def origin(self) -> WiringOrigin:
        """Return where it comes from."""
        return WiringOrigin.DECLARED

    @pytest.fixture
    def repository(self, tmp_path: pathlib.Path) -> RuntimeWiringRepository:
        """Return declarations without evidence."""
        return DeclaredWiringRepository(Wiring(ports()), base=tmp_path, file="x")


class TestScannedWiringRepository(RuntimeWiringRepositoryContract):
    """What the sources show."""

    @pytest.fixture
    def origin(self) -> WiringOrigin:
        """Return where it comes from."""
        return WiringOrigin.SCANNED

    @pytest.fixture
    def repository(self, tmp_path: pathlib.Path) -> RuntimeWiringRepository:
        """Return a program."""
        write(tmp_path, {"main.py": MAIN})
        scans = [
            PortScan(entity="login", port=each.port, reason=each.reason)
            for each in ports()
        ]
        return ScannedWiringRepository(scans, place=place(tmp_path))


class TestReportedWiringRepository(RuntimeWiringRepositoryContract):
    """What a hook reports."""

    @pytest.fixture
    def origin(self) -> WiringOrigin:
        """Return where it comes from."""
        return WiringOrigin.REPORTED

    @pytest.fixture
    def repository(self) -> RuntimeWiringRepository:
        """Return a hook that answers."""
        return ReportedWiringRepository(ports, settings=Settings(), file="")


class TestCombinedWiringRepository(RuntimeWiringRepositoryContract):
    """What several repositories say, each with a part."""

    @pytest.fixture
    def origin(self) -> WiringOrigin:
        """Return where it comes from."""
        return WiringOrigin.DECLARED

    @pytest.fixture
    def fakes(self) -> list[FakeRuntimeWiringRepository]:
        """Return a repository for each half of the ports."""
        whole = ports()
        return [
            FakeRuntimeWiringRepository(Wiring(half)) for half in (whole[:2], whole[2:])
        ]

    @pytest.fixture
    def repository(
        self, fakes: cabc.Sequence[FakeRuntimeWiringRepository]
    ) -> RuntimeWiringRepository:
        """Return the two as one."""
        return CombinedWiringRepository(fakes)

    def test_each_is_read_once(
        self,
        repository: RuntimeWiringRepository,
        fakes: cabc.Sequence[FakeRuntimeWiringRepository],
    ) -> None:
        """However often the wiring is asked for."""
        repository.load()
        repository.load()
        assert [each.loads for each in fakes] == [1, 1]

    def test_warnings_of_all_are_kept(
        self,
        repository: RuntimeWiringRepository,
        fakes: cabc.Sequence[FakeRuntimeWiringRepository],
    ) -> None:
        """In order."""
        for number, each in enumerate(fakes):
            each.wiring = attrs.evolve(each.wiring, warnings=[f"warning {number}"])
        assert repository.load().warnings == ("warning 0", "warning 1")


class TestFakeRuntimeWiringRepository(RuntimeWiringRepositoryContract):
    """The one that tests use in their place."""

    @pytest.fixture
    def origin(self) -> WiringOrigin:
        """Return where it comes from."""
        return WiringOrigin.DECLARED

    @pytest.fixture
    def repository(self) -> RuntimeWiringRepository:
        """Return a fake's memory."""
        return FakeRuntimeWiringRepository(Wiring(ports()))
