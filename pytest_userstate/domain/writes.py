"""What the program's sources write to the audited tables, and with what care.

A reader of sources says of each write which columns it sets and which its condition
compares. Whether that suffices is decided here, since only the storage shows which
columns matter and which of them is the revision.
"""

from __future__ import annotations

import collections.abc as cabc
import enum
import re
import typing as typ

import attrs

from pytest_userstate.domain.classification import Candidate, Storage, classify
from pytest_userstate.domain.converters import strings
from pytest_userstate.domain.coverage import Axis
from pytest_userstate.domain.evidence import Evidence, EvidenceKind, listed
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.recognition.columns import is_owner
from pytest_userstate.domain.revisions import XMIN, KeptRevision
from pytest_userstate.domain.snapshot import SchemaSnapshot, Source, Table

_MOST_NAMED: typ.Final = 3
_RAISE: typ.Final = "set `{column}` to a new value in the same statement"


@attrs.frozen(kw_only=True)
class TableWrite:
    """A place in the sources that changes rows of a table.

    Parameters
    ----------
    table : str
        The table's name, without its schema.
    schema : str
        The schema, if the place names one.
    source : Source
        File and line.
    statement : str
        What is there: ``UPDATE``, ``INSERT … ON CONFLICT``, ``update()`` of Prisma.
    columns : iterable of str or None
        What is set; None if that cannot be seen, so that it may be every column.
    compared : iterable of str
        The columns that the condition compares.
    is_versioned : bool
        Whether an object mapper compares and raises the revision by itself.
    raises_by_itself : bool
        Whether a library raises the revision, without comparing it.
    unread : str
        Why the condition cannot be read; empty if it can.
    remedy : str
        How such a write is made to compare a column, with the column as ``{column}``.
    """

    table: str
    schema: str = ""
    source: Source
    statement: str
    columns: tuple[str, ...] | None = attrs.field(
        default=None, converter=attrs.converters.optional(strings)
    )
    compared: tuple[str, ...] = attrs.field(default=(), converter=strings)
    is_versioned: bool = False
    raises_by_itself: bool = False
    unread: str = ""
    remedy: str = ""

    def is_of(self, table: Table) -> bool:
        """Whether the table is the one that is written, as far as names say."""
        return self.table == table.name and self.schema in {"", table.schema}


def _in_order(values: cabc.Iterable[TableWrite]) -> tuple[TableWrite, ...]:
    return tuple(
        sorted(values, key=lambda w: (w.source.path, w.source.line or 0, w.table))
    )


@attrs.frozen(kw_only=True)
class TableWrites:
    """The writes that were found, and where that was looked for.

    Tests, migrations, and dependencies are no part of the sources.

    Parameters
    ----------
    found : iterable of TableWrite
        The writes of the tables that were asked for.
    looked_in : iterable of str
        The folders, relative to the repository, as they are configured; none if the
        sources could not be read.
    unread : iterable of Source
        Statements whose table is only named when the program runs.
    warnings : iterable of str
        What could not be read as it should.
    """

    found: tuple[TableWrite, ...] = attrs.field(default=(), converter=_in_order)
    looked_in: tuple[str, ...] = attrs.field(default=(), converter=strings)
    unread: tuple[Source, ...] = attrs.field(default=(), converter=tuple[Source, ...])
    warnings: tuple[str, ...] = attrs.field(default=(), converter=strings)


class RevisionUse(enum.StrEnum):
    """What a write does with the revision of the row."""

    IGNORED = "ignored"
    """It compares no revision, so that it overwrites whatever is there."""
    NOT_RAISED = "not_raised"
    """It compares the revision and leaves it, so that the next writer sees nothing."""
    NOT_READ = "not_read"
    """Its condition cannot be read."""
    COMPARED = "compared"
    """It compares the revision, and something raises it."""

    @property
    def bypasses(self) -> bool:
        """Whether the write defeats the revision."""
        return self in {RevisionUse.IGNORED, RevisionUse.NOT_RAISED}


