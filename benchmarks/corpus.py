"""Audit public repositories as a stranger would, and say how far each got.

The repositories of ``corpus.toml`` are looked for in a folder of checkouts or bare
repositories, or else cloned. Each is audited with nothing but the command, and, if that
ends in an error, once more with the line that the message itself offers.

    make corpus ARGS="--in ~/repositories"
    make corpus ARGS="--in ~/mirror --named {owner}+{name}/repo --only ory/hydra"

Nothing of a repository is kept. Those that Alembic or Django migrates are left out
without ``--programs``, since their own code would run, and a `command` that a message
offers is shown, but not run.
"""

from __future__ import annotations

import argparse
import collections.abc as cabc
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap
import tomllib

import attrs

HERE = pathlib.Path(__file__).parent
TIMEOUT = 300  # seconds for one audit
# A line of userstate.toml that a message offers, with the section above it.
OFFERED = re.compile(
    r"^[ \t]*(?:(?P<section>\[[\w.]+\])[ \t]*\n)?[ \t]*"
    r"(?P<line>(?:migrations|schemas|setup|superuser|migration_timeout|server)"
    r"[ \t]*=[ \t]*(?:\"[^\"\n]*\"|'[^'\n]*'|\{[^\n]*\}|\[[^\n]*\]|true|\d+))",
    re.MULTILINE,
)
IN_A_SENTENCE = re.compile(
    r"(?P<section>)(?P<line>migrations = (?:\"[^\"\n]*\"|\{[^{}]*\}))", re.DOTALL
)
NOTHING = "-"


@attrs.frozen
class Repository:
    """A public repository, and what is known about its migrations."""

    name: str
    tool: str
    folders: tuple[str, ...]
    """Where the migrations are: each of these is right."""
    is_program: bool


@attrs.frozen
class Outcome:
    """What one audit of a repository came to."""

    reached: str
    path: str = ""
    layout: str = ""
    applied: int | None = None
    message: str = ""

    def row(self, repository: Repository) -> str:
        """Return the cells about this audit."""
        is_right = self.path in repository.folders
        folder = NOTHING if not self.path else "right" if is_right else f"`{self.path}`"
        applied = NOTHING if self.applied is None else str(self.applied)
        return f"{folder} | {self.layout or NOTHING} | {applied} | {self.reached}"


def repositories(only: cabc.Sequence[str]) -> list[Repository]:
    """Return the list, or the part of it that is asked for."""
    document = tomllib.loads((HERE / "corpus.toml").read_text("utf-8"))
    return [
        Repository(
            name=entry["name"],
            tool=entry["tool"],
            folders=tuple(entry["folders"]),
            is_program=entry.get("program", False),
        )
        for entry in document["repository"]
        if not only or entry["name"] in only
    ]


def check_out(
    repository: Repository, source: pathlib.Path | None, named: str, to: pathlib.Path
) -> bool:
    """Make a work tree of a repository; return whether there is one to be had."""
    owner, _, name = repository.name.partition("/")
    local = source / named.format(owner=owner, name=name) if source else None
    if local is not None and local.is_dir():
        options, address = ["--shared"], str(local)
    elif source is None:
        options, address = ["--depth=1"], f"https://github.com/{repository.name}"
    else:
        return False
    clone = ["git", "clone", "--quiet", "--no-checkout", *options, address, str(to)]
    subprocess.run(clone, check=True)
    # A store may lack large files; git checks nothing out then, so they are skipped.
    git = ["git", "-C", str(to)]
    subprocess.run([*git, "read-tree", "HEAD"], check=True)
    lacking = _lacking(git)
    if lacking:
        skip = [*git, "update-index", "--skip-worktree", "--stdin"]
        subprocess.run(skip, input="\n".join(lacking), text=True, check=True)
    return subprocess.run([*git, "checkout-index", "-qa"], check=False).returncode == 0


