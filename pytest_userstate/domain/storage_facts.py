"""What a snapshot shows of an entity's storage, as evidence and in words."""

from __future__ import annotations

import collections.abc as cabc
import difflib
import itertools
import typing as typ

import attrs

from pytest_userstate.domain.classification import Candidate, Storage, places
from pytest_userstate.domain.converters import dotted
from pytest_userstate.domain.evidence import (
    Evidence,
    EvidenceKind,
    SchemaObject,
    listed,
)
from pytest_userstate.domain.model import Entity, Need, StorageModel, table_places
from pytest_userstate.domain.recognition.words import words
from pytest_userstate.domain.revisions import (
    KeptRevision,
    Part,
    is_token_name,
    revision_tables,
    revisions_near,
    why_unreliable,
)
from pytest_userstate.domain.snapshot import (
    Column,
    DroppedObject,
    ForeignKey,
    SchemaSnapshot,
    Source,
    Table,
    View,
)

NEAR: typ.Final = 0.85
"""How alike two names must be (difflib's ratio) to be shown as a near miss.

Names of two words or more are near, too, where one has all words of the other:
``user_interests`` to ``user_interest_themes``.
"""


def grouped(
    groups: cabc.Iterable[cabc.Iterable[Evidence]],
) -> tuple[Evidence, ...]:
    """Return the facts with the numbers of their groups, from 1."""
    return tuple(
        attrs.evolve(fact, group=number)
        for number, group in enumerate(groups, 1)
        for fact in group
    )


def column_fact(
    kind: EvidenceKind,
    model: StorageModel,
    table: Table,
    column: Column,
    detail: str = "",
) -> Evidence:
    """Return a fact about a column that is there."""
    about = SchemaObject(table.schema, table.name, column.name)
    return Evidence(
        kind=kind,
        subject=str(about),
        about=about,
        model=model.name,
        detail=detail or column.data_type,
        source=column.source or table.source,
        changed_by=column.changed_by,
    )


def present(candidate: Candidate) -> list[list[Evidence]]:
    """Return the fact groups that make the candidate complete."""
    model, table = candidate.model, candidate.table
    is_there = Evidence(
        kind=EvidenceKind.PRESENT,
        subject=table.qualified_name,
        about=SchemaObject(table.schema, table.name),
        model=model.name,
        detail=table.kind.value,
        source=table.source,
        changed_by=table.changed_by,
    )
    return [
        [is_there],
        *(
            [
                column_fact(EvidenceKind.PRESENT, model, table, column)
                for column in dict.fromkeys(met.values())
            ]
            for met in candidate.present
        ),
    ]


def contents(candidates: cabc.Iterable[Candidate]) -> cabc.Iterator[Evidence]:
    """Yield what columns have to hold: as declared, since that is mostly data.

    Which keys a document has, and which rows there are, no schema shows; that an
    enumerated type has a value, it does.
    """
    for candidate in candidates:
        table, snapshot = candidate.table, candidate.snapshot
        for met in candidate.present:
            for text, column in met.items():
                need = Need.of(text)
                if not need.key and not need.value:
                    continue
                base_type = snapshot.base_type(column)
                detail = "which rows there are is data, which no schema shows"
                if need.key:
                    detail = "keys are data, which no schema shows"
                elif snapshot.labels(base_type) is not None:
                    detail = f"the type {base_type} has this value"
                yield Evidence(
                    kind=EvidenceKind.DECLARED,
                    subject=f"{table.qualified_name}.{text}",
                    model=candidate.model.name,
                    detail=detail,
                    source=column.source or table.source,
                )


def stored(candidates: cabc.Sequence[Candidate]) -> tuple[Evidence, ...]:
    """Return the facts that make the entity stored: each candidate does it whole."""
    several = len(candidates) > 1
    return grouped(
        [attrs.evolve(fact, alternative=number if several else None) for fact in group]
        for number, candidate in enumerate(candidates, 1)
        for group in present(candidate)
    )