@attrs.frozen(kw_only=True)
class JudgedWrite:
    """A write of a storage, and what it does with the revision."""

    write: TableWrite
    table: str
    """The qualified name of the table."""
    revision: str
    """The column that it should compare."""
    use: RevisionUse
    reason: str = ""
    """Why it could not be read; empty otherwise."""

    @property
    def source(self) -> Source:
        """Where it is."""
        return self.write.source

    @property
    def statement(self) -> str:
        """What is there."""
        return self.write.statement

    @property
    def columns(self) -> tuple[str, ...] | None:
        """What it sets; None if that cannot be seen."""
        return self.write.columns

    @property
    def remedy(self) -> str:
        """What to do there, for people; empty if nothing."""
        if not self.use.bypasses:
            return ""
        is_raised = self.use is not RevisionUse.NOT_RAISED
        how = self.write.remedy if is_raised else _RAISE
        return how.format(column=self.revision)

    @property
    def evidence(self) -> Evidence:
        """The write as a fact of the report."""
        write, column = self.write, self.revision
        columns = "columns that are not seen" if write.columns is None else ""
        sets = columns or listed(write.columns or ())
        says = {
            RevisionUse.IGNORED: f"does not compare `{column}`",
            RevisionUse.NOT_RAISED: f"compares `{column}`, and does not raise it",
            RevisionUse.NOT_READ: f"was not read to its end: {self.reason}",
            RevisionUse.COMPARED: f"compares `{column}`",
        }
        return Evidence(
            kind=EvidenceKind.WRITTEN,
            subject=self.table,
            detail=f"{write.statement} sets {sets}, and {says[self.use]}",
            source=write.source,
        )


def guarded_tables(snapshot: SchemaSnapshot, model: AuditModel) -> tuple[Table, ...]:
    """Return the tables whose writes have to compare a revision."""
    storages = (
        classify(entity, snapshot, model)
        for entity in model.entities
        if not entity.not_applicable(Axis.CONFLICT)
    )
    candidates = (c for s in storages for c in s.counting if c.usable_revisions)
    tables = {
        candidate.table.qualified_name: candidate.table for candidate in candidates
    }
    return tuple(tables[name] for name in sorted(tables))


def judge_writes(
    storage: Storage, snapshot: SchemaSnapshot, writes: TableWrites
) -> tuple[JudgedWrite, ...]:
    """Return the writes that change what a storage holds, those that bypass it first.

    A write of other columns of the same table, such as the time of the last visit, is
    none. Neither is a DELETE: who deletes a row does not overwrite what it says.
    """
    judged = {
        (write.source, write.statement, candidate.table.qualified_name): _judged(
            write, candidate, snapshot
        )
        for candidate in storage.counting
        if candidate.usable_revisions
        for write in writes.found
        if write.is_of(candidate.table) and _concerns(write, candidate)
    }
    order = [*RevisionUse]
    return tuple(sorted(judged.values(), key=lambda item: order.index(item.use)))


def _concerns(write: TableWrite, candidate: Candidate) -> bool:
    """Whether a write changes a column that the storage is about."""
    if write.columns is None:
        return True
    covered = {column.name: column for column in candidate.columns}
    contents = {
        name
        for name, column in covered.items()
        if not column.is_primary_key and not is_owner(name)
    }
    return not (contents or {*covered}).isdisjoint(write.columns)


def _judged(
    write: TableWrite, candidate: Candidate, snapshot: SchemaSnapshot
) -> JudgedWrite:
    revisions = candidate.usable_revisions
    compared = [kept for kept in revisions if kept.column.name in write.compared]
    kept = (compared or revisions)[0]
    use, reason = RevisionUse.COMPARED, ""
    if write.is_versioned or _refused_by_trigger(kept, snapshot):
        pass
    elif not kept.is_own or kept.ways:
        use, reason = (
            RevisionUse.NOT_READ,
            f"its revision is {kept.name}"
            if not kept.is_own
            else "the revision of the set is in another table",
        )
    elif not compared:
        use = RevisionUse.NOT_READ if write.unread else RevisionUse.IGNORED
        reason = write.unread
    elif not _is_raised(write, kept, snapshot):
        use = RevisionUse.NOT_RAISED
    return JudgedWrite(
        write=write,
        table=candidate.table.qualified_name,
        revision=kept.column.name,
        use=use,
        reason=reason,
    )


