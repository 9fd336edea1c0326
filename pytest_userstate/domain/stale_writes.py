"""Two writers and one row: whether a revision token stops the stale one.

Both read the same revision; the first write takes effect, the second must not. What
happens is a history: the steps of both writers, in one order, with what the database
answered. `judge` turns the histories of a token into a result. Nothing here talks to
a database; an adapter plays the histories.
"""

from __future__ import annotations

import collections.abc as cabc
import enum
import itertools
import typing as typ

import attrs


class StaleWriteResult(enum.StrEnum):
    """What was proved about a revision token."""

    ENFORCED = "enforced"
    """The database itself refuses a stale write."""
    CONDITIONAL = "conditional"
    """A conditional update catches it; an unconditional one overwrites."""
    UNUSABLE = "unusable"
    """It does not catch a stale write, however the program writes."""
    INCONCLUSIVE = "inconclusive"
    """It could not be tried, or the trial says nothing."""


class Isolation(enum.StrEnum):
    """The isolation levels under which the histories are played."""

    READ_COMMITTED = "read committed"
    REPEATABLE_READ = "repeatable read"


class Act(enum.StrEnum):
    """What a writer does in a step."""

    READ = "reads"
    WRITE = "writes"
    COMMIT = "commits"


@attrs.frozen
class Step:
    """One act of one writer, ``A`` or ``B``."""

    writer: str
    act: Act


Order: typ.TypeAlias = tuple[Step, ...]


PLAIN: typ.Final[Order] = tuple(
    Step(writer, act)
    for writer, act in (
        *(("A", Act.READ), ("B", Act.READ), ("A", Act.WRITE), ("A", Act.COMMIT)),
        *(("B", Act.WRITE), ("B", Act.COMMIT)),
    )
)
"""The order that is easiest to follow: neither writer waits."""


def orders() -> tuple[Order, ...]:
    """Return all orders of the steps of two writers of whom A writes first.

    The other half of the permutations only swaps the names of the writers. The order
    that is easiest to follow comes first: neither writer waits.

    >>> len(orders())
    10
    """
    acts = list(Act)
    total = []
    for places in itertools.combinations(range(2 * len(acts)), len(acts)):
        mine, theirs = iter(acts), iter(acts)
        order = tuple(
            Step("A", next(mine)) if place in places else Step("B", next(theirs))
            for place in range(2 * len(acts))
        )
        if order.index(Step("A", Act.WRITE)) < order.index(Step("B", Act.WRITE)):
            total.append(order)
    return tuple(sorted(total, key=lambda order: order != PLAIN))


def is_stale(order: Order) -> bool:
    """Whether B writes by a revision that it read before A's write was committed."""
    return order.index(Step("B", Act.READ)) < order.index(Step("A", Act.COMMIT))


ONE_WRITER: typ.Final[Order] = (
    *(Step("A", act) for act in Act),
    Step("A", Act.WRITE),
    Step("A", Act.COMMIT),
)
"""A writer that saves twice, the second time by the revision that it wrote."""


@attrs.frozen
class Manner:
    """How a writer writes: whether it compares the revision, and raises it."""

    compares: bool
    raises: bool
    program: str = attrs.field(default="", kw_only=True)
    """The write of the program that is tried instead."""

    def __str__(self) -> str:
        """Write it for people.

        >>> str(Manner(compares=True, raises=False))
        'conditional update that leaves the token to the database'
        """
        if self.program:
            return self.program
        kind = "conditional" if self.compares else "unconditional"
        rest = "raises the token" if self.raises else "leaves the token to the database"
        return f"{kind} update that {rest}"


MANNERS: typ.Final = tuple(
    Manner(compares=compares, raises=raises)
    for compares in (True, False)
    for raises in (True, False)
)


def _name_of(write: object) -> str:
    if isinstance(write, str):
        return " ".join(write.split())
    return str(getattr(write, "__qualname__", write))