def revisions_kept(
    storage: Storage,
    kept: cabc.Mapping[Candidate, cabc.Sequence[KeptRevision]],
    *,
    of_sets: bool = False,
) -> tuple[Evidence, ...]:
    """Return the revision columns, and what they rest on, as facts.

    Every candidate has to keep one, or any, as the storage says. Ways that take more
    than a column are alternatives to each other. `of_sets` is true if the facts have
    to show what guards a set, too, and not only that there is a revision.
    """
    ways = [
        [
            way
            for revision in revisions
            for way in _ways(candidate.model, revision, of_sets=of_sets)
        ]
        for candidate, revisions in kept.items()
    ]
    if not storage.needs_each:
        ways = [[*itertools.chain(*ways)]]
    groups: list[list[Evidence]] = []
    for choices in ways:
        if all(len(way) == 1 for way in choices):
            groups.append([*itertools.chain(*(fact for (fact,) in choices))])
        elif len(ways) > 1 or len(choices) == 1:
            # Beside other candidates, only one choice of each can be reported.
            groups += choices[0]
        else:
            groups += [
                [attrs.evolve(fact, alternative=number) for fact in group]
                for number, way in enumerate(choices, 1)
                for group in way
            ]
    return grouped(groups)


def _ways(
    model: StorageModel, revision: KeptRevision, *, of_sets: bool
) -> cabc.Iterator[list[list[Evidence]]]:
    """Yield the fact groups of each way in which the revision serves."""
    fact = column_fact(EvidenceKind.PRESENT, model, revision.table, revision.column)
    steps = revision.ways if of_sets or not revision.is_own else ()
    for way in steps or ((),):
        yield [[fact], *([_part_fact(model, part) for part in step] for step in way)]


def _part_fact(model: StorageModel, part: Part) -> Evidence:
    """Return the fact that a column or a key is there."""
    table, item = part
    if isinstance(item, Column):
        return column_fact(EvidenceKind.PRESENT, model, table, item)
    about = SchemaObject(table.schema, table.name, constraint=item.name)
    columns = ", ".join(item.columns)
    if isinstance(item, ForeignKey):
        target = dotted(item.target_schema, item.target_table)
        detail = f"foreign key ({columns}) to {target}"
    else:
        detail = f"key ({columns}), so that there is one row"
    return Evidence(
        kind=EvidenceKind.PRESENT,
        subject=str(about),
        about=about,
        model=model.name,
        detail=detail,
        source=item.source or table.source,
        changed_by=item.changed_by,
    )


def lacking(
    model: StorageModel, names: cabc.Iterable[tuple[str, ...]]
) -> list[Evidence]:
    """Return the tables or columns of these names as absent."""
    return [
        Evidence(kind=EvidenceKind.ABSENT, subject=dotted(*name), model=model.name)
        for name in names
    ]


def no_way(
    candidate: Candidate, schemas: cabc.Iterable[str]
) -> tuple[str, list[Evidence]]:
    """Return why no revision is found in another table, in words and as facts."""
    model, table = candidate.model, candidate.table
    keepers = revision_tables(model, candidate.snapshot, schemas)
    if not keepers:
        nowhere = table_places([model.revision_table or ""], schemas)
        names = listed((dotted(*place) for place in nowhere), "or")
        return f"there is no table {names}", lacking(model, nowhere)
    keeping = listed((keeper.qualified_name for keeper in keepers), "or")
    if not any(keeper.column(name) for keeper in keepers for name in model.revision):
        columns = (
            (keeper.schema, keeper.name, name)
            for keeper in keepers
            for name in model.revision
        )
        words = f"{keeping} has no column {listed(model.revision, 'or')}"
        return words, lacking(model, columns)
    facts = [
        Evidence(
            kind=EvidenceKind.ABSENT,
            subject=f"{table.qualified_name} -> {keeper.qualified_name}",
            model=model.name,
            detail="foreign keys that lead from a user's rows to one row there",
        )
        for keeper in keepers
    ]
    words = f"no foreign keys lead from {table.qualified_name} to one row of {keeping}"
    return words, facts


def absent(model: StorageModel, storage: Storage) -> list[list[Evidence]]:
    """Return the fact groups that an incomplete model lacks."""
    candidates = [holder for holder in storage.candidates if holder.model == model]
    if not candidates:
        return [lacking(model, places(model, storage.schemas))]
    return [
        lacking(model, ((*candidate.place, name) for name in names))
        for candidate in candidates
        for names in candidate.missing
    ]


