"""User code type-checks in mypy's strict mode, and misuse does not."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
ERROR = re.compile(r"(?P<file>\w+\.py):(?P<line>\d+): error: .*\[(?P<code>[\w-]+)\]$")

Errors = dict[str, list[tuple[int, str]]]


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> Errors:
    """Check both files as users of the installed package would."""
    folder = tmp_path_factory.mktemp("mypy")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--no-error-summary"),
            *("--config-file=", f"--cache-dir={folder}"),
            *(HERE / "user_code.py", HERE / "misuse.py"),
        ],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    assert not done.stderr
    found: Errors = {"user_code.py": [], "misuse.py": []}
    for line in done.stdout.splitlines():
        if match := ERROR.search(line):
            found[match["file"]].append((int(match["line"]), match["code"]))
        else:
            assert ": note: " in line, line
    return found


def test_user_code_is_accepted(errors: Errors) -> None:
    """Every keyword, fixture and value, without a cast or an ignored error."""
    assert errors["user_code.py"] == []


def test_misuse_is_seen_before_the_test_runs(errors: Errors) -> None:
    """An editor underlines exactly these lines."""
    lines = (HERE / "misuse.py").read_text().splitlines()
    expected = {
        (number, found[1])
        for number, line in enumerate(lines, 1)
        if (found := re.search(r"# error: ([\w-]+)$", line))
    }
    assert expected <= set(errors["misuse.py"])
    assert {line for line, _ in errors["misuse.py"]} == {line for line, _ in expected}
