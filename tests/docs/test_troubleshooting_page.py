"""Every message that the page explains is one that the code can give."""

from __future__ import annotations

import ast
import collections.abc as cabc
import functools
import pathlib
import re

import pytest

import pytest_userstate
from tests.helpers.markdown import ROOT

TEXT = (ROOT / "docs/troubleshooting.md").read_text()
MESSAGES = re.findall(r"^### `(.+)`$", TEXT, re.MULTILINE)
# What PostgreSQL says, and what the code adds to it.
POSTGRES = {
    "permission denied": "Migrations run as an ordinary role",
    'must be able to SET ROLE "…"': "Migrations run as an ordinary role",
    'role "…" does not exist': "Something else creates that role.",
}


def texts(tree: ast.AST) -> cabc.Iterator[str]:
    """Yield the strings of a module, what is filled in as an ellipsis."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (
                p.value if isinstance(p, ast.Constant) else "…" for p in node.values
            )
            yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"{[^{}]*}", "…", node.value)


@functools.cache
def templates() -> tuple[str, ...]:
    """Return all strings of the package, each on one line."""
    modules = pathlib.Path(pytest_userstate.__file__).parent.rglob("*.py")
    trees = (ast.parse(module.read_text()) for module in modules)
    return tuple(" ".join(text.split()) for tree in trees for text in texts(tree))


@pytest.mark.parametrize("message", MESSAGES)
def test_the_message_is_one_of_ours(message: str) -> None:
    """Some template says it, or adds to what PostgreSQL says."""
    ours = POSTGRES.get(message, message)
    pattern = re.compile(".+".join(map(re.escape, ours.split("…"))))
    assert any(pattern.search(each) for each in templates()), message


def test_there_are_messages() -> None:
    """The heads were found, so that the test above can fail."""
    assert len(MESSAGES) > 20
