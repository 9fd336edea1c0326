"""The page about advisories: a section for each rule, complete and true."""

from __future__ import annotations

import re

import psycopg
import pytest

from pytest_userstate.domain.advisories import RULES, advise
from tests.helpers.catalog import read
from tests.helpers.markdown import ROOT

TEXT = (ROOT / "docs/advisories.md").read_text()
_LINES = re.MULTILINE | re.DOTALL
SECTIONS = dict(re.findall(r"^## (US\d+): .+?\n(.+?)(?=^## |\Z)", TEXT, _LINES))
BEFORE = """
CREATE TABLE users (id uuid PRIMARY KEY, display_name text NOT NULL);
CREATE TABLE interest_themes (id uuid PRIMARY KEY);
"""


def test_every_rule_has_its_section() -> None:
    """In the order of the codes, under the title that the code gives it."""
    headings = re.findall(r"^## (US\d+): (.+)$", TEXT, re.MULTILINE)
    assert headings == [(code, rule.title) for code, rule in RULES.items()]


@pytest.mark.parametrize("code", RULES)
def test_every_section_says_all_there_is_to_say(code: str) -> None:
    """What, why, how to mend it, and when to silence it."""
    words = re.findall(r"^\*\*(\w+)\.?\*\*", SECTIONS[code], re.MULTILINE)
    assert words == ["What", "Why", "Mend", "Silence"]


@pytest.mark.parametrize("code", RULES)
def test_what_is_shown_is_found_and_what_mends_it_does(
    database: psycopg.Connection, code: str
) -> None:
    """The first statements provoke the advisory alone, the second ones mend it."""
    found, mended = re.findall(r"^```sql\n(.+?)^```", SECTIONS[code], _LINES)
    assert [each.code for each in advise(read(database, BEFORE + found))] == [code]
    assert advise(read(database, mended)) == ()
