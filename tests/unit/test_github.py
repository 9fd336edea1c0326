"""Annotations and the job summary on GitHub."""

from __future__ import annotations

import pathlib
import typing as typ

import attrs
import pytest

from pytest_userstate.application.comparison import Comparison
from pytest_userstate.application.reporting.document import document_of
from pytest_userstate.application.reporting.findings import finding_of
from pytest_userstate.application.reporting.github import (
    Annotation,
    annotations_of,
    fitted,
)
from pytest_userstate.application.run_record import (
    DocumentCheck,
    DocumentStatus,
    RunFailure,
    RunRecord,
)
from pytest_userstate.application.wording import inert, wrap
from pytest_userstate.domain.difference import Change
from pytest_userstate.domain.errors import ToolError
from pytest_userstate.domain.evidence import Evidence, EvidenceKind
from pytest_userstate.domain.gate import Acceptance, GatePolicy
from pytest_userstate.domain.snapshot import Column, DroppedObject, Source, Table
from pytest_userstate.inbound.publishing import annotate
from pytest_userstate.outbound.github import GitHubJob, github_job
from tests.helpers.documents import finished
from tests.helpers.schemas import TOKENS, join_table, preferences, table

CONFIGURATION = Source("userstate.toml")
USERS = table("users", "id", "display_name")
SIGNS = (
    "(- only in the migrations, + only in the live database, ! the migrations != "
    "the live database)"
)
OUTDATED = "a.md is old (- as committed, + as audited):\n  - a\n  + b"
VANISHED = (
    "these checks did not run, although nothing on the command line left them out: "
    "a.b\nlook at addopts, the ini file, conftest.py hooks, and plugins"
)
SHA = "0123456789abcdef0123456789abcdef01234567"


def told(record: RunRecord) -> list[Annotation]:
    """Return what is annotated of a run."""
    return list(annotations_of(document_of(record), CONFIGURATION))


def test_a_failed_check_points_at_what_contradicts() -> None:
    """The first fact with a source that speaks against it."""
    made = Source("m/2.sql", 4)
    dual = attrs.evolve(join_table(), source=made)
    record = finished(USERS, preferences(TOKENS["not null"]), dual)
    found = {each.title: each for each in told(record)}
    login = "login.schema: migration required"
    interests = "interests.schema: migration required"
    assert list(found) == [login, interests]
    assert found[interests].source == made
    assert found[login].source == CONFIGURATION
    reason, head, *steps = found[login].message.splitlines()
    assert reason.startswith("no storage of login")
    assert head == "to do, one of these:"
    assert steps[0] == "- write a migration that adds what is missing"
    assert len(steps) == 4


def test_a_check_points_at_the_table_that_lacks_something() -> None:
    """The migration that made the table is where somebody begins to read."""
    made = Source("m/1.sql", 4)
    users = attrs.evolve(USERS, source=made)
    login = told(finished(users, preferences(TOKENS["not null"])))[0]
    assert login.title.startswith("login.schema")
    assert login.source == made


def test_a_check_points_at_its_table_rather_than_at_a_near_miss_elsewhere() -> None:
    """A column of another table says little about the one that lacks it."""
    made = Source("m/2.sql", 4)
    interests = attrs.evolve(join_table(), source=made)
    record = finished(USERS, interests)
    assert record.audit is not None
    verdict = record.audit.verdict("interests.revision")
    elsewhere = Evidence(
        kind=EvidenceKind.NEAR_MISS,
        subject="public.users.revision",
        source=Source("m/1.sql", 2),
    )
    evidence = (*verdict.check.evidence, elsewhere)
    check = attrs.evolve(verdict.check, evidence=evidence)
    finding = finding_of(attrs.evolve(verdict, check=check), report=record.audit.report)
    assert finding.source == made


def test_what_is_accepted_or_deferred_is_no_annotation() -> None:
    """There is nothing to do about it now."""
    gate = GatePolicy(
        acceptances=[
            Acceptance(check="login.schema", reason="x"),
            Acceptance(check="interests.schema", reason="x"),
        ]
    )
    record = finished(USERS, preferences(), join_table(), gate=gate)
    assert {str(each) for each in record.outcomes.values()} >= {"accepted", "deferred"}
    assert told(record) == []


def test_an_acceptance_that_no_longer_stands_points_at_the_configuration() -> None:
    """That is where it has to be removed."""
    gate = GatePolicy(acceptances=[Acceptance(check="users.schema", reason="x")])
    record = finished(USERS, gate=gate)
    found = next(each for each in told(record) if each.title.startswith("users"))
    assert found.source == CONFIGURATION
    assert found.message.startswith("the accepted gap is closed")


