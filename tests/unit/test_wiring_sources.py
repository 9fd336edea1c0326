"""Which source files are read, and what is said about those that are not."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess

import pytest

from tests.helpers.wiring import PORT, scan, uses, write

USE = "build(FixtureUserInterests())\n"


@pytest.mark.parametrize(
    "name",
    [
        "node_modules/x/main.py",
        ".venv/main.py",
        "target/debug/main.py",
        "app/migrations/0001_initial.py",
        "vendor/main.py",
        "app/tests/main.py",
        "integration-tests/main.py",
        "app/main.txt",
    ],
)
def test_what_is_no_source_is_left_out(tmp_path: pathlib.Path, name: str) -> None:
    """Dependencies, products, migrations, tests, and hidden folders."""
    (port,) = scan(tmp_path, {name: USE, "app/other.py": ""}).ports
    assert port.state == "not_probed"


@pytest.mark.parametrize("name", ["contest/main.py", "app/latest.py", "fixtures/a.py"])
def test_what_only_sounds_like_a_test_is_read(
    tmp_path: pathlib.Path, name: str
) -> None:
    """Adapters may well stand in a folder of fixtures."""
    (port,) = scan(tmp_path, {name: USE}).ports
    assert uses(port) == [f"FixtureUserInterests {name}:1"]


def test_sources_narrow_where_it_is_looked(tmp_path: pathlib.Path) -> None:
    """Folders, or files; what is named itself is read whatever it is called."""
    files = {"tests/main.py": USE, "app/main.py": USE, "app/sub/b.py": USE}
    (port,) = scan(tmp_path, files, sources=("tests", "app/main.py")).ports
    assert uses(port) == [
        "FixtureUserInterests app/main.py:1",
        "FixtureUserInterests tests/main.py:1",
    ]
    assert "in tests, app/main.py through" in port.finding


def test_without_sources_nothing_is_claimed(tmp_path: pathlib.Path) -> None:
    """A repository in a language that is not read was not probed."""
    (port,) = scan(tmp_path, {"main.rb": USE}, port=PORT, reason="R").ports
    assert (port.state, port.reason, port.facts) == ("not_probed", "R", ())
    assert port.finding == (
        "UserInterestsCommand is not probed: the repository holds no source of a "
        "language that is read"
    )


def test_what_does_not_parse_is_told_and_read(tmp_path: pathlib.Path) -> None:
    """The first line that is wrong, and the use beside it."""
    broken = "def f(:\n    return FixtureUserInterests()\n"
    wiring = scan(tmp_path, {"app/main.py": "x = 1\n\n" + broken})
    assert uses(wiring.ports[0]) == ["FixtureUserInterests app/main.py:4"]
    assert wiring.warnings == (
        (
            "app/main.py:3: not valid Python, or newer than the parser; the wiring was "
            "read from the rest"
        ),
    )


def test_a_token_that_is_missing_is_told(tmp_path: pathlib.Path) -> None:
    """A parser that makes one up does not call it an error."""
    code = "class A {\n  void f() { run(new FixtureUserInterests()) }\n}\n"
    wiring = scan(tmp_path, {"src/A.java": code})
    assert wiring.warnings[0].startswith("src/A.java:2: not valid Java")
    assert wiring.ports[0].state == "fixture_backed"


def test_files_without_a_name_are_not_parsed(tmp_path: pathlib.Path) -> None:
    """What is broken elsewhere is nobody's business here."""
    assert scan(tmp_path, {"app/main.py": "def f(:\n"}).warnings == ()


def test_what_is_not_utf_8_is_told_and_read(tmp_path: pathlib.Path) -> None:
    """The line, and the use; a mark of UTF-8 or UTF-16 is no fault."""
    latin = "# caf\n# caf\xe9\n".encode("latin-1") + USE.encode()
    files = {
        "a.py": latin,
        "b.py": USE.encode("utf-8-sig"),
        "c.py": USE.encode("utf-16"),
    }
    wiring = scan(tmp_path, files)
    assert uses(wiring.ports[0]) == [
        "FixtureUserInterests a.py:3",
        "FixtureUserInterests b.py:1",
        "FixtureUserInterests c.py:1",
    ]
    assert wiring.warnings == (
        (
            "a.py:2: not UTF-8; it was read for the wiring all the same, with a "
            "placeholder for each other character"
        ),
    )


def test_a_huge_file_is_told_and_not_read(tmp_path: pathlib.Path) -> None:
    """What nobody wrote by hand."""
    wiring = scan(tmp_path, {"app/main.py": USE, "app/data.py": "#" * 3 * 2**20})
    assert wiring.warnings == (
        (
            "app/data.py has more than 1 MiB: such a source is taken for "
            "generated, and was not read for the wiring"
        ),
    )


def test_links_are_not_followed(tmp_path: pathlib.Path) -> None:
    """Neither to folders above, which would never end, nor to files elsewhere."""
    write(tmp_path, {"elsewhere/main.py": USE, "repo/app/main.py": ""})
    repo = tmp_path / "repo"
    (repo / "loop").symlink_to(repo, target_is_directory=True)
    (repo / "link.py").symlink_to(tmp_path / "elsewhere/main.py")
    os.mkfifo(repo / "pipe.py")
    (port,) = scan(repo, {}).ports
    assert port.state == "not_probed"


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")
def test_what_git_ignores_is_left_out(tmp_path: pathlib.Path) -> None:
    """Generated files, as each repository names them; unless they are named."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)  # noqa: S607
    files = {".gitignore": "generated.py\n", "generated.py": USE, "main.py": USE}
    (port,) = scan(tmp_path, files).ports
    assert uses(port) == ["FixtureUserInterests main.py:1"]
    (port,) = scan(tmp_path, {}, sources=("generated.py",)).ports
    assert uses(port) == ["FixtureUserInterests generated.py:1"]


def test_the_same_sources_say_the_same(tmp_path: pathlib.Path) -> None:
    """In whatever order the folders are listed."""
    files = {f"app/{name}/main.py": USE for name in "zyxab"}
    first, second = scan(tmp_path, files), scan(tmp_path, {})
    assert first == second
    assert uses(first.ports[0]) == [
        f"FixtureUserInterests app/{name}/main.py:1" for name in "abxyz"
    ]
