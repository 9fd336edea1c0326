"""Who owns what, and who may do what with it.

Ownership and privileges depend on the server's roles as much as on the
migrations, so `Access` takes no part in the equality of snapshots. What does is
how tables, views and functions differ from the rest: see `Table.owner`,
`Table.grants` and `DefaultPrivileges`.
"""

from __future__ import annotations

import collections.abc as cabc
import enum
import functools
import operator
import typing as typ

import attrs

from pytest_userstate.domain.converters import by_name, sorted_strings

EVERYBODY: typ.Final = "public"
"""The grantee that means every role; no role can have this name."""


class Securable(enum.StrEnum):
    """The kinds of objects that have an owner and privileges."""

    SCHEMA = "schema"
    TABLE = "table"
    SEQUENCE = "sequence"
    TYPE = "type"


PRIVILEGES: typ.Final[cabc.Mapping[Securable, frozenset[str]]] = {
    Securable.SCHEMA: frozenset({"create", "usage"}),
    Securable.TABLE: frozenset(
        {
            *("delete", "insert", "maintain", "references"),
            *("select", "trigger", "truncate", "update"),
        }
    ),
    Securable.SEQUENCE: frozenset({"select", "update", "usage"}),
    Securable.TYPE: frozenset({"usage"}),
}
"""What can be granted; on tables also on views, and ``maintain`` from 17 on."""

COLUMN_PRIVILEGES: typ.Final = frozenset({"insert", "references", "select", "update"})
"""What can be granted on a single column."""

# What the predefined roles may do everywhere, from PostgreSQL's documentation.
_READ: typ.Final = {
    Securable.TABLE: {"select"},
    Securable.SEQUENCE: {"select"},
    Securable.SCHEMA: {"usage"},
}
_WRITE: typ.Final = {
    Securable.TABLE: {"insert", "update", "delete"},
    Securable.SEQUENCE: {"update"},
    Securable.SCHEMA: {"usage"},
}
_PREDEFINED: typ.Final[cabc.Mapping[str, cabc.Mapping[Securable, set[str]]]] = {
    "pg_read_all_data": _READ,
    "pg_write_all_data": _WRITE,
    "pg_maintain": {Securable.TABLE: {"maintain"}},
}


@attrs.frozen
class Grant:
    """A privilege that a role has on an object, or on one column of it.

    `role` is ``public`` for everybody, `column` is empty for the whole object.
    """

    role: str
    privilege: str
    column: str = attrs.field(default="", kw_only=True)
    is_grantable: bool = attrs.field(default=False, kw_only=True)


def _grants(values: cabc.Iterable[Grant] | None) -> tuple[Grant, ...] | None:
    return None if values is None else tuple(sorted(values, key=_grant_order))


def _own_grants(values: cabc.Iterable[Grant]) -> tuple[Grant, ...]:
    return tuple(sorted(values, key=_grant_order))


_grant_order = operator.attrgetter("role", "privilege", "column", "is_grantable")


@attrs.frozen(kw_only=True)
class ObjectAccess:
    """The owner of an object, and what was granted on it, to the owner too.

    Tables, views, materialized views and foreign tables are all of the kind
    ``table``; enumerated types and domains are types; a schema has no name
    beside that of the schema. `grants` is None if nothing was ever granted or
    revoked on the object as a whole, so that PostgreSQL's defaults hold: the owner
    may do everything, and everybody may use a type.
    """

    kind: Securable
    schema: str
    name: str = ""
    owner: str
    grants: tuple[Grant, ...] | None = attrs.field(default=None, converter=_grants)
    column_grants: tuple[Grant, ...] = attrs.field(default=(), converter=_own_grants)


@attrs.frozen(kw_only=True)
class DefaultPrivileges:
    """What is granted on objects that a role will create.

    Parameters
    ----------
    kind : str
        ``tables``, ``sequences``, ``functions``, ``types`` or ``schemas``.
    grants : iterable of str
        What others than the role itself get: ``select to app``.
    schema : str
        The schema that they hold for; empty for all.
    role : str or None
        Who creates the objects; None for the role that owns the rest of the schema.
    """

    kind: str
    grants: tuple[str, ...] = attrs.field(converter=sorted_strings)
    schema: str = ""
    role: str | None = None

    @property
    def name(self) -> str:
        """What they are for: ``tables of app``."""
        return f"{self.kind} of {self.role}" if self.role else self.kind


def by_scope(values: cabc.Iterable[DefaultPrivileges]) -> tuple[DefaultPrivileges, ...]:
    """Return default privileges as a tuple, sorted by what they are for."""
    return tuple(sorted(values, key=lambda value: (value.schema, value.name)))


