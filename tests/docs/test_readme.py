"""The README's terminal excerpt is what a user really sees."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys

from tests.helpers.markdown import ROOT, blocks


def test_the_terminal_excerpt_is_real(tmp_path: pathlib.Path) -> None:
    """Each part between ellipses stands in the real output, in this order."""
    shutil.copytree(ROOT / "examples/baseline", tmp_path / "baseline")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--userstate-audit", "--color=no"],
        cwd=tmp_path / "baseline",
        check=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("GITHUB_")},
        capture_output=True,
        text=True,
    )
    output = done.stdout
    excerpt = blocks(ROOT / "README.md")[0].text.removeprefix(
        "$ pytest --userstate-audit\n"
    )
    for part in excerpt.split("…\n"):
        expected = re.sub(r"\d+\.\d+\.\d+", "VERSION", part)
        actual = re.sub(r"\d+\.\d+\.\d+", "VERSION", output)
        place = actual.find(expected)
        assert place >= 0, f"not in the output:\n{part}\n{output}"
        output = output[place:]


def test_the_excerpt_is_on_the_first_screen() -> None:
    """A reader sees it without scrolling."""
    assert blocks(ROOT / "README.md")[0].line < 12
