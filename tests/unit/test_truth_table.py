"""The decision table over the cross product of what schemas look like.

Each test is a block of the product; it loops inside and lists every
combination that disagrees with the oracle.
"""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from pytest_userstate.domain.coverage import Axis
from pytest_userstate.domain.gate import GatePolicy, judge
from pytest_userstate.domain.model import (
    AuditModel,
    Canonical,
    Entity,
    Revisions,
    StorageModel,
)
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot, Source, Table
from pytest_userstate.domain.wiring import Wiring
from pytest_userstate.domain.writes import TableWrite, TableWrites
from tests.helpers import oracle
from tests.helpers.oracle import Answer, Stored
from tests.helpers.schemas import (
    TOKENS,
    join_table,
    model_with,
    only,
    preferences,
    table,
)
from tests.helpers.verdicts import disagreements, report_all

CREDENTIALS = ("password_hash", "password_digest", "credential_hash")
CREDENTIAL_TABLES = ("user_credentials", "login_credentials", "credentials")
CANONICAL = (None, "preferences", "join_table")
COVERED = Answer("covered", "not_required")
MISSING = Answer("missing", "required")
AMBIGUOUS = Answer("ambiguous", "required")
PERSISTED = Answer("credentials_persisted", "not_required")
NO_CREDENTIALS = Answer("missing_credential_storage", "required")

Built = tuple[Table, Stored] | None


# --- login, users and profile -------------------------------------------------


USERS = [
    (),
    *(
        (*columns, *credential)
        for columns in (("id", "display_name"), ("id",), ("display_name",))
        for credential in ((), *((name,) for name in CREDENTIALS), CREDENTIALS[1:])
    ),
]


CREDENTIAL_SHAPES = [
    (),
    ("user_id",),
    *((name,) for name in CREDENTIALS),
    *(("user_id", name) for name in CREDENTIALS),
]


@pytest.mark.parametrize("users", USERS, ids=lambda each: ",".join(each) or "absent")
def test_login_is_stored_in_any_credential_column_or_table(
    users: tuple[str, ...],
) -> None:
    """One credential column of users will do, or one of a table with user_id."""
    model = only("login")
    found = []
    for shapes in itertools.product(CREDENTIAL_SHAPES, repeat=3):
        tables = [table("users", *users)] if users else []
        in_users = bool({*users} & {*CREDENTIALS})
        stored = [Stored("public.users", "users", in_users)]
        for name, columns in zip(CREDENTIAL_TABLES, shapes, strict=True):
            if columns:
                tables.append(table(name, *columns))
            complete = "user_id" in columns and bool({*columns} & {*CREDENTIALS})
            stored.append(Stored(f"public.{name}", "credentials", complete))
        answer = oracle.schema(stored, words=oracle.LOGIN, several_are_fine=True)
        found += disagreements(
            tables, model, {"login.schema": answer}, oracle.models_of(stored)
        )
    report_all(found)


@pytest.mark.parametrize("users", USERS, ids=lambda each: ",".join(each) or "absent")
@pytest.mark.parametrize("entity", ["users", "profile"])
def test_users_and_profile_need_id_and_display_name(
    entity: str, users: tuple[str, ...]
) -> None:
    """They are covered by a users table with both columns, and by nothing else."""
    is_complete = {"id", "display_name"} <= {*users}
    tables = [table("users", *users)] if users else []
    report_all(
        disagreements(
            [*tables, table("profiles", "id", "display_name"), preferences()],
            only(entity),
            {f"{entity}.schema": COVERED if is_complete else MISSING},
            ["users"] if is_complete else [],
        )
    )


# --- interests ----------------------------------------------------------------


def built(model: str, state: str, token: str, schema: str = "public") -> Built:
    """Return the table of an interests model in a state, and its description."""
    build = preferences if model == "preferences" else join_table
    if state == "absent":
        return None
    without = "" if state == "complete" else state.removeprefix("without ")
    made = build(TOKENS[token], without=without, schema=schema)
    name = f"{schema}.{made.name}"
    return made, Stored(name, model, state == "complete", token)


