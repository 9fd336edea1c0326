"""The README's first screen; that its excerpt is real, whoever follows it sees."""

from __future__ import annotations

from tests.helpers.markdown import ROOT, blocks


def test_the_first_screen_says_it_all() -> None:
    """The command for a team without Python, and what it prints, without scrolling."""
    command, output, *_ = blocks(ROOT / "README.md")
    assert command.language == "sh"
    assert command.text.startswith("uvx ")
    assert output.line < 15
    assert output.line + output.text.count("\n") < 45
