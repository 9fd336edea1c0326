"""Schemas of one database that should be alike: one for each tenant.

A pattern among the audited schemas stands for one schema after another. Schemas that
are alike, but for their names, are audited once.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import datetime as dt
import fnmatch
import functools
import re
import typing as typ

import attrs

from pytest_userstate.application.audit import (
    Audit,
    Prepared,
    audit,
    compared,
    written_snapshot,
)
from pytest_userstate.application.comparison import Comparison, schema_difference
from pytest_userstate.application.run_record import in_brief
from pytest_userstate.domain.errors import ToolError
from pytest_userstate.domain.gate import GatePolicy, gap, judge
from pytest_userstate.domain.model import is_pattern
from pytest_userstate.domain.ports import OpenTarget, Scratch, TargetDescription
from pytest_userstate.domain.proof import confronted
from pytest_userstate.domain.snapshot import SchemaSnapshot

_PARTS: typ.Final = (
    "tables",
    "views",
    "enums",
    "domains",
    "composite_types",
    "range_types",
    "functions",
    "default_privileges",
    "sequences",
    "dropped",
)
"""The objects of a snapshot that are in a schema."""
_NAMES: typ.Final = 6
_NO_SCHEMA: typ.Final = "no schema matches {patterns}: the database has {schemas}"


def audit_tenants(prepared: Prepared, *, today: dt.date) -> Audit:
    """Audit each schema that the patterns name.

    The audit is that of the schemas which most others are like; `Audit.others` has
    one for each group of schemas that differ from them.

    A `ToolError` is raised as by `audit`, and if there is no such schema.
    """
    model = prepared.settings.model
    with prepared.target.open() as database:
        snapshot = database.load()
        loaded = _Loaded.of(prepared.target.description, database)
        main = attrs.evolve(prepared, target=loaded, references=(), snapshot=None)
        first, *others = _groups(snapshot, model.schemas)
        usual = audit(_only(main, first), today=today)
    plain = attrs.evolve(main, proves=False, drafts=None, draws=False)
    exceptions = []
    for group in others:
        changes = schema_difference(first.anonymous, group.anonymous).changes
        if not changes:
            first = attrs.evolve(first, schemas=(*first.schemas, *group.schemas))
            continue
        other = audit(_only(plain, group), today=today)
        difference = _difference(first, group, changes)
        exceptions.append(
            attrs.evolve(other, schemas=group.schemas, comparisons=(difference,))
        )
    usual = attrs.evolve(
        usual,
        schemas=first.schemas,
        others=tuple(exceptions),
        comparisons=compared(snapshot, prepared.references),
        snapshot=written_snapshot(snapshot) if prepared.snapshot else None,
    )
    return _with_fair_acceptances(usual, today)


@attrs.frozen
class _Group:
    """Schemas that are alike, and what the first of them, and all tenants, see."""

    schemas: tuple[str, ...]
    pattern: str
    snapshot: SchemaSnapshot

    @functools.cached_property
    def anonymous(self) -> SchemaSnapshot:
        """The snapshot with the pattern in place of the schema's name."""
        anonymous = _Anonymous(self.schemas[0], self.pattern)
        parts: dict[str, typ.Any] = {
            name: map(anonymous.value, getattr(self.snapshot, name))
            for name in (*_PARTS, "schemas")
        }
        return attrs.evolve(self.snapshot, **parts)


@attrs.frozen
class _Anonymous:
    """Replaces the name of a schema, in whatever mentions it."""

    schema: str
    pattern: str

    @functools.cached_property
    def _name(self) -> re.Pattern[str]:
        # As a word, or a part of one: tenant_1_users_idx, but not tenant_17.
        return re.compile(rf"(?<![A-Za-z0-9]){re.escape(self.schema)}(?![A-Za-z0-9])")

    def text(self, text: str) -> str:
        """Return a text without the name."""
        return self._name.sub(self.pattern, text) if self.schema in text else text

    def value(self, value: typ.Any) -> typ.Any:
        """Return a value without the name in any of its texts."""
        match value:
            case str():
                return self.text(value)
            case tuple():
                return tuple(map(self.value, value))
            case _ if attrs.has(type(value)):
                changes = {
                    name: new
                    for name in _compared(value)
                    if (new := self.value(old := getattr(value, name))) != old
                }
                return attrs.evolve(value, **changes) if changes else value
            case _:
                return value

    def key(self, value: typ.Any) -> typ.Any:
        """Return what is the same for the same object of another schema."""
        match value:
            case str():
                return self.text(value)
            case tuple():
                return tuple(map(self.key, value))
            case _ if attrs.has(type(value)):
                return tuple(self.key(getattr(value, n)) for n in _compared(value))
            case _:
                return value


def _compared(value: object) -> tuple[str, ...]:
    """Return the fields that take part in a comparison: no source, for example."""
    kind: typ.Any = type(value)
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(f.name for f in attrs.fields(kind) if f.eq)
    return _FIELDS[kind]