def compared(**facts: typ.Any) -> list[Annotation]:
    """Return what is annotated of a comparison beside checks that are left out."""
    comparison = Comparison(
        name="drift",
        reference="x",
        before="the migrations",
        after="the live database",
        expected="x",
        remedy="mend it",
        **facts,
    )
    record = finished(USERS)
    assert record.audit
    return told(
        attrs.evolve(
            record,
            audit=attrs.evolve(record.audit, comparisons=(comparison,)),
            outcomes={"drift": comparison.outcome},
        )
    )


def test_drift_points_at_the_first_migration_that_is_known() -> None:
    """And says what differs; that there is no answer is told as a failure is."""
    made = Source("m/2.sql", 4)
    dropped = DroppedObject(schema="public", table="b", source=made)
    changes = (
        Change(what="table", subject="public.a", before=None, after=Table("a")),
        Change(
            what="table",
            subject="public.b",
            before=None,
            after=Table("b"),
            dropped=dropped,
        ),
    )
    (drift,) = compared(changes=changes)
    assert drift.title == "drift: 2 differences"
    assert drift.message.splitlines() == [
        "2 tables",
        "compared with x",
        SIGNS,
        "+ table public.a with 0 columns",
        "+ table public.b with 0 columns  [dropped by m/2.sql:4]",
        "mend it",
    ]
    assert drift.source == made
    (broken,) = compared(error="no route")
    assert (broken.title, broken.message) == ("user-state audit", "no route")
    assert compared() == []


def test_failures_vanished_checks_and_documents_are_annotated() -> None:
    """Whatever makes the run red; each at some file."""
    source = Source("m/1.sql", 3)
    failure = RunFailure(kind="tool", message="no\nway", source=source)
    document = DocumentCheck(
        path="a.md",
        status=DocumentStatus.OUTDATED,
        message="a.md is old",
        difference=("- a", "+ b"),
        source=Source("docs/a.md"),
    )
    record = RunRecord(
        failure=failure, vanished=("a.b",), contradicted=("c.d",), documents=(document,)
    )
    assert [(each.title, each.message, each.source) for each in told(record)] == [
        ("user-state audit", "no\nway", source),
        ("checks did not run", VANISHED, CONFIGURATION),
        (
            "checks were reported otherwise than the gate decided",
            "these checks were reported otherwise than the gate decided: c.d",
            CONFIGURATION,
        ),
        (
            "committed report",
            "a.md is old (- as committed, + as audited):\n  - a\n  + b",
            Source("docs/a.md"),
        ),
    ]


def test_annotations_are_one_line_whatever_they_say() -> None:
    """Escaped as GitHub's toolkit does: the line and the properties hold."""
    annotation = Annotation(
        level="error",
        title="a,b::c:d",
        message="100%\r\n::stop-commands::x,y",
        source=Source("a,b:c%\n.sql", 7),
    )
    assert annotation.command() == (
        "::error file=a%2Cb%3Ac%25%0A.sql,line=7,title=a%2Cb%3A%3Ac%3Ad"
        "::100%25%0D%0A::stop-commands::x,y"
    )
    bare = Annotation(level="warning", title="t", message="m")
    assert bare.command() == "::warning title=t::m"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("::error::x", r"\::error::x"),
        ("  ::set-output name=x::y", r"  \::set-output name=x::y"),
        ("\t::stop-commands::x", "\t\\::stop-commands::x"),
        ("a ##[error]b", r"a ##\[error]b"),
        ("userstate.toml::login.schema", "userstate.toml::login.schema"),
        ("\x1b]0;title\x07 \x9b2J", r"\u001b]0;title\u0007 \u009b2J"),
        ("\u202enevig\u2066\u200b", r"\u202enevig\u2066\u200b"),
        ("\r::error::x", r"\u000d\::error::x"),
    ],
)
def test_no_line_of_ours_is_a_command(line: str, shown: str) -> None:
    """Neither for a runner nor for a terminal, wherever a name comes to stand."""
    assert inert(line) == shown


def test_wrapping_makes_no_commands() -> None:
    """A name may come to the start of a line by being wrapped."""
    lines = wrap("x" * 75 + " ::add-mask::secret")
    assert lines[-1] == r"  \::add-mask::secret"


def test_a_document_that_fits_is_left_alone() -> None:
    """Its bytes count, not its letters."""
    assert fitted("ü\n", 3) == "ü\n"
    assert fitted("ü\n", 2) == ""


def test_a_document_that_is_too_long_is_cut_between_lines() -> None:
    """A note says so, and no letter is cut in two."""
    text = "# head\n" + "ü" * 50 + "\n" + "tail\n" * 200
    for room in range(200, 260):
        cut = fitted(text, room)
        assert len(cut.encode()) <= room
        kept, note = cut.split("\n\n---\n\n")
        assert text.startswith(kept + "\n")
        assert "does not fit" in note


