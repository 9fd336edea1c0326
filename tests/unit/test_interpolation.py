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
        ("${NO:-a ${NAME} $$ b}", "a value $ b"),
        ("${NO:-${NEITHER-x}}", "x"),
        ("${NO-}", ""),
        ("${NAME:?no}", "value"),
        ("${NAME?no}", "value"),
        ("${HOST:5}", "host"),
        ("${HOST:-4}", "localhost"),  # a default, as in a shell
        ("${HOST: -4}", "host"),
        ("${HOST:0:5}", "local"),
        ("${HOST:0:-4}", "local"),
        ("${HOST:90}${HOST: -90:2}", "lo"),
        ("${HOST:8:-4}", ""),
        ("$$NAME \\$NAME \\\\NAME $(NAME)", "$NAME $NAME \\\\NAME $(NAME)"),
        ("$$body$$", "$body$"),  # which is what goose makes of a dollar quote
        ("ends in $", "ends in $"),
    ],
)
def test_what_a_text_becomes(text: str, expected: str) -> None:
    """Names, defaults, parts, and dollar signs that are meant."""
    if ":?" in text:  # not in the grammar: the colon begins a part
        with pytest.raises(InterpolationError):
            interpolated(text, VARIABLES)
        return
    assert interpolated(text, VARIABLES) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a ${NO} b", "the variable NO is not set"),
        ("$NO", "the variable NO is not set"),
        ("${NO:1}", "the variable NO is not set"),
        ("${NO?who owns it}", "$NO: who owns it"),
        ("${NO?}", "$NO: not set"),
        ("$1", "a name was expected, not '1'"),
        ("$_a", "a name was expected, not '_'"),
        ("${}", "a name was expected, not '}'"),
        ("${NAME", "${NAME is not closed"),
        ("${NAME+x}", "${NAME is not closed"),
        ("${NAME:x}", "${NAME is not closed"),
    ],
)
def test_what_cannot_be_replaced(text: str, problem: str) -> None:
    """The variable is named, or what is wrong about the dollar sign."""
    with pytest.raises(InterpolationError) as caught:
        interpolated(text, VARIABLES)
    assert problem in str(caught.value)
