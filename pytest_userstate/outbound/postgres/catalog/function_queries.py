"""The questions about functions and default privileges, and their answers."""

from __future__ import annotations

import typing as typ

from pytest_userstate.outbound.postgres.catalog.query import Query


class Function(typ.NamedTuple):
    """A function that something in a schema calls."""

    oid: int
    name: str
    schema: int
    owner: int
    arguments: str
    result: str | None
    language: str
    source: str
    statements: str | None
    is_security_definer: bool
    is_strict: bool
    is_leakproof: bool
    volatility: str
    settings: list[str] | None
    privileges: str | None


# What depends on a function: defaults, constraints, views and rules, policies,
# indexes, and domains; triggers name theirs themselves.
FUNCTIONS = Query(
    Function._make,
    """
    SELECT oid, proname, pronamespace, proowner,
      pg_get_function_identity_arguments(oid), pg_get_function_result(oid),
      (SELECT lanname FROM pg_language WHERE pg_language.oid = prolang),
      prosrc, pg_get_function_sqlbody(oid), prosecdef, proisstrict, proleakproof,
      provolatile, proconfig, proacl::text
    FROM pg_proc
    WHERE oid >= 16384 AND oid IN (
      SELECT tgfoid FROM pg_trigger
      UNION ALL
      SELECT refobjid FROM pg_depend
      WHERE refclassid = 1255 AND classid IN (1247, 1259, 2604, 2606, 2618, 3256))
    """,
)


class DefaultPrivileges(typ.NamedTuple):
    """What is granted on objects that a role will create; schema 0 is all."""

    role: int
    schema: int
    kind: str
    privileges: str


DEFAULT_PRIVILEGES = Query(
    DefaultPrivileges._make,
    """
    SELECT defaclrole, defaclnamespace, defaclobjtype, defaclacl::text
    FROM pg_default_acl
    """,
)
