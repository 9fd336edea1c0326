"""Assertions about triggers."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    UNSPECIFIED,
    Some,
    Unspecified,
)
from pytest_userstate.application.asserting.facts import (
    Fact,
    Facts,
    choice_fact,
    expression_fact,
    flag_fact,
    names_fact,
)
from pytest_userstate.application.asserting.handles import ObjectAssertions
from pytest_userstate.application.asserting.lookup import kind_of
from pytest_userstate.application.asserting.matching import (
    as_expected,
    expect,
    introduced_with,
    require,
)
from pytest_userstate.application.asserting.objects.column_lists import ColumnNames
from pytest_userstate.application.asserting.objects.columns import R, varchars
from pytest_userstate.application.asserting.objects.named_parts import NamedParts
from pytest_userstate.application.explaining.describing import trigger_in_words
from pytest_userstate.domain.constraints import Trigger
from pytest_userstate.domain.converters import dotted
from pytest_userstate.domain.snapshot import Table, View

Timing: typ.TypeAlias = typ.Literal["before", "after", "instead of"]
Event: typ.TypeAlias = typ.Literal["insert", "update", "delete", "truncate"]
Level: typ.TypeAlias = typ.Literal["row", "statement"]


class TriggerAssertions(ObjectAssertions[R]):
    """Assertions about the triggers of a table."""

    def has_trigger(
        self,
        name: str,
        *,
        function: str | Unspecified = UNSPECIFIED,
        timing: Timing | Unspecified = UNSPECIFIED,
        events: Event | cabc.Iterable[Event] | Unspecified = UNSPECIFIED,
        update_of: ColumnNames | Unspecified = UNSPECIFIED,
        level: Level | Unspecified = UNSPECIFIED,
        when: str | Some | Unspecified | None = UNSPECIFIED,
        enabled: bool | Unspecified = UNSPECIFIED,
        constraint: bool | Unspecified = UNSPECIFIED,
    ) -> Trigger:
        """Assert that there is a trigger of this name, and what it is like.

        Parameters
        ----------
        name : str
            The trigger's name.
        function : str
            The function that it calls: ``set_updated_at``, or with a schema.
        timing : {"before", "after", "instead of"}
            When it fires.
        events : {"insert", "update", "delete", "truncate"}, or several
            What it fires for: these, and no other.
        update_of : str or iterable of str
            The columns that an update has to name, in any order; none for all.
        level : {"row", "statement"}
            Whether it fires for each row.
        when : str
            Its condition, in SQL.
        enabled : bool
            Whether it fires in an ordinary session.
        constraint : bool
            Whether it is a constraint trigger.
        """
        __tracebackhide__ = True
        _, relation = self._look()
        wanted = arguments.identifier(name)
        facts: Facts[Trigger] = (
            *_function_fact(function),
            *map(_known, _firing_facts(timing, events, update_of, level)),
            *map(
                _known,
                expression_fact(
                    "when", when, lambda each: each.when, varchars=varchars(relation)
                ),
            ),
            *flag_fact("enabled", enabled, lambda each: each.is_enabled),
            *flag_fact("constraint", constraint, lambda each: each.is_constraint),
        )
        trigger = expect(_triggers(relation).find(wanted))
        subject = f"trigger {wanted} of {kind_of(relation)} {relation.qualified_name}"
        details = introduced_with(relation)
        require(as_expected(subject, trigger, facts, details=details))
        return trigger

    def has_no_trigger(self, name: str) -> None:
        """Assert that the table is there, and has no trigger of this name."""
        __tracebackhide__ = True
        _, relation = self._look()
        require(_triggers(relation).refuse(name))

    def has_exactly_triggers(self, names: cabc.Iterable[str]) -> None:
        """Assert that the triggers have these names: all, and no other."""
        __tracebackhide__ = True
        _, relation = self._look()
        require(_triggers(relation).exactly(names))


def _firing_facts(
    timing: str | Unspecified,
    events: str | cabc.Iterable[str] | Unspecified,
    update_of: ColumnNames | Unspecified,
    level: str | Unspecified,
) -> Facts[Trigger]:
    return (
        *choice_fact("timing", timing, lambda each: each.timing, _args(Timing)),
        *_events_fact(events),
        *names_fact("update_of", update_of, lambda each: each.update_of, ordered=False),
        *choice_fact("level", level, lambda each: each.level, _args(Level)),
    )


def _known(fact: Fact[Trigger]) -> Fact[Trigger]:
    """Return a fact that never holds of a trigger that a test has made in part."""
    return Fact(
        fact.what,
        fact.expected,
        lambda trigger: bool(trigger.timing) and fact.holds(trigger),
        lambda trigger: fact.found(trigger) if trigger.timing else "not known",
    )


def _args(literal: object) -> tuple[str, ...]:
    return typ.get_args(literal)


def _triggers(relation: Table | View) -> NamedParts[Trigger]:
    return NamedParts(
        relation=relation,
        parts=relation.triggers,
        what="trigger",
        plural="triggers",
        words=trigger_in_words,
    )


def _function_fact(function: str | Unspecified) -> Facts[Trigger]:
    if function is UNSPECIFIED:
        return ()
    place = arguments.place(function, "function")
    wanted = dotted(place.schema, place.name)
    return (
        Fact(
            "function",
            wanted,
            lambda trigger: trigger.function == wanted,
            lambda trigger: trigger.function,
        ),
    )


def _events_fact(
    events: str | cabc.Iterable[str] | Unspecified,
) -> Facts[Trigger]:
    if events is UNSPECIFIED:
        return ()
    wanted = arguments.several_choices(events, "events", _args(Event))
    return (
        Fact(
            "events",
            " or ".join(sorted(wanted)),
            lambda trigger: frozenset(trigger.events) == wanted,
            lambda trigger: " or ".join(trigger.events),
        ),
    )
