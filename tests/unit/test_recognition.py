"""Recognition finds user state by words and structure, and tells why."""

from __future__ import annotations

import attrs
import pytest

from pytest_userstate import (
    Column,
    Confidence,
    Recognition,
    SchemaSnapshot,
    Shape,
    Table,
    recognize,
)
from tests.helpers.recognition_cases import CASES, ENTITIES
from tests.helpers.sketched_schemas import sketched_schema

CELLS = [(name, entity) for name in CASES for entity in ENTITIES]


def recognized(text: str) -> Recognition:
    """Return what is recognized in a schema in short notation."""
    return recognize(sketched_schema(text))


@pytest.mark.parametrize(("name", "entity"), CELLS)
def test_a_reader_would_name_the_table(name: str, entity: str) -> None:
    """In schemas of our own making, the table is one that a reader accepts."""
    case = CASES[name]
    table = recognized(case.schema).table(entity) or "-"
    assert table.removeprefix("public.") in case.accepted[entity]


CONVENTIONS = {
    "devise": "Rails with Devise",
    "devise for operators, too": "Rails with Devise",
    "rails generator": "Rails authentication generator",
    "django": "Django",
    "django own user": "Django with a custom user model",
    "allauth": "django-allauth",
    "laravel": "Laravel",
    "phoenix": "Phoenix phx.gen.auth",
    "asp.net": "ASP.NET Identity",
    "spring security": "Spring Security",
    "jhipster": "JHipster",
    "auth.js": "Auth.js",
    "better auth": "Better Auth",
    "supabase": "Supabase",
    "supabase without auth": "Supabase",
    "hasura auth": "Hasura auth",
    "kratos": "Ory Kratos",
    "keycloak": "Keycloak",
    "fastapi users": "FastAPI Users",
    "flags of a member": "Rails with Devise",
}


@pytest.mark.parametrize("name", CASES)
def test_a_convention_is_reported_by_name(name: str) -> None:
    """What a framework generates is certain, and says which framework it is."""
    recognition = recognized(CASES[name].schema)
    expected = CONVENTIONS.get(name)
    assert (expected in recognition.conventions) == (expected is not None)
    assert expected or not recognition.conventions
    for entity in recognition.entities:
        for storage in entity.storages:
            if storage.convention:
                assert storage.confidence is Confidence.CERTAIN
                assert storage.convention in storage.reasons[0].fact


SHAPES = {
    ("go accounts", "interests"): Shape.ROW_PER_USER,
    ("join of tastes", "interests"): Shape.JOIN_TABLE,
    ("preferences by key", "interests"): Shape.KEY_VALUE,
    ("metadata by key", "interests"): Shape.KEY_VALUE,
    ("settings json of user", "interests"): Shape.JSON,
    ("interests in an array", "interests"): Shape.ARRAY,
    ("person behind user", "interests"): Shape.COLUMNS,
    ("better auth", "interests"): Shape.ROWS_PER_USER,
    ("saved searches", "interests"): Shape.ROWS_PER_USER,
    ("options of one user", "login"): Shape.ROW_PER_USER,
    ("credentials of several logins", "login"): Shape.ROWS_PER_USER,
    ("laravel", "login"): Shape.COLUMNS,
}


@pytest.mark.parametrize(("name", "entity"), SHAPES)
def test_the_shape_says_how_rows_belong_to_users(name: str, entity: str) -> None:
    """The keys tell one row for each user from several, and pairs from values."""
    best = recognized(CASES[name].schema).entity(entity).best
    assert best is not None
    assert best.shape is SHAPES[name, entity]


def test_reasons_name_a_table_or_a_column_of_the_schema() -> None:
    """Each reason is a fact with a table or column behind it."""
    for case in CASES.values():
        snapshot = sketched_schema(case.schema)
        names = {table.qualified_name for table in snapshot.tables}
        names |= {
            f"{table.qualified_name}.{column.name}"
            for table in snapshot.tables
            for column in table.columns
        }
        for entity in recognize(snapshot).entities:
            for storage in entity.storages:
                assert storage.reasons
                assert {reason.subject for reason in storage.reasons} <= names


