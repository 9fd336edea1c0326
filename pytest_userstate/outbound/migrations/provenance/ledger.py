"""Which migration introduced, last changed, and dropped each part of the schema.

Parts are tables and views, and their columns, constraints and indexes. They are
known by the numbers that PostgreSQL has for them, so that a part with another name
is the same part, renamed; and by their values, since row versions would mislead: a
foreign key from another table or a GRANT rewrites the row of a table that it leaves
as it was.
"""

from __future__ import annotations

import collections.abc as cabc
import types
import typing as typ

import attrs

from pytest_userstate.domain.columns import (
    CheckConstraint,
    Column,
    ExclusionConstraint,
    ForeignKey,
    Index,
    KeyConstraint,
)
from pytest_userstate.domain.snapshot import (
    DroppedObject,
    SchemaSnapshot,
    Source,
    Table,
    View,
)
from pytest_userstate.outbound.migrations.plan import Command
from pytest_userstate.outbound.migrations.programs.inside.changes import (
    COLUMN,
    CONSTRAINT,
    INDEX,
    PARENT,
    RELATION,
    Changes,
    Part,
    Row,
    UnknownError,
)
from pytest_userstate.outbound.migrations.provenance.attribution import (
    Attribution,
    RelationName,
)
from pytest_userstate.outbound.migrations.running.session import Session

Key = tuple[str, str, str, str]
"""Schema, relation, kind, and the part's name; "" for the relation itself."""
Number = tuple[str, int]
"""A kind, and PostgreSQL's number of a part within its relation."""

_ITSELF: Number = (RELATION, 0)
_WITHOUT_LINES = Attribution(())


@attrs.frozen
class _Relation:
    """A table or view as it is now, with all of its parts, itself included."""

    place: RelationName
    # The name of each, and what is different when its values are.
    parts: cabc.Mapping[Number, tuple[str, object]]


@attrs.frozen(kw_only=True)
class History:
    """What the migrations did, name by name."""

    # How many migrations were applied.
    applied: int
    # Where each table and view that exists now comes from, and each of their columns,
    # constraints and indexes.
    created: cabc.Mapping[Key, Source]
    # Which migration changed or renamed it last, if one did after that.
    changed: cabc.Mapping[Key, Source]
    # The names that existed once and exist no more, with the last migration that
    # removed them.
    dropped: tuple[DroppedObject, ...]
    # The files of the migrations, in the order in which they were applied.
    paths: tuple[str, ...] = ()
    # What is not known, and why.
    warnings: tuple[str, ...] = ()


class _Sources(dict[int | None, Source | None]):
    """The lines of a migration's file; None: the file alone."""

    def __init__(self, path: str | None) -> None:
        """Begin with none."""
        super().__init__()
        self._path = path

    def __missing__(self, line: int | None) -> Source | None:
        """Make each once; there is none if the file is not known."""
        source = Source(self._path, line) if self._path is not None else None
        self[line] = source
        return source


@attrs.define
class _Known:
    """A part as it was seen last, and where it comes from."""

    name: str
    values: object
    created: Source | None = None
    changed: Source | None = None


@attrs.define
class _Seen:
    """A relation as it was seen last."""

    place: RelationName
    parts: dict[Number, _Known]


@attrs.frozen
class _Gone:
    """What became of a name that was there."""

    source: Source
    created: Source | None
    renamed_to: tuple[str, ...] = ()


