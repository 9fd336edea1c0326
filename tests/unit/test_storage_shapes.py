"""Models of real schemas: JSON keys, kinds of rows, and a revision elsewhere."""

from __future__ import annotations

import textwrap
import tomllib

import attrs
import pytest

from pytest_userstate import (
    Check,
    ConfigurationError,
    ConflictCoverage,
    Enum,
    EvidenceKind,
    KeyConstraint,
    RevisionCoverage,
    SchemaObject,
    SchemaSnapshot,
    UserStateSchemaAuditReport,
)
from pytest_userstate.application.configuration import read_settings
from pytest_userstate.domain.evidence import holds, substitutes
from pytest_userstate.domain.recognition.recognizing import with_recognized
from tests.helpers.sketched_schemas import sketched_schema

ACCOUNTS = """
    accounts (id:uuid*, email, lock_version:bigint)
    account_settings (account_id:uuid*>accounts, theme, version:bigint)
    account_genres (account_id:uuid*>accounts, genre_id:bigint*>genres)
    genres (id:bigint*, title, version:bigint)
    avatars (account_id:uuid>accounts, version:bigint)
"""


def audited(
    model: str, schema: str | SchemaSnapshot = ACCOUNTS, *, entity: str = "interests"
) -> UserStateSchemaAuditReport:
    """Audit a schema with one model of an entity, written as in the configuration."""
    lines = textwrap.dedent(model)
    text = (
        f"entities.{entity}.replace = true\n"
        f'[[entities.{entity}.models]]\nname = "it"\n{lines}'
    )
    settings = read_settings(tomllib.loads(text), file="userstate.toml")
    snapshot = sketched_schema(schema) if isinstance(schema, str) else schema
    return UserStateSchemaAuditReport.evaluate(snapshot, model=settings.model)


def facts(check: Check, kind: EvidenceKind = EvidenceKind.PRESENT) -> list[str]:
    """Return the facts of a kind, as they are written for people."""
    return [str(fact) for fact in check.evidence if fact.kind is kind]


JSON = """
    table = "users"
    columns = ["id", "settings -> theme"]
"""


def test_a_json_key_is_kept_in_a_column_that_is_there_and_is_data_itself() -> None:
    """The column is a fact of the schema; that the key is in it is not."""
    report = audited(JSON, "users (id:uuid*, settings:jsonb)")
    check = report.check("interests.schema")
    assert check.coverage == "covered"
    assert facts(check)[-1] == "public.users.settings is there: jsonb"
    assert facts(check, EvidenceKind.DECLARED) == [
        (
            "public.users.settings -> theme is declared: keys are data, which no "
            "schema shows"
        )
    ]
    groups = {fact.group: fact.about for fact in check.evidence}
    assert groups[3] == SchemaObject("public", "users", "settings")
    assert groups[None] is None


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("users (id:uuid*)", "public.users has no column settings"),
        (
            "users (id:uuid*, settings:text)",
            "public.users has no JSON in settings, which is text",
        ),
    ],
)
def test_a_json_key_needs_a_column_of_json(schema: str, words: str) -> None:
    """A text may hold JSON, but nothing says so: the model can name the column."""
    check = audited(JSON, schema).check("interests.schema")
    assert check.coverage == "missing"
    assert check.rationale.endswith(words)


KINDS = """
    table = "credentials"
    columns = ["user_id", "secret", "kind = password"]
"""
CREDENTIALS = "credentials (user_id:uuid, kind:credential_kind, secret)"


def with_kinds(*labels: str) -> SchemaSnapshot:
    """Return a schema with credentials by kinds that an enumerated type lists."""
    snapshot = sketched_schema(CREDENTIALS)
    return attrs.evolve(snapshot, enums=[Enum(name="credential_kind", labels=labels)])


def test_kinds_of_rows_are_data() -> None:
    """Which kinds of credentials a table holds, no schema shows."""
    check = audited(KINDS, CREDENTIALS, entity="login").check("login.schema")
    assert check.coverage == "credentials_persisted"
    assert facts(check, EvidenceKind.DECLARED) == [
        (
            "public.credentials.kind = password is declared: which rows there are is "
            "data, which no schema shows"
        )
    ]


def test_an_enumerated_type_shows_that_a_kind_can_be() -> None:
    """Or that it cannot: then no such credential is stored."""
    there = audited(KINDS, with_kinds("password", "totp"), entity="login")
    assert facts(there.check("login.schema"), EvidenceKind.DECLARED) == [
        (
            "public.credentials.kind = password is declared: the type "
            "credential_kind has this value"
        )
    ]
    gone = audited(KINDS, with_kinds("totp"), entity="login").check("login.schema")
    assert gone.coverage == "missing_credential_storage"
    assert "has no value 'password' of kind (credential_kind)" in gone.rationale


