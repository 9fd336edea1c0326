"""Variables are replaced as goose's own library replaces them."""

from __future__ import annotations

import pytest

from pytest_userstate.outbound.migrations.tools.goose import (
    InterpolationError,
    interpolated,
)

VARIABLES = {"NAME": "value", "EMPTY": "", "É1_x": "é", "HOST": "localhost"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("no variable; 100 %", "no variable; 100 %"),
        ("$NAME", "value"),
        ("a${NAME}b$NAME.", "avalueb" + "value."),
        ("$É1_x-", "é-"),
        ("${EMPTY}|${EMPTY:-default}|${EMPTY-default}", "|default|"),
        ("${NO:-a b}", "a b"),
        ("${NO-}", ""),
        ("${HOST:-4}", "localhost"),  # a default, as in a shell
        ("$$NAME \\$NAME \\\\NAME $(NAME)", "$NAME $NAME \\\\NAME $(NAME)"),
        ("$$body$$", "$body$"),  # which is what goose makes of a dollar quote
        ("ends in $", "ends in $"),
    ],
)
def test_what_a_text_becomes(text: str, expected: str) -> None:
    """Names, defaults, and dollar signs that are meant."""
    assert interpolated(text, VARIABLES) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a ${NO} b", "the variable NO is not set"),
        ("$NO", "the variable NO is not set"),
        ("$1", "'$1' begins no variable"),
        ("$_a", "'$_a' begins no variable"),
        ("${}", "'${}' begins no variable"),
        ("x ${NAME y", "'${NAME' begins no variable"),
        ("${NAME:0:2}", "begins no variable that is read here"),
        ("${NO?who owns it}", "begins no variable that is read here"),
        ("${NO:-${NAME}}", "begins no variable that is read here"),
    ],
)
def test_what_cannot_be_replaced(text: str, problem: str) -> None:
    """The variable is named, or what is wrong about the dollar sign."""
    with pytest.raises(InterpolationError) as caught:
        interpolated(text, VARIABLES)
    assert problem in str(caught.value)