class Ledger:
    """The state of the catalog as last seen, and where each part comes from."""

    def __init__(
        self,
        parts: cabc.Iterable[Part],
        *,
        origin: Source | None = None,
        without_origin: frozenset[str] = frozenset(),
    ) -> None:
        """Take note of what exists already."""
        self._seen: dict[int, _Seen] = {}
        self._gone: dict[Key, _Gone] = {}
        self._paths: dict[str, None] = {}
        for oid, relation in _relations(parts).items():
            if relation is not None:
                names = {relation.place[1], ".".join(relation.place)}
                source = origin if without_origin.isdisjoint(names) else None
                known = {
                    number: _Known(*named, source)
                    for number, named in relation.parts.items()
                }
                self._seen[oid] = _Seen(relation.place, known)

    def note(
        self, parts: cabc.Iterable[Part], path: str | None, attribution: Attribution
    ) -> bool:
        """Note what a migration has changed; return whether it is anything."""
        return self._note_relations(_relations(parts), path, attribution)

    def note_all(
        self,
        parts: cabc.Iterable[Part],
        path: str | None,
        attribution: Attribution = _WITHOUT_LINES,
    ) -> bool:
        """Do the same with all parts that there are: others are gone."""
        everything = {**dict.fromkeys(self._seen), **_relations(parts)}
        return self._note_relations(everything, path, attribution)

    def _note_relations(
        self,
        relations: cabc.Mapping[int, _Relation | None],
        path: str | None,
        attribution: Attribution,
    ) -> bool:
        sources = _Sources(path)  # asked for the source of each change
        if path is not None:
            self._paths.setdefault(path)
        for oid, relation in relations.items():
            seen = self._seen.pop(oid, None)
            if relation is not None:
                seen = seen or _Seen(relation.place, {})
                self._seen[oid] = seen
                self._note(seen, relation, sources, attribution)
            elif seen is not None:
                line = attribution.of_lost(seen.place, RELATION, seen.place[1])
                for part, known in seen.parts.items():
                    self._lose(seen.place, part, known, sources[line])
        return bool(sources)

    def history(self, *, applied: int, warnings: tuple[str, ...] = ()) -> History:
        """Sum it up."""
        created: dict[Key, Source] = {}
        changed: dict[Key, Source] = {}
        gone = dict(self._gone)
        for seen in self._seen.values():
            for part, known in seen.parts.items():
                key = _key(seen.place, part, known.name)
                gone.pop(key, None)
                if known.created:
                    created[key] = known.created
                if known.changed:
                    changed[key] = known.changed
        return History(
            applied=applied,
            created=types.MappingProxyType(created),
            changed=types.MappingProxyType(changed),
            dropped=tuple(_dropped_object(key, gone[key]) for key in sorted(gone)),
            paths=tuple(self._paths),
            warnings=warnings,
        )

    def _note(
        self,
        seen: _Seen,
        relation: _Relation,
        sources: _Sources,
        attribution: Attribution,
    ) -> None:
        """Compare what a relation was with what it is."""
        _follow_remade(seen.parts, relation)
        before = seen.place
        if before != relation.place:
            line = attribution.of_lost(before, RELATION, before[1])
            self._note_move(seen, relation, sources[line])
        self._note_losses(before, seen, relation, sources, attribution)
        constraints = {
            name for part, (name, _) in relation.parts.items() if part[0] == CONSTRAINT
        }
        for part, (name, values) in relation.parts.items():
            known = seen.parts.get(part)
            if known is None:
                kind = _kind(part, name, constraints)
                line = attribution.of_new(relation.place, kind, name)
                seen.parts[part] = _Known(name, values, sources[line])
            elif known.values != values:
                line = attribution.of_changed(relation.place, part[0], name)
                known.values, known.changed = values, sources[line]

    def _note_move(
        self, seen: _Seen, relation: _Relation, source: Source | None
    ) -> None:
        """Note that a relation has another name, or is in another schema."""
        for part, known in seen.parts.items():
            if part in relation.parts:
                name = relation.parts[part][0] if part != _ITSELF else ""
                now = tuple(filter(None, (*relation.place, name)))
                self._lose(seen.place, part, known, source, renamed_to=now)
        seen.parts[_ITSELF].name = relation.place[1]
        seen.parts[_ITSELF].changed = source
        seen.place = relation.place

    def _note_losses(
        self,
        before: RelationName,
        seen: _Seen,
        relation: _Relation,
        sources: _Sources,
        attribution: Attribution,
    ) -> None:
        """Note the parts that are gone, and those that have another name."""
        constraints = {
            known.name for part, known in seen.parts.items() if part[0] == CONSTRAINT
        }
        for part, known in list(seen.parts.items()):
            name = relation.parts[part][0] if part in relation.parts else None
            if name == known.name:
                continue
            kind = _kind(part, known.name, constraints)
            source = sources[attribution.of_lost(before, kind, known.name)]
            if name is None:
                self._lose(before, part, known, source)
                del seen.parts[part]
            else:
                now = (*relation.place, name)
                self._lose(before, part, known, source, renamed_to=now)
                known.name, known.changed = name, source

    def _lose(
        self,
        place: RelationName,
        part: Number,
        known: _Known,
        source: Source | None,
        *,
        renamed_to: tuple[str, ...] = (),
    ) -> None:
        """Note what became of a name, if it is known who did it."""
        if source is not None:
            key = _key(place, part, known.name)
            self._gone[key] = _Gone(source, known.created, renamed_to)


