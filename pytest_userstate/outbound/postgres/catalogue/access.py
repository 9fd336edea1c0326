"""From rows of the catalogue to owners, privileges and roles."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.domain.access import (
    Access,
    Grant,
    ObjectAccess,
    Role,
    Securable,
)
from pytest_userstate.outbound.postgres.catalogue import (
    access_queries,
    relation_queries,
)
from pytest_userstate.outbound.postgres.catalogue.privilege_lists import grants
from pytest_userstate.outbound.postgres.catalogue.reading import Reading

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
            (row.catalogue, oid): grants(row.text)
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
        catalogue: int,
        row: _Owned,
        column_grants: cabc.Iterable[Grant] = (),
    ) -> ObjectAccess:
        return ObjectAccess(
            kind=kind,
            schema=self._reading.schemas[row.schema],
            name=row.name,
            owner=self._name(row.owner),
            grants=self._grants.get((catalogue, row.oid)),
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
