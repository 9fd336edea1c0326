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
    RelationRow,
)
from pytest_userstate.outbound.postgres.catalog.types import Query

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.postgres.catalog.reading import CatalogReading


class SequenceRow(typ.NamedTuple):
    """A sequence, and the column that it goes away with."""

    oid: int
    name: str
    schema: int
    owner: int
    data_type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycles: bool
    table: int | None
    column: int | None
    is_identity: bool


SEQUENCES: typ.Final[Query[SequenceRow]] = Query(
    SequenceRow._make,
    """
    SELECT seqrelid, relname, relnamespace, relowner, format_type(seqtypid, NULL),
      seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle,
      refobjid, refobjsubid, coalesce(deptype = 'i', false)
    FROM pg_sequence JOIN pg_class ON pg_class.oid = seqrelid
      LEFT JOIN pg_depend ON classid = 1259 AND objid = seqrelid AND objsubid = 0
        AND refclassid = 1259 AND refobjsubid <> 0 AND deptype IN ('a', 'i')
    WHERE seqrelid >= 16384
    """,
)


class PrivilegeListRow(typ.NamedTuple):
    """What was granted on some objects, in PostgreSQL's own notation."""

    catalog: int
    text: str
    objects: list[int]


# Objects without a list have PostgreSQL's defaults. Many objects share few lists,
# and writing one as text takes longer than comparing many. (The lists of columns
# come with the columns.)
PRIVILEGE_LISTS: typ.Final[Query[PrivilegeListRow]] = Query(
    PrivilegeListRow._make,
    """
    SELECT 1259, relacl::text, array_agg(oid)
      FROM pg_class WHERE relacl IS NOT NULL AND oid >= 16384 GROUP BY relacl
    UNION ALL
    SELECT 2615, nspacl::text, array_agg(oid)
      FROM pg_namespace WHERE nspacl IS NOT NULL GROUP BY nspacl
    UNION ALL
    SELECT 1247, typacl::text, array_agg(oid)
      FROM pg_type WHERE typacl IS NOT NULL AND oid >= 16384 GROUP BY typacl
    """,
)


class RoleRow(typ.NamedTuple):
    """A role of the server."""

    oid: int
    name: str
    is_superuser: bool
    inherits: list[int]
    owns_database: bool


ROLES: typ.Final[Query[RoleRow]] = Query(
    RoleRow._make,
    """
    SELECT oid, rolname, rolsuper,
      ARRAY(SELECT roleid FROM pg_auth_members
        WHERE member = pg_roles.oid AND $inherits),
      oid = (SELECT datdba FROM pg_database WHERE datname = current_database())
    FROM pg_roles
    """,
)