@attrs.frozen
class ProgramWrite:
    """A write that the program executes, for the proof to try.

    Parameters
    ----------
    table : str
        The table whose row has the revision, such as ``public.user_preferences``.
    write : str or callable
        A statement with parameters such as ``%(user_id)s`` and ``%(revision)s``; or
        a function of the program, or one that calls it. The function takes three
        arguments: a psycopg connection; the row that a writer wants to store, a
        mapping of column names to values; and the revision that the writer has read.
        It may commit. What it returns is not looked at, and what it raises refuses
        the write.
    name : str
        How reports name it; by default the function's own name.

    Examples
    --------
    >>> def save(connection, row, revision):
    ...     changes = {**row, "expected": revision}
    ...     connection.execute(
    ...         "UPDATE user_preferences SET theme = %(theme)s, revision = revision + 1"
    ...         " WHERE user_id = %(user_id)s AND revision = %(expected)s",
    ...         changes,
    ...     )
    >>> str(ProgramWrite("public.user_preferences", save))
    'save'
    """

    table: str
    write: str | cabc.Callable[..., object]
    name: str = attrs.field(
        kw_only=True,
        default=attrs.Factory(lambda own: _name_of(own.write), takes_self=True),
    )

    def __str__(self) -> str:
        """Write it for people, with its statement on one line."""
        if not isinstance(self.write, str):
            return self.name
        statement = " ".join(self.write.split())
        return statement if self.name == statement else f"{self.name} ({statement})"


class Fate(enum.StrEnum):
    """What became of a write."""

    TOOK_EFFECT = "took effect"
    REFUSED = "refused"
    FAILED = "failed"
    """An error that says nothing about staleness: a check, a timeout, a deadlock."""


@attrs.frozen
class Event:
    """A step with what the database answered, such as ``1 row``.

    Values of the token are named by their order in the history, `r1` being what was
    there: values such as UUIDs would differ from run to run.
    """

    writer: str
    act: Act
    answer: str
    what: str = ""

    def __str__(self) -> str:
        """Write it as a line of a history.

        >>> str(Event("B", Act.WRITE, "0 rows", "r2 where revision = r1"))
        'B writes r2 where revision = r1: 0 rows'
        """
        return f"{self.writer} {' '.join(filter(None, (self.act, self.what)))}" + (
            f": {self.answer}" if self.answer else ""
        )