def _is_raised(write: TableWrite, kept: KeptRevision, snapshot: SchemaSnapshot) -> bool:
    """Whether the statement, a library, or the database raises the revision."""
    name = kept.column.name
    if write.columns is None or name in write.columns or write.raises_by_itself:
        return True
    return name == XMIN or any(
        name in definition or _mentions(body, name)
        for definition, body in _triggers(kept.table, snapshot)
    )


def _refused_by_trigger(kept: KeptRevision, snapshot: SchemaSnapshot) -> bool:
    """Whether a trigger compares the old revision with the new one, and refuses."""
    name = re.escape(kept.column.name)
    refuses = r"\braise\s+exception\b|\breturn\s+(?:null|old)\b"
    parts = (rf"\bold\.\"?{name}\b", rf"\bnew\.\"?{name}\b", refuses)
    return any(
        all(re.search(part, body, re.IGNORECASE) for part in parts)
        for _, body in _triggers(kept.table, snapshot)
    )


def _mentions(body: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", body) is not None


def _triggers(table: Table, snapshot: SchemaSnapshot) -> cabc.Iterator[tuple[str, str]]:
    """Yield the definition and the body of what an update of a row sets off before."""
    bodies = {
        f"{function.schema}.{function.name}": function.body
        for function in snapshot.functions
    }
    for trigger in table.triggers:
        if (
            trigger.is_enabled
            and trigger.timing == "before"
            and ("update" in trigger.events)
        ):
            yield trigger.definition, bodies.get(trigger.function, "")


def in_words(judged: cabc.Sequence[JudgedWrite], writes: TableWrites) -> str:
    """Return how many writes there are, and what they do with the revision.

    The places of those that bypass it, or could not be read, are named.
    """
    if not judged:
        unread = ""
        if writes.unread:
            unread = (
                f", but {_places(writes.unread)} "
                f"{'writes' if len(writes.unread) == 1 else 'write'} a table that is "
                "only named when the program runs"
            )
        return f"no write was seen in the sources{unread}"
    revisions = listed(
        [f"`{name}`" for name in dict.fromkeys(item.revision for item in judged)], "or"
    )
    count = len(judged)
    by_use = {use: [item for item in judged if item.use is use] for use in RevisionUse}
    verbs: dict[RevisionUse, tuple[str, str]] = {
        RevisionUse.COMPARED: (f"compares {revisions}", f"compare {revisions}"),
        RevisionUse.IGNORED: ("does not", "do not"),
        RevisionUse.NOT_RAISED: (
            f"compares {revisions} and does not raise it",
            f"compare {revisions} and do not raise it",
        ),
        RevisionUse.NOT_READ: ("was not read", "were not read"),
    }
    if not by_use[RevisionUse.COMPARED]:
        no = (f"does not compare {revisions}", f"do not compare {revisions}")
        verbs[RevisionUse.IGNORED] = no
    parts = []
    for use, (singular, plural) in verbs.items():
        items = by_use[use]
        if items:
            words = f"{len(items)} {singular if len(items) == 1 else plural}"
            if use is not RevisionUse.COMPARED:
                words += f": {_places([item.write.source for item in items])}"
            parts.append(words)
    return f"{count} {'write' if count == 1 else 'writes'}: {', '.join(parts)}"


def _places(sources: cabc.Sequence[Source]) -> str:
    named = [str(source) for source in sources[:_MOST_NAMED]]
    rest = len(sources) - len(named)
    return listed([*named, f"{rest} more"] if rest else named)