def _lacking(git: list[str]) -> list[str]:
    """Return the paths of the files whose content is not in the store."""
    listed = subprocess.run(
        [*git, "ls-files", "--stage"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    entries = [(line.split()[1], line.partition("\t")[2]) for line in listed]
    checked = subprocess.run(
        [*git, "cat-file", "--batch-check"],
        input="\n".join(number for number, _ in entries),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [
        path
        for (_, path), answer in zip(entries, checked, strict=True)
        if answer.endswith("missing")
    ]


def audit(checkout: pathlib.Path, report: pathlib.Path) -> Outcome:
    """Audit a checkout, and read the report."""
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "--userstate-audit", "-q"]
    command += [f"--userstate-report={report}", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run(
            command,
            cwd=checkout,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(f"no end in {TIMEOUT} s")
    if not report.is_file():
        return Outcome("no report", message=done.stdout + done.stderr)
    document = json.loads(report.read_text("utf-8"))
    target = document.get("target") or {}
    error = document.get("error")
    message = error.get("message", "") if isinstance(error, dict) else error or ""
    path = target.get("path", "")
    if document["status"] != "error":
        reached = "verdict"
    elif not path:
        reached = "nothing found"
    else:
        reached = "not applied"
    return Outcome(
        reached, path, target.get("layout", ""), target.get("applied"), message
    )


def offered(message: str) -> str:
    """Return the first line (with its section) that a message offers."""
    match = OFFERED.search(message) or IN_A_SENTENCE.search(message)
    if match is None or "path/to" in match["line"] or "…" in match["line"]:
        return ""
    line = " ".join(match["line"].split())
    # A message may name sections of pyproject.toml; this goes into userstate.toml.
    section = (match["section"] or "").replace("[tool.userstate]", "")
    section = section.replace("[tool.userstate.", "[")
    return f"{section}\n{line}".lstrip()


def run(checkout: pathlib.Path, folder: pathlib.Path) -> tuple[Outcome, str, Outcome]:
    """Audit a checkout, with nothing and with one line; return both, and the line."""
    report = folder / "report.json"
    bare = audit(checkout, report)
    if bare.reached == "verdict":
        return bare, "", bare
    line = offered(bare.message)
    if not line:
        return bare, "", bare
    if "command" in line:
        return bare, line, attrs.evolve(bare, reached="a program to run")
    with (checkout / "userstate.toml").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    return bare, line, audit(checkout, report)


def main() -> None:
    """Audit what was asked for, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--in", dest="source", type=pathlib.Path)
    parser.add_argument("--named", default="{owner}/{name}")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--programs", action="store_true")
    parser.add_argument("--messages", type=pathlib.Path, help="a file for messages")
    options = parser.parse_args()
    print("| repository | tool | folder | layout | applied | reached | with one line |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    counts = {"alone": 0, "with one line": 0, "of": 0}
    for repository in repositories(options.only):
        if repository.is_program and not options.programs:
            continue
        with tempfile.TemporaryDirectory(prefix="userstate-corpus-") as name:
            folder = pathlib.Path(name)
            checkout = folder / "repository"
            if not check_out(repository, options.source, options.named, checkout):
                continue
            bare, line, helped = run(checkout, folder)
        counts["of"] += 1
        counts["alone"] += bare.reached == "verdict"
        counts["with one line"] += helped.reached == "verdict"
        told = f"{helped.reached}: `{line}`" if line else NOTHING
        cells = (
            f"{repository.name} | {repository.tool} | {bare.row(repository)} | {told}"
        )
        print(f"| {cells.replace(chr(10), ' ')} |", flush=True)
        if options.messages:
            with options.messages.open("a", encoding="utf-8") as file:
                for outcome in dict.fromkeys((bare, helped)):
                    text = textwrap.indent(outcome.message, "    ")
                    file.write(f"{repository.name} [{outcome.reached}]\n{text}\n")
    print(
        f"\n{counts['alone']} of {counts['of']} reached a verdict with nothing but the"
        f" command, {counts['with one line']} with one line that the message gave."
    )


if __name__ == "__main__":
    main()
