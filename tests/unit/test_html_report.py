"""The HTML page: its structure, its links, and names that mean harm."""

from __future__ import annotations

import functools

import attrs
import pytest

from pytest_userstate.application.reporting.html_report import render
from pytest_userstate.application.reporting.markdown import Links
from pytest_userstate.application.run_record import RunFailure, RunRecord
from pytest_userstate.domain.coverage import RuntimeWiring
from pytest_userstate.domain.downstream import WorkItem
from pytest_userstate.domain.drafts import DraftFile, VerifiedDraft
from pytest_userstate.domain.gate import Acceptance, GatePolicy, Outcome
from pytest_userstate.domain.model import DEFAULT_MODEL, Entity, StorageModel
from pytest_userstate.domain.snapshot import (
    Column,
    ForeignKey,
    KeyConstraint,
    Source,
    Table,
)
from pytest_userstate.domain.user_state import Advisory
from pytest_userstate.domain.wiring import PortWiring, Wiring
from tests.helpers.documents import IN_DOCS, finished
from tests.helpers.pages import Page
from tests.helpers.schemas import model_with, preferences

MADE = Source("migrations/001_users.sql", 7)
USERS = Table(
    "users",
    [Column("id", "uuid", source=MADE), Column("display_name", "text", source=MADE)],
    primary_key=KeyConstraint(name="users_pkey", columns=["id"], source=MADE),
    source=MADE,
)
PREFERENCES = attrs.evolve(
    preferences(Column("revision", "integer")),
    foreign_keys=[
        ForeignKey(
            name="fk", columns=["user_id"], target_table="users", target_columns=["id"]
        )
    ],
    source=Source("migrations/002.sql", 1),
)


def page(*tables: Table, links: Links = IN_DOCS, **about: object) -> Page:
    """Return the checked page about these tables."""
    return checked(finished(*tables, **about), links)  # type: ignore[arg-type]


def checked(record: RunRecord, links: Links = IN_DOCS) -> Page:
    """Return the page of a run, of which everything holds that always has to."""
    result = Page(render(record, links))
    result.check()
    return result


def tags(parsed: Page, name: str) -> list[dict[str, str | None]]:
    """Return the attributes of each tag of a name."""
    return [attributes for tag, attributes in parsed.tags if tag == name]


def said(parsed: Page) -> str:
    """Return the text of a page, on one line."""
    return " ".join("".join(parsed.text).split())


def test_all_sections_are_in_the_contents() -> None:
    """The page begins with what fails, and ends with how it was found."""
    parsed = page(USERS, PREFERENCES)
    anchors = [href for href in parsed.values("href") if href.startswith("#")]
    assert anchors[:9] == [
        "#matrix",
        "#what-fails",
        "#other-findings",
        "#decisions",
        "#architecture-decisions",
        "#accepted-gaps",
        "#user-state-tables",
        "#timeline",
        "#scope-and-method",
    ]


def test_cells_of_the_matrix_lead_to_their_findings() -> None:
    """Each says its outcome in words, and has a class for its colour."""
    parsed = page(USERS)
    hrefs = parsed.values("href")
    assert {"#users.schema", "#login.wiring", "#interests.conflict"} <= {*hrefs}
    cells = [cell.get("class") for cell in tags(parsed, "td")]
    assert {"passed", "failed", "deferred", "not_gated", "none"} <= {*cells}
    assert "missing credential storage ✗ failed" in said(parsed)
    assert "covered ✓ passed" in said(parsed)


def test_tables_have_headers_with_their_scope() -> None:
    """So that a screen reader can name the row and the column of a cell."""
    parsed = page(USERS)
    assert {cell.get("scope") for cell in tags(parsed, "th")} == {"row", "col"}
    assert not [cell for cell in tags(parsed, "th") if not cell.get("scope")]


def test_evidence_leads_to_the_migration_in_the_timeline() -> None:
    """And from there to the file."""
    parsed = page(USERS)
    assert "#migration-migrations-001_users.sql" in parsed.values("href")
    assert "../migrations/001_users.sql" in parsed.values("href")
    assert "uuid (migrations/001_users.sql:7)" in said(parsed)
    event = (
        "introduced table public.users with columns display_name, id; constraint "
        "users_pkey migrations/001_users.sql:7"
    )
    assert event in said(parsed)


