"""What every repository of a program's writes does, the fake one included."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.domain.ports import ProgramRepository
from pytest_userstate.domain.snapshot import Source
from pytest_userstate.domain.wiring import Wiring
from pytest_userstate.domain.writes import TableWrite, TableWrites
from pytest_userstate.outbound.wiring.program import SourceProgramRepository
from tests.helpers.fakes import FakeProgramRepository
from tests.helpers.wiring import write
from tests.helpers.writes import SETTINGS

STORE = """
def save(connection, theme, account):
    connection.execute(
        "UPDATE account_settings SET theme = %s WHERE account_id = %s",
        [theme, account],
    )
"""


class ProgramRepositoryContract:
    """The contract; a subclass gives `repository`, and one that reads no sources."""

    def test_every_write_has_its_place_and_its_columns(
        self, repository: ProgramRepository
    ) -> None:
        """And says what its condition compares."""
        writes = repository.writes([SETTINGS])
        assert writes is not None
        (found,) = writes.found
        assert found.source == Source("src/store.py", 3)
        assert (found.table, found.columns) == ("account_settings", ("theme",))
        assert found.compared == ("account_id",)

    def test_it_says_where_it_looked(self, repository: ProgramRepository) -> None:
        """Which is no proof that nothing else writes."""
        writes = repository.writes([SETTINGS])
        assert writes is not None
        assert (writes.looked_in, writes.warnings) == (("src",), ())

    def test_the_same_is_said_twice(self, repository: ProgramRepository) -> None:
        """Same sources, same answer."""
        assert repository.writes([SETTINGS]) == repository.writes([SETTINGS])

    def test_sources_that_nobody_configured_are_not_read(
        self, without: ProgramRepository
    ) -> None:
        """That is something else than no write."""
        assert without.writes([SETTINGS]) is None


class TestSourceProgramRepository(ProgramRepositoryContract):
    """What the sources show."""

    @pytest.fixture
    def repository(self, tmp_path: pathlib.Path) -> ProgramRepository:
        """Return a program that writes."""
        write(tmp_path, {"src/store.py": STORE})
        return SourceProgramRepository(tmp_path, sources=("src",), writes=("src",))

    @pytest.fixture
    def without(self, tmp_path: pathlib.Path) -> ProgramRepository:
        """Return the same program, whose writes nobody asks for."""
        write(tmp_path, {"src/store.py": STORE})
        return SourceProgramRepository(tmp_path, sources=("src",))


class TestFakeProgramRepository(ProgramRepositoryContract):
    """The one that tests use in its place."""

    @pytest.fixture
    def repository(self) -> ProgramRepository:
        """Return what it was given."""
        found = TableWrite(
            table="account_settings",
            source=Source("src/store.py", 3),
            statement="UPDATE",
            columns=["theme"],
            compared=["account_id"],
        )
        writes = TableWrites(found=[found], looked_in=["src"])
        return FakeProgramRepository(Wiring(writes=writes))

    @pytest.fixture
    def without(self) -> ProgramRepository:
        """Return one that was given nothing."""
        return FakeProgramRepository()
