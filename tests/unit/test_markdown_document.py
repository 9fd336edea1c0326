"""The Markdown document: its sections, its links, and names that mean harm."""

from __future__ import annotations

import datetime as dt
import re

import attrs
import pytest

from pytest_userstate.application.reporting.markdown import (
    Links,
    code,
    links_at,
    plain,
    render,
    sentence,
    table,
    text,
)
from pytest_userstate.application.run_record import RunFailure, RunRecord
from pytest_userstate.domain.coverage import RuntimeWiring
from pytest_userstate.domain.downstream import WorkItem
from pytest_userstate.domain.drafts import DraftFile, VerifiedDraft
from pytest_userstate.domain.gate import Acceptance, GatePolicy, Outcome
from pytest_userstate.domain.model import DEFAULT_MODEL
from pytest_userstate.domain.ports import ReportPlace
from pytest_userstate.domain.snapshot import Column, ForeignKey, Source, Table
from pytest_userstate.domain.wiring import PortWiring, Wiring
from tests.helpers.documents import IN_DOCS, TARGET, finished, page, section
from tests.helpers.schemas import TOKENS, join_table, model_with, preferences
from tests.helpers.schemas import table as relation

HEADINGS = [
    "Scope and method",
    "Matrix",
    "Findings",
    "Decisions",
    "Architecture decisions",
    "Accepted gaps",
    "User-state tables",
    "Timeline",
]
MADE = Source("migrations/001_users.sql", 7)
USERS = Table(
    "users",
    [Column("id", "uuid", source=MADE), Column("display_name", "text", source=MADE)],
    source=MADE,
)


def test_sections_stand_in_their_order() -> None:
    """Sections with nothing in them are left out."""
    assert re.findall(r"^## (.+)$", page(USERS), re.MULTILINE) == HEADINGS


def test_the_scope_says_what_was_audited_and_what_was_not() -> None:
    """Migrations, server, axes, models, schemas, limits."""
    told = section(page(USERS, stubs=("pgcrypto",)), "Scope and method")
    assert "[migrations](../migrations), plain layout, 3 applied" in told
    assert "PostgreSQL 18.6" in told
    assert "declared without their code: `pgcrypto`" in told
    assert "| wiring | does the running program use what is stored? | no |" in told
    assert "| users | `users`: table `users` with `id` and `display_name` |" in told
    assert "tables of `public`, by exact names" in told
    assert "- rows: only the schema was read, no data" in told
    assert "- the wiring of login, users, profile, and interests, which was" in told


def test_a_live_database_is_described_as_one() -> None:
    """There are no migrations then, and no digest."""
    target = attrs.evolve(TARGET, kind="dsn", path=None, layout=None, digest=None)
    told = section(page(USERS, target=target), "Scope and method")
    assert "- A live database, read in place, in one read-only transaction" in told
    assert "Migrations" not in told
    assert "Digest" not in told


def test_the_matrix_is_whole() -> None:
    """Every cell has a word, and those that are no checks a reason."""
    login = DEFAULT_MODEL.entity("login")
    assert login
    model = model_with(attrs.evolve(login, expected=False, reason="single sign-on"))
    told = section(page(USERS, preferences(), model=model), "Matrix")
    assert "| login | n/a | n/a | n/a | n/a |" in told
    assert (
        "| interests | canonical preferences | not probed | untracked | absent |"
        in told
    )
    assert "- n/a (login): not expected: single sign-on" in told
    assert "- n/a (users, profile): the model expects no revisions" in told


def test_findings_link_to_the_line_that_made_them() -> None:
    """Relative to the document, and each fact once."""
    told = section(page(USERS), "Findings")
    link = "[migrations/001_users.sql:7](../migrations/001_users.sql#L7)"
    assert f"- `public.users.id` is there: uuid ({link})" in told
    users = told.split("### users.schema\n")[1].split("\n### ")[0]
    assert len(re.findall(r"^- ", users, re.MULTILINE)) == 3


def test_each_fact_is_told_once() -> None:
    """Where several storages are complete, a fact is part of several groups."""
    told = page(
        relation("users", "password_hash", "password_digest"),
        relation("credentials", "user_id", "password_hash"),
    )
    facts = told.split("### login.schema\n")[1].split("\n### ")[0]
    lines = re.findall(r"^- .+", facts, re.MULTILINE)
    assert len(lines) == len(set(lines)) > 4


def test_a_failing_check_says_why_where_that_is_not_plain() -> None:
    """An acceptance that no longer stands is told with the finding."""
    gate = GatePolicy(acceptances=[Acceptance(check="users.schema", reason="soon")])
    told = section(page(USERS, gate=gate), "Findings")
    assert "outcome: failed (the accepted gap is closed: remove" in told