class FunctionRow(typ.NamedTuple):
    """A function that something in a schema calls."""

    oid: int
    name: str
    schema: int
    owner: int
    arguments: str
    defaults: str | None
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
FUNCTIONS: typ.Final[Query[FunctionRow]] = Query(
    FunctionRow._make,
    """
    SELECT oid, proname, pronamespace, proowner,
      pg_get_function_identity_arguments(oid), pg_get_expr(proargdefaults, 0),
      pg_get_function_result(oid),
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


class DefaultPrivilegesRow(typ.NamedTuple):
    """What is granted on objects that a role will create; schema 0 is all."""

    role: int
    schema: int
    kind: str
    privileges: str


DEFAULT_PRIVILEGES: typ.Final[Query[DefaultPrivilegesRow]] = Query(
    DefaultPrivilegesRow._make,
    """
    SELECT defaclrole, defaclnamespace, defaclobjtype, defaclacl::text
    FROM pg_default_acl
    """,
)


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


class _Owned(typ.Protocol):
    """A row about something that somebody owns."""

    @property
    def oid(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def schema(self) -> int: ...
    @property
    def owner(self) -> int: ...


def access_of(reading: CatalogReading) -> Access:
    """Return who owns what, and who may do what with it."""
    return _Accesses(reading).all()


class _Accesses:
    """What is known of access, by object."""

    def __init__(self, reading: CatalogReading) -> None:
        self._reading = reading
        self._roles = reading.rows(ROLES)
        self._names = {row.oid: row.name for row in self._roles}
        self._grants = {
            (row.catalog, oid): grants(row.text)
            for row in reading.rows(PRIVILEGE_LISTS)
            for oid in row.objects
        }

    def all(self) -> Access:
        """Put everything together."""
        return Access(
            objects=self._objects(),
            roles=map(self._role, self._roles),
            has_maintain=self._reading.server_version >= _MAINTAIN_SINCE,
        )

    def _objects(self) -> cabc.Iterator[ObjectAccess]:
        schemas, owners = self._reading.schemas, self._reading.schema_owners
        for oid, name in schemas.items():
            place = (PG_NAMESPACE, oid)
            yield ObjectAccess(
                kind=Securable.SCHEMA,
                schema=name,
                owner=self._name(owners[oid]),
                grants=self._grants.get(place),
            )
        for row in (*self._reading.tables, *self._reading.views):
            columns = self._on_columns(row.oid)
            yield self._object(Securable.TABLE, PG_CLASS, row, columns)
        for sequence in self._reading.sequences:
            yield self._object(Securable.SEQUENCE, PG_CLASS, sequence)
        for kind in self._reading.user_types:
            yield self._object(Securable.TYPE, PG_TYPE, kind)

    def _object(
        self,
        kind: Securable,
        catalog: int,
        row: _Owned,
        column_grants: cabc.Iterable[Grant] = (),
    ) -> ObjectAccess:
        return ObjectAccess(
            kind=kind,
            schema=self._reading.schemas[row.schema],
            name=row.name,
            owner=self._name(row.owner),
            grants=self._grants.get((catalog, row.oid)),
            column_grants=column_grants,
        )

    def _on_columns(self, relation: int) -> list[Grant]:
        return [
            grant
            for column in self._reading.attributes.get(relation, ())
            if column.privileges
            for grant in grants(column.privileges, column.name)
        ]

    def _role(self, row: RoleRow) -> Role:
        inherits = [self._name(oid) for oid in row.inherits]
        if row.owns_database:
            inherits.append(_DATABASE_OWNER)
        return Role(row.name, is_superuser=row.is_superuser, inherits=inherits)

    def _name(self, role: int) -> str:
        """Return a role's name; one that was dropped has none left."""
        return self._names.get(role, f"unknown (OID={role})")


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
    """Owners and privileges in words that are the same on every server.

    Roles have other names on other servers. So the role that owns the schema is not
    named: it is the role that owns most tables, if there are several, else the
    database's owner.
    """

    def __init__(self, reading: CatalogReading) -> None:
        self._reading = reading
        roles = reading.rows(ROLES)
        self._names = {row.oid: row.name for row in roles}
        self._lists = {
            oid: row.text
            for row in reading.rows(PRIVILEGE_LISTS)
            if row.catalog == PG_CLASS
            for oid in row.objects
        }
        owners = collections.Counter(row.owner for row in reading.tables)
        database_owner = next((row.oid for row in roles if row.owns_database), 0)
        [(usual, count)] = owners.most_common(1) or [(database_owner, 0)]
        is_usual = count > max(1, owners[database_owner])
        self._usual = usual if is_usual else database_owner

    def unusual_owner(self, role: int) -> str | None:
        """Return an owner's name, or None if it owns the rest of the schema."""
        return None if role == self._usual else self._name(role)

    def on_relation(self, row: RelationRow) -> tuple[str, ...]:
        """Return what others than its owner may do with a table or view."""
        granted = [*grants(self._lists[row.oid])] if row.oid in self._lists else []
        for column in self._reading.attributes.get(row.oid, ()):
            if column.privileges:
                granted += grants(column.privileges, column.name)
        return self._to_others(granted, row.owner)

    def executors(self, row: FunctionRow) -> list[str]:
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
        return self._names.get(role, f"unknown (OID={role})")
