"""Reading the documentation's Markdown: tables, code blocks, links, headings."""

from __future__ import annotations

import pathlib
import re

import attrs

ROOT = pathlib.Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").glob("**/README.md")),
]
_BLOCK = re.compile(
    r"^(?:<!-- ([^\n]+) -->\n\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
_FILE = re.compile(r"^(?:#|--|//) ([\w./-]+\.\w+)\n")
_NOT_RUN = "not run: "


@attrs.frozen
class Block:
    """A fenced code block and where it starts."""

    page: pathlib.Path
    line: int
    language: str
    text: str
    remark: str = ""

    @property
    def name(self) -> str:
        """The block's place, for test ids."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def file(self) -> str:
        """The file that the first line names in a comment; empty where none."""
        match = _FILE.match(self.text)
        return match[1] if match else ""

    @property
    def fails(self) -> bool:
        """Whether its command is to fail."""
        return self.remark == "fails"

    @property
    def reason(self) -> str:
        """Why it is not run; empty where it is."""
        return self.remark.removeprefix(_NOT_RUN) if _NOT_RUN in self.remark else ""


def blocks(page: pathlib.Path) -> list[Block]:
    """Return the fenced code blocks of a page, with the comment before each."""
    text = page.read_text()
    return [
        Block(
            page,
            line=text[: match.start(2)].count("\n") + 1,
            language=match[2],
            text=match[3],
            remark=match[1] or "",
        )
        for match in _BLOCK.finditer(text)
    ]


def table_after(text: str, marker: str) -> list[list[str]]:
    """Return the rows of the first table after a marker, without its head."""
    rows = []
    for line in text.split(marker, 1)[1].splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
        elif rows:
            break
    return [[cell.strip("| ") for cell in row] for row in rows[2:]]


def anchors(page: pathlib.Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }


def links(page: pathlib.Path) -> list[str]:
    """Return the targets of a page's links, code left out."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"`[^`\n]*`", "", text)
    return re.findall(r"\]\(([^)\s]+)\)", text)