def all_absent(storage: Storage) -> tuple[Evidence, ...]:
    """Return what every model of the entity lacks."""
    return grouped(
        itertools.chain.from_iterable(
            absent(model, storage) for model in storage.entity.models
        )
    )


def side_by_side(storage: Storage) -> tuple[Evidence, ...]:
    """Return the complete candidates as facts that contradict each other."""
    facts = grouped(itertools.chain.from_iterable(map(present, storage.complete)))
    return (
        *(
            Evidence(
                kind=EvidenceKind.CONTRADICTION,
                subject=candidate.table.qualified_name,
                model=candidate.model.name,
                detail=f"it stores {storage.entity.name} beside "
                + listed(
                    tables(other for other in storage.complete if other != candidate)
                ),
                source=candidate.table.source,
            )
            for candidate in storage.complete
        ),
        *facts,
    )


def declaration(entity: Entity) -> Evidence:
    """Return the declaration of the canonical model, as a fact."""
    canonical = entity.canonical
    return Evidence(
        kind=EvidenceKind.DECLARED,
        subject=f"entities.{entity.name}.canonical",
        model=canonical.model if canonical else None,
        detail=f"{canonical.model} ({canonical.reason})" if canonical else "",
    )


def canonical_model(entity: Entity) -> StorageModel:
    """Return the model that was declared canonical."""
    return next(
        model
        for model in entity.models
        if entity.canonical and model.name == entity.canonical.model
    )


def lacks(model: StorageModel, storage: Storage) -> str:
    """Return what the model lacks."""
    candidates = [
        candidate for candidate in storage.candidates if candidate.model == model
    ]
    if not candidates:
        names = (f"{s}.{t}" for s, t in places(model, storage.schemas))
        return f"there is no table {listed(names, 'or')}"
    return " and ".join(
        f"{candidate.table.qualified_name} has no "
        + " and no ".join(_unmet(candidate, group) for group in candidate.missing)
        for candidate in candidates
    )


def _unmet(candidate: Candidate, group: cabc.Iterable[str]) -> str:
    """Name a group of needs, none of which is met."""
    plain, more = [], []
    for text in group:
        need = Need.of(text)
        column = candidate.table.column(need.column)
        if column is None:
            plain.append(need.column)
        elif need.key:
            more.append(f"JSON in {need.column}, which is {column.data_type}")
        else:
            more.append(f"value {need.value!r} of {need.column} ({column.data_type})")
    columns = [f"column {listed(plain, 'or')}"] if plain else []
    return " and no ".join([*columns, *more])


def tables(candidates: cabc.Iterable[Candidate]) -> list[str]:
    """Return the qualified names of the candidates' tables, each once."""
    return list(
        dict.fromkeys(candidate.table.qualified_name for candidate in candidates)
    )


def labelled(candidates: cabc.Iterable[Candidate]) -> list[str]:
    """Return the candidates' tables, each with the model that it completes."""
    return [
        f"{candidate.table.qualified_name} ({candidate.model.name})"
        for candidate in candidates
    ]


# What looks like missing storage but does not count, and what is gone.


def near_misses(storage: Storage, snapshot: SchemaSnapshot) -> tuple[Evidence, ...]:
    """Return what looks like the missing storage but is not, and what is gone."""
    facts: list[Evidence] = []
    for model in storage.entity.models:
        if model.name in storage.models:
            continue
        schemas_of: dict[str, list[str]] = {}
        for schema, name in places(model, storage.schemas):
            schemas_of.setdefault(name, []).append(schema)
        for name, schemas in schemas_of.items():
            facts += _near_tables(name, schemas, snapshot)
        for candidate in storage.candidates:
            if candidate.model == model:
                names = itertools.chain.from_iterable(candidate.missing)
                facts += near_columns(candidate.table, names, snapshot)
    return tuple(dict.fromkeys(facts))