def test_a_draft_is_with_the_checks_that_it_closes() -> None:
    """In the finding of its check; that of another one names it."""
    draft = VerifiedDraft(
        check="login.schema",
        closes=("login.schema", "interests.schema"),
        files=(DraftFile(path="migrations/4.sql", text="CREATE TABLE a ();\n"),),
    )
    told = section(page(USERS, drafts=(draft,)), "Findings")
    login, interests = (
        told.split(f"### {check}\n")[1].split("\n### ")[0].split("Draft of")[1]
        for check in ("login.schema", "interests.schema")
    )
    assert login.splitlines() == [
        " a migration:",
        "",
        "- draft, verified in a copy: it closes login.schema and interests.schema",
        "",
        "  migrations/4.sql:",
        "",
        "  ```text",
        "  CREATE TABLE a ();",
        "  ```",
    ]
    assert "- draft: the one of login.schema closes it" in interests


def test_decisions_have_their_rationale_and_prerequisite() -> None:
    """One row for each check that has a decision."""
    told = section(page(preferences(), join_table()), "Decisions")
    row = "| interests storage | `interests.schema` | migration required | Interests is"
    assert row in told
    row = next(line for line in told.splitlines() if "revision tracking" in line)
    assert "| migration deferred until interests.schema is closed |" in row


def test_downstream_work_says_what_blocks_it() -> None:
    """With the reason for each need that is not met, and what to close first."""
    items = (
        WorkItem(id="1.2", title="Read | users", needs=["users.schema"]),
        WorkItem(id="1.", title="Log in", needs=["login.schema"]),
        WorkItem(id="2", title="Log out", needs=["1."]),
    )
    told = section(page(USERS, downstream=items), "Downstream work")
    assert told.splitlines()[2:8] == [
        "- 1.2 Read | users: ready",
        r"- 1\. Log in: blocked by login.schema",
        "  - login.schema: missing credential storage, and a migration is required",
        "- 2 Log out: blocked by 1.",
        "  - 1.: waits in turn for login.schema",
        "",
    ]
    assert told.rstrip().endswith("To close first: login.schema (for 1. and 2).")


def test_accepted_gaps_have_their_reason_and_end() -> None:
    """An acceptance without a date holds until the gap is closed."""
    gate = GatePolicy(
        acceptances=[
            Acceptance(
                check="login.schema", reason="*soon*", until=dt.date(2027, 5, 1)
            ),
            Acceptance(check="interests.schema", reason="later"),
        ]
    )
    told = section(page(USERS, gate=gate), "Accepted gaps")
    assert r"| `login.schema` | migration required | \*soon\* | 2027-05-01 |" in told
    assert "| `interests.schema` | migration required | later | it is closed |" in told


def test_warnings_are_listed() -> None:
    """Only where there are some."""
    told = page(USERS, warnings=("002 is <empty>",))
    assert section(told, "Warnings") == r"- 002 is \<empty\>"


def test_wiring_has_its_rationale_with_the_finding() -> None:
    """No decision follows from it, so that it stands nowhere else."""
    port = PortWiring(
        entity="users",
        port="UsersQuery",
        state=RuntimeWiring.FIXTURE_BACKED,
        reason="later",
        sources=[Source("src/main.rs", 3)],
    )
    told = section(page(USERS, wiring=Wiring([port])), "Findings")
    assert "UsersQuery is declared fixture-backed: later." in told
    assert "([src/main.rs:3](../src/main.rs#L3))" in told


def test_a_partial_audit_says_so() -> None:
    """The counts tell how many checks did not run."""
    record = finished(USERS)
    outcomes = {**record.outcomes, "users.schema": Outcome.DESELECTED}
    told = render(attrs.evolve(record, outcomes=outcomes), IN_DOCS)
    assert "1 deselected" in told
    assert "(partial: not every check ran)" in told


def test_an_error_is_all_there_is_to_tell() -> None:
    """Its lines are shown as they are, however they look."""
    failure = RunFailure(kind="tool", message="it broke\n# <b> `x`")
    told = render(RunRecord(failure=failure), IN_DOCS)
    assert told.endswith("Status: **error**\n\n    it broke\n    # <b> `x`\n")


@pytest.mark.parametrize(
    ("place", "link"),
    [
        (ReportPlace(file="docs/a.md", audited="."), "../m/1.sql"),
        (ReportPlace(file="a.md", audited="."), "m/1.sql"),
        (ReportPlace(file="docs/a.md", audited="backend"), "../backend/m/1.sql"),
        (ReportPlace(file="backend/m/a.md", audited="backend"), "1.sql"),
        (ReportPlace(file="backend/docs/x/a.md", audited="backend"), "../../m/1.sql"),
        (None, None),
    ],
)
def test_links_start_where_the_document_lies(
    place: ReportPlace | None, link: str | None
) -> None:
    """Whatever folder is audited; outside the repository there are none."""
    assert links_at(place).target("m/1.sql") == link


