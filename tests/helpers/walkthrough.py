"""Following a page literally: files are written, commands run, output is compared.

A page says where in comments, which no reader sees:

``<!-- follow: new -->`` starts in a new folder, ``<!-- follow: examples/alembic -->``
in a copy of that folder; ``, live`` behind it sets `DATABASE_URL` to a database.
``<!-- fails -->`` before a block says that its last command is to fail, and
``<!-- not run: REASON -->`` that the block is not to be run.

A block whose first line is a comment with the name of a file is written there.
Commands run as they stand. `text` is what the command before it printed, or, where
it starts with a dollar sign, the command and what it prints; a line with an ellipsis
stands for any lines.
"""

from __future__ import annotations

import collections.abc as cabc
import itertools
import os
import pathlib
import re
import shutil
import subprocess
import sys

import attrs

from tests.helpers.markdown import ROOT, Block, blocks

RUN = {"sh", "text"}
_PLACE = re.compile(r"^<!-- follow: ([\w/-]+)(, live)? -->$", re.MULTILINE)
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_RESULT = re.compile(r"^=+ (.+) in \d+\.\d+s =+$", re.MULTILINE)

# They bring the extras that they are told to, and no others.
_ISOLATED = """\
case "$*" in *\\[all\\]*|*wiring*) ;; *) export PYTHONPATH={without_wiring} ;; esac
while case "$1" in pytest|pytest-userstate) false ;; esac; do shift; done
exec "$@\""""
_WITHOUT_WIRING = 'import sys\nsys.modules["ast_grep_py"] = None\n'

# What the commands of a page find in place of what would be downloaded.
_TOOLS = {
    "pytest": 'exec {python} -m pytest -p no:benchmark -p no:hypothesispytest "$@"',
    "pytest-userstate": (
        "exec {python} -c 'import sys; from pytest_userstate.console import main;"
        ' sys.exit(main())\' "$@"'
    ),
    "uvx": _ISOLATED,
    "pipx": _ISOLATED,
    "pip": 'test "$1" = install',
    "alembic": 'exec {python} -m alembic "$@"',
    "python": 'exec {python} "$@"',
    "psql": """exec {python} -c '
import pathlib, sys, psycopg
url, option, value = sys.argv[1:]
sql = value if option == "--command" else pathlib.Path(value).read_text()
psycopg.connect(url, autocommit=True).execute(sql)' "$@" """,
}


@attrs.frozen
class Story:
    """The blocks that a reader follows in one folder."""

    place: str
    live: bool
    blocks: tuple[Block, ...]

    @property
    def name(self) -> str:
        """Where it starts, for test ids."""
        return self.blocks[0].name


def stories(page: pathlib.Path) -> cabc.Iterator[Story]:
    """Yield what a page tells its readers to do."""
    text = page.read_text()
    places = list(_PLACE.finditer(text))
    starts = [text[: place.start()].count("\n") for place in places]
    lines = itertools.pairwise([*starts, text.count("\n")])
    for place, (start, end) in zip(places, lines, strict=True):
        told = (each for each in blocks(page) if start < each.line <= end)
        found = tuple(b for b in told if not b.reason and (b.file or b.language in RUN))
        yield Story(place[1], live=bool(place[2]), blocks=found)


@attrs.define
class Reader:
    """Somebody who does what a page says, in a folder of their own."""

    folder: pathlib.Path
    tools: pathlib.Path
    variables: dict[str, str] = attrs.field(factory=dict)
    printed: str = ""

    def start(self, place: str) -> None:
        """Make the folder: a new one, or a copy of this one in our repository."""
        if place == "new":
            self.folder.mkdir()
        else:
            shutil.copytree(ROOT / place, self.folder)
            self.run("git init --quiet .")

    def follow(self, story: Story) -> None:
        """Do all of it."""
        __tracebackhide__ = True
        self.start(story.place)
        for block in story.blocks:
            if block.file:
                self._write(block)
            elif block.language == "sh":
                self._obey(block, block.text)
            elif block.text.startswith("$ "):
                command, _, output = block.text.partition("\n")
                self._obey(block, command.removeprefix("$ "))
                self._compare(block, output)
            else:
                self._compare(block, block.text)

    def run(self, commands: str) -> int:
        """Have a shell run commands; return its exit status."""
        kept = {k: v for k, v in os.environ.items() if k in {"HOME", "TMPDIR"}}
        path = f"{self.tools}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [shutil.which("bash") or "bash", "-euo", "pipefail", "-c", commands],
            cwd=self.folder,
            env={**kept, "PATH": path, "COLUMNS": "80", **self.variables},
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        self.printed = done.stdout
        return done.returncode

    def _write(self, block: Block) -> None:
        path = self.folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)

    def _obey(self, block: Block, commands: str) -> None:
        __tracebackhide__ = True
        failed = self.run(commands) != 0
        assert failed == block.fails, f"{block.name}\n{commands}\n{self.printed}"

    def _compare(self, block: Block, excerpt: str) -> None:
        __tracebackhide__ = True
        output = _settled(self.printed)
        for part in re.split(r"^…\n", _settled(excerpt), flags=re.MULTILINE):
            place = output.find(part)
            assert place >= 0, f"{block.name}, not printed:\n{part}\n{self.printed}"
            output = output[place + len(part) :]


def _settled(text: str) -> str:
    """Leave out what is of one machine or run: versions, seconds, and their frame."""
    return _VERSION.sub("VERSION", _RESULT.sub(r"\1", text))


def install(tools: pathlib.Path) -> None:
    """Write the programs that the pages call."""
    without_wiring = tools / "without-wiring"
    without_wiring.mkdir()
    (without_wiring / "sitecustomize.py").write_text(_WITHOUT_WIRING)
    for name, command in _TOOLS.items():
        program = tools / name
        filled = command.format(python=sys.executable, without_wiring=without_wiring)
        program.write_text(f"#!/bin/sh\n{filled}\n")
        program.chmod(0o755)