def test_no_code_block_is_left_open() -> None:
    """The note would be swallowed by it."""
    text = "# head\n\n```mermaid\n" + "line\n" * 100 + "```\n"
    assert fitted(text, 300).startswith("# head\n\n---\n")


class Repository:
    """A repository in a folder, and the environment of a job in it."""

    def __init__(self, path: pathlib.Path, audited: str = ".") -> None:
        """Make it."""
        (path / ".git").mkdir(parents=True)
        (path / audited).mkdir(parents=True, exist_ok=True)
        self.summary = path.parent / "summary.md"
        self.environment = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(path),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_REPOSITORY": "owner/name",
            "GITHUB_SHA": SHA,
        }
        self.audited = path / audited

    def job(self, **changes: str) -> GitHubJob:
        """Return the job."""
        found = github_job({**self.environment, **changes}, self.audited)
        assert found
        return found


@pytest.fixture
def repository(tmp_path: pathlib.Path) -> Repository:
    """Return a repository of which a folder is audited."""
    return Repository(tmp_path / "work", "backend")


def test_elsewhere_there_is_no_job(repository: Repository) -> None:
    """Only GitHub says that it is GitHub."""
    assert github_job({}, repository.audited) is None
    assert github_job({"GITHUB_ACTIONS": "false"}, repository.audited) is None


def test_files_are_named_from_the_workspace(repository: Repository) -> None:
    """Those outside are not named."""
    job = repository.job()
    assert job.place("m/1.sql") == "backend/m/1.sql"
    assert job.place("../m/1.sql") == "m/1.sql"
    assert job.place("../../m/1.sql") is None
    assert repository.job(GITHUB_WORKSPACE="").place("m/1.sql") is None


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, f"https://github.com/owner/name/blob/{SHA}/"),
        (
            {"GITHUB_SERVER_URL": "https://git.example.org"},
            f"https://git.example.org/owner/name/blob/{SHA}/",
        ),
        ({"GITHUB_SERVER_URL": "javascript:x"}, None),
        ({"GITHUB_REPOSITORY": "a)b/c"}, None),
        ({"GITHUB_SHA": "main"}, None),
        ({"GITHUB_WORKSPACE": "/"}, None),
    ],
)
def test_links_lead_to_the_files_of_the_commit(
    repository: Repository, changes: dict[str, str], url: str | None
) -> None:
    """None where it is not certain that they would."""
    assert repository.job(**changes).files_url == url


def test_the_document_is_appended_to_the_summary(repository: Repository) -> None:
    """With links to the commit, after what other steps wrote."""
    repository.summary.write_text("before")
    made = Source("m/1.sql", 2)
    users = Table("users", [Column("id", "uuid")], source=made)
    lines = annotate(repository.job(), finished(users), Source("userstate.toml"))
    told = repository.summary.read_text()
    assert told.startswith("before\n# User-state audit\n")
    assert len(lines) == len([line for line in lines if line.startswith("::error ")])
    root = f"https://github.com/owner/name/blob/{SHA}/backend"
    assert f"[migrations]({root}/migrations)" in told


def test_annotations_name_files_from_the_workspace(repository: Repository) -> None:
    """And those outside in the message."""
    dual = [preferences(TOKENS["not null"]), join_table()]
    for path, start in (
        ("m/1.sql", "::error file=backend/m/1.sql,line=2,title=interests.schema"),
        ("../../m/1.sql", "::error title=interests.schema"),
    ):
        tables = [attrs.evolve(each, source=Source(path, 2)) for each in dual]
        lines = annotate(repository.job(), finished(USERS, *tables))
        found = next(line for line in lines if "interests.schema" in line)
        assert found.startswith(start)
        assert (f"::{path}:2: interests is" in found) is path.startswith("..")


def test_the_limit_counts_what_is_there_already(repository: Repository) -> None:
    """A summary beyond GitHub's limit would not be shown at all."""
    repository.summary.write_bytes(b"x" * (1024 * 1024 - 500))
    annotate(repository.job(), finished(USERS))
    told = repository.summary.read_text()
    assert len(told) <= 1024 * 1024
    assert "does not fit into a job summary" in told


def test_a_summary_that_cannot_be_written_is_a_warning(repository: Repository) -> None:
    """The run is not red for it."""
    repository.summary.mkdir()
    lines = annotate(repository.job(), finished(USERS))
    assert lines[-1].startswith("::warning title=user-state audit::the job summary ")
    with pytest.raises(ToolError, match="cannot be written: Is a directory"):
        repository.job().append("x")


def test_without_a_summary_there_are_annotations_only(repository: Repository) -> None:
    """Older runners, or a service that resembles GitHub."""
    assert annotate(repository.job(GITHUB_STEP_SUMMARY=""), finished(USERS))
    assert not repository.summary.exists()