def _near_tables(
    name: str, schemas: list[str], snapshot: SchemaSnapshot
) -> list[Evidence]:
    facts = [
        _gone(gone)
        for gone in snapshot.dropped
        if gone.schema in schemas
        and (gone.table, gone.part) == (name, "")
        and snapshot.table(name, schema=gone.schema) is None
    ]
    relations: list[Table | View] = [*snapshot.tables, *snapshot.views]
    for relation in relations:
        if relation.name == name and isinstance(relation, View):
            detail = f"it is a {relation.kind}, which stores no rows"
        elif relation.name == name and relation.schema not in schemas:
            detail = f"the model looks in schema {', '.join(schemas)}"
        elif relation.schema in schemas and _is_near(relation.name, name):
            detail = f"the model wants {name!r}"
        else:
            continue
        facts.append(_near(relation.qualified_name, detail, relation.source))
    return facts


def near_columns(
    table: Table, missing: cabc.Iterable[str], snapshot: SchemaSnapshot
) -> list[Evidence]:
    """Return what looks like a missing column of the table, and what is gone."""
    facts = []
    for name in missing:
        facts += [
            _gone(gone)
            for gone in snapshot.dropped
            if (gone.schema, gone.table, gone.column)
            == (table.schema, table.name, name)
        ]
        facts += [
            _near(
                f"{table.qualified_name}.{column.name}",
                f"the model wants {name!r}",
                column.source or table.source,
            )
            for column in table.columns
            if _is_near(column.name, name)
        ]
    return facts


def near_revisions(candidate: Candidate) -> list[Evidence]:
    """Return the columns that may be meant as the revision, with the lines to say so.

    These are those of the table with a common name of a revision, and those of rows to
    which the keys of a user's row lead. A column that could not show a stale write is
    none of them.
    """
    table, names = candidate.table, candidate.model.revision
    own = [
        _near(
            f"{table.qualified_name}.{column.name}",
            f"it is named like a revision; if it is one, write "
            f'revision = ["{column.name}"] in the model',
            column.source or table.source,
        )
        for column in table.columns
        if column.name not in names
        and is_token_name(column.name, table.name)
        and why_unreliable(column.data_type) is None
    ]
    elsewhere = [
        _near(
            f"{keeper.qualified_name}.{column.name}",
            f"it is a revision of the same user's row; if every write of "
            f"{table.qualified_name} raises it, write revision = "
            f'{{ table = "{_in_model(keeper)}", column = "{column.name}" }} '
            "in the model",
            column.source or keeper.source,
            about=SchemaObject(keeper.schema, keeper.name, column.name),
        )
        for keeper, column in revisions_near(table, candidate.snapshot)
    ]
    return [*own, *elsewhere]


def _in_model(table: Table) -> str:
    """Return a table's name as a model names it."""
    return table.qualified_name.removeprefix("public.")


def _gone(gone: DroppedObject) -> Evidence:
    """Return what became of a name; a renamed thing is there under another one."""
    made = f", introduced by {gone.introduced_by}" if gone.introduced_by else ""
    return Evidence(
        kind=EvidenceKind.DROPPED,
        subject=gone.qualified_name,
        detail=f"{gone.fate}{made}" if gone.renamed_to else "",
        source=gone.source,
    )


def _near(
    subject: str,
    detail: str,
    source: Source | None,
    about: SchemaObject | None = None,
) -> Evidence:
    return Evidence(
        kind=EvidenceKind.NEAR_MISS,
        subject=subject,
        about=about,
        detail=detail,
        source=source,
    )


def _is_near(name: str, expected: str) -> bool:
    if name == expected:
        return False
    some, others = words(name), words(expected)
    if "".join(some).removesuffix("s") == "".join(others).removesuffix("s"):
        return True
    fewer, more = sorted((set(some), set(others)), key=len)
    if len(fewer) > 1 and fewer <= more:
        return True
    return _are_alike(name.lower().replace("_", ""), expected.lower().replace("_", ""))


def _are_alike(name: str, expected: str) -> bool:
    matcher = difflib.SequenceMatcher(None, name, expected)
    # The cheap upper bounds first: a schema may have thousands of tables.
    return (
        matcher.real_quick_ratio() >= NEAR
        and matcher.quick_ratio() >= NEAR
        and matcher.ratio() >= NEAR
    )