def interests(stored: list[Stored], canonical: str | None) -> dict[str, Answer]:
    """Return the oracle's answers for interests."""
    return {
        "interests.schema": oracle.schema(stored, canonical),
        "interests.revision": oracle.revision(stored, canonical),
        "interests.conflict": oracle.conflict(stored, canonical),
    }


@pytest.mark.parametrize("canonical", CANONICAL)
@pytest.mark.parametrize(
    "join_state", ["absent", "without user_id", "without theme_id", "complete"]
)
@pytest.mark.parametrize(
    "state", ["absent", "without user_id", "without interest_theme_ids", "complete"]
)
def test_interests_follow_the_decision_table(
    state: str, join_state: str, canonical: str | None
) -> None:
    """Every pair of tables with every pair of revision columns."""
    model = only("interests", model_with(canonical=canonical))
    found = []
    for token, join_token in itertools.product(
        TOKENS if state != "absent" else ["no column"],
        TOKENS if join_state != "absent" else ["no column"],
    ):
        both = [
            built("preferences", state, token),
            built("join_table", join_state, join_token),
        ]
        stored = [each[1] for each in both if each]
        found += disagreements(
            [each[0] for each in both if each],
            model,
            interests(stored, canonical),
            oracle.models_of(stored),
        )
    report_all(found)


IN_A_SCHEMA = [
    ("absent", "no column"),
    ("without user_id", "not null"),
    ("complete", "no column"),
    ("complete", "not null"),
    ("complete", "nullable"),
]
PAIRS_IN_A_SCHEMA = [*itertools.product(IN_A_SCHEMA, repeat=2)]


@pytest.mark.parametrize("canonical", CANONICAL)
@pytest.mark.parametrize("in_public", PAIRS_IN_A_SCHEMA)
def test_the_same_table_in_two_schemas_is_never_pooled(
    in_public: tuple[tuple[str, str], ...], canonical: str | None
) -> None:
    """Each copy stands for itself; two complete ones are ambiguous."""
    model = only(
        "interests", model_with(canonical=canonical, schemas=("public", "app"))
    )
    found = []
    for in_app in PAIRS_IN_A_SCHEMA:
        every = [
            built(name, *shapes[schema], schema=schema)
            for name, shapes in zip(
                ("preferences", "join_table"),
                (
                    {"public": public, "app": app}
                    for public, app in zip(in_public, in_app, strict=True)
                ),
                strict=True,
            )
            for schema in ("public", "app")
        ]
        stored = [each[1] for each in every if each]
        found += disagreements(
            [each[0] for each in every if each],
            model,
            interests(stored, canonical),
            oracle.models_of(stored),
        )
    report_all(found)


@pytest.mark.parametrize(
    ("in_public", "in_auth"),
    list(
        itertools.product(
            [(), ("id",), ("display_name",), ("id", "display_name")], repeat=2
        )
    ),
)
def test_users_in_two_schemas_are_not_pooled_either(
    in_public: tuple[str, ...], in_auth: tuple[str, ...]
) -> None:
    """`id` in one schema and `display_name` in another make no users."""
    wanted = ("id", "display_name")
    tables = [
        table("users", *columns, schema=schema)
        for schema, columns in (("public", in_public), ("auth", in_auth))
        if columns
    ]
    answer = [MISSING, COVERED, AMBIGUOUS][[in_public, in_auth].count(wanted)]
    model = only("users", model_with(schemas=("public", "auth")))
    report_all(disagreements(tables, model, {"users.schema": answer}))


def test_two_copies_of_a_credential_store_are_ambiguous_even_for_login() -> None:
    """Several models of login are fine; two copies of one table are not."""
    model = only("login", model_with(schemas=("public", "auth")))
    copies = [
        table("users", "password_hash", schema=schema) for schema in ("public", "auth")
    ]
    report_all(disagreements(copies, model, {"login.schema": AMBIGUOUS}))
    beside = [
        copies[0],
        table("credentials", "user_id", "password_hash", schema="auth"),
    ]
    report_all(disagreements(beside, model, {"login.schema": PERSISTED}))