def _relations(parts: cabc.Iterable[Part]) -> dict[int, _Relation | None]:
    """Return the relations that have these parts; None for one that is gone."""
    relations: dict[int, _Relation | None] = {}
    groups: dict[int, list[Part]] = {}
    for part in parts:
        groups.setdefault(part.relation, []).append(part)
    for oid, group in groups.items():
        itself = next(part for part in group if part.kind == RELATION)
        if itself.schema is None or itself.name is None:
            relations[oid] = None
            continue
        named: dict[Number, tuple[str, object]] = {
            (part.kind, part.number): (part.name or "", part.state)
            for part in group
            if part.kind != PARENT
        }
        parents = sorted(
            (part.state, part.number) for part in group if part.kind == PARENT
        )
        named[_ITSELF] = (itself.name, (itself.state, parents))
        relations[oid] = _Relation((itself.schema, itself.name), named)
    return relations


def _key(place: RelationName, part: Number, name: str) -> Key:
    return (*place, part[0], "" if part == _ITSELF else name)


def _follow_remade(known: dict[Number, _Known], relation: _Relation) -> None:
    """Take a constraint or index made again for the one of its name.

    ALTER COLUMN TYPE and REINDEX CONCURRENTLY do so by themselves.
    """
    gone = {
        (part[0], known[part].name): part
        for part in known.keys() - relation.parts.keys()
        if part[0] in {CONSTRAINT, INDEX}
    }
    for part, (name, _) in relation.parts.items() if gone else ():
        if part not in known and (part[0], name) in gone:
            known[part] = known.pop(gone.pop((part[0], name)))


def _kind(part: Number, name: str, constraints: cabc.Container[str]) -> str:
    """Return with what a part comes and goes.

    An index that backs a constraint has its name, and goes with it.
    """
    return CONSTRAINT if part[0] == INDEX and name in constraints else part[0]


def _dropped_object(key: Key, gone: _Gone) -> DroppedObject:
    schema, table, kind, name = key
    return DroppedObject(
        schema=schema,
        table=table,
        source=gone.source,
        introduced_by=gone.created,
        renamed_to=gone.renamed_to,
        **({kind: name} if name else {}),
    )


P = typ.TypeVar(
    "P",
    Column,
    ForeignKey,
    KeyConstraint,
    CheckConstraint,
    ExclusionConstraint,
    Index,
)


def annotate(snapshot: SchemaSnapshot, history: History) -> SchemaSnapshot:
    """Return the same snapshot, each part with its sources, and what is gone."""
    return attrs.evolve(
        snapshot,
        tables=[_Annotator(table, history).table(table) for table in snapshot.tables],
        views=[_Annotator(view, history).view(view) for view in snapshot.views],
        dropped=history.dropped,
        migrations=history.paths,
    )


class _Annotator:
    """Adds to one table or view, and its parts, where they come from."""

    def __init__(self, relation: Table | View, history: History) -> None:
        self._place = (relation.schema, relation.name)
        self._history = history

    def table(self, table: Table) -> Table:
        key = table.primary_key
        return attrs.evolve(
            table,
            **self._sources(RELATION, ""),
            columns=self._all(COLUMN, table.columns),
            primary_key=key and self._one(CONSTRAINT, key),
            unique_constraints=self._all(CONSTRAINT, table.unique_constraints),
            foreign_keys=self._all(CONSTRAINT, table.foreign_keys),
            check_constraints=self._all(CONSTRAINT, table.check_constraints),
            exclusion_constraints=self._all(CONSTRAINT, table.exclusion_constraints),
            indexes=self._all(INDEX, table.indexes),
        )

    def view(self, view: View) -> View:
        return attrs.evolve(
            view,
            **self._sources(RELATION, ""),
            columns=self._all(COLUMN, view.columns),
            indexes=self._all(INDEX, view.indexes),
        )

    def _all(self, kind: str, parts: cabc.Iterable[P]) -> list[P]:
        return [self._one(kind, part) for part in parts]

    def _one(self, kind: str, part: P) -> P:
        return attrs.evolve(part, **self._sources(kind, part.name))

    def _sources(self, kind: str, name: str) -> dict[str, typ.Any]:
        key = (*self._place, kind, name)
        return {
            "source": self._history.created.get(key),
            "changed_by": self._history.changed.get(key),
        }


