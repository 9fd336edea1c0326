"""What all messages have in common, read from the sources."""

from __future__ import annotations

import pathlib
import re

import pytest_userstate

PACKAGE = pathlib.Path(pytest_userstate.__file__).parent
PROSE = re.compile(r"(?:, | on | at |\()line \{")


def test_no_message_writes_a_place_in_prose() -> None:
    """A place is written `path:line`, which terminals and editors make a link of."""
    modules = sorted(PACKAGE.rglob("*.py"))
    prose = [path for path in modules if PROSE.search(path.read_text("utf-8"))]
    assert (len(modules) > 50, prose) == (True, [])
