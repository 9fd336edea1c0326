"""From rows of the catalog to owners, privileges and roles."""

from __future__ import annotations

import collections
import collections.abc as cabc
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
from pytest_userstate.outbound.postgres.catalog import (
    access_queries,
    function_queries,
    relation_queries,
)
from pytest_userstate.outbound.postgres.catalog.privilege_lists import grants
from pytest_userstate.outbound.postgres.catalog.reading import Reading

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


def access_of(reading: Reading) -> Access:
    """Return who owns what, and who may do what with it."""
    return _Accesses(reading).all()


class _Accesses:
    """What is known of access, by object."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._roles = reading.rows(access_queries.ROLES)
        self._names = {row.oid: row.name for row in self._roles}
        self._grants = {
            (row.catalog, oid): grants(row.text)
            for row in reading.rows(access_queries.PRIVILEGE_LISTS)
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
            place = (relation_queries.PG_NAMESPACE, oid)
            yield ObjectAccess(
                kind=Securable.SCHEMA,
                schema=name,
                owner=self._name(owners[oid]),
                grants=self._grants.get(place),
            )
        for row in (*self._reading.tables, *self._reading.views):
            columns = self._on_columns(row.oid)
            yield self._object(Securable.TABLE, relation_queries.PG_CLASS, row, columns)
        for sequence in self._reading.sequences:
            yield self._object(Securable.SEQUENCE, relation_queries.PG_CLASS, sequence)
        for kind in self._reading.user_types:
            yield self._object(Securable.TYPE, relation_queries.PG_TYPE, kind)

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

    def _role(self, row: access_queries.Role) -> Role:
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

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        roles = reading.rows(access_queries.ROLES)
        self._names = {row.oid: row.name for row in roles}
        self._lists = {
            oid: row.text
            for row in reading.rows(access_queries.PRIVILEGE_LISTS)
            if row.catalog == relation_queries.PG_CLASS
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

    def on_relation(self, row: relation_queries.Relation) -> tuple[str, ...]:
        """Return what others than its owner may do with a table or view."""
        granted = [*grants(self._lists[row.oid])] if row.oid in self._lists else []
        for column in self._reading.attributes.get(row.oid, ()):
            if column.privileges:
                granted += grants(column.privileges, column.name)
        return self._to_others(granted, row.owner)

    def executors(self, row: function_queries.Function) -> list[str]:
        """Return the roles that may call a function, besides its owner."""
        if row.privileges is None:
            return [EVERYBODY]
        owner = self._name(row.owner)
        return [grant.role for grant in grants(row.privileges) if grant.role != owner]

    def by_default(self) -> cabc.Iterator[DefaultPrivileges]:
        """Yield what is granted on objects that will be created."""
        for row in self._reading.rows(function_queries.DEFAULT_PRIVILEGES):
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