def test_a_source_that_is_no_migration_leads_to_its_file() -> None:
    """The wiring, for instance."""
    port = PortWiring(
        entity="users",
        port="UsersQuery",
        state=RuntimeWiring.FIXTURE_BACKED,
        reason="later",
        sources=[Source("src/main.rs", 3)],
    )
    parsed = page(USERS, wiring=Wiring([port]))
    assert "../src/main.rs" in parsed.values("href")
    assert "src/main.rs:3" in said(parsed)


def test_a_page_outside_of_the_repository_has_no_links_to_files() -> None:
    """Its links to the timeline still work."""
    hrefs = page(USERS, links=Links()).values("href")
    assert hrefs
    assert all(href.startswith("#") for href in hrefs)


def test_each_entity_can_be_filtered() -> None:
    """Without a script: a radio button, and a class of what belongs to it."""
    parsed = page(USERS, PREFERENCES)
    buttons = [button["id"] for button in tags(parsed, "input")]
    assert buttons == ["only-e0", "only-e1", "only-e2", "only-e3", "only-e4"]
    assert "body:has(#only-e4:checked) .of:not(.e4)" in parsed.source
    belonging = {
        (tag, classes)
        for tag, attributes in parsed.tags
        if "e4" in (classes := attributes.get("class") or "").split()
    }
    assert ("tr", "of e4") in belonging
    assert ("g", "table of e4") in belonging
    assert ("g", "edge of e4") in belonging
    assert ("li", "of e4") in belonging
    assert ("details", "passed of e4") in belonging
    assert ("li", "introduced of e4") in belonging


def test_the_diagram_has_tables_columns_keys_and_revisions() -> None:
    """As a picture, and as tables for those who cannot see it."""
    parsed = page(USERS, PREFERENCES)
    shown = said(parsed)
    assert "public.user_preferences" in shown
    assert shown.count("public.user_preferences (user_id) refers to public.users") == 1
    assert len([r for r in tags(parsed, "rect") if r.get("class") == "revision"]) == 1
    assert "public.user_preferences revision integer revision" in shown
    assert "public.user_preferences user_id public.users any number of rows" in shown


def test_findings_that_fail_are_open() -> None:
    """With what to do; the others are folded."""
    folds = {fold.get("id"): "open" in fold for fold in tags(page(USERS), "details")}
    assert folds["login.schema"]
    assert not folds["users.schema"]


def test_a_draft_keeps_its_lines() -> None:
    """As a listing, in which nothing is markup."""
    sql = "ALTER TABLE a\n    ADD b text DEFAULT '<script>';\n"
    draft = VerifiedDraft(
        check="login.schema",
        closes=("login.schema",),
        files=(DraftFile(path="migrations/9.sql", text=sql),),
    )
    parsed = page(USERS, drafts=(draft,))
    assert "ALTER TABLE a\n    ADD b text DEFAULT '<script>';" in "".join(parsed.text)


def test_advisories_and_downstream_work_are_sections() -> None:
    """As in Markdown."""
    advisory = Advisory(code="US101", subject="public.users.x", message="look & see")
    work = WorkItem(id="1.2", title="Log in", needs=["login.schema"])
    parsed = page(USERS, advisories=(advisory,), downstream=(work,))
    assert {"#advisories", "#downstream-work"} <= {*parsed.values("href")}
    assert "US101 public.users.x Look & see." in said(parsed)
    assert "1.2 Log in: blocked by login.schema" in said(parsed)


def test_an_error_is_shown_with_its_lines() -> None:
    """There is nothing to filter then, and no contents."""
    failure = RunFailure(kind="tool", message="it broke\n  at <b>")
    parsed = checked(RunRecord(failure=failure))
    assert "it broke\n  at <b>" in "".join(parsed.text)
    assert not tags(parsed, "nav") + tags(parsed, "input")


