"""Conventions: the schemas that frameworks generate, as data.

Each was looked up in what the framework creates. It is known by columns that only it
has together; the names of its tables are given if the framework fixes them, and left
open if the application chooses them. Names are compared in words, so that
``emailVerified`` and ``email_verified`` are one.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import attrs

from pytest_userstate.domain.columns import Column
from pytest_userstate.domain.recognition.columns import Parts
from pytest_userstate.domain.recognition.outline import (
    Place,
    SchemaOutline,
    TableOutline,
)
from pytest_userstate.domain.recognition.words import words


def _names(text: str | frozenset[Parts]) -> frozenset[Parts]:
    if isinstance(text, str):
        return frozenset(words(name) for name in text.split())
    return text


def _strings(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text.split()) if isinstance(text, str) else text


@attrs.frozen(kw_only=True)
class Part:
    """A table of a convention.

    Parameters
    ----------
    columns : str
        The columns that it must have.
    tables : str
        The names that it may have; any if there are none.
    entities : str
        What it keeps; nothing of a user if there are none.
    refers_to : tuple of str, or None
        A schema and a table that it must refer to.
    """

    columns: frozenset[Parts] = attrs.field(converter=_names)
    tables: frozenset[Parts] = attrs.field(default=frozenset(), converter=_names)
    entities: tuple[str, ...] = attrs.field(default=(), converter=_strings)
    refers_to: Place | None = None

    def fits(self, table: TableOutline) -> bool:
        """Whether a table can be this one."""
        if self.tables and self.tables.isdisjoint((table.words, table.core)):
            return False
        if self.refers_to and self.refers_to not in table.references.values():
            return False
        return self.columns <= {words(column.name) for column in table.table.columns}

    def matching_columns(self, table: TableOutline) -> list[Column]:
        """Return the columns by which a table was recognized."""
        return [c for c in table.table.columns if words(c.name) in self.columns]


def _parts(values: cabc.Iterable[Part]) -> tuple[Part, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class Convention:
    """A framework's schema: its name, and the tables that it must have."""

    name: str
    parts: tuple[Part, ...] = attrs.field(converter=_parts)

    def find(
        self, schema: SchemaOutline, people: cabc.Sequence[TableOutline]
    ) -> list[tuple[Part, TableOutline]]:
        """Return the tables of the convention, or none if one is lacking."""
        matches: list[tuple[Part, TableOutline]] = []
        for part in self.parts:
            named = [table for name in part.tables for table in schema.called(name)]
            fitting = [table for table in named or people if part.fits(table)]
            if not fitting:
                return []
            matches += [(part, table) for table in fitting]
        return matches


_ALL: typ.Final = "login users profile"

CONVENTIONS: typ.Final = (
    # Devise: the columns of its modules database_authenticatable and recoverable.
    Convention(
        name="Rails with Devise",
        parts=[
            Part(columns="encrypted_password reset_password_token", entities=_ALL),
        ],
    ),
    # `bin/rails generate authentication` (Rails 8).
    Convention(
        name="Rails authentication generator",
        parts=[
            Part(
                tables="users", columns="email_address password_digest", entities=_ALL
            ),
            Part(tables="sessions", columns="user_id ip_address user_agent"),
        ],
    ),
    # django.contrib.auth: auth_user, and what inherits from AbstractUser.
    Convention(
        name="Django",
        parts=[
            Part(
                columns="password last_login is_superuser username is_staff is_active",
                entities=_ALL,
            ),
        ],
    ),
    # AbstractBaseUser with PermissionsMixin, with the content types beside it.
    Convention(
        name="Django with a custom user model",
        parts=[
            Part(columns="password last_login is_superuser", entities=_ALL),
            Part(tables="django_content_type", columns="app_label model"),
        ],
    ),
    Convention(
        name="django-allauth",
        parts=[
            Part(
                tables="socialaccount_socialaccount",
                columns="provider uid extra_data user_id",
                entities="login",
            ),
            Part(tables="account_emailaddress", columns="email verified user_id"),
        ],
    ),
    # database/migrations/…_create_users_table.php.
    Convention(
        name="Laravel",
        parts=[
            Part(
                tables="users",
                columns="name email email_verified_at password remember_token",
                entities=_ALL,
            ),
        ],
    ),
    # mix phx.gen.auth Accounts User users.
    Convention(
        name="Phoenix phx.gen.auth",
        parts=[
            Part(columns="email hashed_password confirmed_at", entities=_ALL),
            Part(tables="users_tokens", columns="user_id token context sent_to"),
        ],
    ),
    Convention(
        name="ASP.NET Identity",
        parts=[
            Part(
                columns="normalized_user_name password_hash security_stamp "
                "concurrency_stamp access_failed_count",
                entities=_ALL,
            ),
        ],
    ),
    # users.ddl of JdbcDaoImpl.
    Convention(
        name="Spring Security",
        parts=[
            Part(tables="users", columns="username password enabled", entities=_ALL),
            Part(tables="authorities", columns="username authority"),
        ],
    ),
    Convention(
        name="JHipster",
        parts=[
            Part(
                columns="login password_hash activation_key reset_key lang_key",
                entities=_ALL,
            ),
        ],
    ),
    # Auth.js (NextAuth): the models of its adapters.
    Convention(
        name="Auth.js",
        parts=[
            Part(
                tables="users",
                columns="name email email_verified image",
                entities="users profile",
            ),
            Part(
                tables="accounts",
                columns="user_id type provider provider_account_id",
                entities="login",
            ),
        ],
    ),
    Convention(
        name="Better Auth",
        parts=[
            Part(
                tables="users",
                columns="name email email_verified image",
                entities="users profile",
            ),
            Part(
                tables="accounts",
                columns="user_id account_id provider_id access_token refresh_token",
                entities="login",
            ),
            Part(tables="sessions", columns="user_id token expires_at"),
        ],
    ),
    # GoTrue, and Supabase's branch of it.
    Convention(
        name="Supabase",
        parts=[
            Part(
                tables="profiles",
                columns="id",
                refers_to=("auth", "users"),
                entities="profile",
            ),
        ],
    ),
    Convention(
        name="GoTrue",
        parts=[
            Part(
                tables="users",
                columns="aud encrypted_password raw_app_meta_data raw_user_meta_data",
                entities=_ALL,
            ),
        ],
    ),
    Convention(
        name="Hasura auth",
        parts=[
            Part(
                tables="users",
                columns="password_hash default_role is_anonymous ticket display_name",
                entities=_ALL,
            ),
            Part(
                tables="user_providers",
                columns="user_id provider_id provider_user_id",
                entities="login",
            ),
        ],
    ),
    # `traits` describes the person, by a schema that the application defines.
    Convention(
        name="Ory Kratos",
        parts=[
            Part(tables="identities", columns="traits nid", entities="users profile"),
            Part(
                tables="identity_credentials",
                columns="identity_id config identity_credential_type_id",
                entities="login",
            ),
        ],
    ),
    Convention(
        name="Keycloak",
        parts=[
            Part(
                tables="user_entity",
                columns="realm_id username email enabled",
                entities="users profile",
            ),
            Part(
                tables="credential",
                columns="user_id type secret_data credential_data",
                entities="login",
            ),
        ],
    ),
    Convention(
        name="FastAPI Users",
        parts=[
            Part(
                columns="email hashed_password is_active is_superuser is_verified",
                entities=_ALL,
            ),
        ],
    ),
)
"""Every convention, the more special before the more general."""
