"""Owners, privileges, roles, sequences and functions.

Lists of privileges are as PostgreSQL writes them: ``{app=arw/owner,=r/owner}``. An
entry is ``grantee=privileges/grantor``, a letter for each privilege and a star behind
those that can be passed on; no grantee is everybody. Names with other than letters,
digits and underscores are in double quotes. (PostgreSQL's documentation, "Privileges";
``src/backend/utils/adt/acl.c``.)
"""

from __future__ import annotations

import collections
import collections.abc as cabc
import functools
import re
import typing as typ

from pytest_userstate.domain.access import (
    EVERYBODY,
    Access,
    DefaultPrivileges,
    Grant,
    ObjectAccess,
    Role,
    Securable,
    grants_in_words,
)
from pytest_userstate.outbound.postgres.catalog.relations import (
    PG_CLASS,
    PG_NAMESPACE,
    PG_TYPE,
    Query,
    Row,
)

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.postgres.catalog.reading import CatalogReading


SEQUENCES: typ.Final = Query(
    """
    SELECT seqrelid AS oid, relname AS name, relnamespace AS schema,
      relowner AS owner, format_type(seqtypid, NULL) AS data_type, seqstart AS start,
      seqincrement AS increment, seqmin AS minimum, seqmax AS maximum,
      seqcache AS cache, seqcycle AS cycles, refobjid AS table, refobjsubid AS column,
      coalesce(deptype = 'i', false) AS is_identity
    FROM pg_sequence JOIN pg_class ON pg_class.oid = seqrelid
      LEFT JOIN pg_depend ON classid = 1259 AND objid = seqrelid AND objsubid = 0
        AND refclassid = 1259 AND refobjsubid <> 0 AND deptype IN ('a', 'i')
    WHERE seqrelid >= 16384
    """
)
"""A sequence, and the column that it goes away with."""


# Objects without a list have PostgreSQL's defaults. Many objects share few lists,
# and writing one as text takes longer than comparing many. (The lists of columns
# come with the columns.)
PRIVILEGE_LISTS: typ.Final = Query(
    """
    SELECT 1259 AS catalog, relacl::text AS text, array_agg(oid) AS objects
    FROM pg_class WHERE relacl IS NOT NULL AND oid >= 16384 GROUP BY relacl
    UNION ALL
    SELECT 2615, nspacl::text, array_agg(oid)
      FROM pg_namespace WHERE nspacl IS NOT NULL GROUP BY nspacl
    UNION ALL
    SELECT 1247, typacl::text, array_agg(oid)
      FROM pg_type WHERE typacl IS NOT NULL AND oid >= 16384 GROUP BY typacl
    """
)
"""What was granted on some objects, in PostgreSQL's own notation."""


ROLES: typ.Final = Query(
    """
    SELECT oid, rolname AS name, rolsuper AS is_superuser,
      ARRAY(SELECT roleid FROM pg_auth_members WHERE member = pg_roles.oid AND
        $inherits) AS inherits,
      oid = (SELECT datdba FROM pg_database WHERE datname = current_database()) AS
        owns_database
    FROM pg_roles
    """
)
"""A role of the server."""


# What depends on a function: defaults, constraints, views and rules, policies,
# indexes, and domains; triggers name theirs themselves.
FUNCTIONS: typ.Final = Query(
    """
    SELECT oid, proname AS name, pronamespace AS schema, proowner AS owner,
      pg_get_function_identity_arguments(oid) AS arguments,
      pg_get_expr(proargdefaults, 0) AS defaults,
      pg_get_function_result(oid) AS result,
      (SELECT lanname FROM pg_language WHERE pg_language.oid = prolang) AS language,
      prosrc AS source, pg_get_function_sqlbody(oid) AS statements,
      prosecdef AS is_security_definer, proisstrict AS is_strict,
      proleakproof AS is_leakproof, provolatile AS volatility, proconfig AS settings,
      proacl::text AS privileges
    FROM pg_proc
    WHERE oid >= 16384 AND oid IN (
      SELECT tgfoid FROM pg_trigger
      UNION ALL
      SELECT refobjid FROM pg_depend
      WHERE refclassid = 1255 AND classid IN (1247, 1259, 2604, 2606, 2618, 3256))
    """
)
"""A function that something in a schema calls."""


DEFAULT_PRIVILEGES: typ.Final = Query(
    """
    SELECT defaclrole AS role, defaclnamespace AS schema, defaclobjtype AS kind,
      defaclacl::text AS privileges
    FROM pg_default_acl
    """
)
"""What is granted on objects that a role will create; schema 0 is all."""


_LETTERS: typ.Final = {
    "r": "select",
    "a": "insert",
    "w": "update",
    "d": "delete",
    "D": "truncate",
    "x": "references",
    "t": "trigger",
    "m": "maintain",
    "U": "usage",
    "C": "create",
    "X": "execute",
}
_ELEMENT: typ.Final = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}"]+)')
_ENTRY: typ.Final = re.compile(
    r'(?P<grantee>"(?:[^"]|"")*"|[^="]*)=(?P<privileges>[A-Za-z*]*)/.*', re.DOTALL
)


@functools.lru_cache(maxsize=4096)
def grants(text: str, column: str = "") -> tuple[Grant, ...]:
    """Return what a list grants on an object, or on one of its columns."""
    return tuple(
        Grant(role, _LETTERS[letter], column=column, is_grantable=bool(star))
        for role, privileges in _entries(text)
        for letter, star in re.findall(r"([A-Za-z])(\*?)", privileges)
        if letter in _LETTERS
    )


