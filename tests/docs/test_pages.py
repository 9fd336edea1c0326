"""Code blocks run, links resolve, and every page can be reached."""

from __future__ import annotations

import json
import pathlib
import re
import shlex
import sys
import tomllib
import types

import pytest

from pytest_userstate.application.targets import target_tables
from tests.helpers.markdown import PAGES, ROOT, Block, anchors, blocks, links
from tests.helpers.walkthrough import stories

RECORDS = sorted((ROOT / "examples").glob("*/docs/*.md"))
BLOCKS = [block for page in PAGES for block in blocks(page)]
MAKE_TARGETS = set(
    re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
)
FOLLOWED = {
    block for page in PAGES for story in stories(page) for block in story.blocks
}

# Blocks that other tests run: a page's of this language, by that module.
ELSEWHERE = {
    ("docs/adr-008-assertion-form.md", "text"): "docs/test_assertions_page.py",
    ("docs/advisories.md", "sql"): "docs/test_advisories_page.py",
    ("docs/assertions.md", "text"): "docs/test_assertions_page.py",
    ("docs/ci.md", "sh"): "plugin/test_examples.py",
    ("docs/ci.md", "yaml"): "docs/test_ci_files.py",
    ("docs/steps.md", "gherkin"): "docs/test_steps_page.py",
    ("docs/troubleshooting.md", "sql"): "integration/test_dumps.py",
}
# Here: each by the test of its language below.
HERE = {"toml", "python", "mermaid"}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_every_block_is_run(block: Block) -> None:
    """By a reader who follows the page, by a test of its own, or for a reason not."""
    page = str(block.page.relative_to(ROOT))
    example = page.startswith("examples/") and block.language == "sh"
    assert (
        block in FOLLOWED
        or block.reason
        or block.language in HERE
        or (ROOT / "tests" / ELSEWHERE.get((page, block.language), "none")).exists()
        or (example and "pytest --userstate-audit" in block.text)
    ), f"nobody runs the {block.language} at {block.name}"


@pytest.mark.parametrize(
    "block",
    [b for b in BLOCKS if b.language == "toml" and b.file in {"", "userstate.toml"}],
    ids=lambda block: block.name,
)
def test_configuration_blocks_can_be_used(block: Block) -> None:
    """Every configuration that a page shows is one that the audit accepts."""
    for target in target_tables(tomllib.loads(block.text), file="x"):
        target.settings(file="x")


@pytest.mark.parametrize(
    "block", [b for b in BLOCKS if b.language == "python"], ids=lambda block: block.name
)
def test_python_blocks_run(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every Python example runs as it stands."""
    example = types.ModuleType("example")  # annotations are resolved in it
    monkeypatch.setitem(sys.modules, "example", example)
    exec(compile(block.text, block.name, "exec"), vars(example))  # noqa: S102 - ours


@pytest.mark.parametrize(
    "block", [b for b in BLOCKS if b.language == "sh"], ids=lambda block: block.name
)
def test_shell_blocks_name_what_exists(block: Block) -> None:
    """Every make target and every option of ours that a page types exists."""
    text = block.text.replace("\\\n", " ")
    for command in text.splitlines():
        if command.startswith("make "):
            targets = [w for w in shlex.split(command)[1:] if "=" not in w]
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
    listed = {*links(ROOT / "docs/contents.md")} - {"../examples/README.md"}
    files = (page for page in (ROOT / "docs").iterdir() if page.is_file())
    pages = {page.name for page in files} - {"contents.md"}
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
