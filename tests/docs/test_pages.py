"""Code blocks run, links resolve, and every page can be reached."""

from __future__ import annotations

import json
import pathlib
import re
import tomllib

import pytest

from pytest_userstate.application.configuration.reading import read_document
from pytest_userstate.application.configuration.resolution import settings_of
from tests.helpers.markdown import PAGES, ROOT, Block, anchors, blocks, links

RECORDS = sorted((ROOT / "examples").glob("*/docs/*.md"))
BLOCKS = [block for page in PAGES for block in blocks(page)]
MAKE_TARGETS = set(
    re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
)
KNOWN = {"sh", "toml", "text", "python", "json", "yaml", "mermaid", "gherkin", "sql"}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_code_blocks_name_their_language(block: Block) -> None:
    """A block without a language would be run by nobody."""
    assert block.language in KNOWN


@pytest.mark.parametrize(
    "block", [b for b in BLOCKS if b.language == "toml"], ids=lambda block: block.name
)
def test_configuration_blocks_can_be_used(block: Block) -> None:
    """Every configuration that a page shows is one that the audit accepts."""
    settings_of(read_document(tomllib.loads(block.text), file="x"), file="x")


@pytest.mark.parametrize(
    "block", [b for b in BLOCKS if b.language == "python"], ids=lambda block: block.name
)
def test_python_blocks_run(block: Block) -> None:
    """Every Python example runs as it stands."""
    exec(compile(block.text, block.name, "exec"), {})  # noqa: S102 - our own text


@pytest.mark.parametrize(
    "block", [b for b in BLOCKS if b.language == "sh"], ids=lambda block: block.name
)
def test_shell_blocks_name_what_exists(block: Block) -> None:
    """Every make target and every option of ours that a page types exists."""
    text = block.text.replace("\\\n", " ")
    for command in text.splitlines():
        if command.startswith("make "):
            targets = [w for w in command.split()[1:] if "=" not in w]
            assert set(targets) <= MAKE_TARGETS
    reference = (ROOT / "docs/reference.md").read_text()
    for option in re.findall(r"--userstate-[a-z-]+", text):
        assert option in reference


@pytest.mark.parametrize(
    "page", [*PAGES, *RECORDS], ids=lambda page: str(page.relative_to(ROOT))
)
def test_links_resolve(page: pathlib.Path) -> None:
    """Every link leads to a file that is there, and to a heading in it."""
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page}: {link}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{page}: {link}"


def test_every_page_is_in_the_contents() -> None:
    """No page of docs/ is left out of contents.md."""
    listed = set(links(ROOT / "docs/contents.md"))
    pages = {page.name for page in (ROOT / "docs").iterdir()} - {"contents.md"}
    assert listed == pages


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_prose_is_wrapped(page: pathlib.Path) -> None:
    """Lines of prose have 80 columns at most; tables and code do not count."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    long = [
        line
        for line in text.splitlines()
        if len(line) > 80 and not line.startswith("|") and "](" not in line
    ]
    assert long == []


def test_the_report_schema_is_json() -> None:
    """The published schema can be read."""
    assert json.loads((ROOT / "docs/report.schema.json").read_text())["title"]