def test_entities_of_one_name_with_others_parts_have_places_of_their_own() -> None:
    """An anchor is given once, whatever two names become."""
    tables = [
        Table("a b", [Column("x", "int", source=Source("m/a b.sql", 1))]),
        Table("a-b", [Column("x", "int", source=Source("m/a-b.sql", 1))]),
    ]
    models = [StorageModel(name=t.name, tables=t.name, columns=["x"]) for t in tables]
    parsed = page(*tables, model=model_with(Entity(name="odd", models=models)))
    ids = parsed.values("id")
    assert {"migration-m-a-b.sql", "migration-m-a-b.sql-2"} <= {*ids}


def test_same_input_same_bytes() -> None:
    """The order in which facts were found is not seen."""
    tables = [USERS, PREFERENCES]
    forwards, backwards = page(*tables), page(*reversed(tables))
    assert forwards.source == backwards.source


HOSTILE = [
    "</style><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</title></svg></pre></table>",
    "<!-- x",
    "]]>",
    "&lt;b&gt;&#x3c;",
    "a\u2028\u202eb\x00\x1b[2J",
    "http://evil.example/x",
    "x" * 500,
]


@functools.cache
def hostile(name: str) -> Page:
    """Return a page on which everything has this name."""
    source = Source(f"migrations/{name}", 3)
    reference = ForeignKey(
        name=name, columns=[name], target_table=name, target_columns=[name]
    )
    port = PortWiring(
        entity="users", port=name, state=RuntimeWiring.UNWIRED, reason=name
    )
    users = [Column("id", name, source=source), Column("display_name", "text")]
    held = preferences(Column("revision", "integer"), name)
    record = finished(
        Table("users", users, source=source),
        attrs.evolve(held, foreign_keys=[reference]),
        Table(name, [Column(name, name)]),
        gate=GatePolicy(acceptances=[Acceptance(check="login.schema", reason=name)]),
        downstream=(WorkItem(id=name, title=name, needs=["login.schema"]),),
        wiring=Wiring([port]),
        warnings=(name,),
        stubs=(name,),
        advisories=(Advisory(code="US101", subject=name, message=name, source=source),),
        drafts=(
            VerifiedDraft(
                check="login.schema",
                closes=(name,),
                files=(DraftFile(path=name, text=name),),
            ),
        ),
    )
    return checked(record)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_no_name_forges_the_page(name: str) -> None:
    """Elements and attributes are those of a harmless name, and it can be read."""

    def skeleton(parsed: Page) -> list[str]:
        # Names that are cut have a title with all of their letters.
        return [tag for tag in parsed.skeleton if tag != "title "]

    assert skeleton(hostile(name)) == skeleton(hostile("harmless"))
    if name.isprintable():
        assert name[:30] in said(hostile(name))


def test_outcomes_that_are_no_verdicts_have_words_too() -> None:
    """A check that was deselected, or that ended in an error."""
    record = finished(USERS)
    outcomes = {
        **record.outcomes,
        "users.schema": Outcome.DESELECTED,
        "users.wiring": Outcome.ERROR,
    }
    shown = said(checked(attrs.evolve(record, outcomes=outcomes)))
    assert "covered deselected" in shown
    assert "not probed ✗ error" in shown


def test_an_entity_that_is_not_expected_has_no_finding() -> None:
    """Its row says why."""
    login = DEFAULT_MODEL.entity("login")
    assert login
    model = model_with(attrs.evolve(login, expected=False, reason="single <sign> on"))
    parsed = page(USERS, model=model)
    assert "#login.schema" not in parsed.values("href")
    assert "n/a (login): not expected: single <sign> on" in said(parsed)


def test_each_target_is_a_part_of_the_page() -> None:
    """Under its name, with its status; one filter is for all of them."""
    targets = [
        attrs.evolve(finished(*tables), name=name)
        for name, tables in (("shop", (USERS,)), ("billing", ()))
    ]
    parsed = checked(RunRecord(targets=tuple(targets)))
    hrefs = parsed.values("href")
    assert {"#shop", "#billing", "#matrix", "#matrix-2"} <= {*hrefs}
    assert len(tags(parsed, "input")) == 5
    assert len([t for t in tags(parsed, "table") if t.get("class") == "matrix"]) == 2
    assert len(tags(parsed, "h1")) == 1
    assert [tag for tag, _ in parsed.tags if tag in {"h1", "h2"}] == ["h1", "h2", "h2"]
