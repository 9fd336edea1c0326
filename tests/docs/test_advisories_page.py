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
def test_every_section_is_complete(code: str) -> None:
    """What it is, why it matters, how to fix it, and when to ignore it."""
    words = re.findall(r"^\*\*(\w+)\.?\*\*", SECTIONS[code], re.MULTILINE)
    assert words == ["What", "Why", "Fix", "Ignore"]


@pytest.mark.parametrize("code", RULES)
def test_the_example_is_reported_and_the_fix_resolves_it(
    database: psycopg.Connection, code: str
) -> None:
    """The first statements provoke this advisory only; the second ones resolve it."""
    example, fix = re.findall(r"^```sql\n(.+?)^```", SECTIONS[code], _LINES)
    assert [advisory.code for advisory in advise(read(database, BEFORE + example))] == [
        code
    ]
    assert advise(read(database, fix)) == ()