_READ_WRITE: Command = ("BEGIN READ WRITE", ())
_NO_TIMEOUT: Command = (
    "SELECT pg_catalog.set_config('statement_timeout', '0', true)",
    (),
)
_COMMIT: Command = ("COMMIT", ())
_END = "SELECT pg_catalog.userstate_end()"


@attrs.frozen
class Questions:
    """Asks the server over a session, whatever migrations have set in it."""

    session: Session

    def __call__(self, question: str) -> cabc.Iterable[Row]:
        """Return the rows of an answer."""
        outcome = self.session.commands((question, ()))
        if not outcome.succeeded:
            # A migration may have left settings that are in the way.
            asking = (_READ_WRITE, _NO_TIMEOUT, (question, ()), _COMMIT)
            outcome = self.session.commands(*asking)
            self.session.roll_back()
        if not outcome.succeeded:
            failure = outcome.failure
            raise UnknownError(failure.message if failure else "it took too long")
        return [
            tuple(None if value is None else value.decode() for value in row)
            for row in outcome.rows
        ]


class Recorder:
    """Looks at what each migration has changed, as long as the server knows it.

    If it cannot, the migrations go on, and the history says so once.
    """

    def __init__(self, session: Session, ledger: Ledger | None = None) -> None:
        """Take the session, and what is known already; nothing is sent yet."""
        self._session = session
        self._changes = Changes(Questions(session))
        self._ledger = ledger or Ledger(())
        self._waiting: list[tuple[list[Part], str | None, Attribution]] = []
        self._applied = 0
        self._is_blind = False
        self._warnings: tuple[str, ...] = ()
        self.has_changes = False
        session.do_meanwhile(self._write_down)

    def start(self, origin: Source | None, bookkeeping: frozenset[str]) -> None:
        """Note what is there before the first migration, and where it comes from."""
        self._ledger = Ledger(
            self._look(self._changes.look, ""),
            origin=origin,
            without_origin=bookkeeping,
        )

    def note(self, path: str | None, attribution: Attribution) -> None:
        """Find out what a migration has done; it is written down a little later."""
        self._applied += 1
        parts = self._look(self._changes.look, path or "")
        self._waiting.append((parts, path, attribution))

    def end(self, path: str | None = None) -> History:
        """Sum it up, and take away what the server has noted.

        What nobody has noted yet is that of the path, if there is one.
        """
        self._write_down()
        if self._session.is_superuser:
            # A superuser can do things without the event triggers.
            parts = self._look(self._changes.look_at_everything, "")
            missed = self._ledger.note_all(parts, path)
            if missed and path is None:
                self._warnings += (_UNSEEN,)
        if not self._is_blind:
            self._session.commands((_END, ()))
        return self._ledger.history(applied=self._applied, warnings=self._warnings)

    def _write_down(self) -> None:
        """Write into the ledger what is known; the server is not asked."""
        for parts, path, attribution in self._waiting:
            if self._ledger.note(parts, path, attribution):
                self.has_changes = True
        self._waiting.clear()

    def _look(self, look: cabc.Callable[[], list[Part]], path: str) -> list[Part]:
        if self._is_blind:
            return []
        try:
            return look()
        except UnknownError as error:
            self._is_blind = True
            since = f" from {path} on" if path else ""
            self._warnings = (_UNKNOWN.format(since=since, reason=error),)
            return []


_UNKNOWN = (
    "Which migration made or changed what is not known{since}: the server does not say"
    " so ({reason})."
)
_UNSEEN = (
    "Which migration made some of the changes is not known: they were made while event"
    " triggers were off, or by writing to the catalog."
)
