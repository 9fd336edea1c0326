"""Every test that the page on security names exists."""

from __future__ import annotations

import ast
import re

import pytest

from tests.helpers.markdown import ROOT

TEXT = (ROOT / "docs/security.md").read_text()
TESTS = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)


@pytest.mark.parametrize(("path", "name"), TESTS)
def test_the_test_exists(path: str, name: str) -> None:
    """In the file that the page names, as a function or a method."""
    tree = ast.parse((ROOT / path).read_text())
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert name in names


def test_every_promise_has_a_test() -> None:
    """Each row of the table ends with one, and no test is named twice."""
    rows = re.findall(
        r"^\| (?!---|promise)(.+) \|$",
        TEXT.partition("## Tests of these promises")[2],
        re.MULTILINE,
    )
    assert len(rows) == len(set(TESTS)) > 20