def grants_in_words(grants: cabc.Iterable[Grant]) -> tuple[str, ...]:
    """Return grants as ``insert, select (email) to app``, one line for each role."""
    privileges: dict[tuple[str, bool], set[str]] = {}
    for grant in grants:
        column = f" ({grant.column})" if grant.column else ""
        to = (grant.role, grant.is_grantable)
        privileges.setdefault(to, set()).add(f"{grant.privilege}{column}")
    return tuple(
        f"{', '.join(sorted(names))} to {role}"
        f"{' with grant option' if is_grantable else ''}"
        for (role, is_grantable), names in sorted(privileges.items())
    )


@attrs.frozen
class Role:
    """A role of the server.

    Parameters
    ----------
    name : str
        Its name.
    is_superuser : bool
        Whether no privilege is ever asked of it.
    inherits : iterable of str
        The roles whose privileges it has, without a ``SET ROLE``, as a direct
        member.
    """

    name: str
    is_superuser: bool = attrs.field(default=False, kw_only=True)
    inherits: tuple[str, ...] = attrs.field(
        default=(), kw_only=True, converter=sorted_strings
    )


def _objects(values: cabc.Iterable[ObjectAccess]) -> tuple[ObjectAccess, ...]:
    return tuple(
        sorted(values, key=lambda item: (item.kind, item.schema, item.name)),
    )


def _roles(values: cabc.Iterable[Role]) -> tuple[Role, ...]:
    return by_name(values)


@attrs.frozen(kw_only=True)
class Access:
    """Owners, privileges and roles.

    Examples
    --------
    >>> access = Access(
    ...     objects=[
    ...         ObjectAccess(
    ...             kind=Securable.TABLE,
    ...             schema="public",
    ...             name="users",
    ...             owner="app",
    ...             grants=[Grant("public", "select")],
    ...         )
    ...     ],
    ...     roles=[Role("app"), Role("guest")],
    ... )
    >>> users = access.of(Securable.TABLE, "public", "users")
    >>> sorted(access.privileges("guest", users))
    ['select']
    """

    objects: tuple[ObjectAccess, ...] = attrs.field(default=(), converter=_objects)
    roles: tuple[Role, ...] = attrs.field(default=(), converter=_roles)
    has_maintain: bool = True

    def of(self, kind: Securable, schema: str, name: str = "") -> ObjectAccess | None:
        """Return what is known of an object, or None."""
        return self._by_place.get((kind, schema, name))

    def role(self, name: str) -> Role | None:
        """Return the role of exactly this name, or None."""
        return self._by_name.get(name)

    def privileges(
        self, role: str, target: ObjectAccess, *, column: str = ""
    ) -> frozenset[str]:
        """Return what a role may do with an object, or with one of its columns.

        What was granted to everybody, to roles that it is a member of, and what
        PostgreSQL's predefined roles may do is included.
        """
        possible = self.possible(target.kind, column=column)
        known = self.role(role)
        if known is not None and known.is_superuser:
            return possible
        roles = self._acting_as(role)
        granted = {
            grant.privilege
            for grant in self.grants(target)
            if grant.role in roles and grant.column in {"", column}
        }
        for predefined in roles & _PREDEFINED.keys():
            granted |= _PREDEFINED[predefined].get(target.kind, set())
        return possible & granted

    def grants(self, target: ObjectAccess) -> tuple[Grant, ...]:
        """Return what was granted on an object and its columns, defaults included."""
        if target.grants is not None:
            return target.grants + target.column_grants
        owners = [
            Grant(target.owner, privilege) for privilege in self.possible(target.kind)
        ]
        if target.kind is Securable.TYPE:
            owners.append(Grant(EVERYBODY, "usage"))
        return _own_grants(owners) + target.column_grants

    def possible(self, kind: Securable, *, column: str = "") -> frozenset[str]:
        """Return the privileges that there are on such an object, or a column."""
        if column:
            return COLUMN_PRIVILEGES
        return PRIVILEGES[kind] - (set() if self.has_maintain else {"maintain"})

    def _acting_as(self, role: str) -> set[str]:
        """Return the role, everybody, and all that it inherits from."""
        names: set[str] = {EVERYBODY}
        pending = [role]
        while pending:
            name = pending.pop()
            if name not in names:
                names.add(name)
                known = self.role(name)
                pending += known.inherits if known else ()
        return names

    @functools.cached_property
    def _by_place(self) -> dict[tuple[Securable, str, str], ObjectAccess]:
        return {
            (
                object_access.kind,
                object_access.schema,
                object_access.name,
            ): object_access
            for object_access in self.objects
        }

    @functools.cached_property
    def _by_name(self) -> dict[str, Role]:
        return {role.name: role for role in self.roles}
