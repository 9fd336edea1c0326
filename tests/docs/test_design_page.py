"""The pages for those who work on it: diagrams and paths are those of the code."""

from __future__ import annotations

import inspect
import pathlib
import re
import tomllib

import pytest

import pytest_userstate
from pytest_userstate.application import audit
from pytest_userstate.domain.gate import Outcome
from tests.helpers.markdown import PAGES, ROOT, Block, blocks

DESIGN = ROOT / "docs/pytest-userstate-design.md"
PACKAGE = pathlib.Path(pytest_userstate.__file__).parent
GUIDE = ROOT / "docs/developers-guide.md"
DIAGRAMS = [b for page in PAGES for b in blocks(page) if b.language == "mermaid"]

_NAME = r"\w+(?:\[[^]]+\]|\(\[[^]]+\]\)|\{[^}]+\})?"
_NODES = rf"{_NAME}(?: & {_NAME})*"
_ARROW = r"(?:-->|-- [^-]+ -->)"
# What a line of each kind of diagram may be; `end` in a label would close a block.
GRAMMAR = {
    "flowchart": re.compile(rf"(?!.*\bend\b) {{4}}{_NODES}(?: {_ARROW} {_NODES})+"),
    "sequenceDiagram": re.compile(r" {4}(?:participant \w+|\w+--?>>\w+: [^;#]+)"),
}


def diagram(heading: str) -> str:
    """Return the last diagram of a section."""
    section = DESIGN.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found: list[str] = re.findall(r"```mermaid\n(.*?)```", section, re.DOTALL)
    return found[-1]


@pytest.mark.parametrize("block", DIAGRAMS, ids=lambda block: block.name)
def test_diagrams_can_be_drawn(block: Block) -> None:
    """Each line is of the small part of Mermaid that we use."""
    head, *lines = block.text.splitlines()
    grammar = GRAMMAR[head.split()[0]]
    assert [line for line in lines if not grammar.fullmatch(line)] == []


def test_the_layers_are_the_contracts() -> None:
    """The diagram says what import-linter holds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = {
        each["id"]: each for each in project["tool"]["importlinter"]["contracts"]
    }
    drawn = [
        set(layer.split(" & "))
        for line in diagram("The layers").splitlines()[1:]
        for layer in line.strip().split(" --> ")
    ]
    once = [layer for n, layer in enumerate(drawn) if layer not in drawn[:n]]
    assert once == [set(each.split(" | ")) for each in contracts["layers"]["layers"]]


def test_the_gate_is_the_codes() -> None:
    """The diagram ends in every outcome that a verdict can have."""
    drawn = set(
        re.findall(r"--> (\w+)$", diagram("From a schema to a decision"), re.MULTILINE)
    )
    judged = set(Outcome) - {Outcome.SKIPPED, Outcome.ERROR, Outcome.DESELECTED}
    assert drawn == {str(outcome) for outcome in judged}


def test_every_module_is_in_the_table_of_parts() -> None:
    """Or in the package of one that is."""
    parts = re.findall(r"^\| `([\w./]+)` \|", DESIGN.read_text(), re.MULTILINE)
    modules = {
        path.name + "/" * path.is_dir()
        for path in PACKAGE.iterdir()
        if not path.name.startswith("_") and path.name != "py.typed"
    }
    assert modules == {f"{p.split('/')[0]}{'/' * ('/' in p)}" for p in parts}


def test_the_guide_shows_the_audit_itself() -> None:
    """The function is the code's, line by line."""
    assert f"```python\n{inspect.getsource(audit.audit)}```\n" in GUIDE.read_text()


def drawn_layout() -> dict[str, list[str]]:
    """Return the folders that the guide draws, each with what is in it."""
    text = GUIDE.read_text().split("```text\npytest_userstate/\n")[1].split("```")[0]
    folders: dict[str, list[str]] = {"": []}
    folder = ""
    for line in text.splitlines():
        depth, name = len(line) - len(line.lstrip()), line.split()[0]
        folder = "" if depth == 2 else folder
        folders[folder].append(name)
        if depth == 2 and name.endswith("/"):
            folder = name
            folders[folder] = []
    return folders


def test_the_layout_is_the_codes() -> None:
    """Every module and package is drawn, in the folders that are drawn open."""
    for folder, names in drawn_layout().items():
        modules = {
            path.name + "/" * path.is_dir()
            for path in (PACKAGE / folder).iterdir()
            if path.suffix == ".py" or any(path.glob("**/*.py"))
        }
        if folder:
            modules -= {"__init__.py"}
        assert not names or set(names) == modules


@pytest.mark.parametrize("page", [DESIGN, GUIDE], ids=lambda page: page.stem)
def test_paths_exist(page: pathlib.Path) -> None:
    """Whatever the page names in the repository is there."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    names = re.findall(r"`([\w./-]*/[\w./-]*|[\w-]+\.(?:py|sh|md))`", text)
    assert names
    for name in names:
        shown = name.replace("TOOL", "drizzle").replace("LANGUAGE", "rust")
        roots = (ROOT, PACKAGE, PACKAGE.parent)
        places = [*(root / shown for root in roots), *PACKAGE.rglob(shown)]
        assert any(place.exists() for place in places), name