def test_a_document_outside_names_its_sources_without_links() -> None:
    """A link from there could lead anywhere."""
    told = page(USERS, links=Links())
    assert "uuid (migrations/001_users.sql:7)" in told
    assert "](" not in told


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("../out/x.sql", "../out/x.sql"),
        ("../../x.sql", None),
        ("/etc/passwd", None),
        ("a/../../b.sql", "../b.sql"),
        ("javascript:alert(1)", "../backend/javascript%3Aalert%281%29"),
        ("a b/(c)]<d>#e?%.sql", "../backend/a%20b/%28c%29%5D%3Cd%3E%23e%3F%25.sql"),
        ("ü.sql", "../backend/%C3%BC.sql"),
    ],
)
def test_links_lead_into_the_repository_only(path: str, link: str | None) -> None:
    """And nothing in a path ends the link, or is more than a path."""
    assert Links(audited="backend", document="docs").target(path) == link


def test_links_may_start_elsewhere() -> None:
    """A job summary has no place in the repository."""
    links = Links(audited="b", prefix="https://example.org/o/r/blob/c/")
    assert links.target("m/1 2.sql") == "https://example.org/o/r/blob/c/b/m/1%202.sql"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("user_id", "user_id"),
        ("__init__", r"\_\_init\_\_"),
        ("*a* `b` ~~c~~", r"\*a\* \`b\` \~\~c\~\~"),
        ("<img src=x>", r"\<img src=x\>"),
        ("&lt;", r"\&lt;"),
        ("[x](y)", r"\[x\](y)"),
        ("https://evil.example", r"https\://evil.example"),
        ("WWW.evil.example", r"WWW\.evil.example"),
        ("$x$", r"\$x\$"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("3.5.2", "3.5.2"),
        ("# head", r"\# head"),
        ("a\nb\r\n\n# c", "a b # c"),
        ("\u202egnp.exe", r"\\u202egnp.exe"),
        ("\ue000\ue001", r"\\ue000\\ue001"),
        ("a\x1b[31mb\x00", r"a\\u001b\[31mb\\u0000"),
    ],
)
def test_text_is_shown_as_it_is(value: str, shown: str) -> None:
    """Nothing in it is markup, a link, HTML, or invisible."""
    assert text(value) == shown


def test_code_falls_back_to_text() -> None:
    """Where a code span could end early, or a table cell could."""
    assert code("a_b <c>") == "`a_b <c>`"
    assert code("a`b") == r"a\`b"
    assert code("a|b") == "a|b"
    assert table([["h"], [code("a|b")], [code("a\\")]])[2:] == [
        r"| a\|b |",
        "| a\\\\ |",
    ]


def test_sentences_leave_names_alone() -> None:
    """A name keeps its letters; a word begins a sentence."""
    assert sentence("users is there") == "Users is there."
    assert sentence("public.users is there") == "public.users is there."
    assert sentence("no!") == "No!"


HOSTILE = [
    "x](http://evil.example)",
    "x | y |",
    "<script>alert(1)</script>",
    "```\n# forged",
    "x\n\n## Decisions",
    "\u202ex",
    "`x`",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_forges_the_document(name: str) -> None:
    """Headings, rows, links and fences are those of a harmless name."""

    def skeleton(text: str) -> list[str]:
        fenced = re.compile(
            r"^ *(`{3,})text\n.*?^ *\1$", flags=re.MULTILINE | re.DOTALL
        )
        outside = re.sub(r"^    .*$", "", fenced.sub("", text), flags=re.MULTILINE)
        unescaped = re.sub(r"`[^`\n]*`", "", re.sub(r"\\.", "", outside))
        marks = re.compile(
            r"^(?:  )*#+ |^(?:  )*```|^\|.*\|$|\]\(|<[a-z/]|^- |^\d\. ", re.MULTILINE
        )
        return [
            "|" * each.count("|") if each.startswith("|") else each
            for each in marks.findall(unescaped)
        ]

    def hostile(each: str) -> str:
        source = Source(f"migrations/{each}", 3)
        reference = ForeignKey(
            name=each, columns=[each], target_table=each, target_columns=[each]
        )
        port = PortWiring(
            entity="users", port=each, state=RuntimeWiring.UNWIRED, reason=each
        )
        return page(
            Table(
                "users",
                [Column("id", each, source=source), Column("display_name", "text")],
            ),
            attrs.evolve(
                preferences(TOKENS["not null"], each), foreign_keys=[reference]
            ),
            relation(each, each),
            gate=GatePolicy(
                acceptances=[Acceptance(check="login.schema", reason=each)]
            ),
            downstream=(WorkItem(id=each, title=each, needs=["login.schema"]),),
            wiring=Wiring([port]),
            warnings=(each,),
            drafts=(
                VerifiedDraft(
                    check="login.schema",
                    files=(DraftFile(path=each, text=f"{each}\n{each}"),),
                ),
            ),
            stubs=(each,),
        )

    assert skeleton(hostile(name)) == skeleton(hostile("harmless"))
    assert "\u202e" not in hostile(name)


def test_same_input_same_bytes() -> None:
    """The order in which facts were found is not seen."""
    tables = [USERS, preferences(TOKENS["not null"]), join_table()]
    assert page(*tables) == page(*reversed(tables))


def test_no_mark_is_left() -> None:
    """What is marked for comparing is not written."""
    told = page(USERS, stubs=("pgcrypto",))
    assert plain(told) == told
    assert told.replace("\n", "").isprintable()