def test_rows_of_a_key_value_table_may_be_of_any_of_several_keys() -> None:
    """Alternatives are written as those of columns are."""
    model = """
        table = "user_options"
        columns = ["user_id", "value"]
        any_of = [["key = theme", "key = genres"]]
    """
    schema = "user_options (user_id:uuid*, key*, value, revision:bigint)"
    report = audited(model, schema)
    assert report.check("interests.schema").coverage == "covered"
    assert report.check("interests.conflict").coverage is ConflictCoverage.UNRELIABLE


GENRES = """
    table = "account_genres"
    columns = ["account_id", "genre_id"]
"""


def elsewhere(table: str, column: str = "version", schema: str = ACCOUNTS) -> Check:
    """Return the conflict check of genres whose revision is in another table."""
    revision = f'revision = {{ table = "{table}", column = "{column}" }}'
    return audited(f"{GENRES}    {revision}", schema).check("interests.conflict")


def test_a_revision_is_found_over_the_parent_that_two_rows_share() -> None:
    """Each key of the way is a fact, and so is what makes it lead to one row."""
    check = elsewhere("account_settings")
    assert check.coverage is ConflictCoverage.DETECTABLE
    assert facts(check) == [
        "public.account_settings.version is there: bigint",
        (
            "public.account_genres.account_id_fkey is there: foreign key "
            "(account_id) to public.accounts"
        ),
        (
            "public.account_settings.account_id_fkey is there: foreign key "
            "(account_id) to public.accounts"
        ),
        (
            "public.account_settings.primary key is there: key (account_id), so "
            "that there is one row"
        ),
    ]
    assert check.rationale == (
        "reuse the revision that exists: compare public.account_settings.version "
        "(which every write of public.account_genres has to raise) on write"
    )


def test_a_revision_may_be_that_of_the_parent_itself() -> None:
    """Then one key leads to it."""
    check = elsewhere("accounts", "lock_version")
    assert check.coverage is ConflictCoverage.DETECTABLE
    assert len(check.evidence) == 2


@pytest.mark.parametrize(
    ("table", "column", "words"),
    [
        (
            "avatars",
            "version",
            (
                "no foreign keys lead from public.account_genres to one row of "
                "public.avatars"
            ),
        ),
        (
            "genres",
            "version",
            (
                "no foreign keys lead from public.account_genres to one row of "
                "public.genres"
            ),
        ),
        ("nowhere", "version", "there is no table public.nowhere"),
        ("account_settings", "v", "public.account_settings has no column v"),
    ],
)
def test_a_revision_elsewhere_needs_keys_that_lead_to_one_row_of_the_user(
    table: str, column: str, words: str
) -> None:
    """A table with several rows for each, or one that is nobody's, guards nothing."""
    check = elsewhere(table, column)
    assert check.coverage is ConflictCoverage.ABSENT
    assert check.rationale.startswith(f"{words}, so a stale write")


def test_keys_may_lead_over_several_tables() -> None:
    """A row without an owner finds its revision over what it belongs to."""
    schema = """
        accounts (id:uuid*, version:bigint)
        mixes (id:uuid*, account_id:uuid>accounts)
        mix_genres (mix_id:uuid*>mixes, genre_id:bigint*)
    """
    model = """
        table = "mix_genres"
        columns = ["mix_id", "genre_id"]
        revision = { table = "accounts", column = "version" }
    """
    report = audited(model, schema)
    assert report.check("interests.revision").coverage is RevisionCoverage.TRACKED
    assert len(report.check("interests.revision").evidence) == 3


def test_keys_that_lead_in_circles_end() -> None:
    """Each way goes through a table once."""
    schema = """
        accounts (id:uuid*, main_id:uuid>mixes, version:bigint)
        mixes (id:uuid*, account_id:uuid>accounts)
        mix_genres (mix_id:uuid*>mixes, genre_id:bigint*)
    """
    model = """
        table = "mix_genres"
        columns = ["mix_id", "genre_id"]
        revision = { table = "accounts", column = "version" }
    """
    check = audited(model, schema).check("interests.revision")
    subjects = [fact.subject for fact in check.evidence]
    assert subjects == [
        "public.accounts.version",
        "public.mix_genres.mix_id_fkey",
        "public.mixes.account_id_fkey",
    ]


def test_each_way_to_a_revision_is_an_alternative() -> None:
    """The verdict outlives the loss of one of them, and the evidence says so."""
    schema = """
        people (id:uuid*)
        logins (id:uuid*)
        sets (person_id:uuid*>people, login_id:uuid>logins, version:bigint)
        tags (person_id:uuid*>people, login_id:uuid>logins, tag*)
    """
    snapshot = sketched_schema(schema)
    sets = snapshot.table("sets")
    assert sets
    one = KeyConstraint(name="one", columns=["login_id"])
    unique = attrs.evolve(sets, unique_constraints=[one])
    tables = [unique if table is sets else table for table in snapshot.tables]
    model = """
        table = "tags"
        columns = ["person_id", "login_id", "tag"]
        revision = { table = "sets", column = "version" }
    """
    report = audited(model, SchemaSnapshot(tables))
    check = report.check("interests.conflict")
    assert {fact.alternative for fact in check.evidence} == {1, 2}
    key = next(fact for fact in check.evidence if "person_id" in fact.detail)
    assert key.about
    assert holds(check.evidence, [key.about])
    (spare,) = substitutes(check.evidence, key) or ()
    assert not holds(check.evidence, [key.about, spare])