_FIELDS: typ.Final[dict[type, tuple[str, ...]]] = {}
"""The fields of classes; there are millions of values."""


def _groups(snapshot: SchemaSnapshot, audited: cabc.Iterable[str]) -> list[_Group]:
    """Return the groups of schemas that are alike, the largest first."""
    patterns = [schema for schema in audited if is_pattern(schema)]
    names = dict.fromkeys((*snapshot.schemas, *(t.schema for t in snapshot.tables)))
    matching = {name: p for name in names for p in patterns if _matches(name, p)}
    if not matching:
        message = _NO_SCHEMA.format(
            patterns=" or ".join(patterns), schemas=_listed([*names]) or "none"
        )
        raise ToolError(message)
    shared: dict[str, list[typ.Any]] = {part: [] for part in _PARTS}
    own: dict[str, dict[str, list[typ.Any]]] = {name: {} for name in matching}
    for part in _PARTS:
        for value in getattr(snapshot, part):
            place = own.get(value.schema)
            (shared if place is None else place).setdefault(part, []).append(value)
    alike: dict[typ.Hashable, list[str]] = {}
    for name, parts in own.items():
        key = _Anonymous(name, matching[name]).key
        objects = ((p, key(v)) for p, vs in parts.items() if p != "dropped" for v in vs)
        alike.setdefault(frozenset(objects), []).append(name)
    everyone = [name for name in names if name not in matching]

    def group_of(schemas: list[str]) -> _Group:
        first = min(schemas)
        parts: dict[str, typ.Any] = {
            part: [*shared[part], *own[first].get(part, ())] for part in _PARTS
        }
        visible = attrs.evolve(snapshot, schemas=[*everyone, first], **parts)
        return _Group(tuple(sorted(schemas)), matching[first], visible)

    groups = map(group_of, alike.values())
    return sorted(groups, key=lambda group: (-len(group.schemas), group.schemas))


def _matches(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))


@attrs.frozen
class _Loaded:
    """A target that is open already, and what of its schema is audited."""

    description: TargetDescription
    server_version: str
    applied: int | None
    warnings: tuple[str, ...]
    scratch: Scratch | None
    snapshot: SchemaSnapshot = attrs.field(factory=SchemaSnapshot)

    @classmethod
    def of(cls, description: TargetDescription, database: OpenTarget) -> _Loaded:
        return cls(
            description=description,
            server_version=database.server_version,
            applied=database.applied,
            warnings=database.warnings,
            scratch=database.scratch,
        )

    def open(self) -> contextlib.AbstractContextManager[_Loaded]:
        return contextlib.nullcontext(self)

    def load(self) -> SchemaSnapshot:
        return self.snapshot


def _only(prepared: Prepared, group: _Group) -> Prepared:
    """Return what was prepared for the schemas of a group alone."""
    settings, target = prepared.settings, prepared.target
    schemas = dict.fromkeys(
        group.schemas[0] if is_pattern(schema) else schema
        for schema in settings.model.schemas
    )
    model = attrs.evolve(settings.model, schemas=tuple(schemas))
    return attrs.evolve(
        prepared,
        settings=attrs.evolve(settings, model=model),
        target=attrs.evolve(typ.cast("_Loaded", target), snapshot=group.snapshot),
    )


def _difference(
    usual: _Group, group: _Group, changes: tuple[typ.Any, ...]
) -> Comparison:
    """Return how a group of schemas differs from most others."""
    return Comparison(
        name="schemas",
        reference=in_brief(usual.schemas),
        before=usual.schemas[0],
        after=group.schemas[0],
        expected="all schemas to be alike",
        remedy="",
        changes=changes,
        is_gated=False,
    )


def _listed(names: list[str]) -> str:
    more = len(names) - _NAMES
    return ", ".join(names[:_NAMES]) + (f", and {more} more" if more > 0 else "")


def _with_fair_acceptances(usual: Audit, today: dt.date) -> Audit:
    """Let an acceptance hold as long as one schema has the gap."""
    audits, gate = (usual, *usual.others), usual.settings.gate
    is_open = {
        acceptance.check
        for acceptance in gate.acceptances
        for each in audits
        if gap(each.report.check(acceptance.check), each.report)
    }
    if not is_open:
        return usual

    def judged(each: Audit) -> Audit:
        acceptances = (
            acceptance
            for acceptance in gate.acceptances
            if acceptance.check not in is_open
            or gap(each.report.check(acceptance.check), each.report)
        )
        policy: GatePolicy = attrs.evolve(gate, acceptances=acceptances)
        verdicts = judge(each.report, policy, today=today)
        return attrs.evolve(each, verdicts=confronted(verdicts, each.proof))

    usual, *others = map(judged, audits)
    return attrs.evolve(usual, others=tuple(others))
