r"""Variables of psql are replaced where psql replaces them."""

from __future__ import annotations

import pytest

from pytest_userstate.outbound.migrations.tools.sqitch import with_values
from tests.helpers.psql_variables import SENT, VALUES


@pytest.mark.parametrize(("sql", "sent"), SENT.items(), ids=SENT)
def test_what_psql_sends(sql: str, sent: str) -> None:
    """Psql itself is asked in the integration tests."""
    assert with_values(sql, VALUES) == sent


def test_one_statement_after_the_other() -> None:
    """What one of them is read as changes nothing for the next."""
    whole = ";\n".join(SENT)
    assert with_values(whole, VALUES) == ";\n".join(SENT.values())


@pytest.mark.parametrize(
    ("sql", "sent"),
    [
        (
            'SELECT 1; COPY :"a" FROM stdin;\n:a\n\\.\nSELECT :a;',
            'SELECT 1; COPY "x" FROM stdin;\n:a\n\\.\nSELECT x;',
        ),
        (
            "COPY t TO stdout;\nSELECT :a;\n\\.\n",
            "COPY t TO stdout;\nSELECT x;\n\\.\n",
        ),
        ("\\restrict :a\nSELECT :a;", "\\restrict :a\nSELECT x;"),
        ("SELECT 1 \\gset :a\n:a", "SELECT 1 \\gset :a\nx"),
        ("SELECT 'open :a", "SELECT 'open :a"),
        ("-- :a", "-- :a"),
        (":a", "x"),
        ("", ""),
    ],
)
def test_rows_and_commands_are_left_alone(sql: str, sent: str) -> None:
    """Variables are replaced in statements only."""
    assert with_values(sql, VALUES) == sent