def _entries(text: str) -> cabc.Iterator[tuple[str, str]]:
    for quoted, bare in _ELEMENT.findall(text):
        entry = re.sub(r"\\(.)", r"\1", quoted) if quoted else bare
        match = _ENTRY.fullmatch(entry)
        if match:
            yield _role(match["grantee"]), match["privileges"]


def _role(written: str) -> str:
    if written.startswith('"'):
        return written[1:-1].replace('""', '"')
    return written or EVERYBODY


_MAINTAIN_SINCE: typ.Final = 170_000
_DATABASE_OWNER: typ.Final = "pg_database_owner"
"""The role that the owner of each database is a member of, without being listed."""


_KINDS: typ.Final = {
    "r": "tables",
    "S": "sequences",
    "f": "functions",
    "T": "types",
    "n": "schemas",
    "L": "large objects",
}
_UNCOMPARED: typ.Final = "maintain"
"""The privilege that ``GRANT ALL`` covers from PostgreSQL 17 on, and not before."""


class Privileges:
    """Who owns what, and who may do what with it.

    Roles have other names on other servers. So, where schemas are compared, the role
    that owns the schema is not named: it is the role that owns most tables, if there
    are several, else the database's owner.
    """

    def __init__(self, reading: CatalogReading) -> None:
        self._reading = reading
        self._roles = reading.rows(ROLES)
        self._names = {row.oid: row.name for row in self._roles}
        self._grants = {
            (row.catalog, oid): grants(row.text)
            for row in reading.rows(PRIVILEGE_LISTS)
            for oid in row.objects
        }
        owners = collections.Counter(row.owner for row in reading.tables)
        database_owner = next((row.oid for row in self._roles if row.owns_database), 0)
        [(usual, count)] = owners.most_common(1) or [(database_owner, 0)]
        is_usual = count > max(1, owners[database_owner])
        self._usual = usual if is_usual else database_owner

    def access(self) -> Access:
        """Return all of it, with the names of the roles."""
        return Access(
            objects=self._objects(),
            roles=map(self._role, self._roles),
            has_maintain=self._reading.server_version >= _MAINTAIN_SINCE,
        )

    def _objects(self) -> cabc.Iterator[ObjectAccess]:
        reading = self._reading
        for oid, name in reading.schemas.items():
            yield ObjectAccess(
                kind=Securable.SCHEMA,
                schema=name,
                owner=self._name(reading.schema_owners[oid]),
                grants=self._grants.get((PG_NAMESPACE, oid)),
            )
        for kind, catalog, rows in (
            (Securable.TABLE, PG_CLASS, (*reading.tables, *reading.views)),
            (Securable.SEQUENCE, PG_CLASS, reading.sequences),
            (Securable.TYPE, PG_TYPE, reading.user_types),
        ):
            for row in rows:
                is_table = kind is Securable.TABLE
                yield ObjectAccess(
                    kind=kind,
                    schema=reading.schemas[row.schema],
                    name=row.name,
                    owner=self._name(row.owner),
                    grants=self._grants.get((catalog, row.oid)),
                    column_grants=self._on_columns(row.oid) if is_table else (),
                )

    def _on_columns(self, relation: int) -> list[Grant]:
        return [
            grant
            for column in self._reading.attributes.get(relation, ())
            if column.privileges
            for grant in grants(column.privileges, column.name)
        ]

    def _role(self, row: Row) -> Role:
        inherits = [self._name(oid) for oid in row.inherits]
        if row.owns_database:
            inherits.append(_DATABASE_OWNER)
        return Role(row.name, is_superuser=row.is_superuser, inherits=inherits)

    def unusual_owner(self, role: int) -> str | None:
        """Return an owner's name, or None if it owns the rest of the schema."""
        return None if role == self._usual else self._name(role)

    def on_relation(self, row: Row) -> tuple[str, ...]:
        """Return what others than its owner may do with a table or view."""
        granted = self._grants.get((PG_CLASS, row.oid), ())
        granted = (*granted, *self._on_columns(row.oid))
        return self._to_others(granted, row.owner)

    def executors(self, row: Row) -> list[str]:
        """Return the roles that may call a function, besides its owner."""
        if row.privileges is None:
            return [EVERYBODY]
        owner = self._name(row.owner)
        return [grant.role for grant in grants(row.privileges) if grant.role != owner]

    def by_default(self) -> cabc.Iterator[DefaultPrivileges]:
        """Yield what is granted on objects that will be created."""
        for row in self._reading.rows(DEFAULT_PRIVILEGES):
            if row.schema == 0 or row.schema in self._reading.schemas:
                yield DefaultPrivileges(
                    kind=_KINDS[row.kind],
                    grants=self._to_others(grants(row.privileges), row.role),
                    schema=self._reading.schemas.get(row.schema, ""),
                    role=self.unusual_owner(row.role),
                )

    def _to_others(self, granted: cabc.Iterable[Grant], owner: int) -> tuple[str, ...]:
        name = self._name(owner)
        return grants_in_words(
            grant
            for grant in granted
            if grant.role != name and grant.privilege != _UNCOMPARED
        )

    def _name(self, role: int) -> str:
        """Return a role's name; one that was dropped has none left."""
        return str(self._names.get(role, f"unknown (OID={role})"))