# --- a repository's own entity ------------------------------------------------


def consents(*, allow_multiple: bool, canonical: str | None) -> AuditModel:
    """Return a model of one entity with two ways to store it."""
    return AuditModel(
        entities=[
            Entity(
                name="consents",
                allow_multiple=allow_multiple,
                revisions=Revisions.EXPECTED,
                canonical=canonical and Canonical(model=canonical, reason="a reason"),
                models=[
                    StorageModel(
                        name=name,
                        tables=f"consent_{name}",
                        columns=["user_id", "accepted_at"],
                        any_of=[["version", "policy_id"]],
                        revision=["revision", "row_version"],
                    )
                    for name in ("log", "state")
                ],
            )
        ]
    )


OWN_SHAPES: dict[str, tuple[bool, tuple[str, ...]]] = {
    "absent": (False, ()),
    "no group member": (False, ("user_id", "accepted_at")),
    "no accepted_at": (False, ("user_id", "version", "policy_id")),
    "version": (True, ("user_id", "accepted_at", "version")),
    "policy": (True, ("user_id", "accepted_at", "policy_id")),
    "both": (True, ("user_id", "accepted_at", "policy_id", "version")),
}


OWN_PAIRS = [*itertools.product(OWN_SHAPES, repeat=2)]


@pytest.mark.parametrize("canonical", [None, "log", "state"])
@pytest.mark.parametrize(("log", "state"), OWN_PAIRS)
def test_an_entity_of_the_repositorys_own_is_covered_missing_or_ambiguous(
    log: str, state: str, canonical: str | None
) -> None:
    """The same table decides, in the plain words of an own entity."""
    model = consents(allow_multiple=False, canonical=canonical)
    found = []
    for tokens in itertools.product(["no column", "not null", "nullable"], repeat=2):
        tables, stored = [], []
        for name, shape, token in zip(
            ("log", "state"), (log, state), tokens, strict=True
        ):
            is_complete, columns = OWN_SHAPES[shape]
            if columns:
                tables.append(table(f"consent_{name}", *columns, TOKENS[token]))
                stored.append(
                    Stored(f"public.consent_{name}", name, is_complete, token)
                )
        answers = {
            "consents.schema": oracle.schema(stored, canonical, words=oracle.OWN),
            "consents.revision": oracle.revision(stored, canonical, entity="consents"),
            "consents.conflict": oracle.conflict(stored, canonical, entity="consents"),
        }
        found += disagreements(tables, model, answers, oracle.models_of(stored))
    report_all(found)


@pytest.mark.parametrize(("log", "state"), OWN_PAIRS)
def test_an_entity_may_say_that_several_models_are_fine(log: str, state: str) -> None:
    """One complete model covers it, and so do two."""
    tables = [
        table(f"consent_{name}", *OWN_SHAPES[shape][1])
        for name, shape in (("log", log), ("state", state))
        if shape != "absent"
    ]
    is_stored = OWN_SHAPES[log][0] or OWN_SHAPES[state][0]
    answer = COVERED if is_stored else MISSING
    model = consents(allow_multiple=True, canonical=None)
    report_all(disagreements(tables, model, {"consents.schema": answer}))


# --- everything together ------------------------------------------------------