SET = """
    table = "likes"
    columns = ["user_id", "topic_id"]
"""


@pytest.mark.parametrize(
    ("per_user", "schema", "coverage"),
    [
        ("many", "likes (user_id:uuid, topic_id, revision:bigint)", "unreliable"),
        ("one", "likes (user_id:uuid, topic_id, revision:bigint)", "detectable"),
        ("one", "likes (user_id:uuid*, topic_id*, revision:bigint)", "unreliable"),
        ("one", "likes (user_id:uuid*, topic_id, revision:bigint)", "detectable"),
    ],
)
def test_a_model_says_how_many_rows_a_user_has(
    per_user: str, schema: str, coverage: str
) -> None:
    """It speaks if no key is known; a key that allows several is believed first."""
    check = audited(f'{SET}    per_user = "{per_user}"', schema).check(
        "interests.conflict"
    )
    assert check.coverage == coverage


def test_a_revision_that_guards_rows_names_one_that_would_guard_the_set() -> None:
    """With the line to write, and what the program has to do for it."""
    schema = """
        accounts (id:uuid*)
        account_settings (account_id:uuid*>accounts, version:bigint)
        likes (account_id:uuid*>accounts, topic_id*, revision:bigint)
    """
    model = 'table = "likes"\ncolumns = ["account_id", "topic_id"]'
    check = audited(model, schema).check("interests.conflict")
    assert check.coverage is ConflictCoverage.UNRELIABLE
    (near,) = facts(check, EvidenceKind.NEAR_MISS)
    assert near == (
        "public.account_settings.version looks like it, but does not count: it is a "
        "revision of the same user's row; if every write of public.likes raises it, "
        'write revision = { table = "account_settings", column = "version" } in the '
        "model"
    )
    line = near.partition("write revision = ")[2].removesuffix(" in the model")
    again = audited(f"{model}\nrevision = {line}", schema)
    assert again.check("interests.conflict").coverage is ConflictCoverage.DETECTABLE


def test_the_parents_revision_that_guards_a_set_is_evidence() -> None:
    """Without it, or without the key to it, the revision of a row would not do."""
    schema = """
        users (id:uuid*, lock_version:bigint)
        likes (user_id:uuid*>users, topic_id*, revision:bigint)
    """
    check = audited(SET, schema).check("interests.conflict")
    subjects = [fact.subject for fact in check.evidence]
    assert subjects == [
        "public.likes.revision",
        "public.users.lock_version",
        "public.likes.user_id_fkey",
    ]
    assert "with public.users.lock_version for the set of rows" in check.rationale


REFUSED: dict[str, tuple[str, str]] = {
    "an unknown key": (
        'revision = { tabel = "t", column = "v" }',
        (
            "`entities.interests.models[0].revision.tabel` is no known key; did you "
            "mean 'revision.table'?"
        ),
    ),
    "a table that is no text": (
        "revision = { table = 1 }",
        (
            "`entities.interests.models[0].revision.table` is 1, a whole number; "
            "expected a string"
        ),
    ),
    "a revision in a document": (
        'revision = "settings -> version"',
        "names 'settings -> version'; a revision is a column, and all of it",
    ),
    "a key of another table": (
        'columns = ["users.settings -> theme"]',
        "expected a column of the model's table, without a dot: 'settings -> theme'",
    ),
    "a number of rows": ('per_user = "several"', "models[0].per_user` is 'several'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_model_cannot_say_is_refused_with_the_key(case: str) -> None:
    """And with what was expected there."""
    line, message = REFUSED[case]
    with pytest.raises(ConfigurationError) as error:
        audited(f'table = "t"\n{line}')
    assert message in str(error.value)


def test_recognized_credentials_of_a_kind_are_those_of_passwords() -> None:
    """An enumerated type lists the kinds, and one of them is a password."""
    snapshot = attrs.evolve(
        sketched_schema(
            """
            users (id:uuid*, email!, name)
            user_credentials (id*, user_id:uuid>users, type:kinds, value)
            """
        ),
        enums=[Enum(name="kinds", labels=["password", "oidc"])],
    )
    model = with_recognized(read_settings({}, file="userstate.toml").model, snapshot)
    login = model.entity("login")
    assert login
    (storage,) = login.models
    assert "type = password" in storage.columns


def test_what_is_recognized_in_documents_is_said_to_be_data() -> None:
    """A schema shows the column, and not its keys."""
    snapshot = sketched_schema("users (id:uuid*, email!, name, preferences:jsonb)")
    model = with_recognized(read_settings({}, file="userstate.toml").model, snapshot)
    report = UserStateSchemaAuditReport.evaluate(snapshot, model=model)
    rationale = report.check("interests.schema").rationale
    assert rationale.endswith("which keys there are is data, which no schema shows")