def _events(values: cabc.Iterable[Event]) -> tuple[Event, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class History:
    """What happened when the writers took their steps in one order."""

    isolation: Isolation
    manner: Manner
    order: Order
    events: tuple[Event, ...] = attrs.field(converter=_events)
    first: Fate
    second: Fate
    error: str = ""
    """The first error of the database, in its own words."""

    @property
    def has_one_writer(self) -> bool:
        """Whether one writer saves twice."""
        return self.order == ONE_WRITER

    @property
    def is_stale(self) -> bool:
        """Whether the second write is a stale one."""
        return not self.has_one_writer and is_stale(self.order)

    @property
    def loses_an_update(self) -> bool:
        """Whether a stale write overwrote another one."""
        return self.is_stale and self.second is Fate.TOOK_EFFECT

    @property
    def fault(self) -> str | None:
        """Return what is wrong if the writer compares the revision, or None."""
        if self.first is not Fate.TOOK_EFFECT:
            return self.error or "a writer that has read the newest revision is refused"
        if self.loses_an_update:
            return "both writers succeed, and the first one's change is lost"
        if self.is_stale or self.second is Fate.TOOK_EFFECT:
            return None
        if self.has_one_writer:
            return (
                "the database stores another revision than the writer wrote, so that "
                "its next write is refused although nobody else wrote"
            )
        return "a writer that has read the newest revision is refused"


@attrs.frozen(kw_only=True)
class RevisionToken:
    """A revision column of an audited storage.

    `fault` is why the decision rules do not count it as usable. If the storage is a
    set of rows for each of the `owners`, and only they guard it, the writers write
    different rows of one set.
    """

    schema: str
    table: str
    column: str
    entities: tuple[str, ...] = ()
    fault: str | None = None
    payload: tuple[str, ...] = ()
    """The other columns that the storage model names."""
    owners: tuple[str, ...] = ()
    """The columns that say whose set a row belongs to, if writers share a set."""

    @property
    def subject(self) -> str:
        """The token with its table: ``public.user_preferences.revision``."""
        return f"{self.schema}.{self.table}.{self.column}"


def _histories(values: cabc.Iterable[History]) -> tuple[History, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class StaleWriteProof:
    """What two writers showed about a token.

    Parameters
    ----------
    token : RevisionToken
        The column.
    result : StaleWriteResult
        What follows.
    reason : str
        Why, in a sentence.
    histories : tuple of History
        All that were played.
    shown : tuple of History
        Those that decide it.
    remedy : tuple of str
        Lines to paste into the configuration, if a row could not be made.
    write : ProgramWrite or None
        The write of the program that was tried; None if it was the token alone.
    """

    token: RevisionToken
    result: StaleWriteResult
    reason: str
    histories: tuple[History, ...] = attrs.field(default=(), converter=_histories)
    shown: tuple[History, ...] = attrs.field(default=(), converter=_histories)
    remedy: tuple[str, ...] = ()
    write: ProgramWrite | None = None

    @property
    def is_proved(self) -> bool:
        """Whether a stale write is caught: `inconclusive` is no proof."""
        return self.result in {StaleWriteResult.ENFORCED, StaleWriteResult.CONDITIONAL}


def judge(token: RevisionToken, histories: cabc.Sequence[History]) -> StaleWriteProof:
    """Return what the histories of a token prove."""
    result, reason, shown = _judged(token, histories)
    return StaleWriteProof(
        token=token, result=result, reason=reason, histories=histories, shown=shown
    )


def judge_write(
    write: ProgramWrite, by_token: StaleWriteProof, histories: cabc.Sequence[History]
) -> StaleWriteProof:
    """Return what the histories of a write of the program prove.

    `by_token` is what was proved of the token that the write goes by.
    """
    proof = attrs.evolve(
        by_token, write=write, histories=histories, shown=histories[:1], remedy=()
    )
    first, column = histories[0], by_token.token.column
    failed = next((h for h in histories if Fate.FAILED in {h.first, h.second}), None)
    faulty = next((h for h in histories if h.fault), None)
    if failed or first.first is not Fate.TOOK_EFFECT:
        reason = (failed or first).error or (
            f"its first write changes nothing in the row of {write.table}: name the "
            "parameters as the columns that they are for, and the table that has the "
            "revision"
        )
        return attrs.evolve(
            proof,
            result=StaleWriteResult.INCONCLUSIVE,
            reason=reason,
            shown=[failed or first],
        )
    if faulty:
        remedy = (
            f": compare {column} with what was read in its WHERE clause, and refuse "
            "the write if no row matches"
        )
        return attrs.evolve(
            proof,
            result=StaleWriteResult.UNUSABLE,
            reason=f"{faulty.fault}{remedy if faulty.loses_an_update else ''}",
            shown=[faulty],
        )
    if by_token.result is StaleWriteResult.ENFORCED:
        return attrs.evolve(
            proof, reason="the database itself refuses it if it is stale"
        )
    return attrs.evolve(
        proof,
        result=StaleWriteResult.CONDITIONAL,
        reason="it is refused if it is stale",
    )


_Judgement: typ.TypeAlias = tuple[StaleWriteResult, str, list[History]]


def _judged(token: RevisionToken, histories: cabc.Sequence[History]) -> _Judgement:
    failed = [h for h in histories if Fate.FAILED in {h.first, h.second}]
    if failed and token.fault:
        return StaleWriteResult.UNUSABLE, token.fault, failed[:1]
    if not histories or failed:
        reason = failed[0].error if failed else "no history was played"
        return StaleWriteResult.INCONCLUSIVE, reason, failed[:1]
    compared: dict[bool, list[History]] = {}
    for history in histories:
        if history.manner.compares:
            compared.setdefault(history.manner.raises, []).append(history)
    faults = {
        raises: next((history for history in played if history.fault), None)
        for raises, played in compared.items()
    }
    good = [raises for raises, fault in faults.items() if fault is None]
    if not good:
        worst = next(fault for fault in faults.values() if fault)
        if token.fault and not worst.loses_an_update:
            return StaleWriteResult.UNUSABLE, token.fault, [worst]
        reason = f"{worst.fault}: {token.fault}" if token.fault else str(worst.fault)
        return StaleWriteResult.UNUSABLE, reason, [worst]
    if token.fault:
        # The histories are too short to show that a value comes back.
        return StaleWriteResult.UNUSABLE, token.fault, []
    return _caught(histories, compared[good[0]], faults, raises=good[0])


def _caught(
    histories: cabc.Iterable[History],
    good: cabc.Sequence[History],
    faults: cabc.Mapping[bool, History | None],
    *,
    raises: bool,
) -> _Judgement:
    refused = next(history for history in good if history.is_stale)
    who = "" if raises else "; the database raises it, so read it back after a write"
    other = faults.get(True)
    if not raises and other:
        who += f" and do not raise it as well: {other.fault}"
    lost = [
        history
        for history in histories
        if not history.manner.compares and history.loses_an_update
    ]
    if not lost:
        return (
            StaleWriteResult.ENFORCED,
            f"the database itself refuses a stale write{who}",
            [refused],
        )
    return (
        StaleWriteResult.CONDITIONAL,
        f"a write that compares it is refused, one that does not overwrites{who}",
        [refused, lost[0]],
    )