def test_storages_are_ordered_best_first() -> None:
    """What is sure enough comes first, and of that what weighs most."""
    for case in CASES.values():
        for entity in recognized(case.schema).entities:
            order = [(not s.is_usable, -s.weight) for s in entity.storages]
            assert order == sorted(order)


def test_near_ties_are_ambiguous_and_name_the_candidates() -> None:
    """Two tables of preferences that nothing tells apart are both named."""
    entity = recognized(
        """
        users (id:bigint*, email!, password_hash)
        user_settings (user_id:bigint*>users, theme)
        user_preferences (user_id:bigint*>users, language, theme)
        """
    ).entity("interests")
    assert {storage.table for storage in entity.ambiguous} == {
        "public.user_settings",
        "public.user_preferences",
    }


def test_a_clear_best_is_not_ambiguous() -> None:
    """A table of preferences beside a table of favourites is the better one."""
    entity = recognized(
        """
        users (id:bigint*, email!, password_hash)
        user_settings (user_id:bigint*>users, theme)
        favorites (user_id:bigint*>users, post_id:bigint*>posts)
        posts (id:bigint*, title)
        """
    ).entity("interests")
    assert entity.ambiguous == ()
    assert [storage.table for storage in entity.storages] == [
        "public.user_settings",
        "public.favorites",
    ]


def test_several_ways_to_sign_in_are_not_ambiguous() -> None:
    """A password and links to identity providers are both logins of one user."""
    entity = recognized(CASES["better auth"].schema).entity("login")
    assert entity.ambiguous == ()


NO_SECRETS = [
    "password_reset_token",
    "reset_password_sent_at:timestamp",
    "password_changed_at:timestamp",
    "password_expires:boolean",
    "password_hint",
    "password_salt",
    "api_key",
    "session_token",
    "totp_secret",
    "smtp_password",
    "refresh_token",
    "client_secret_hash",
    "has_password:boolean",
    "password:boolean",
]


@pytest.mark.parametrize("column", NO_SECRETS)
def test_what_is_near_a_password_is_no_login(column: str) -> None:
    """Tokens, keys, facts about passwords and secrets of others open no account."""
    text = f"users (id:bigint*, email!, {column})"
    assert recognized(text).table("login") is None
    assert recognized(text).table("users") == "public.users"


SECRETS = [
    "password",
    "password_hash",
    "passwordHash",
    "hashed_password",
    "encrypted_password",
    "password_digest:bytea",
    "crypted_password",
    "passwd",
    "pw_hash",
    "pass_crypt",
    "bcrypt_password_hash",
    "credential_hash",
    "PasswordHash",
    "contraseña",
    "senha_hash",
    "mot_de_passe",
    "passwort",
    "пароль",
    "密码",
]


@pytest.mark.parametrize("column", SECRETS)
def test_a_password_is_known_by_its_words(column: str) -> None:
    """However it is written, a password on the users' table is the login."""
    text = f"accounts (id:bigint*, email!, {column})"
    entity = recognized(text).entity("login")
    assert entity.best is not None
    assert entity.best.table == "public.accounts"
    assert entity.best.columns == (column.partition(":")[0],)


NO_LOGINS = [
    "password_history (id:bigint*, user_id:bigint>users, password_hash)",
    "password_resets (id:bigint*, user_id:bigint>users, password_token)",
    "share_links (id:bigint*, user_id:bigint>users, password_hash)",
    "mail_accounts (id:bigint*, user_id:bigint>users, host, password)",
    "sessions (id:bigint*, user_id:bigint>users, secret)",
    "api_keys (id:bigint*, user_id:bigint>users, secret_hash)",
    "oauth_clients (id:bigint*, user_id:bigint>users, client_secret)",
]


@pytest.mark.parametrize("table", NO_LOGINS)
def test_a_secret_elsewhere_is_no_login(table: str) -> None:
    """A secret that opens something else, or no longer opens, is not the login."""
    assert recognized(f"users (id:bigint*, email!)\n{table}").table("login") is None