def test_entities_do_not_disturb_each_other() -> None:
    """A coarse cross product over all of them, in one schema each."""
    found = []
    own = consents(allow_multiple=False, canonical=None).entities[0]
    sso = Entity(name="login", models=(), expected=False, reason="single sign-on")
    users_shapes: list[tuple[str, ...]] = [
        (),
        ("id", "display_name"),
        ("id", "password_hash"),
    ]
    states = [
        ("absent", "no column"),
        ("without user_id", "no column"),
        ("complete", "no column"),
        ("complete", "not null"),
    ]
    for users, credentials, canonical, expects_login, log in itertools.product(
        users_shapes, (False, True), CANONICAL, (True, False), ("absent", "both")
    ):
        rows = [own] if expects_login else [own, sso]
        model = model_with(*rows, canonical=canonical)
        tables = [table("users", *users)] if users else []
        if credentials:
            tables.append(table("user_credentials", "user_id", "credential_hash"))
        if log != "absent":
            tables.append(table("consent_log", *OWN_SHAPES[log][1]))
        stores_login = credentials or "password_hash" in users
        covers_users = COVERED if "display_name" in users else MISSING
        others = {
            "users.schema": covers_users,
            "profile.schema": covers_users,
            "consents.schema": COVERED if log != "absent" else MISSING,
        }
        if expects_login:
            others["login.schema"] = PERSISTED if stores_login else NO_CREDENTIALS
        for shape, join_shape in itertools.product(states, repeat=2):
            both = [built("preferences", *shape), built("join_table", *join_shape)]
            found += disagreements(
                [*tables, *(each[0] for each in both if each)],
                model,
                others | interests([each[1] for each in both if each], canonical),
            )
    report_all(found)


WRITTEN = {
    "nothing": (),
    "beside": ("unit_system",),
    "content": ("interest_theme_ids",),
}


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("gated", [True, False])
def test_writes_follow_the_decision_table(token: str, *, gated: bool) -> None:
    """Every kind of write of every kind of revision column, and the gate with it."""
    tables = [preferences(TOKENS[token], "unit_system")]
    stored = Stored(
        "public.user_preferences", "preferences", is_complete=True, token=token
    )
    answer = oracle.conflict([stored], None)
    found = []
    kinds = itertools.product(WRITTEN, *[(True, False)] * 4)
    for written, raises, compares, is_versioned, is_unread in kinds:
        columns = (*WRITTEN[written], *(["revision"] if raises else []))
        write = TableWrite(
            table="user_preferences",
            source=Source("store.py", 1),
            statement="UPDATE",
            columns=columns,
            compared=["revision"] if compares else [],
            is_versioned=is_versioned,
            unread="a reason" if is_unread else "",
        )
        report = UserStateSchemaAuditReport.evaluate(
            SchemaSnapshot(tables),
            model=only("interests"),
            wiring=Wiring(writes=TableWrites(found=[write], looked_in=["src"])),
        )
        is_safe = is_versioned or (raises if compares else is_unread)
        bypasses = (
            answer.coverage == "detectable" and written == "content" and not is_safe
        )
        coverage = "bypassed" if bypasses else answer.coverage
        axes = Axis if gated else [Axis.SCHEMA]
        verdicts = judge(report, GatePolicy(axes=axes), today=dt.date(2027, 3, 31))
        verdict = next(v for v in verdicts if v.check.axis is Axis.CONFLICT)
        fails = bypasses or answer.decision == "required"
        outcome = ("failed" if fails else "passed") if gated else "not_gated"
        check = verdict.check
        actual = (check.coverage, check.decision, verdict.outcome)
        if actual != (coverage, answer.decision, outcome):
            found.append(f"{write}: {actual}, not {(coverage, answer, outcome)}")
    report_all(found)


def test_an_entity_that_is_not_expected_has_no_checks() -> None:
    """Its whole row is not applicable, with the reason, whatever the schema."""
    sso = Entity(name="login", models=(), expected=False, reason="single sign-on")
    for tables in ([], [table("users", "id", "password_hash")]):
        report = UserStateSchemaAuditReport.evaluate(
            SchemaSnapshot(tables), model=model_with(sso)
        )
        assert not [each for each in report.checks if each.entity == "login"]
        row = [each for each in report.not_applicable if each.entity == "login"]
        assert [str(each.axis) for each in row] == [
            "schema",
            "wiring",
            "revision",
            "conflict",
        ]
        assert all("single sign-on" in each.reason for each in row)
