"""The HTML page in a real browser, if there is one: styled, filtered, and closed."""

from __future__ import annotations

import html
import json
import pathlib
import re
import shutil
import subprocess
import typing as typ

import pytest

from pytest_userstate.application.reporting.html_report import render
from tests.helpers.documents import IN_DOCS, finished
from tests.helpers.schemas import join_table, preferences, table

NAMES = ("chromium-headless-shell", "chromium", "google-chrome", "chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")

# What an attacker would add, if a name could add anything.
ATTACK = (
    "<script>document.body.dataset.attacked = 'yes'</script>"
    "<style>body { display: none }</style><img src='http://127.0.0.1:9/x.png'>"
)
PROBE = """<script>
const seen = selector => [...document.querySelectorAll(selector)]
  .filter(found => found.checkVisibility() && getComputedStyle(found).opacity == 1);
const about = () => ({
  rows: seen('.matrix tbody tr').length,
  findings: seen('main details[id]').map(found => found.id),
  tables: seen('svg .table').length,
  narrow: document.documentElement.scrollWidth <= window.innerWidth,
});
const all = about();
document.getElementById('only-e4').checked = true;
const filtered = about();
document.body.textContent = JSON.stringify({all, filtered});
</script>"""


def dumped(page: str, folder: pathlib.Path, width: int = 1400) -> str:
    """Return the document that a browser makes of a page."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    command = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--disable-component-update",
        "--disable-sync", f"--user-data-dir={folder / 'profile'}",
        f"--window-size={width},900", "--dump-dom", file.as_uri(),
    ]  # fmt: skip
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=60
    ).stdout


@pytest.fixture(scope="module")
def page() -> str:
    """Return the page of an audit of two storages."""
    users = table("users", "id", "display_name")
    return render(finished(users, preferences(), join_table()), IN_DOCS)


def test_a_browser_reads_the_page_as_it_was_written(
    page: str, tmp_path: pathlib.Path
) -> None:
    """It corrects nothing; and what somebody could add to it does nothing."""
    seen = dumped(page.replace("</body>", f"{ATTACK}</body>"), tmp_path)
    assert "data-attacked" not in seen
    assert re.findall(r"<(\w+)", page) == re.findall(
        r"<(\w+)", seen.partition("<script>")[0]
    )


@pytest.mark.parametrize("width", [400, 1400])
def test_the_page_can_be_filtered(
    page: str, tmp_path: pathlib.Path, width: int
) -> None:
    """By an entity, without a script; and it is never wider than the window."""
    open_page = re.sub(r"<meta http-equiv[^>]*>", "", page)
    seen = dumped(open_page.replace("</body>", f"{PROBE}</body>"), tmp_path, width)
    body = re.search(r"<body[^>]*>(\{.*\})\s*</body>", seen, re.DOTALL)
    assert body, seen[-300:]
    result: dict[str, typ.Any] = json.loads(html.unescape(body[1]))
    everything, filtered = result["all"], result["filtered"]
    assert (everything["rows"], everything["tables"]) == (4, 3)
    assert len(everything["findings"]) == 10
    assert (filtered["rows"], filtered["tables"]) == (1, 2)
    assert {name.partition(".")[0] for name in filtered["findings"]} == {"interests"}
    assert everything["narrow"]