NO_INTERESTS = [
    "subscriptions (id:bigint*, user_id:bigint>users, plan, stripe_id, status)",
    "push_subscriptions (id:bigint*, user_id:bigint>users, endpoint, p256dh)",
    "notifications (id:bigint*, user_id:bigint>users, body, read_at:timestamp)",
    "settings (key*, value)",
    "workspaces (id:bigint*, owner_id:bigint>users, settings:jsonb)",
    "projects (id:bigint*, created_by:bigint>users, settings:jsonb)",
    "totp_settings (user_id:bigint*>users, enabled:boolean)",
    "user_settings_history (id:bigint*, user_id:bigint>users, theme)",
    "device_settings (device_id:bigint*, brightness:integer)",
    "recipe_settings (recipe_id:bigint*, public:boolean)",
    "user_roles (user_id:bigint*>users, role_id:bigint*>roles)",
]


@pytest.mark.parametrize("table", NO_INTERESTS)
def test_a_false_friend_is_no_interest(table: str) -> None:
    """Payments, messages, settings of other things and their history are none."""
    text = f"users (id:bigint*, email!, password_hash)\nroles (id:bigint*)\n{table}"
    assert recognized(text).table("interests") is None


REVISIONS = {
    "revision": True,
    "version": True,
    "lock_version": True,
    "row_version": True,
    "rowVersion": True,
    "version_id": True,
    "ConcurrencyStamp": True,
    "etag": True,
    "opt_lock": True,
    "schema_version": False,
    "terms_version": False,
    "app_version": False,
    "security_stamp": False,
    "sign_count": False,
    "updated_at": False,
    "last_modified": False,
}


@pytest.mark.parametrize(("column", "is_revision"), REVISIONS.items())
def test_a_revision_is_known_by_its_words(column: str, *, is_revision: bool) -> None:
    """What is one is told from what is near one, with the reason."""
    best = (
        recognized(
            f"""
        users (id:bigint*, email!, password_hash)
        user_settings (user_id:bigint*>users, theme, {column}:integer)
        """
        )
        .entity("interests")
        .best
    )
    assert best is not None
    (revision,) = best.revisions
    assert (revision.column, revision.is_revision) == (column, is_revision)
    assert revision.reason


@pytest.mark.parametrize("data_type", ["boolean", "date"])
def test_a_revision_needs_a_type_that_tells_writes_apart(data_type: str) -> None:
    """A column that is called a version, and can hold too few of them, is none."""
    best = (
        recognized(
            f"""
        users (id:bigint*, email!, password_hash)
        user_settings (user_id:bigint*>users, theme, version:{data_type})
        """
        )
        .entity("interests")
        .best
    )
    assert best is not None
    assert [revision.is_revision for revision in best.revisions] == [False]


def test_nothing_is_recognized_in_an_empty_schema() -> None:
    """No table, no storage; an entity that nobody knows has none either."""
    recognition = recognize(SchemaSnapshot())
    assert [entity.storages for entity in recognition.entities] == [()] * 4
    assert recognition.table("login") is None
    assert recognition.entity("shoes").storages == ()


def test_tables_of_tools_and_partitions_are_left_out() -> None:
    """A tool's records, a partition and a server's own schema are no user state."""
    columns = [Column(name, "text") for name in ("id", "email", "password_hash")]
    users = Table("users", columns)
    for other in (
        attrs.evolve(users, is_bookkeeping=True),
        attrs.evolve(users, partition_of="public.everybody"),
        attrs.evolve(users, schema="pg_catalog"),
        attrs.evolve(users, schema="information_schema"),
    ):
        assert recognize(SchemaSnapshot([other])).table("users") is None


def test_quoted_names_are_found_in_any_schema() -> None:
    """A schema of the application's own counts as `public` does."""
    recognition = recognized(
        """
        App.User (Id:uuid*, EMail!, PasswordHash)
        App.UserPreferences (UserId:uuid*>App.User, Theme)
        """
    )
    assert recognition.table("login") == "App.User"
    assert recognition.table("interests") == "App.UserPreferences"
