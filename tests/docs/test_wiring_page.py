"""The page about wiring says what the code does."""

from __future__ import annotations

import re
import tomllib

import pytest

from pytest_userstate.application.configuration import read_settings
from pytest_userstate.application.settings import PortScan
from pytest_userstate.domain.coverage import RuntimeWiring
from pytest_userstate.outbound.wiring.syntax.language import SUFFIXES, language_of
from pytest_userstate.outbound.wiring.uses import SoughtPort
from tests.helpers.markdown import ROOT, blocks, table_after

PAGE = ROOT / "docs/wiring.md"
TEXT = PAGE.read_text()
CODE = [block.text for block in blocks(PAGE) if "[wiring" in block.text]


def test_every_suffix_is_there() -> None:
    """Files of other languages are not read."""
    section = TEXT.split("### Which files are read")[1].split(";")[0]
    assert set(re.findall(r"`(\.\w+)`", section)) == SUFFIXES
    for suffix in SUFFIXES:
        assert language_of(suffix).rules


def test_the_convention_is_the_codes() -> None:
    """Here and in the reference."""
    sought = SoughtPort.of(PortScan(entity="users", port="P"))
    section = " ".join(
        TEXT.split("If you leave out `database` or `fixture`")[1]
        .split("\n\n")[0]
        .split()
    )
    assert re.findall(r"`([^`]+)`", section) == [each.text for each in sought.patterns]
    reference = (ROOT / "docs/reference.md").read_text()
    for side in (sought.database, sought.fixture):
        names = ", ".join(f'"{each.text}"' for each in side.patterns)
        assert f"| `[{names}]` |" in reference


def test_every_state_is_there() -> None:
    """Each coverage of the axis has its row."""
    rows = table_after(TEXT, "## Read from the sources")
    assert {row[1].strip("`") for row in rows} == set(RuntimeWiring)


@pytest.mark.parametrize("code", CODE)
def test_the_configurations_are_read(code: str) -> None:
    """Each example means what a file with it would mean."""
    wiring = read_settings(tomllib.loads(code), file="userstate.toml").wiring
    assert wiring.declared.ports or wiring.scanned or wiring.writes
